"""The processes that train one generator together: one alone, or several, a device each, held together by PyTorch's DDP.

Each draws the chance of the whole batch from the same source and takes its own share of it, every n-th row. So the state of chance
is the same everywhere, the groups whose spread the detective sees are those of one process, and a step of several is the step of
one, but for the order in which numbers are added: a run may go on with another number of processes.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import TypeVar

import torch
import torch.distributed as dist
from torch import Tensor, nn
from torch.nn.parallel import DistributedDataParallel

from doppelganger.errors import DoppelgangerError

PATIENCE = timedelta(hours=1)
"""How long the others wait while the first one measures and writes."""
Module = TypeVar("Module", bound=nn.Module)


@dataclass(frozen=True)
class Ranks:
    """One process's view: the ``rank``-th of ``count``."""

    rank: int = 0
    count: int = 1

    @property
    def first(self) -> bool:
        """Whether this one writes and speaks."""
        return self.rank == 0

    def share(self, whole: Tensor) -> Tensor:
        """Of [B, …] this process's rows, [B / count, …]."""
        return whole if self.count == 1 else whole[self.rank :: self.count]

    def joined(self, module: Module) -> "Module | DistributedDataParallel":
        """The module, whose gradients are the mean over all processes after each backward."""
        # Buffers are not DDP's to copy: the running mean of W is averaged by the trainer, the others do not change.
        return module if self.count == 1 else DistributedDataParallel(module, broadcast_buffers=False)

    def mean(self, values: Tensor) -> Tensor:
        """Of every process's tensor, elementwise; the same everywhere."""
        if self.count == 1:
            return values
        summed = values.clone()
        dist.all_reduce(summed)
        return summed / self.count

    def agree(self, number: int, device: torch.device) -> None:
        """Raises DoppelgangerError where the processes hold different numbers of steps."""
        if self.count == 1:
            return
        largest = torch.tensor([number, -number], device=device)  # and the smallest, negated
        dist.all_reduce(largest, dist.ReduceOp.MAX)
        if int(largest.sum()):
            raise DoppelgangerError(
                "The processes see different checkpoints; --out must be one folder for all of them."
            )


ALONE = Ranks()


def launched() -> bool:
    """Whether ``torchrun`` (or what speaks like it) began this process as one of several."""
    return int(os.environ.get("WORLD_SIZE", "1")) > 1 and "RANK" in os.environ


@contextmanager
def meeting(ranks: Ranks, place: str, device: torch.device) -> Iterator[Ranks]:
    """While it lasts, the processes know one another. ``place``: an address as PyTorch writes it, ``env://`` under torchrun."""
    if device.type == "cuda":
        torch.cuda.set_device(device)
    dist.init_process_group(
        "nccl" if device.type == "cuda" else "gloo",
        init_method=place,
        rank=ranks.rank,
        world_size=ranks.count,
        timeout=PATIENCE,
    )
    yield ranks
    # Not after an error: others may be waiting for this one, and would be waited for. Gloo's own threads may still let go of the
    # last sums, for which they need the interpreter; waiting here, without it, leaves it to them. A process whose interpreter ends
    # under such a thread is aborted (pytorch/pytorch#179291).
    dist.barrier()
    dist.destroy_process_group()

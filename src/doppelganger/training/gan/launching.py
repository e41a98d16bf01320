"""A training begun: in this process, in several of this machine, or as one of those that ``torchrun`` began."""

import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from doppelganger.errors import DoppelgangerError
from doppelganger.progress import Progress, silent
from doppelganger.training.gan.discriminator import GROUP
from doppelganger.training.gan.picture_set import PictureSet
from doppelganger.training.gan.ranks import ALONE, Ranks, launched, meeting
from doppelganger.training.gan.realism import COUNT, Realism
from doppelganger.training.gan.run import HISTORY, Run
from doppelganger.training.gan.settings import TrainingSettings


class TogetherError(DoppelgangerError):
    """Several processes cannot train together as asked."""

    exit_code = 2


@dataclass(frozen=True)
class Order:
    """All that a process must be told."""

    pictures: Path
    """A prepared set."""
    out: Path
    settings: TrainingSettings
    images: int
    """Until so many pictures were shown in all."""
    device: str
    """As PyTorch calls it; of several processes each has the one of its number."""
    fid_every: int = 0
    """Pictures from one measurement of FID and KID to the next; 0: never."""
    fid_count: int = COUNT


def launch(order: Order, processes: int = 1, progress: Progress = silent) -> dict[str, Any] | None:
    """Train; the last line of the run's history, or None in a process of ``torchrun`` that is not the first.

    Raises what ``Run.train`` raises, and TogetherError.
    """
    if launched():
        ranks = Ranks(int(os.environ["RANK"]), processes_of(processes))
        check(order, ranks.count)
        device = device_of(order.device, int(os.environ.get("LOCAL_RANK", ranks.rank)))
        with meeting(ranks, "env://", device):
            train(order, device, progress if ranks.first else silent, ranks)
        if not ranks.first:
            return None
    elif processes > 1:
        from doppelganger.training.gan.together import train_together

        check(order, processes)
        train_together(order, processes, progress)
    else:
        train(order, torch.device(order.device), progress)
    last: dict[str, Any] = json.loads((order.out / HISTORY).read_text("utf-8"))[-1]
    return last


def processes_of(gpus: int) -> int:
    """How many processes there will be: those of ``torchrun``, or as many as were asked for."""
    return int(os.environ["WORLD_SIZE"]) if launched() else gpus


def train(order: Order, device: torch.device, progress: Progress, ranks: Ranks = ALONE) -> None:
    """This process's part."""
    pictures = PictureSet.load(order.pictures)
    realism = None
    if order.fid_every and ranks.first:
        from doppelganger.evaluation.inception import InceptionFeatures
        from doppelganger.weights import Store

        features = InceptionFeatures(Store(), device).features
        realism = Realism(pictures, features, order.fid_every, order.fid_count)
    Run(order.out, pictures, order.settings, device, realism, ranks).train(order.images, progress)


def device_of(name: str, number: int) -> torch.device:
    """Of the process with this number on its machine: a CUDA device of its own, or the processor that all share."""
    return torch.device("cuda", number) if torch.device(name).type == "cuda" else torch.device(name)


def check(order: Order, processes: int) -> None:
    """Raises TogetherError where so many processes cannot do it."""
    if order.settings.batch % (GROUP * processes):
        raise TogetherError(f"With --gpus {processes} --batch is a multiple of {GROUP * processes}.")
    kind = torch.device(order.device).type
    if kind not in ("cuda", "cpu"):
        raise TogetherError(
            f"Several processes train on CUDA devices, or on the processor with --device cpu; not on {kind}."
        )
    if kind == "cuda" and torch.cuda.device_count() < processes and not launched():
        raise TogetherError(f"This machine has {torch.cuda.device_count()} CUDA devices, not {processes}.")

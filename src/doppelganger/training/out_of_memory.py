"""Memory that ran out while something was trained, however PyTorch says it."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch

from doppelganger.errors import DoppelgangerError


def is_out_of_memory(error: BaseException) -> bool:
    """Whether an error means that: Python's, a GPU's own, or what PyTorch says on a processor and on Apple's devices, for which it
    has no class."""
    said = str(error).lower()
    return isinstance(error, (MemoryError, torch.OutOfMemoryError)) or (
        isinstance(error, RuntimeError) and ("allocate memory" in said or "out of memory" in said)
    )


@contextmanager
def out_of_memory_as(sentence: DoppelgangerError) -> Iterator[None]:
    """Raises ``sentence`` where memory runs out inside."""
    try:
        yield
    except (MemoryError, RuntimeError) as error:
        if not is_out_of_memory(error):
            raise
        raise sentence from error

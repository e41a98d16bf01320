"""What is learnt has grown without bounds: it is said, and not kept."""

from torch import nn

from doppelganger.errors import DoppelgangerError


class DivergedError(DoppelgangerError):
    """Losses or weights are no numbers any more."""


def are_finite(*networks: nn.Module) -> bool:
    """Whether all weights are numbers: a step's losses are from before its update, which may have spoilt them."""
    return all(bool(tensor.isfinite().all()) for network in networks for tensor in network.state_dict().values())

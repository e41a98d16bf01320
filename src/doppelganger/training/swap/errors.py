"""What can go wrong when a swap is trained, in sentences."""

from doppelganger.errors import DoppelgangerError, OutputError


class FaceSetError(DoppelgangerError):
    """A folder that is no face set, or a set that cannot be trained on."""

    exit_code = 3


class ConsentError(DoppelgangerError):
    """Nobody said whose face it is and that they agreed."""

    exit_code = 2


class RunError(DoppelgangerError):
    """A folder that is no training run, or not the run that was meant."""

    exit_code = 3


class CheckpointError(OutputError):
    """Every checkpoint of a run is damaged."""


class OutOfMemoryError(DoppelgangerError):
    """The training needs more memory than there is; the sentence names the setting to lower."""

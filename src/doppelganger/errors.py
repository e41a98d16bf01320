"""What can go wrong, each with one sentence a person can act on and the exit code the command line ends with.

Exit codes: 0 done, 2 wrong usage (the command line's own), 3 bad input picture or video, 4 no usable face, 5 weights,
6 writing the result, 7 the search found no face outside the border, 8 a camera or a sink of a call, 130 stopped by Ctrl-C.
"""


class DoppelgangerError(Exception):
    """Base of every error that this package raises on purpose; ``str(error)`` is a sentence for a person."""

    exit_code = 1


class ImageError(DoppelgangerError):
    """The file is not a picture that can be read safely."""

    exit_code = 3


class VideoError(DoppelgangerError):
    """The file is not a video that can be read."""

    exit_code = 3


class FaceError(DoppelgangerError):
    """The picture was read, but holds no face that can be worked with."""

    exit_code = 4


class NoFaceError(FaceError):
    """No face was found."""


class FaceTooSmallError(FaceError):
    """The face has too few pixels to work with."""


class ProfileFaceError(FaceError):
    """The face is turned too far to the side."""


class TooYoungError(FaceError):
    """The face looks like a child's, of whom no persona is made."""


class FaceIndexError(FaceError):
    """The face asked for by its index is not there."""


class WeightsError(DoppelgangerError):
    """A trained network could not be had."""

    exit_code = 5


class WeightsUnavailableError(WeightsError):
    """No source could deliver the file (no network, index without it, cache disk full)."""


class DigestMismatchError(WeightsError):
    """A file is not the bytes that the catalogue pins; the sentence holds both digests."""


class UnsafePickleError(WeightsError):
    """A pickle asked for anything but plain arrays; nothing in it was run."""


class OutputError(DoppelgangerError):
    """The result could not be written (read-only folder, full disk, folder in use)."""

    exit_code = 6


class OtherGeneratorError(DoppelgangerError):
    """A latent was made with another generator than the one at hand."""

    exit_code = 2


class StepError(DoppelgangerError):
    """The path has no such step."""

    exit_code = 2


class BorderNotFoundError(DoppelgangerError):
    """The search ended with every face still inside the border of some verifier."""

    exit_code = 7


class CameraError(DoppelgangerError):
    """A camera, a virtual camera, a window or a microphone that cannot be used."""

    exit_code = 8


class StoppedError(DoppelgangerError):
    """Ctrl-C where the work cannot go on later; the sentence says what became of it."""

    exit_code = 130

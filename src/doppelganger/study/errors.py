"""What can go wrong with a study, beyond pictures that cannot be read and files that cannot be written."""

from doppelganger.errors import DoppelgangerError


class StudyError(DoppelgangerError):
    """The folder does not hold a study's pictures, or a key or an answer file is not what it should be."""

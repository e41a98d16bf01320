"""What a person should know of their doppelgänger before sharing it."""

from doppelganger.findable import findable
from doppelganger.images import RGB
from doppelganger.result import FaceRecord
from doppelganger.settings import Settings

FINDABLE = "This picture can be matched to the photo it was made from without any face recogniser; "
"""Beginning of a warning, see `findable`."""


def warnings_of(made: FaceRecord, portrait: RGB, picture: RGB, settings: Settings) -> list[str]:
    """What a person should know of the doppelgänger before sharing its ``picture``."""
    warnings = []
    inside = [v.verifier for v in made.verdicts if not v.different and not v.held_out]
    if settings.background is not None and inside:
        warnings.append(f"Before its new background, the face is the same person to {', '.join(inside)}.")
    if findable(portrait, picture, made.likeness["LPIPS (AlexNet, 256²)"]):
        advice = (
            "use a photo that is not online, or see whether a new background hides it: --background plain."
            if settings.background is None
            else "its new background does not hide that, so use a photo that is not online."
        )
        warnings.append(FINDABLE + advice)
    return warnings

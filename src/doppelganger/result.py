"""What one run found, as plain values: the report draws them, ``result.json`` holds them, programs reload them."""

from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from doppelganger.errors import OtherGeneratorError

Image = NDArray[np.uint8]
DOPPELGANGER = "doppelgänger"
"""Name of the product among a run's faces."""


@dataclass(frozen=True)
class Verdict:
    """One verifier's word on portrait ↔ face, at a named operating point ("privacy" or "identity")."""

    verifier: str
    point: str
    distance: float
    threshold: float
    held_out: bool
    under_disturbances: dict[str, float] = field(default_factory=dict)
    """Distance after each disturbance ("jpeg 75", …); empty where that was not asked."""

    @property
    def different(self) -> bool:
        """True when the clean face and every disturbed one are outside the border (distance above the threshold)."""
        return min([self.distance, *self.under_disturbances.values()]) > self.threshold


@dataclass(frozen=True)
class FaceRecord:
    """A face of the run ("closest match", "path border", "doppelgänger", "in photo") and all that was measured on it."""

    name: str
    verdicts: tuple[Verdict, ...]
    likeness: dict[str, float]
    """Measure → value against the aligned portrait, e.g. "LPIPS (AlexNet, 256²)"; smaller is more alike."""

    @property
    def different(self) -> bool:
        """The panel's word: different only when every member says so."""
        return all(verdict.different for verdict in self.verdicts)


@dataclass(frozen=True)
class Flip:
    """The border on a path: at step ``inside`` the verdict is *same*, at the neighbouring step ``outside`` *different*."""

    inside: int
    outside: int


@dataclass(frozen=True)
class Border:
    """All flips along a path for one verifier (or "panel"), in order of the steps; empty when it never flips."""

    verifier: str
    threshold: float | None
    flips: tuple[Flip, ...]
    scanned: tuple[tuple[int, float], ...]
    """(step, distance to the portrait) of every face that was judged, ordered by step; empty for the panel."""


@dataclass(frozen=True)
class PathRecord:
    """The continuum: LPIPS of every step as the search saw it (by previews alone while one w is searched), and the faces
    shown in the filmstrip (step → [256, 256, 3] picture)."""

    lpips: tuple[float, ...]
    filmstrip: dict[int, Image]


@dataclass(frozen=True)
class Pictures:
    """Full-size pictures, uint8 [1024, 1024, 3]; ``in_photo`` has the original photo's size, None where not asked."""

    portrait: Image
    closest: Image
    doppelganger: Image
    border_inside: Image | None
    border_outside: Image | None
    in_photo: Image | None = None


@dataclass(frozen=True)
class Provenance:
    """Where the result came from, without anything that identifies the person."""

    salted_digest: str
    """SHA-256 over a random salt and the photo's pixels, hex: no table made beforehand holds it, but who has the salt can
    check a photo against it."""
    salt: str
    seed: int
    versions: dict[str, str]
    weights: dict[str, str]
    """Weight name → SHA-256."""
    settings: dict[str, str | int | float | bool | list[str]]
    created: str
    """UTC, ISO 8601."""


@dataclass(frozen=True)
class Result:
    """Everything about one doppelgänger. ``latents``: "path" [steps, rows, 512], "closest" and "doppelganger" [rows, 512]; see
    ``generators.protocol.Latent`` for the rows."""

    pictures: Pictures
    path: PathRecord
    borders: tuple[Border, ...]
    faces: tuple[FaceRecord, ...]
    latents: dict[str, NDArray[np.float32]]
    provenance: Provenance
    seconds: dict[str, float]
    """Stage → seconds."""
    warnings: tuple[str, ...] = ()


class Named(Protocol):
    """A generator that is known by its bytes."""

    name: str
    sha256: str


def require_made_by(generator: Named | None, result: Result) -> None:
    """Raises OtherGeneratorError where a result's latents are not this generator's (None: the built-in one's)."""
    settings = result.provenance.settings
    if settings.get("generator.sha256") != (generator.sha256 if generator else None):
        maker = settings.get("generator", "the built-in generator")
        raise OtherGeneratorError(
            f"This result was made with {maker}; its faces mean nothing to {generator.name if generator else 'the built-in one'}."
        )

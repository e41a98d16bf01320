"""What a person may choose about a run."""

from dataclasses import dataclass, field
from typing import Literal

from doppelganger.nearest import NearestSettings
from doppelganger.projection import ProjectionSettings
from doppelganger.verifiers.panel import VERIFIERS, UnknownVerifierError
from doppelganger.weights.run import weights_of_run


@dataclass(frozen=True)
class Settings:
    """One run's. ``check`` it before anything slow begins."""

    seed: int = 0
    face: int | None = None
    """Index of the face in a group photo, 0 the largest; None: the largest."""
    method: Literal["nearest", "path"] = "nearest"
    """"path": the original software's rule, see ``border.path_border``."""
    path_verifier: str = "dlib"
    held_out: tuple[str, ...] = ("edgeface",)
    """Verifiers that the search may not see."""
    in_photo: bool = False
    background: str | None = None
    """What is put behind the doppelgänger: "plain", "blur", "#rrggbb" or a picture's path; None: what the generator made of the
    photo's own. A face set back into the photo keeps the photo's."""
    projection: ProjectionSettings = field(default_factory=ProjectionSettings)
    nearest: NearestSettings = field(default_factory=NearestSettings)

    @property
    def searched(self) -> tuple[str, ...]:
        """Short names of the verifiers that the search sees."""
        return tuple(name for name in VERIFIERS if name not in self.held_out)

    def check(self) -> None:
        """Raises UnknownVerifierError for a name that is no verifier's, and when none is left to search with."""
        for name in (*self.held_out, self.path_verifier):
            if name not in VERIFIERS:
                raise UnknownVerifierError(f"There is no verifier {name!r}; choose from {', '.join(VERIFIERS)}.")
        if not self.searched and self.method == "nearest":
            raise UnknownVerifierError("Every verifier is held out; leave at least one for the search to see.")

    def weights(self, another: bool = False) -> tuple[str, ...]:
        """Names of the weights that a run needs; ``another``: with a generator of its own."""
        return weights_of_run(self.in_photo, self.background is not None, another)

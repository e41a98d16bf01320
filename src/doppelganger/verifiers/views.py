"""A picture as it is and under every disturbance: each view is searched for its face once and embedded once a verifier."""

from collections.abc import Callable, Sequence

from doppelganger.faces.detector import Face, FaceDetector
from doppelganger.images import RGB
from doppelganger.verifiers.disturbances import DISTURBANCES
from doppelganger.verifiers.face_of import central_face
from doppelganger.verifiers.protocol import Embedding, Verifier

CLEAN = "clean"
"""Name of the view that is the picture itself; the others have their disturbance's."""
_MADE: dict[str, Callable[[RGB], RGB]] = {CLEAN: lambda image: image, **{d.name: d.apply for d in DISTURBANCES}}


class Views:
    """Lazy: what is not asked for is not computed. The face of a view is the one in its middle: pictures are in the FFHQ geometry,
    and somebody beside the person may be larger there."""

    def __init__(
        self,
        image: RGB,
        detector: FaceDetector,
        name: str = "the picture",
    ) -> None:
        self.image = image
        self._detector, self._name = detector, name
        self._found: dict[str, tuple[RGB, Face]] = {}
        self._embeddings: dict[tuple[str, str], Embedding] = {}

    def clean(self, members: Sequence[Verifier]) -> dict[str, Embedding]:
        """Member's name → embedding of the face that is meant. Raises NoFaceError."""
        return {member.name: self._embedding(CLEAN, member) for member in members}

    def disturbed(self, members: Sequence[Verifier]) -> dict[str, dict[str, Embedding]]:
        """Disturbance → member's name → embedding, the face searched anew in every view. Raises NoFaceError."""
        return {d.name: {member.name: self._embedding(d.name, member) for member in members} for d in DISTURBANCES}

    def _embedding(self, view: str, member: Verifier) -> Embedding:
        if (view, member.name) not in self._embeddings:
            self._embeddings[view, member.name] = member.embed(*self._view(view))
        return self._embeddings[view, member.name]

    def _view(self, view: str) -> tuple[RGB, Face]:
        if view not in self._found:
            picture = _MADE[view](self.image)
            name = self._name if view == CLEAN else f"{self._name} after {view!r}"
            self._found[view] = picture, central_face(self._detector, picture, name)
        return self._found[view]

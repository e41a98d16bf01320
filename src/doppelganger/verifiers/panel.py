"""Several verifiers that are asked together: *different* only when every one says so."""

from collections.abc import Callable, Mapping, Sequence

from doppelganger.errors import DoppelgangerError
from doppelganger.faces.detector import Face, FaceDetector
from doppelganger.images import RGB
from doppelganger.result import Verdict
from doppelganger.verifiers.arcface import ArcFace
from doppelganger.verifiers.dlib_resnet import DlibResNet
from doppelganger.verifiers.edgeface import EdgeFace
from doppelganger.verifiers.protocol import Embedding, OperatingPoint, Verifier
from doppelganger.verifiers.sface import SFace
from doppelganger.weights import Store

VERIFIERS: Mapping[str, Callable[[Store, FaceDetector | None], Verifier]] = {
    "dlib": DlibResNet,
    "sface": SFace,
    "arcface": ArcFace,
    "edgeface": EdgeFace,
}
"""Short name, as the command line takes it → verifier."""


class UnknownVerifierError(DoppelgangerError):
    """The name is not a verifier's."""

    exit_code = 2


def verifiers(store: Store, detector: FaceDetector | None = None, names: Sequence[str] | None = None) -> list[Verifier]:
    """The verifiers of these short names (all four by default), sharing a detector."""
    chosen = list(VERIFIERS) if names is None else names
    for name in chosen:
        if name not in VERIFIERS:
            raise UnknownVerifierError(f"There is no verifier {name!r}; choose from {', '.join(VERIFIERS)}.")
    return [VERIFIERS[name](store, detector) for name in chosen]


class Panel:
    """The members judge the same found face, each in its own crop."""

    def __init__(self, members: Sequence[Verifier]) -> None:
        if not members:
            raise ValueError("a panel needs at least one verifier")
        self.members = tuple(members)

    def embed(self, image: RGB, face: Face) -> dict[str, Embedding]:
        """Member's name → embedding of the one face."""
        return {member.name: member.embed(image, face) for member in self.members}

    def judge(
        self,
        a: Mapping[str, Embedding],
        b: Mapping[str, Embedding],
        point: OperatingPoint = OperatingPoint.PRIVACY,
        *,
        disturbed: Mapping[str, Mapping[str, Embedding]] | None = None,
        held_out: Sequence[str] = (),
    ) -> list[Verdict]:
        """One verdict a member on the faces ``a`` and ``b`` (see `embed`), and on ``a`` and each disturbed ``b``.

        ``held_out``: names of the members that the search did not see; it is only noted in the verdict.
        """
        return [
            Verdict(
                verifier=member.name,
                point=str(point),
                distance=member.distance(a[member.name], b[member.name]),
                threshold=member.thresholds[point].value,
                held_out=member.name in held_out,
                under_disturbances={
                    name: member.distance(a[member.name], embeddings[member.name])
                    for name, embeddings in (disturbed or {}).items()
                },
            )
            for member in self.members
        ]


def different(verdicts: Sequence[Verdict]) -> bool:
    """The panel's word: *different* only when every member says so (and there is one)."""
    return bool(verdicts) and all(verdict.different for verdict in verdicts)

"""The guard of a call: recognisers that must know whoever is worn in what is shown, and may not know the driver."""

from collections.abc import Mapping

from doppelganger.errors import NoFaceError
from doppelganger.faces.detector import FaceDetector
from doppelganger.images import RGB
from doppelganger.live.shelf import Avatar
from doppelganger.puppet.guard import Guard, Judge, Judgement
from doppelganger.verifiers.panel import Panel, verifiers
from doppelganger.verifiers.protocol import Embedding
from doppelganger.weights import Store


class CallGuard(Guard):
    """Made for one call; ``close`` it at its end."""

    def __init__(self, store: Store, avatar: Avatar) -> None:
        self._detector = FaceDetector(store)
        self._panel = Panel(verifiers(store, self._detector))
        super().__init__(_JudgeOf(avatar.picture, self._panel, self._detector))

    def wear(self, avatar: Avatar) -> None:
        """Another one is worn from now on."""
        self.turn_to(_JudgeOf(avatar.picture, self._panel, self._detector))


class _JudgeOf(Judge):
    """Looks at the avatar's picture when it first judges, which is in the guard's thread: no frame waits for it."""

    def __init__(self, picture: RGB, panel: Panel, detector: FaceDetector) -> None:
        super().__init__(panel, detector, {})
        self._picture = picture

    def judge(self, shown: RGB, driver: Mapping[str, Embedding] | None) -> Judgement:
        """As `Judge.judge`."""
        if not self._avatar:
            found = self.see(self._picture)
            if found is None:
                raise NoFaceError("No face was found in the avatar's picture.")
            self._avatar = found
        return super().judge(shown, driver)

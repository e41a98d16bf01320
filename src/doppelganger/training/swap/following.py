"""The person of a film, frame after frame: found, followed, held steady, and drawn with the other face."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from doppelganger.errors import NoFaceError
from doppelganger.images import RGB
from doppelganger.keeping import Embeddings
from doppelganger.networks import Networks
from doppelganger.puppet.smoothing import OneEuro
from doppelganger.training.swap.person import PersonInVideo
from doppelganger.training.swap.swapping import FaceSwapper, Layer

State = Mapping[str, NDArray[Any]]

_CUTOFF, _BETA = (
    2.0,
    8.0,
)  # Hz at rest, and Hz per eye distance a second: a still head stands still, a quick one is not left behind
_EYES = (33, 263)


class SteadyPoints:
    """Landmarks over time, filtered in units of the eyes' distance, so that near and far faces are held alike."""

    def __init__(self) -> None:
        self._filter = OneEuro(_CUTOFF, _BETA)
        self._unit = 1.0

    def forget(self) -> None:
        """The face is gone; the next one begins anew."""
        self._filter.forget()

    def state(self) -> dict[str, NDArray[Any]]:
        """All that the next points depend on."""
        return {**self._filter.state(), "unit": np.array([self._unit])}

    def restore(self, state: State) -> None:
        """Go on from a `state`, to the bit."""
        self._unit = float(state["unit"][0])
        self._filter.restore({name: value for name, value in state.items() if name != "unit"})

    def __call__(self, points: np.ndarray, time: float, fresh: bool) -> np.ndarray:
        """float32 [478, 2], of ``points`` seen at ``time`` seconds; ``fresh``: of a face that was not there a frame ago."""
        if fresh:
            self.forget()
            self._unit = max(float(np.linalg.norm(points[_EYES[0]] - points[_EYES[1]])), 1.0)
        return np.asarray(self._filter(points.astype(np.float64) / self._unit, time) * self._unit, np.float32)


class FilmSwapper:
    """Swaps ``who`` in the frames of one film, given in their order. What a frame becomes depends on those before it through
    `state` alone. ``looked``: frames so far."""

    def __init__(self, swapper: FaceSwapper, who: Embeddings, networks: Networks) -> None:
        self._swapper, self._networks = swapper, networks
        self._finder = PersonInVideo(who, networks)
        self._steady = SteadyPoints()
        self.looked = 0

    def layer(self, image: RGB, time: float) -> Layer | None:
        """What is laid over the next frame, uint8 [H, W, 3], which is shown at ``time`` seconds; None without the person."""
        self.looked += 1
        fresh = not self._finder.following
        face = self._finder.look(image)
        if face is None:
            return None
        try:
            points = self._networks.landmarks.detect(image, face).points
        except NoFaceError:
            self._steady.forget()
            return None
        return self._swapper.layer(image, self._steady(points, time, fresh))

    def state(self) -> dict[str, NDArray[Any]]:
        """After the last frame; what comes later does not change it."""
        parts = {"finder": self._finder.state(), "steady": self._steady.state()}
        return {f"{part} {name}": value for part, state in parts.items() for name, value in state.items()}

    def restore(self, state: State) -> None:
        """Go on from a `state`, to the bit."""
        for name, part in (("finder ", self._finder), ("steady ", self._steady)):
            part.restore({key.removeprefix(name): value for key, value in state.items() if key.startswith(name)})

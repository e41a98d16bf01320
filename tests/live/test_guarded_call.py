"""The guard of a call: an avatar that is none, and one that is."""

import time
from collections.abc import Iterator

import numpy as np
import pytest
from avatars import PointPuppet

from doppelganger.images import RGB, resize
from doppelganger.live.actions import Action
from doppelganger.live.guarding import CallGuard
from doppelganger.live.session import Session
from doppelganger.live.shelf import Shelf, worn
from doppelganger.puppet.motion import Motion
from doppelganger.puppet.performance import Gate
from doppelganger.weights import Store


class Leak(PointPuppet):
    """What must never be: it shows who drives it."""

    driver: RGB

    def render(self, motion: Motion, time: float) -> RGB:
        return self.driver


@pytest.fixture
def session(puppets, track, driver: RGB, store: Store) -> Iterator[Session]:
    honest, other = puppets()
    leak = Leak("Leak", other.still)
    leak.driver = resize(np.ascontiguousarray(driver[:, 80:560]), 512, 512)
    shelf = Shelf(lambda: [worn(leak), worn(honest)])
    guard = CallGuard(store, shelf.avatars[0])
    yield Session(shelf, track, guard=guard)
    guard.close()


def until(session: Session, driver: RGB, gate: Gate) -> RGB:
    """Go on for as long as it takes the guard to look; time in the call goes on, too."""
    deadline = time.monotonic() + 120
    while (shown := session.step(driver, time.monotonic())).gate is not gate:
        assert time.monotonic() < deadline
        time.sleep(0.02)
    return shown.image


def test_a_driver_who_shows_is_hidden_until_a_true_avatar_is_worn(session: Session, driver: RGB) -> None:
    until(session, driver, Gate.GUARD)
    time.sleep(1.1)  # the last picture stands for a second
    assert np.array_equal(until(session, driver, Gate.GUARD), session.avatar.picture)
    session.do(Action.NEXT)
    looks = session.performance.watch.looks  # type: ignore[union-attr]
    until(session, driver, Gate.OPEN)
    while session.performance.watch.looks < looks + 2:  # type: ignore[union-attr]
        session.step(driver, time.monotonic())
    assert session.step(driver, time.monotonic()).gate is Gate.OPEN

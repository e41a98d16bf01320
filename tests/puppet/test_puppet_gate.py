"""What may be shown: never the bare face."""

import time
from collections.abc import Iterator

import numpy as np
import pytest
from puppet_driver import Driver

from doppelganger.faces.detector import FaceDetector
from doppelganger.images import RGB
from doppelganger.networks import Networks
from doppelganger.puppet.guard import Guard, Judge
from doppelganger.puppet.motion import Motion
from doppelganger.puppet.performance import HELD_SECONDS, Gate, Mode, Performance
from doppelganger.puppet.puppet import Puppet
from doppelganger.puppet.rig import Rig
from doppelganger.puppet.tracker import Tracker


@pytest.fixture
def performance(rig: Rig, networks: Networks) -> Performance:
    return Performance(Puppet(rig), Tracker(networks.detector, networks.landmarks))


def test_without_a_face_the_last_picture_stands_and_then_the_still(
    performance: Performance, rig: Rig, driver: Driver, empty_frame: RGB
) -> None:
    good = performance.step(driver.frames["rest"], 0.0)
    assert good.gate is Gate.OPEN
    soon = performance.step(empty_frame, 0.5)
    assert soon.gate is Gate.NO_FACE and (soon.image == good.image).all()
    later = performance.step(empty_frame, 0.6 + HELD_SECONDS)
    assert later.gate is Gate.NO_FACE and (later.image == rig.still).all()
    assert performance.step(driver.frames["open"], 3.0).gate is Gate.OPEN


@pytest.mark.parametrize("mode", Mode)
def test_before_any_face_was_seen_there_is_the_still(
    performance: Performance, rig: Rig, empty_frame: RGB, mode: Mode
) -> None:
    performance.mode = mode
    assert (performance.step(empty_frame, 0.0).image == rig.still).all()


def test_a_second_person_closes_the_gate_of_a_swap_in_the_same_frame(
    performance: Performance, rig: Rig, driver: Driver, astronaut: RGB
) -> None:
    performance.mode = Mode.SWAP
    alone = np.concatenate([driver.frames["rest"], np.full((512, 512, 3), 90, np.uint8)], 1)
    both = np.concatenate([driver.frames["rest"], astronaut], 1)
    good = performance.step(alone, 0.0)
    assert good.gate is Gate.OPEN and good.image.shape == alone.shape
    held = performance.step(both, 0.04)
    assert held.gate is Gate.OTHERS and (held.image == good.image).all()
    assert (performance.step(both, 5.0).image == rig.still).all()
    assert performance.step(alone, 5.1).gate is Gate.OPEN


def test_a_covered_face_closes_the_gate_of_a_swap(performance: Performance, driver: Driver) -> None:
    performance.mode = Mode.SWAP
    assert performance.step(driver.frames["rest"], 0.0).gate is Gate.OPEN
    covered = driver.frames["rest"].copy()
    covered[200:] = (140, 120, 100)  # whatever is held before it
    assert performance.step(covered, 0.04).gate is not Gate.OPEN


class Objecting:
    """A watch that says what the test wants said."""

    def __init__(self) -> None:
        self.objection = False
        self.offered: list[RGB] = []

    def offer(self, shown: RGB, frame: RGB, motion: Motion) -> None:
        self.offered.append(shown)


def test_an_objection_holds_frames_and_is_asked_again(performance: Performance, driver: Driver) -> None:
    watch = performance.watch = Objecting()
    good = performance.step(driver.frames["rest"], 0.0)
    watch.objection = True
    held = performance.step(driver.frames["open"], 0.1)
    assert held.gate is Gate.GUARD and (held.image == good.image).all()
    assert not (watch.offered[-1] == held.image).all()  # what would be shown is what is looked at
    watch.objection = False
    assert performance.step(driver.frames["open"], 0.2).gate is Gate.OPEN


@pytest.fixture
def guard(rig: Rig, networks: Networks) -> Iterator[Guard]:
    with Guard(Judge(networks.panel, FaceDetector(networks.store), rig.embeddings)) as guard:
        yield guard


def until_looked(guard: Guard, shown: RGB, frame: RGB, motion: Motion) -> None:
    looks, deadline = guard.looks, time.monotonic() + 60
    while guard.looks == looks:
        assert time.monotonic() < deadline, "the guard never looked"
        guard.offer(shown, frame, motion)
        time.sleep(0.02)


def test_the_guard_passes_the_avatar_and_objects_to_the_driver(guard: Guard, rig: Rig, driver: Driver) -> None:
    frame, motion = driver.frames["rest"], driver.motions["rest"]
    until_looked(guard, rig.still, frame, motion)
    assert not guard.objection and guard.last is not None and guard.last.is_avatar
    until_looked(guard, frame, frame, motion)
    assert guard.objection and guard.last.is_driver
    until_looked(guard, rig.still, frame, motion)
    assert not guard.objection


def test_the_guard_objects_where_it_sees_no_face(guard: Guard, driver: Driver, empty_frame: RGB) -> None:
    until_looked(guard, empty_frame, driver.frames["rest"], driver.motions["rest"])
    assert guard.objection


def test_a_guard_that_cannot_look_lets_nothing_pass(rig: Rig, driver: Driver) -> None:
    class Broken(Judge):
        def __init__(self) -> None:
            pass

        def see(self, frame: RGB, motion: Motion | None = None) -> None:
            raise RuntimeError("broken")

    with Guard(Broken()) as guard:
        until_looked(guard, rig.still, driver.frames["rest"], driver.motions["rest"])
        assert guard.objection

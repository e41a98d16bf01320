"""The avatar does what the driver does, and stays who it is: read by the tracker and by the panel."""

import numpy as np
import pytest
from puppet_driver import Driver

from doppelganger.directions.geometry import proportions
from doppelganger.images import RGB
from doppelganger.networks import Networks
from doppelganger.puppet.guard import Judge
from doppelganger.puppet.motion import Motion
from doppelganger.puppet.puppet import Puppet
from doppelganger.puppet.rig import Rig
from doppelganger.puppet.tracker import Tracker


@pytest.fixture(scope="module")
def shown(rig: Rig, driver: Driver) -> dict[str, RGB]:
    """Each thing held for long enough that no filter is still on its way."""
    puppet = Puppet(rig)
    out = {}
    for name, motion in driver.motions.items():
        puppet.calibrate(driver.motions["rest"])
        for k in range(20):
            out[name] = puppet.render(motion, k / 25)
    return out


@pytest.fixture(scope="module")
def read(shown: dict[str, RGB], networks: Networks) -> dict[str, Motion]:
    out = {}
    for name, image in shown.items():
        motion = Tracker(networks.detector, networks.landmarks).look(image).motion
        assert motion is not None, name
        out[name] = motion
    return out


def turned(motions: dict[str, Motion], name: str, axis: int) -> float:
    return motions[name].angles[axis] - motions["rest"].angles[axis]


def test_it_turns_as_the_driver_turns(driver: Driver, read: dict[str, Motion]) -> None:
    for name, axis in (("left", 0), ("down", 1)):
        wanted, got = turned(driver.motions, name, axis), turned(read, name, axis)
        assert wanted > 5
        assert 0.6 * wanted < got < 1.4 * wanted, (name, wanted, got)


def gap(motion: Motion) -> float:
    return proportions(motion.points)["mouth_open"]


def lids(motion: Motion) -> float:
    return proportions(motion.points)["eyes_open"]


def test_its_mouth_opens_and_shuts(driver: Driver, read: dict[str, Motion]) -> None:
    assert gap(driver.motions["open"]) > 0.15
    assert 0.6 < gap(read["open"]) / gap(driver.motions["open"]) < 1.5
    assert gap(read["rest"]) < 0.03


def test_its_eyes_shut(driver: Driver, read: dict[str, Motion]) -> None:
    wanted = lids(driver.motions["shut"]) / lids(driver.motions["rest"])
    assert wanted < 0.75
    assert lids(read["shut"]) / lids(read["rest"]) < wanted + 0.15


def test_it_smiles(read: dict[str, Motion]) -> None:
    assert read["smile"].shape("mouthSmileLeft") > read["rest"].shape("mouthSmileLeft") + 0.3


def test_everyone_sees_the_avatar_and_nobody_the_driver(
    rig: Rig, driver: Driver, shown: dict[str, RGB], networks: Networks
) -> None:
    judge = Judge(networks.panel, networks.detector, rig.embeddings)
    for name, image in shown.items():
        found = judge.judge(image, judge.see(driver.frames[name]))
        assert found.passes and max(found.avatar.values()) < 1, (name, found)
    assert not judge.judge(driver.frames["rest"], judge.see(driver.frames["rest"])).passes


def test_the_first_motion_is_the_reference_where_there_is_none(rig: Rig, driver: Driver) -> None:
    puppet, calibrated = Puppet(rig), Puppet(rig)
    calibrated.calibrate(driver.motions["left"])
    assert (puppet.render(driver.motions["left"], 0) == calibrated.render(driver.motions["left"], 0)).all()


def test_swapped_it_stays_within_the_face(rig: Rig, driver: Driver, networks: Networks) -> None:
    puppet = Puppet(rig)
    frame, motion = driver.frames["rest"], driver.motions["rest"]
    out = puppet.swap(frame, motion, 0)
    low, high = motion.points[:, :2].min(0) - 3, motion.points[:, :2].max(0) + 3
    outside = np.ones(frame.shape[:2], bool)
    outside[max(0, int(low[1])) : int(high[1]) + 1, max(0, int(low[0])) : int(high[0]) + 1] = False
    assert (out[outside] == frame[outside]).all()
    judge = Judge(networks.panel, networks.detector, rig.embeddings)
    found = judge.judge(out, judge.see(frame))
    assert not found.is_driver, found


def test_a_face_that_leaves_the_frame_breaks_nothing(rig: Rig, driver: Driver) -> None:
    puppet = Puppet(rig)
    motion = driver.motions["rest"]
    away = Motion(motion.points + np.float32([700, 0, 0]), motion.pose, motion.blendshapes, 512, 512)
    assert (puppet.swap(driver.frames["rest"], away, 0) == driver.frames["rest"]).all()
    assert puppet.render(away, 1).shape == (512, 512, 3)

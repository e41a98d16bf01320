import dataclasses

import numpy as np
import pytest
from puppet_driver import Driver

from doppelganger.puppet.motion import SIZE, Motion, MotionError


def test_a_motion_comes_back_from_its_bytes(driver: Driver) -> None:
    motion = driver.motions["left"]
    data = motion.to_bytes()
    back = Motion.from_bytes(data)
    assert len(data) == SIZE
    assert np.abs(back.points - motion.points).max() < 0.02
    assert np.abs(back.blendshapes - motion.blendshapes).max() < 1e-4
    assert np.allclose(back.pose, motion.pose)
    assert (back.width, back.height) == (512, 512)
    assert np.allclose(back.angles, motion.angles)


@pytest.mark.parametrize("cut", [0, 1, SIZE - 1])
def test_cut_bytes_are_refused(driver: Driver, cut: int) -> None:
    with pytest.raises(MotionError, match=f"{SIZE} bytes"):
        Motion.from_bytes(driver.motions["rest"].to_bytes()[:cut])


def test_another_version_is_refused(driver: Driver) -> None:
    data = driver.motions["rest"].to_bytes()
    with pytest.raises(MotionError, match="version 9"):
        Motion.from_bytes(b"\x09\x00" + data[2:])


def test_numbers_that_no_face_has_are_refused(driver: Driver) -> None:
    broken = np.array(driver.motions["rest"].pose)
    broken[0, 0] = np.nan
    data = dataclasses.replace(driver.motions["rest"], pose=broken).to_bytes()
    with pytest.raises(MotionError, match="no face has"):
        Motion.from_bytes(data)
    nowhere = dataclasses.replace(driver.motions["rest"], width=0).to_bytes()
    with pytest.raises(MotionError, match="no face has"):
        Motion.from_bytes(nowhere)

import cv2
import numpy as np
import pytest

from doppelganger.images import RGB
from doppelganger.verifiers.disturbances import DISTURBANCES, crop, half_and_double, jpeg, rotate

BY_NAME = {disturbance.name: disturbance for disturbance in DISTURBANCES}


def texture(height: int = 200, width: int = 240) -> RGB:
    noise = np.random.default_rng(6).integers(0, 256, (height, width, 3), np.uint8)
    return np.asarray(cv2.GaussianBlur(noise, (0, 0), 1.5), np.uint8)


def test_the_list_is_what_the_issue_asks_for() -> None:
    assert list(BY_NAME) == ["jpeg 75", "half and double", "crop 5 %", "rotate +3°", "rotate -3°", "blur"]


@pytest.mark.parametrize("name", list(BY_NAME))
def test_each_changes_the_picture_a_little_and_not_its_input(name: str) -> None:
    image = texture()
    kept = image.copy()
    result = BY_NAME[name].apply(image)
    np.testing.assert_array_equal(image, kept)
    assert result.dtype == np.uint8
    assert result.shape == ((180, 216, 3) if name.startswith("crop") else image.shape)
    if result.shape == image.shape:
        assert 0 < np.abs(result.astype(int) - image).mean() < 40
    np.testing.assert_array_equal(result, BY_NAME[name].apply(image))


@pytest.mark.parametrize("name", list(BY_NAME))
def test_an_even_colour_stays(name: str) -> None:
    grey = np.full((101, 99, 3), (200, 120, 60), np.uint8)
    assert np.abs(BY_NAME[name].apply(grey).astype(int) - grey[0, 0]).max() <= 3


def test_crop_cuts_the_same_from_every_side() -> None:
    image = texture()
    np.testing.assert_array_equal(crop(image), image[10:-10, 12:-12])


def test_rotations_turn_opposite_ways_and_undo_each_other() -> None:
    image = np.zeros((201, 201, 3), np.uint8)
    cv2.circle(image, (160, 100), 4, (255, 255, 255), -1)

    def height(picture: RGB) -> float:
        return float(np.nonzero(picture[:, :, 0] > 100)[0].mean())

    up, down = rotate(image, 3), rotate(image, -3)
    assert height(up) == pytest.approx(100 - 60 * np.sin(np.radians(3)), abs=0.5)
    assert height(down) == pytest.approx(100 + 60 * np.sin(np.radians(3)), abs=0.5)
    assert height(rotate(up, -3)) == pytest.approx(100, abs=0.3)


def test_blur_is_stated_for_1024_pixels() -> None:
    point = np.zeros((512, 512, 3), np.uint8)
    point[236:276, 236:276] = 255
    profile = BY_NAME["blur"].apply(point)[256, 226:246, 0] / 255
    sigma = float(np.sqrt((np.diff(profile) * (np.arange(19) - 9) ** 2).sum()))  # the edge's slope is the kernel
    assert sigma == pytest.approx(1.0, abs=0.1)  # half of 2 pixels at half of 1024


def test_half_and_double_loses_the_finest_pattern() -> None:
    checks = (np.indices((64, 64)).sum(0) % 2 * 255).astype(np.uint8)
    assert np.ptp(half_and_double(np.dstack([checks] * 3))) <= 1


def test_jpeg_is_lossy_but_keeps_the_channels_order() -> None:
    red = np.zeros((64, 64, 3), np.uint8)
    red[:, :, 0] = 220
    assert jpeg(red)[32, 32].argmax() == 0

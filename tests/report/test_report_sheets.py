"""Rows of faces: the right ones, in their places."""

import numpy as np
from sample import bare_result, sample_result

from doppelganger.images import RGB, read_image, resize_area
from doppelganger.report import contact_sheet, filmstrip, filmstrip_png
from doppelganger.report.sheets import CAPTION, GAP


def cell(sheet: RGB, row: int, column: int, side: int) -> RGB:
    y, x = GAP + row * (side + CAPTION + GAP), GAP + column * (side + GAP)
    return sheet[y : y + side, x : x + side]


def test_filmstrip_begins_with_the_portrait_and_ends_with_the_doppelganger() -> None:
    result = sample_result()
    strip = filmstrip(result, side=128, frames=3)
    assert strip.shape == (128 + CAPTION + 2 * GAP, 6 * (128 + GAP) + GAP, 3)
    shown = [
        result.pictures.portrait,
        *(result.path.filmstrip[s] for s in (0, 16, 32)),
        result.pictures.closest,
        result.pictures.doppelganger,
    ]
    for column, face in enumerate(shown):
        np.testing.assert_array_equal(cell(strip, 0, column, 128), resize_area(face, 128, 128))
    assert (strip[128 + GAP :] < 128).any()  # captions


def test_filmstrip_png_says_that_it_holds_synthetic_faces() -> None:
    png = filmstrip_png(sample_result(), side=64)
    assert b"compositeWithTrainedAlgorithmicMedia" in png
    np.testing.assert_array_equal(read_image(png), filmstrip(sample_result(), side=64))


def test_contact_sheet_leaves_a_missing_face_empty() -> None:
    whole, bare = sample_result(), bare_result()
    sheet = contact_sheet({"one": whole, "two": bare}, side=64)
    assert whole.pictures.border_outside is not None
    np.testing.assert_array_equal(cell(sheet, 0, 2, 64), resize_area(whole.pictures.border_outside, 64, 64))
    assert (cell(sheet, 1, 2, 64) == 255).all()
    np.testing.assert_array_equal(cell(sheet, 1, 3, 64), resize_area(bare.pictures.doppelganger, 64, 64))

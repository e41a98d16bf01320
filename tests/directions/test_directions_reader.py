"""The readers see what was painted, and that alone."""

from collections.abc import Callable

import cv2
import numpy as np
import pytest

from doppelganger.directions.hair import SHADES, shade_scores
from doppelganger.directions.measuring import OpenVINOParser
from doppelganger.directions.reader import FaceReader, read_parts
from doppelganger.directions.reading import ATTRIBUTES, Reading
from doppelganger.directions.regions import CHIN, EYES, LEFT_JAW, MOUSTACHE, RIGHT_JAW, Canvas, Mask, to_lab
from doppelganger.directions.skin import iris
from doppelganger.errors import NoFaceError
from doppelganger.faces.attributes import Attributes
from doppelganger.faces.parsing import Part
from doppelganger.images import RGB
from doppelganger.networks import Networks


def paint(image: RGB, mask: Mask, change: Callable[[np.ndarray], np.ndarray]) -> RGB:
    """``image`` with the CIELAB of ``mask`` ([512, 512]) changed, its edge soft."""
    soft = cv2.GaussianBlur(cv2.resize(mask.astype(np.float32), image.shape[1::-1]), (0, 0), 2)[..., None]
    lab = to_lab(image)
    rgb = cv2.cvtColor((lab + soft * (change(lab) - lab)).astype(np.float32), cv2.COLOR_LAB2RGB)
    return np.asarray(np.clip(rgb * 255, 0, 255).round(), np.uint8)


@pytest.fixture(scope="module")
def again(stranger_read: Reading) -> Callable[[RGB], Reading]:
    """Reads a repainted picture by the parts of the first: the networks need not look again."""
    guessed = Attributes(stranger_read["age"], stranger_read["female"])
    return lambda image: read_parts(image, stranger_read.face, stranger_read.landmarks, stranger_read.labels, guessed)


def moved(before: Reading, after: Reading, *names: str) -> dict[str, float]:
    return {name: after[name] - before[name] for name in names}


def test_every_attribute_is_read(stranger_read: Reading) -> None:
    assert set(stranger_read.values) == set(ATTRIBUTES)
    assert all(np.isfinite(stranger_read[name]) for name in ("yaw", "age", "female", "smile", "skin_tone", "beard"))
    assert len(stranger_read.blendshapes) == 52
    assert all(attribute.unit and attribute.meaning for attribute in ATTRIBUTES.values())


def test_the_fast_parser_is_the_parser(stranger: RGB, stranger_read: Reading, networks: Networks) -> None:
    assert (OpenVINOParser(networks).parse(stranger) == stranger_read.labels).mean() > 0.99


def test_a_picture_without_a_face_is_told(reader: FaceReader) -> None:
    with pytest.raises(NoFaceError):
        reader.read(np.full((1024, 1024, 3), 128, np.uint8))


def test_flipping_negates_yaw_roll_gaze_and_light(reader: FaceReader, stranger: RGB, stranger_read: Reading) -> None:
    flipped = reader.read(np.ascontiguousarray(stranger[:, ::-1]))
    for name, tolerance in (("yaw", 2.0), ("roll", 1.0), ("light_left", 3.0), ("gaze_side", 0.3)):
        assert flipped[name] == pytest.approx(-stranger_read[name], abs=tolerance), name
    for name, tolerance in (("pitch", 2.0), ("skin_lightness", 1.0), ("hair_length", 0.02), ("face_width", 0.02)):
        assert flipped[name] == pytest.approx(stranger_read[name], abs=tolerance), name


def test_painted_lips_are_redder_and_nothing_else(
    stranger: RGB, stranger_read: Reading, canvas: Canvas, again: Callable[[RGB], Reading]
) -> None:
    lips = canvas.parts(Part.UPPER_LIP, Part.LOWER_LIP)
    change = moved(
        stranger_read,
        again(paint(stranger, lips, lambda lab: lab + np.float32([0, 15, 0]))),
        "lip_redness",
        "makeup",
        "skin_tone",
    )
    assert change["lip_redness"] == pytest.approx(15, abs=3)
    assert change["makeup"] == pytest.approx(7.5, abs=2)
    assert abs(change["skin_tone"]) < 0.5


@pytest.mark.parametrize("shade", list(SHADES))
def test_dyed_hair_has_its_new_colour(
    shade: str, stranger: RGB, stranger_read: Reading, canvas: Canvas, again: Callable[[RGB], Reading]
) -> None:
    hair = canvas.parts(Part.HAIR)
    middle = np.median(canvas.lab[hair], 0)
    dyed = again(paint(stranger, hair, lambda lab: np.float32(SHADES[shade]) + 0.5 * (lab - middle)))
    assert dyed.hair_colour == shade
    assert dyed[f"hair_{shade}"] > 0.5
    assert dyed["skin_tone"] == pytest.approx(stranger_read["skin_tone"], abs=1)


def test_shades_share_what_there_is() -> None:
    scores = shade_scores(np.array([[12, 1, 1], [60, 7, 24]], np.float32))
    assert sum(scores.values()) == pytest.approx(1)
    assert scores["black"] == pytest.approx(0.5, abs=0.2) and scores["blond"] == pytest.approx(0.5, abs=0.2)
    assert all(np.isnan(value) for value in shade_scores(np.empty((0, 3), np.float32)).values())


def test_a_darkened_jaw_is_a_beard(
    stranger: RGB, stranger_read: Reading, canvas: Canvas, again: Callable[[RGB], Reading]
) -> None:
    jaw = canvas.area(MOUSTACHE, CHIN, LEFT_JAW, RIGHT_JAW)
    bearded = again(paint(stranger, jaw, lambda lab: lab - np.float32([20, 0, 0])))
    assert bearded["beard"] - stranger_read["beard"] > 4


def test_light_from_one_side_is_seen(
    stranger: RGB, stranger_read: Reading, canvas: Canvas, again: Callable[[RGB], Reading]
) -> None:
    side = np.zeros((512, 512), bool)
    side[:, round(float(canvas.points[1, 0])) :] = True  # right in the picture: the person's left
    lit = again(paint(stranger, side, lambda lab: lab - [15, 0, 0]))
    assert lit["light_left"] - stranger_read["light_left"] == pytest.approx(-15, abs=5)


def test_background_alone(
    stranger: RGB, stranger_read: Reading, canvas: Canvas, again: Callable[[RGB], Reading]
) -> None:
    dark = again(paint(stranger, canvas.parts(Part.BACKGROUND), lambda lab: lab * [0, 1, 1] + [20, 0, 0]))
    assert dark["background"] == pytest.approx(20, abs=3)
    assert dark["hair_lightness"] == pytest.approx(stranger_read["hair_lightness"], abs=1.5)


def test_painted_irises(stranger: RGB, stranger_read: Reading) -> None:
    points = stranger_read.landmarks.points
    mask = np.zeros((1024, 1024), np.uint8)
    for centre, _ in EYES:
        radius = np.linalg.norm(points[centre + 1 : centre + 5] - points[centre], axis=1).mean()
        cv2.circle(mask, tuple(int(c) for c in points[centre]), round(float(radius)), 1, cv2.FILLED)
    small = cv2.resize(mask, (512, 512), interpolation=cv2.INTER_NEAREST).astype(bool)
    blue = iris(paint(stranger, small, lambda lab: lab - [0, 0, 20]), points)
    assert blue["iris_b"] - stranger_read["iris_b"] < -10


def test_parsed_hair_and_glasses_are_counted(stranger: RGB, stranger_read: Reading) -> None:
    """Labels as they would be with a full fringe, no hair at all, and glasses."""
    guessed = Attributes(30, 0.5)

    def relabelled(change: Callable[[np.ndarray], None]) -> Reading:
        labels = stranger_read.labels.copy()
        change(labels)
        return read_parts(stranger, stranger_read.face, stranger_read.landmarks, labels, guessed)

    brows = round(float(stranger_read.landmarks.points[105, 1]) / 2)
    eyes = round(float(stranger_read.landmarks.points[33, 1]) / 2)

    def fringe(labels: np.ndarray) -> None:
        labels[:brows][labels[:brows] == Part.SKIN] = Part.HAIR

    def bald(labels: np.ndarray) -> None:
        labels[labels == Part.HAIR] = Part.SKIN

    def glasses(labels: np.ndarray) -> None:
        labels[eyes - 20 : eyes + 20, 120:390] = Part.GLASSES

    assert relabelled(fringe)["fringe"] > 0.8
    shaved = relabelled(bald)
    assert shaved["baldness"] > 0.9 and shaved["hair_length"] == 0 and shaved.hair_colour == "none"
    assert stranger_read["glasses"] < 0.05 < 0.3 < relabelled(glasses)["glasses"]

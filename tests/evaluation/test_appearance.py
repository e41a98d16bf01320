"""Each human-side measure moves with what it is named after, by the right amount, and hardly with anything else."""

import cv2
import numpy as np
import pytest
from skimage.color import deltaE_ciede2000, lab2rgb, rgb2lab

from doppelganger.evaluation import appearance as names
from doppelganger.evaluation.appearance import Appearance, AppearanceJudge, turn_between
from doppelganger.evaluation.beauty import asymmetry, mirror_partners, roughness
from doppelganger.evaluation.colours import (
    HAIR,
    SKIN,
    Colours,
    difference,
    iris_colour,
    middle_colour,
    region_colour,
)
from doppelganger.evaluation.summary import SCALES, summary
from doppelganger.faces.parsing import Part
from doppelganger.images import RGB
from doppelganger.networks import Networks
from doppelganger.weights import Store


@pytest.fixture(scope="module")
def judge(networks: Networks) -> AppearanceJudge:
    return AppearanceJudge(networks)


@pytest.fixture(scope="module")
def face(networks: Networks) -> RGB:
    """A young woman who does not exist, with brown eyes and hair, [1024, 1024, 3]."""
    latents = networks.generator.sample(2000, seed=5)
    return networks.generator.synthesise(latents.mean(0) + 0.5 * (latents[0] - latents.mean(0)))


@pytest.fixture(scope="module")
def seen(judge: AppearanceJudge, face: RGB) -> Appearance:
    return judge.measure(face, "the face")


def recoloured(face: RGB, mask: np.ndarray, shift: tuple[float, float, float]) -> RGB:
    """``shift`` in CIELAB where ``mask`` is 1, fading with it."""
    lab = rgb2lab(face / 255.0) + cv2.GaussianBlur(mask.astype(np.float64), (0, 0), 3)[:, :, None] * shift
    return np.asarray((lab2rgb(lab) * 255).round(), np.uint8)


def test_the_same_picture_differs_in_nothing(seen: Appearance) -> None:
    measures = AppearanceJudge.compare(seen, seen)
    summarised = {scale.measure for scale in SCALES if not scale.measure.startswith("LPIPS")}
    assert set(measures) == summarised | {names.SEX, names.AGE_SECOND}
    assert measures.pop(names.SEX) == 1 and measures.pop(names.SEX_SECOND) == 1
    assert measures == pytest.approx(dict.fromkeys(measures, 0), abs=1e-3)
    assert summary({**measures, names.SEX_SECOND: 1}) == pytest.approx(1, abs=1e-3)


def test_recoloured_hair_moves_the_hair_alone(
    judge: AppearanceJudge, networks: Networks, face: RGB, seen: Appearance
) -> None:
    labels = cv2.resize(networks.parser.parse(face), (1024, 1024), interpolation=cv2.INTER_NEAREST)
    shift = (12.0, 8.0, 10.0)
    measures = judge.compare(seen, judge.measure(recoloured(face, labels == Part.HAIR, shift), "recoloured"))
    assert seen.colours.hair is not None
    expected = deltaE_ciede2000(np.array(seen.colours.hair), np.add(seen.colours.hair, shift))
    assert expected > 8
    assert measures[names.HAIR_COLOUR] == pytest.approx(expected, rel=0.1)
    assert measures[names.SKIN_COLOUR] < 0.7 and measures[names.EYE_COLOUR] < 0.7
    assert measures[names.SHAPE] < 0.01 and abs(measures[names.SMOOTHNESS]) < 1 and measures[names.SEX] == 1


def test_recoloured_eyes_move_the_eyes_alone(judge: AppearanceJudge, face: RGB, seen: Appearance) -> None:
    assert seen.landmarks is not None and seen.colours.iris is not None
    mask = np.zeros(face.shape[:2], np.uint8)
    for centre in (468, 473):
        x, y = seen.landmarks.points[centre]
        cv2.circle(mask, (round(float(x)), round(float(y))), 30, 1, cv2.FILLED)
    shift = (6.0, -6.0, -14.0)
    measures = judge.compare(seen, judge.measure(recoloured(face, mask, shift), "blue eyes"))
    expected = deltaE_ciede2000(np.array(seen.colours.iris), np.add(seen.colours.iris, shift))
    assert measures[names.EYE_COLOUR] == pytest.approx(expected, rel=0.15)
    assert measures[names.SKIN_COLOUR] < 0.3 and measures[names.HAIR_COLOUR] < 0.3


def test_smoothed_skin_is_smoother_by_as_much_as_its_texture_lost(
    judge: AppearanceJudge, face: RGB, seen: Appearance
) -> None:
    rough = np.clip(face + np.random.default_rng(0).normal(0, 6, face.shape[:2])[:, :, None], 0, 255).astype(np.uint8)
    smooth = cv2.GaussianBlur(rough, (0, 0), 2)
    before, after = judge.measure(rough, "rough"), judge.measure(smooth, "smooth")
    assert judge.compare(before, after)[names.SMOOTHNESS] > 6
    assert judge.compare(seen, before)[names.SMOOTHNESS] < -3
    assert judge.compare(seen, before)[names.SKIN_COLOUR] < 1


def test_roughness_falls_by_twenty_decibels_when_texture_falls_to_a_tenth() -> None:
    texture = np.array([30.0, 20.0, 10.0, 4.0])
    assert roughness(texture) == 7.0  # the two finest octaves
    assert roughness(texture - 20) == -13.0


def test_a_tilted_picture_turns_the_head_by_its_angle(judge: AppearanceJudge, face: RGB, seen: Appearance) -> None:
    tilt = cv2.getRotationMatrix2D((511.5, 511.5), 8, 1)
    tilted = cv2.warpAffine(face, tilt, (1024, 1024), flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REFLECT)
    measures = judge.compare(seen, judge.measure(tilted, "tilted"))
    assert measures[names.POSE] == pytest.approx(8, abs=1)
    assert measures[names.SHAPE] < 0.012 and measures[names.EXPRESSION] < 0.02
    assert abs(measures[names.SYMMETRY]) < 0.003
    assert max(measures[key] for key in (names.SKIN_COLOUR, names.HAIR_COLOUR, names.EYE_COLOUR)) < 2


def test_a_mirrored_picture_is_as_symmetric_as_smooth_and_as_old(
    judge: AppearanceJudge, face: RGB, seen: Appearance
) -> None:
    assert seen.landmarks is not None
    measures = judge.compare(seen, judge.measure(np.ascontiguousarray(face[:, ::-1]), "mirrored"))
    assert abs(measures[names.SYMMETRY]) < 0.005 and abs(measures[names.SMOOTHNESS]) < 0.3
    assert abs(measures[names.AGE]) < 5 and measures[names.SEX] == 1 and measures[names.SKIN_COLOUR] < 1
    # yaw and roll change their signs, the pitch stays: two half turns apart
    assert measures[names.POSE] == pytest.approx(2 * np.hypot(seen.landmarks.yaw, seen.landmarks.roll), abs=1)


@pytest.mark.parametrize("axis", [0, 1, 2])
def test_the_turn_between_poses_is_the_angle_whatever_scale_and_place(axis: int) -> None:
    pose = np.diag([2.0, 2, 2, 1])
    turn, angle = np.eye(4), np.radians(25)
    i, j = [k for k in range(3) if k != axis]
    turn[[i, i, j, j], [i, j, i, j]] = np.cos(angle), -np.sin(angle), np.sin(angle), np.cos(angle)
    moved = turn @ np.diag([3.0, 3, 3, 1])
    moved[:3, 3] = 7
    assert turn_between(pose, pose) == pytest.approx(0, abs=1e-5)
    assert turn_between(pose, moved) == pytest.approx(25) == turn_between(moved, pose)


def test_asymmetry_of_a_symmetric_mesh_is_zero_in_every_pose_and_known_for_one_moved_point(store: Store) -> None:
    partners = mirror_partners(store)
    assert (partners[partners] == np.arange(468)).all()
    assert partners[33] == 263 and partners[50] == 280 and partners[1] == 1  # eye corners, cheeks, tip of the nose
    rng = np.random.default_rng(0)
    half = rng.normal(0, 100, (468, 3))
    mesh = (half + half[partners] * [-1, 1, 1]) / 2
    turn, _ = np.linalg.qr(rng.normal(size=(3, 3)))
    turn *= np.sign(np.linalg.det(turn))
    assert asymmetry(mesh, partners) == pytest.approx(0, abs=1e-9)
    assert asymmetry(mesh @ turn.T + 500, partners) == pytest.approx(0, abs=1e-9)
    crooked = mesh.copy()
    crooked[50] += [0, 100, 0]
    # the cheek and its partner each lie 100 from the other's mirror image
    expected = np.sqrt(2 * 100**2 / 468) / np.linalg.norm(mesh[33] - mesh[263])
    assert asymmetry(crooked @ turn.T, partners) == pytest.approx(expected, rel=0.05)


def test_colours_are_robust_means_of_their_regions() -> None:
    rng = np.random.default_rng(0)
    labels = np.zeros((512, 512), np.uint8)
    labels[100:300, 100:300] = Part.SKIN
    labels[0:15, 0:15] = Part.HAIR  # too little hair
    image = np.full((1024, 1024, 3), (10, 200, 30), np.uint8)
    image[200:600, 200:600] = (200, 150, 120)
    dirt = rng.integers(200, 600, (2, 20_000))
    image[dirt[0, ::2], dirt[1, ::2]], image[dirt[0, 1::2], dirt[1, 1::2]] = 255, 0  # highlights and stubble
    skin = region_colour(image, labels, SKIN)
    assert region_colour(image, labels, HAIR) is None
    assert difference(skin, middle_colour(np.full((50, 3), (200, 150, 120), np.uint8))) < 1.5
    assert np.isnan(difference(skin, None)) and np.isnan(difference(None, skin))


def test_closed_eyes_have_no_colour(face: RGB, seen: Appearance) -> None:
    assert seen.landmarks is not None
    assert iris_colour(face, seen.landmarks.points) == seen.colours.iris is not None
    closed = seen.landmarks.points.copy()
    for lids in ((33, 7, 163, 144, 145, 153, 154, 155, 133, 173, 157, 158, 159, 160, 161, 246), range(249, 467)):
        closed[list(lids), 1] = closed[list(lids), 1].mean()
    assert iris_colour(face, closed) is None


def test_a_destroyed_face_is_not_measured_and_counts_as_a_strangers(
    judge: AppearanceJudge, face: RGB, seen: Appearance
) -> None:
    grey = judge.measure(np.full_like(face, 127), "nothing")
    assert grey.landmarks is None and np.isnan([grey.age, grey.female, grey.roughness, grey.asymmetry]).all()
    measures = judge.compare(seen, grey)
    assert np.isnan([measures[key] for key in (names.SHAPE, names.AGE, names.SEX, names.SMOOTHNESS)]).all()
    assert summary(measures) == pytest.approx(0, abs=0.1)
    pixels = cv2.resize(cv2.resize(face, (12, 12), interpolation=cv2.INTER_AREA), (1024, 1024), interpolation=0)
    assert summary(judge.compare(seen, judge.measure(pixels, "pixelated"))) < 0.5  # found or not, nothing is raised


def test_what_the_portrait_never_had_is_left_out(seen: Appearance) -> None:
    bald = Appearance(seen.landmarks, Colours(seen.colours.skin, None, None), 30.0, 1.0, 0.0, 0.01)
    assert {names.HAIR_COLOUR, names.EYE_COLOUR}.isdisjoint(AppearanceJudge.compare(bald, seen))
    assert np.isnan(AppearanceJudge.compare(seen, bald)[names.HAIR_COLOUR])
    faceless = Appearance(None, Colours(None, None, None))
    assert AppearanceJudge.compare(faceless, seen) == {} and np.isnan(summary({}))


def test_the_summary_by_hand() -> None:
    assert summary({names.POSE: 4.1}) == pytest.approx(0.5)
    assert summary({names.POSE: 4.1, names.SHAPE: 9.0}) == pytest.approx(0.25)  # clipped
    assert summary({names.AGE: -19.0, names.SEX_SECOND: 1.0}) == pytest.approx(
        0.5
    )  # one group, of which half is a stranger's
    assert summary({names.SEX_SECOND: 0.0}) == 0 and summary({names.SMOOTHNESS: float("nan")}) == 0
    assert summary({"LPIPS (AlexNet, 256²)": 0.051, "LPIPS (VGG16, 1024²)": 0.059}) == pytest.approx(0.9)
    assert np.isnan(summary({"somebody's measure": 1.0}))

"""Somebody else's wall behind the same person: the person stays, the old background leaves no trace."""

from pathlib import Path

import cv2
import numpy as np
import pytest

import doppelganger
from doppelganger.advice import FINDABLE, warnings_of
from doppelganger.background import Matting, backdrop, foreground, new_background
from doppelganger.cli.main import run
from doppelganger.cli.options import projection_settings
from doppelganger.errors import ImageError
from doppelganger.images import RGB, encode_png, read_image
from doppelganger.nearest import NearestSettings
from doppelganger.networks import Networks
from doppelganger.result import FaceRecord, Verdict
from doppelganger.storage import to_json
from doppelganger.weights import Store


@pytest.fixture(scope="module")
def matting(store: Store) -> Matting:
    return Matting(store)


@pytest.fixture(scope="module")
def alpha(matting: Matting, astronaut: RGB) -> np.ndarray:
    return matting.matte(astronaut)


@pytest.fixture(scope="module")
def disc() -> tuple[RGB, np.ndarray]:
    """A red disc with a soft edge before green, [256, 256, 3], and its true matte."""
    y, x = np.mgrid[0:256, 0:256]
    alpha = np.clip((90 - np.hypot(x - 128, y - 128)) / 20 + 0.5, 0, 1).astype(np.float32)
    mixed = alpha[:, :, None] * (220, 40, 40) + (1 - alpha[:, :, None]) * (20, 200, 60)
    return mixed.round().astype(np.uint8), alpha


def test_the_matte_holds_the_person_and_not_the_flag(astronaut: RGB, alpha: np.ndarray) -> None:
    assert alpha.shape == astronaut.shape[:2] and alpha.dtype == np.float32
    assert alpha.min() >= 0 and alpha.max() <= 1
    assert alpha[60:180, 180:260].mean() > 0.99 and alpha[350:500, 150:300].mean() > 0.97  # face, suit
    assert alpha[20:250, 10:90].mean() < 0.03  # the flag
    assert 0.4 < alpha.mean() < 0.8


def test_the_matte_of_a_picture_that_is_not_square_has_its_shape(
    matting: Matting, astronaut: RGB, alpha: np.ndarray
) -> None:
    narrow = matting.matte(np.ascontiguousarray(astronaut[:450, 60:400]))
    assert narrow.shape == (450, 340)
    assert np.abs(narrow - alpha[:450, 60:400]).mean() < 0.05


def test_an_edge_gets_the_colour_of_what_it_belongs_to(disc: tuple[RGB, np.ndarray]) -> None:
    image, alpha = disc
    edge = (alpha > 0.2) & (alpha < 0.8)
    wrong = np.abs(image[edge].astype(float) - (220, 40, 40)).mean()
    estimated = np.abs(foreground(image, alpha)[edge] - (220, 40, 40)).mean()
    assert wrong > 60 and estimated < 0.35 * wrong  # the method is an approximation
    ideal = alpha[:, :, None] * (220, 40, 40) + (1 - alpha[:, :, None]) * (40, 60, 200)
    behind = np.full_like(image, (40, 60, 200))
    naive = image * alpha[:, :, None] + behind * (1 - alpha[:, :, None])
    assert np.abs(naive - ideal).max() > 45
    assert np.abs(new_background(image, alpha, behind) - ideal).max() < 20


def test_what_is_wholly_person_or_wholly_background_is_taken_as_it_is(disc: tuple[RGB, np.ndarray]) -> None:
    image, alpha = disc
    behind = np.random.default_rng(0).integers(0, 256, image.shape, dtype=np.uint8)
    out = new_background(image, alpha, behind)
    assert np.array_equal(out[alpha == 0], behind[alpha == 0])
    assert np.array_equal(out[alpha == 1], image[alpha == 1])
    assert np.array_equal(new_background(image, np.ones_like(alpha), behind), image)
    assert np.array_equal(new_background(image, np.zeros_like(alpha), behind), behind)


def test_a_colour_and_a_plain_wall(disc: tuple[RGB, np.ndarray]) -> None:
    image, alpha = disc
    assert (backdrop("#0A80ff")(image, alpha) == (10, 128, 255)).all()
    plain = backdrop("plain")(image, alpha)
    assert plain.shape == image.shape and np.ptp(plain.astype(int), axis=2).max() <= 10  # grey
    assert plain.min() > 130 and plain.max() < 230 and plain[100, 128].mean() > plain[250, 5].mean() + 30
    assert max(np.abs(np.diff(plain[..., 0].astype(int), axis=axis)).max() for axis in (0, 1)) <= 2  # no steps


def test_blur_keeps_the_colours_and_forgets_the_forms_and_the_person(
    astronaut: RGB, alpha: np.ndarray, disc: tuple[RGB, np.ndarray]
) -> None:
    soft = backdrop("blur")(*disc)
    assert np.abs(soft.astype(int) - (20, 200, 60)).max() < 25  # nothing red
    behind = backdrop("blur")(astronaut, alpha)
    outside = cv2.erode((alpha < 0.01).astype(np.uint8), np.ones((41, 41))).astype(bool)
    assert np.abs(behind[outside].mean(0) - astronaut[outside].mean(0)).max() < 20
    forms = [
        (picture - cv2.GaussianBlur(picture.astype(float), (0, 0), 8))[outside].std() for picture in (astronaut, behind)
    ]
    assert forms[1] < 0.1 * forms[0]


def test_blur_of_a_picture_that_is_all_person_is_a_plain_colour(astronaut: RGB) -> None:
    behind = backdrop("blur")(astronaut, np.ones(astronaut.shape[:2], np.float32))
    assert np.ptp(behind.reshape(-1, 3), axis=0).max() <= 1


def test_a_picture_covers_the_place_without_being_stretched(tmp_path: Path) -> None:
    wide = np.zeros((100, 300, 3), np.uint8)
    wide[:, 100:200] = (200, 100, 50)  # its middle square
    wide[40:60, 140:160] = 255
    (tmp_path / "beach.png").write_bytes(encode_png(wide))
    out = backdrop(str(tmp_path / "beach.png"))(np.zeros((400, 400, 3), np.uint8), np.zeros((400, 400), np.float32))
    assert out.shape == (400, 400, 3)
    assert np.abs(out[20:140].astype(int) - (200, 100, 50)).max() <= 2
    white = np.argwhere(out[..., 2] > 200)
    assert np.ptp(white, axis=0) == pytest.approx([79, 79], abs=2)


@pytest.mark.parametrize("spec", ["#12345", "greyish", "#gggggg", "", "nowhere/picture.png"])
def test_what_is_no_background_is_refused_by_one_sentence(spec: str) -> None:
    with pytest.raises(ImageError, match="is no background; use plain, blur"):
        backdrop(spec)


def test_a_file_that_is_no_picture_and_a_folder_are_refused(tmp_path: Path) -> None:
    (tmp_path / "text.png").write_text("not a picture")
    with pytest.raises(ImageError, match="not a picture"):
        backdrop(str(tmp_path / "text.png"))
    with pytest.raises(ImageError, match="not a file"):
        backdrop(str(tmp_path))


def test_make_puts_the_doppelganger_before_it_and_judges_that_picture(
    astronaut_file: Path, networks: Networks, tmp_path: Path
) -> None:
    settings = doppelganger.Settings(
        background="#0a80ff", projection=projection_settings(10), nearest=NearestSettings(steps=2, rounds=1)
    )
    result = doppelganger.make(astronaut_file, settings, networks)
    picture, own = result.pictures.doppelganger, networks.generator.synthesise(result.latents["doppelganger"])
    # what the generator made of flag and shuttle is gone from the upper corners, the face is as it was
    corners = np.concatenate([picture[:60, :60], picture[:60, -60:]])
    assert np.abs(corners.astype(int) - (10, 128, 255)).mean() < 3
    face = (slice(450, 750), slice(400, 620))
    assert np.abs(own[face].astype(int) - picture[face]).mean() < 1

    (judged,) = (record for record in result.faces if record.name == "doppelgänger")
    portrait = networks.judge.measure(result.pictures.portrait, "portrait")
    expected = networks.judge.compare(portrait, networks.judge.measure(picture, "picture"))
    assert judged.likeness == pytest.approx(expected, rel=1e-4)
    assert len(judged.verdicts) == 4 and all(verdict.under_disturbances for verdict in judged.verdicts)
    assert result.provenance.settings["background"] == "#0a80ff" and "modnet" in result.provenance.weights

    saved = doppelganger.save(result, tmp_path / "out")
    assert np.array_equal(read_image(saved.doppelganger), picture)
    assert to_json(doppelganger.load(saved.root)) == to_json(result)
    assert "#0a80ff" in saved.report.read_text(encoding="utf-8")


def test_who_can_be_found_is_told_and_who_gave_a_new_background_is_not_told_to(astronaut: RGB, stranger: RGB) -> None:
    verdicts = (Verdict("A", "privacy", 0.4, 0.5, held_out=False), Verdict("B", "privacy", 0.4, 0.5, held_out=True))
    near, far = (FaceRecord("doppelgänger", verdicts, {"LPIPS (AlexNet, 256²)": lpips}) for lpips in (0.1, 0.6))
    plain = doppelganger.Settings(background="plain")
    (only,) = warnings_of(near, astronaut, astronaut, doppelganger.Settings())
    assert only.startswith(FINDABLE) and "--background plain" in only
    inside, still = warnings_of(near, astronaut, stranger, plain)
    assert inside == "Before its new background, the face is the same person to A."
    assert still.startswith(FINDABLE) and "--background" not in still
    assert warnings_of(far, astronaut, stranger, doppelganger.Settings()) == []


def test_the_command_refuses_a_wrong_background_before_the_work(
    astronaut_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert run(["make", str(astronaut_file), "--background", "beach"]) == ImageError.exit_code
    captured = capsys.readouterr()
    assert captured.out == "" and "'beach' is no background" in captured.err
    assert not list(tmp_path.iterdir())

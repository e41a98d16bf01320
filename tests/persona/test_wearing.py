"""A generated persona on NASA's portrait, in a group: her face becomes the persona's, and nothing else changes."""

import io
import json
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import cv2
import numpy as np
import pytest
import torch
from PIL import Image

from doppelganger import directions
from doppelganger.errors import OutputError
from doppelganger.faces.parsing import Part
from doppelganger.images import RGB, encode_png, read_image, resize
from doppelganger.networks import Networks
from doppelganger.persona.fitting import Fitting, fit
from doppelganger.persona.frames import frames
from doppelganger.persona.making import from_seed
from doppelganger.persona.own_photos import WornPhotos, wear_folder
from doppelganger.persona.persona import Persona, PersonaError
from doppelganger.persona.posing import KNOBS, Moment, Poser, read_moment
from doppelganger.persona.shaping import OUTLINE, warp_field
from doppelganger.persona.skin_light import light_between
from doppelganger.persona.wearing import Dresser, WearSettings, Worn, _Put
from doppelganger.persona.whose import NotThereError, embeddings_of, whose_face
from doppelganger.provenance import SourceType
from doppelganger.subject import see

GPS = 0x8825


@pytest.fixture(scope="module")
def persona(networks: Networks) -> Persona:
    return from_seed("Wilma", 7, networks)


@pytest.fixture(scope="module")
def group(astronaut: RGB, stranger: RGB) -> RGB:
    """A stranger, larger, on the left; the astronaut on the right."""
    return np.hstack([resize(stranger, 800, 800), np.pad(astronaut, ((0, 288), (0, 0), (0, 0)))])


@pytest.fixture(scope="module")
def photos(group: RGB, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A group lying on its side by EXIF, with a place in it; a picture of nobody; a file that is none."""
    folder = tmp_path_factory.mktemp("mine")
    exif = Image.Exif()
    exif[0x0112] = 6  # to be turned clockwise
    exif.get_ifd(GPS)[1] = "N"
    Image.fromarray(np.ascontiguousarray(np.rot90(group))).save(folder / "group.jpg", exif=exif, quality=97)
    (folder / "nobody.png").write_bytes(encode_png(np.full((300, 400, 3), 120, np.uint8)))
    (folder / "torn.jpeg").write_bytes(b"\xff\xd8\xff\xe0 no picture")
    (folder / "notes.txt").write_text("not a picture at all")
    return folder


@pytest.fixture(scope="module")
def dresser(persona: Persona, networks: Networks) -> Dresser:
    return Dresser(persona, networks, WearSettings())


@pytest.fixture(scope="module")
def album(
    photos: Path,
    persona: Persona,
    dresser: Dresser,
    networks: Networks,
    astronaut_file: Path,
    tmp_path_factory: pytest.TempPathFactory,
) -> WornPhotos:
    before = {file: file.read_bytes() for file in photos.iterdir()}
    album = wear_folder(persona, photos, tmp_path_factory.mktemp("worn"), networks, who=astronaut_file, dresser=dresser)
    assert {file: file.read_bytes() for file in photos.iterdir()} == before
    return album


def test_it_becomes_the_persona_and_stays_in_its_moment(album: WornPhotos) -> None:
    entry = album.entries["group.jpg"]
    assert entry.accepted and entry.worn == "share/group.jpg"
    assert entry.persona is not None and entry.wearer is not None
    assert len(entry.same) >= 3 and not entry.recognised
    assert min(entry.wearer.values()) > 1
    assert entry.held_out == ("EdgeFace-S",)
    assert entry.pose_error is not None and entry.pose_error < 5
    assert entry.expression is not None and entry.expression > 0.7
    assert "one looked for" in entry.face


def test_only_the_owners_face_changes(album: WornPhotos, photos: Path) -> None:
    photo, worn = read_image(photos / "group.jpg"), read_image(album.folder / "share" / "group.jpg")
    assert photo.shape == worn.shape
    change = np.abs(photo.astype(int) - worn).max(2)
    assert change[:, :800].mean() < 2, "the stranger must stay, but for the JPEG"
    face = np.zeros(change.shape, bool)
    face[60:220, 800 + 150 : 800 + 290] = True
    assert change[face].mean() > 4 * change[~face].mean()


def test_nothing_of_the_metadata_is_left_and_it_says_that_it_is_synthetic(album: WornPhotos) -> None:
    data = (album.folder / "share" / "group.jpg").read_bytes()
    with Image.open(io.BytesIO(data)) as picture:
        assert not dict(picture.getexif()) and not picture.getexif().get_ifd(GPS)
    assert SourceType.COMPOSITE.encode() in data


def test_photos_that_fail_are_said_and_the_others_go_on(album: WornPhotos) -> None:
    assert set(album.entries) == {"group.jpg", "nobody.png", "torn.jpeg"}
    assert "No face was found in nobody.png" in str(album.entries["nobody.png"].error)
    assert "torn.jpeg" in str(album.entries["torn.jpeg"].error)
    written = json.loads(album.file.read_text("utf-8"))["photos"]
    assert [one["photo"] for one in written] == ["group.jpg", "nobody.png", "torn.jpeg"]
    sheet = read_image(album.folder / "private" / "sheet.jpg")
    assert sheet.shape == (360, 720, 3)


def test_what_is_done_is_not_done_again(
    album: WornPhotos, photos: Path, persona: Persona, networks: Networks, astronaut_file: Path
) -> None:
    file = album.folder / "share" / "group.jpg"
    made = file.stat().st_mtime_ns

    class Idle(Dresser):
        def __init__(self) -> None:  # a run that has to put anything on fails
            pass

    again = wear_folder(persona, photos, album.folder, networks, who=astronaut_file, dresser=Idle())
    assert file.stat().st_mtime_ns == made
    assert {k: v.digest for k, v in again.entries.items()} == {k: v.digest for k, v in album.entries.items()}
    other = replace(persona, latent=persona.latent + 0.1)
    with pytest.raises(AttributeError):
        wear_folder(other, photos, album.folder, networks, who=astronaut_file, dresser=Idle())


def test_originals_cannot_be_the_output(photos: Path, persona: Persona, networks: Networks, tmp_path: Path) -> None:
    with pytest.raises(OutputError):
        wear_folder(persona, photos, photos, networks)
    with pytest.raises(PersonaError, match="no pictures"):
        wear_folder(persona, tmp_path, tmp_path / "out", networks)
    with pytest.raises(PersonaError, match="not a folder"):
        wear_folder(persona, tmp_path / "missing", tmp_path / "out", networks)


def test_whose_face_it_is(group: RGB, astronaut: RGB, stranger: RGB, networks: Networks) -> None:
    assert (whose_face(group, networks, None).index, whose_face(group, networks, None).faces) == (0, 2)
    assert whose_face(group, networks, embeddings_of(astronaut, networks, "her")).index == 1
    assert whose_face(group, networks, embeddings_of(stranger, networks, "the other")).index == 0
    with pytest.raises(NotThereError, match="not the one looked for"):
        whose_face(astronaut, networks, embeddings_of(stranger, networks, "the other"))


@pytest.fixture(scope="module")
def moment(astronaut: RGB, networks: Networks) -> Moment:
    return read_moment(see(astronaut, networks).portrait.image, networks)


@pytest.fixture(scope="module")
def fitting(persona: Persona, moment: Moment, networks: Networks) -> Fitting:
    points = networks.landmarks.detect(persona.reference, networks.detector.detect(persona.reference)[0]).points
    return fit(persona.reference, points, moment.image, moment.landmarks.points, moment.labels, networks.parser)


def test_a_search_sees_what_is_worn(fitting: Fitting, persona: Persona) -> None:
    def small(image: RGB) -> torch.Tensor:
        whole = torch.from_numpy(image.copy()).permute(2, 0, 1)[None].float() / 127.5 - 1
        return torch.nn.functional.interpolate(whole, (256, 256), mode="area")

    face = small(persona.reference).requires_grad_()
    seen = fitting.tensors(256, torch.device("cpu"))(face)
    assert float((seen.detach() - small(fitting.worn(persona.reference))).abs().mean()) < 0.01
    seen.sum().backward()
    assert face.grad is not None
    assert float(face.grad[..., 100:160, 100:160].abs().mean()) > 0.1
    assert float(face.grad[..., :8, :8].abs().max()) == 0


def test_the_face_takes_the_heads_outline_and_keeps_its_features(
    persona: Persona, moment: Moment, networks: Networks
) -> None:
    own = networks.landmarks.detect(persona.reference, networks.detector.detect(persona.reference)[0]).points
    field = warp_field(own, moment.landmarks.points, 1024)
    at = np.round(moment.landmarks.points[list(OUTLINE)]).astype(int).clip(0, 1023)
    assert np.abs(field[at[:, 1], at[:, 0]] - own[list(OUTLINE)]).max() < 8
    nothing = warp_field(own, own, 1024)
    ys, xs = np.mgrid[0:1024, 0:1024]
    assert np.abs(nothing - np.stack([xs, ys], 2)).max() < 1


def test_the_light_is_the_photos(moment: Moment) -> None:
    """The portrait itself, darkened, bluish and lit from one side, comes back as it was."""
    tint = np.array([0.6, 0.75, 0.9]) * np.linspace(0.7, 1.0, 1024)[None, :, None]
    dim = (moment.image * tint).astype(np.uint8)
    back = light_between(dim, moment.labels, moment.image, moment.labels).apply(dim)
    skin = cv2.resize(np.isin(moment.labels, (Part.SKIN, Part.NOSE)).astype(np.uint8), (1024, 1024)) > 0
    assert np.abs(dim[skin].astype(float) - moment.image[skin]).mean() > 40
    assert np.abs(back[skin] - moment.image[skin]).mean() < 5


def test_without_skin_the_light_is_left_alone(moment: Moment) -> None:
    nothing = np.full_like(moment.labels, Part.BACKGROUND)
    same = light_between(moment.image, nothing, moment.image, moment.labels).apply(moment.image)
    assert np.abs(same - moment.image).max() < 0.1


def test_frames_stay_and_bare_faces_have_none(moment: Moment, networks: Networks) -> None:
    assert not frames(moment.image, moment.labels, moment.landmarks.points).any()
    w = networks.generator.w_mean + 0.85 * (networks.generator.sample(1, 300)[0] - networks.generator.w_mean)
    spectacled = read_moment(networks.generator.synthesise(w), networks)
    found = frames(spectacled.image, spectacled.labels, spectacled.landmarks.points)
    glasses = cv2.resize((spectacled.labels == Part.GLASSES).astype(np.uint8), (1024, 1024)) > 0
    assert 0.05 < found[glasses].mean() < 0.6
    assert spectacled.image[found > 0.8].mean() < 0.6 * spectacled.image[glasses & (found < 0.1)].mean()
    assert found[~cv2.dilate(glasses.astype(np.uint8), np.ones((140, 140))).astype(bool)].max() == 0


def test_posing_turns_only_what_belongs_to_the_moment(dresser: Dresser, moment: Moment) -> None:
    poser: Poser = dresser.poser
    posed = poser.pose(moment, looks=2)
    assert set(posed.strengths) == set(KNOBS) and not {"age", "female", "nose_width"} & set(KNOBS)
    assert posed.misses[1] < 0.7 * posed.misses[0]
    assert abs(posed.moment.landmarks.yaw - moment.landmarks.yaw) < abs(poser.rest.landmarks.yaw - moment.landmarks.yaw)


def test_hair_that_has_come_down_since_is_left_out(
    fitting: Fitting, persona: Persona, moment: Moment, networks: Networks
) -> None:
    unchanged = fitting.trimmed(persona.reference, moment.labels, networks.parser)
    assert np.array_equal(unchanged.alpha, np.minimum(fitting.alpha, unchanged.alpha))
    fringed = networks.generator.synthesise(directions.apply(persona.latent, {"fringe": 5.0}))
    trimmed = fitting.trimmed(fringed, moment.labels, networks.parser)
    brows = int(moment.landmarks.points[[105, 334], 1].min())
    forehead = [one.alpha[:brows].sum() for one in (fitting, trimmed)]
    assert forehead[1] < 0.8 * forehead[0]
    assert trimmed.alpha[brows:].sum() > 0.7 * fitting.alpha[brows:].sum()


def test_the_persona_comes_first_then_the_photos_moment_then_how_many_know_it():
    def put(knowing, degrees, expression, wearer=2.0, trimmed=True):
        distances = {str(k): 0.5 if k < knowing else 1.5 for k in range(4)}
        seen = SimpleNamespace(distances=distances, apart=[dict.fromkeys(distances, wearer)])
        return _Put(None, None, seen, degrees, expression, trimmed, tuple(distances))

    best, fewer, far, bare, missed, half, wearers = ranked = [
        put(4, 4.0, 0.75),
        put(3, 0.5, 0.95),
        put(3, 2.0, 0.9),
        put(4, 0.5, 0.95, trimmed=False),
        put(4, 5.5, 0.9),
        put(2, 0.1, 0.99),
        put(2, 0.2, 0.9, wearer=0.9),
    ]
    assert best.close and fewer.close and far.close and bare.close and not missed.close
    assert not half.accepted and not wearers.accepted
    assert sorted((ranked[k] for k in (3, 6, 0, 5, 1, 4, 2)), key=_Put.order) == ranked


def test_the_held_out_verifier_chooses_no_picture_but_has_a_say_in_whether_it_is_shared():
    def put(witness, degrees):
        seen = SimpleNamespace(distances={"a": 0.5, "b": 0.5, "w": witness}, apart=[{"a": 2.0, "b": 2.0, "w": witness}])
        return _Put(None, None, seen, degrees, 0.9, True, ("a", "b"))

    known, near = put(0.9, 2.0), put(1.5, 1.0)
    assert known.good and near.good and near.order() < known.order()
    shared = [Worn(None, None, None, one.seen, 0.0, 0.9, {}, 0, ("w",)).accepted for one in (known, near)]
    assert shared == [False, True]  # by the witness the first is the wearer


def test_every_further_round_is_content_with_less_of_the_person_but_never_with_none():
    settings = WearSettings()
    rounds = [settings.again(k) for k in range(6)]
    goals, headrooms = [one.goal for one in rounds], [one.search.headroom for one in rounds]
    assert goals == sorted(goals) and goals[0] == settings.keep_again.goal and goals[-1] < 1
    assert headrooms == sorted(headrooms, reverse=True) and headrooms[0] == settings.keep_again.search.headroom
    assert all(
        goal <= 1 - headroom for goal, headroom in zip(goals, headrooms, strict=True)
    )  # what is searched is accepted

"""Photos and videos → a face set: who is in it, what was set aside, and what the folder keeps."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from swapping_sets import A_SEED, B_SEED, CONSENT, People

from doppelganger import directions
from doppelganger.errors import OutputError, TooYoungError
from doppelganger.faces.attributes import AgeSexEstimator
from doppelganger.images import RGB, encode_jpeg, read_image, resize_area
from doppelganger.invented import invented
from doppelganger.networks import Networks
from doppelganger.persona.whose import embeddings_of
from doppelganger.training.swap.coverage import coverage_picture, lacks, missing_for
from doppelganger.training.swap.errors import ConsentError, FaceSetError
from doppelganger.training.swap.extracting import Extracted, extract
from doppelganger.training.swap.face import SetFace
from doppelganger.training.swap.faceset import FaceSet, load
from doppelganger.training.swap.foretelling import Foretold, foretell, light_of
from doppelganger.training.swap.matching import match
from doppelganger.training.swap.sorting import is_person
from doppelganger.training.swap.sources import faces_of
from doppelganger.training.swap.spread import farthest_first
from filming import write_video


def test_the_right_faces_are_taken_and_the_others_set_aside(extracted: Extracted) -> None:
    assert {face.source for face in extracted.faces.faces} >= {f"{k}.jpg" for k in range(1, 5)}
    assert len(extracted.faces.faces) == 5
    assert extracted.aside == {"wrong person": 1, "blurred": 1, "duplicate": 1, "too small": 1}
    record = json.loads((extracted.folder / "faceset.json").read_text())
    reasons = {one["source"]: one["reason"] for one in record["aside"]}
    assert reasons["other.jpg"] == "wrong person"
    assert reasons["blurred.jpg"] == "blurred"
    assert reasons["tiny.jpg"] == "too small"
    assert {source for source, reason in reasons.items() if reason == "duplicate"} <= {"0.jpg", "again.jpg"}
    assert [one.source for one in extracted.unread] == ["broken.jpg"]


def test_what_was_set_aside_can_be_looked_at(extracted: Extracted) -> None:
    assert len(list((extracted.folder / "aside" / "wrong-person").glob("*.png"))) == 1
    assert read_image(extracted.folder / "aside.jpg").shape[1] > 4 * 96
    assert (extracted.folder / "coverage.png").exists()


def test_the_folder_keeps_everything(extracted: Extracted, set_a: FaceSet) -> None:
    assert set_a.digest == extracted.faces.digest
    assert set_a.consent == CONSENT == (extracted.folder / "consent.txt").read_text().strip()
    assert extracted.folder.stat().st_mode & 0o077 == 0, "only its owner may read it"
    for ours, theirs in zip(set_a.faces, extracted.faces.faces, strict=True):
        assert np.array_equal(ours.points, theirs.points)
        assert np.array_equal(ours.blendshapes, theirs.blendshapes)
        assert set(ours.embeddings) == set(theirs.embeddings)


def test_faces_lie_at_the_same_place(set_a: FaceSet) -> None:
    eyes = np.stack([face.points[[33, 133, 362, 263]].mean(0) for face in set_a.faces])
    assert np.abs(eyes - [128, 256 * (0.48 - 0.235) / 0.72]).max() < 20
    for face in set_a.faces:
        assert face.mask[int(face.points[1, 1]), int(face.points[1, 0])] > 200, "the nose is face"
        assert face.mask[:8].mean() < 100, "above the brows it is not"


def test_what_was_deleted_by_hand_is_left_out(extracted: Extracted, tmp_path: Path) -> None:
    import shutil

    copy = tmp_path / "copy"
    shutil.copytree(extracted.folder, copy)
    (copy / "faces" / "00002.png").unlink()
    fewer = load(copy)
    assert [f.source for f in fewer.faces] == [f.source for k, f in enumerate(extracted.faces.faces) if k != 1]
    (copy / "faceset.safetensors").write_bytes(b"nothing")
    with pytest.raises(FaceSetError, match="damaged"):
        load(copy)


def test_without_consent_there_is_no_set(people: People, networks: Networks, tmp_path: Path) -> None:
    with pytest.raises(ConsentError, match="agreed"):
        extract([tmp_path], tmp_path / "set", "  ", networks)
    assert not (tmp_path / "set").exists()


def test_no_set_of_a_child_and_none_over_another(
    extracted: Extracted, stranger_file: Path, networks: Networks, tmp_path: Path
) -> None:
    with pytest.raises(TooYoungError):
        extract([stranger_file], tmp_path / "child", CONSENT, networks)
    assert not (tmp_path / "child").exists()
    with pytest.raises(OutputError, match="there already"):
        extract([stranger_file], extracted.folder, CONSENT, networks)


def test_of_a_video_the_new_frames_of_the_person_meant(people: People, networks: Networks, tmp_path: Path) -> None:
    still = [resize_area(image, 256, 256) for image in people.a]
    frames = [still[0]] * 20 + [still[3]] * 20 + [still[0]] * 20  # two poses, a minute's worth of the same
    video = write_video(tmp_path / "talk.mp4", frames)
    (tmp_path / "b.jpg").write_bytes(encode_jpeg(people.b[1]))
    who = embeddings_of(people.a[2], networks, "a picture")
    made = extract([video, tmp_path / "b.jpg"], tmp_path / "set", CONSENT, networks, who)
    assert len(made.faces.faces) == 2
    assert np.ptp([face.pose[2] for face in made.faces.faces]) > 0.1, "the mouth is shut and open"
    assert {face.time is not None for face in made.faces.faces} == {True}
    assert made.aside["wrong person"] == 1
    assert len(made.aside) <= 2, "and at most duplicates"


def test_in_a_video_those_that_look_ahead_decide_for_the_turned(
    people: People, networks: Networks, tmp_path: Path
) -> None:
    def turning(seed: int, yaws: NDArray[np.float64]) -> list[RGB]:
        latent = invented(seed, networks.generator)
        made = [networks.generator.synthesise(directions.apply(latent, {"yaw": float(yaw)})) for yaw in yaws]
        return [resize_area(image, 256, 256) for image in made for _ in range(3)]

    hers, theirs = turning(A_SEED, np.linspace(-5, -50, 11)), turning(B_SEED, np.linspace(-10, -50, 3))
    video = write_video(tmp_path / "turn.mp4", hers + theirs)
    ages = AgeSexEstimator(networks.store)
    faces = [face for face in faces_of(video, networks, ages, 100) if isinstance(face, SetFace)]
    who = embeddings_of(people.a[2], networks, "a picture")
    decided = is_person(faces, networks.panel.members, who)
    cut = len(hers) * 1001 / 30000
    assert [bool(one) for one in decided] == [face.time is not None and face.time < cut for face in faces]
    assert max(abs(face.yaw) for face in faces if face.time is not None and face.time < cut) > 45
    alone = is_person([replace(face, track=None) for face in faces], networks.panel.members, who)
    assert (alone != decided).any(), "recognisers alone do not know turned heads"


def test_coverage_says_what_is_missing(set_a: FaceSet, set_b: FaceSet) -> None:
    assert f"{set_a.name} never looks up." in lacks(set_a)
    assert not any("smiles" in sentence for sentence in lacks(set_a))
    sombre = FaceSet("bea", CONSENT, tuple(face for face in set_b.faces if face.pose[3] < 0.35))
    assert f"bea never smiles, but {set_a.name} does." in missing_for(set_a, sombre)
    assert coverage_picture([set_a, sombre]).shape == coverage_picture([set_a]).shape


def test_farthest_first_takes_the_corners() -> None:
    points = np.array([[0, 0], [1, 0], [0, 1], [0.5, 0.5], [0.52, 0.5], [1, 1]], np.float32)
    assert farthest_first(points, 5, 0.1)[0] in (3, 4)
    assert set(farthest_first(points, 9, 0.1)[1:]) == {0, 1, 2, 5}
    assert farthest_first(points[:0], 3) == []


def test_the_person_suits_itself_best(set_a: FaceSet, set_b: FaceSet) -> None:
    again = FaceSet("again", CONSENT, set_a.faces[1:])
    best, second = match(set_a, [set_b, again])
    assert (best.name, second.name) == ("again", set_b.name)
    assert best.head < second.head
    assert best.score > second.score


def test_the_foretold_quality_falls_with_what_a_swap_needs(set_a: FaceSet, set_b: FaceSet) -> None:
    def changed(change: Callable[[SetFace], SetFace]) -> Foretold:
        return foretell(set_b, FaceSet("changed", CONSENT, tuple(change(face) for face in set_b.faces)))

    def lit(face: SetFace) -> SetFace:
        ramp = np.linspace(0.4, 1.6, face.image.shape[1])[None, :, None]
        return replace(face, image=np.clip(face.image * ramp, 0, 255).astype(np.uint8))

    ideal = foretell(set_b, set_b)
    assert (ideal.sharpness, ideal.coverage, ideal.light) == (1, 1, 1)
    assert ideal.weakest == "number"
    more = foretell(set_b, FaceSet("more", CONSENT, set_b.faces * 60))
    assert more.number > 0.85
    assert more.quality > 0.9 > ideal.quality
    worse = {
        "sharpness": changed(lambda face: replace(face, sharpness=face.sharpness / 2)),
        "resolution": changed(lambda face: replace(face, eye_distance=40.0)),
        "coverage": changed(lambda face: replace(face, pose=face.pose + np.float32([60, 0, 0, 0, 0, 0]))),
        "light": changed(lit),
    }
    for part, one in worse.items():
        assert getattr(one, part) < 0.7 * getattr(ideal, part), part
        assert one.quality < ideal.quality
        others = set(worse) - {part}
        assert all(getattr(one, other) == getattr(ideal, other) for other in others), f"{part} alone"


def test_light_is_measured_apart_from_the_skin(set_a: FaceSet) -> None:
    face = set_a.faces[0]
    ramp = np.linspace(0.8, 1.2, face.image.shape[1])[None, :, None]
    dark, lit = (np.clip(face.image * by, 0, 255).astype(np.uint8) for by in (0.5, ramp))
    as_it_is = light_of(face)
    assert np.abs(light_of(replace(face, image=dark)) - as_it_is).max() < 0.02
    assert 0.2 < (light_of(replace(face, image=lit)) - as_it_is)[0] < 0.6

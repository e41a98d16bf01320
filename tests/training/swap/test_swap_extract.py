"""Photos and videos → a face set: who is in it, what was set aside, and what the folder keeps."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from swapping_sets import CONSENT, People

from doppelganger.errors import OutputError, TooYoungError
from doppelganger.faces.attributes import AgeSexEstimator
from doppelganger.images import RGB, encode_jpeg, read_image, resize_area
from doppelganger.keeping import Embeddings
from doppelganger.networks import Networks
from doppelganger.persona.whose import embeddings_of
from doppelganger.training.swap.coverage import coverage_picture, lacks, missing_for
from doppelganger.training.swap.errors import ConsentError, FaceSetError
from doppelganger.training.swap.extracting import Extracted, extract
from doppelganger.training.swap.face import SetFace
from doppelganger.training.swap.faceset import FaceSet, load
from doppelganger.training.swap.foretelling import Foretold, foretell, light_of
from doppelganger.training.swap.matching import match
from doppelganger.training.swap.sorting import is_person, sort
from doppelganger.training.swap.sources import Unread, faces_of, files_of
from doppelganger.training.swap.spread import farthest_first
from doppelganger.training.swap.tracks import Tracks, face_of_mesh
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


def test_where_nobody_is_the_person_meant_all_are_set_aside(
    set_a: FaceSet, ada: Embeddings, networks: Networks
) -> None:
    kept, aside = sort(set_a.faces, networks.panel.members, {name: -embedding for name, embedding in ada.items()})
    assert not kept and {one.reason for one in aside} == {"wrong person"}


def test_a_file_that_was_named_is_never_passed_over(networks: Networks, tmp_path: Path) -> None:
    for name in ("clip.mts", "letter.txt"):
        (tmp_path / name).write_bytes(b"neither")
    named = files_of([tmp_path / "clip.mts", tmp_path / "letter.txt"])
    assert [file.name for file in named] == ["clip.mts", "letter.txt"]
    assert [file.name for file in files_of([tmp_path])] == ["clip.mts"]
    for file in named:
        (unread,) = faces_of(file, networks, AgeSexEstimator(networks.store), 10)
        assert isinstance(unread, Unread) and file.name in unread.source


def test_in_a_stretch_of_video_those_that_look_ahead_decide(set_a: FaceSet, set_b: FaceSet, networks: Networks) -> None:
    def turned(face: SetFace, track: str | None, seen: SetFace) -> SetFace:
        """``face`` at 50°, which recognisers take for ``seen``."""
        pose = face.pose.copy()
        pose[0] = 50
        return replace(face, pose=pose, track=track, embeddings=seen.embeddings)

    def decided(*turned: SetFace) -> list[bool]:
        hers = [replace(face, track="talk.mp4, 0") for face in set_a.faces]
        theirs = [replace(face, track="talk.mp4, 1") for face in set_b.faces[:2]]
        result = is_person([*hers, *theirs, *turned], networks.panel.members, None)
        assert result.tolist()[: len(hers) + 2] == [True] * len(hers) + [False] * 2
        return [bool(one) for one in result[-len(turned) :]]

    a, b = set_a.faces[0], set_b.faces[0]
    assert decided(turned(a, "talk.mp4, 0", seen=b), turned(b, "talk.mp4, 1", seen=a)) == [True, False]
    assert decided(turned(a, None, seen=b), turned(b, None, seen=a)) == [False, True], "of photos recognisers are asked"
    alone = turned(a, "talk.mp4, 2", seen=a), turned(b, "talk.mp4, 3", seen=b)
    assert decided(*alone) == [True, False], "and where nobody looks ahead"


def test_a_stretch_ends_where_it_is_not_surely_the_same_face(people: People, networks: Networks) -> None:
    def points(image: RGB) -> NDArray[np.float32]:
        return networks.landmarks.detect(image, networks.detector.detect(image)[0]).points

    tracks = Tracks(networks)
    moved = np.roll(people.a[0], 5, axis=1)
    away = np.roll(people.a[0], 160, axis=1)
    numbers = [
        tracks.number(image, face_of_mesh(points(image)), found)
        for image, found in (
            (people.a[0], True),
            (moved, False),
            (people.b[0], False),
            (people.b[0], False),
            (people.b[0], True),
        )
    ]
    assert numbers == [0, 0, 1, 1, 2]
    face = networks.detector.detect(people.a[0])[0]
    assert np.abs(face_of_mesh(points(people.a[0])).points - face.points).max() < 0.15 * face.eye_distance
    there = face_of_mesh(points(people.a[0]) + np.float32([160, 0]))
    tracks.number(people.a[0], face, True)
    assert tracks.number(away, there, False) == 4, "elsewhere"


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

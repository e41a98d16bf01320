"""Converting: only the person meant, only the face, everything else of a photo or a film as it was."""

from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from swapping_sets import People

from doppelganger.errors import ImageError
from doppelganger.images import RGB, encode_png, read_image, resize, resize_area
from doppelganger.keeping import Embeddings
from doppelganger.networks import Networks
from doppelganger.persona.whose import NotThereError
from doppelganger.training.swap.converting import convert_photo, convert_video
from doppelganger.training.swap.following import SteadyPoints
from doppelganger.training.swap.person import PersonInVideo
from doppelganger.training.swap.swapping import FaceSwapper, blend_alpha
from doppelganger.video.reading import VideoFile
from filming import sound_packets, write_video


def both(people: People, k: int) -> RGB:
    """A to the left, B to the right, [256, 512, 3]."""
    return np.hstack([resize_area(people.a[k], 256, 256), resize_area(people.b[k], 256, 256)])


def changed(before: RGB, after: RGB) -> np.ndarray:
    return np.abs(before.astype(int) - after).max(2)


def test_of_a_photo_only_the_face_of_the_person_meant(
    people: People, swapper: FaceSwapper, ada: Embeddings, networks: Networks, tmp_path: Path
) -> None:
    scene = both(people, 0)
    (tmp_path / "scene.png").write_bytes(encode_png(scene))
    convert_photo(tmp_path / "scene.png", swapper, ada, networks, tmp_path / "out.png")
    moved = changed(scene, read_image(tmp_path / "out.png"))
    assert not moved[:, 256:].any(), "Bea's half is as it was, bit for bit"
    assert (moved[:, :256] > 8).mean() > 0.05
    assert not moved[:, :20].any()
    assert "compositeWithTrainedAlgorithmicMedia" in str(Image.open(tmp_path / "out.png").info)
    convert_photo(tmp_path / "scene.png", swapper, ada, networks, tmp_path / "beside.jpg", side_by_side=True)
    assert read_image(tmp_path / "beside.jpg").shape == (256, 1024, 3)


def test_a_photo_without_the_person_is_refused(
    people: People, swapper: FaceSwapper, ada: Embeddings, networks: Networks, tmp_path: Path
) -> None:
    (tmp_path / "bea.png").write_bytes(encode_png(people.b[0]))
    with pytest.raises(NotThereError):
        convert_photo(tmp_path / "bea.png", swapper, ada, networks, tmp_path / "out.png")
    assert not (tmp_path / "out.png").exists()
    (tmp_path / "out.png").write_bytes(encode_png(people.b[0]))
    with pytest.raises(ImageError, match="does not exist"):
        convert_photo(tmp_path / "missing.jpg", swapper, ada, networks, tmp_path / "out.png")


def test_a_film_keeps_its_times_its_sound_and_everybody_else(
    people: People, swapper: FaceSwapper, ada: Embeddings, networks: Networks, tmp_path: Path
) -> None:
    scenes = [both(people, k) for k in (0, 2, 0)] + [resize_area(people.b[0], 512, 256)]
    ticks = [0, 1, 5, 6]  # a variable rate
    video = write_video(tmp_path / "talk.mp4", scenes, ticks, sound="aac")
    seen: list[int] = []
    made = convert_video(
        video, swapper, ada, networks, tmp_path / "out.mp4", progress=lambda event: seen.append(event.done)
    )
    assert (made.frames, made.swapped, made.sound, seen) == (4, 3, "copied", [1, 2, 3, 4])
    with VideoFile(video) as before, VideoFile(tmp_path / "out.mp4") as after:
        pairs = list(zip(before.frames(), after.frames(), strict=True))
    assert [old.time for old, _ in pairs] == [new.time for _, new in pairs]
    assert [float(new.time) for _, new in pairs] == pytest.approx([float(t * Fraction(1001, 30000)) for t in ticks])
    assert sound_packets(video) == sound_packets(tmp_path / "out.mp4")
    for k, (old, new) in enumerate(pairs):
        moved = changed(old.image, new.image)
        assert moved[:, 300:].mean() < 6, "what is not Ada is coded anew, no more"
        if k < 3:
            assert moved[80:220, 60:200].mean() > 12, "Ada is not"
        else:
            assert moved.mean() < 6, "and Bea alone stays Bea"


def test_a_cut_to_somebody_else_at_the_same_place_ends_it(people: People, ada: Embeddings, networks: Networks) -> None:
    finder = PersonInVideo(ada, networks)
    assert finder.look(people.a[0]) is not None
    assert finder.look(people.a[3]) is not None
    assert finder.look(people.b[3]) is None
    assert not finder.following
    assert finder.look(people.a[0]) is not None


def test_what_hides_the_face_stays_in_front(people: People, swapper: FaceSwapper, networks: Networks) -> None:
    scene = people.a[0].copy()
    points = networks.landmarks.detect(scene, networks.detector.detect(scene)[0]).points
    middle = round(float(points[1, 0]))
    pattern = np.random.default_rng(0).integers(40, 110, (40, 40, 3), np.uint8)
    scene[:, :middle] = resize(pattern, 320, 320)[:, :middle]  # half of it behind a curtain
    moved = changed(scene, swapper.swap(scene, points))
    assert (moved[:, middle:] > 8).mean() > 0.05, "the face beside it is swapped"
    assert (moved[:, : middle - 8] > 8).mean() < 0.01, "the curtain is not"


def test_the_mask_is_where_both_are_sure() -> None:
    scene, drawn = (np.zeros((256, 256), np.float32) for _ in range(2))
    scene[40:220, 60:200] = 1
    drawn[20:200, 60:200] = 1
    scene[100:103, 100:103] = 0  # a misjudged spot
    scene[120:160, 110:150] = 0  # a microphone
    alpha = blend_alpha(scene, drawn)
    assert alpha[70, 130] == 1
    assert alpha[101, 101] == 1
    assert not alpha[122:158, 112:148].any()
    assert not alpha[:40].any()
    assert not alpha[200:].any()
    assert 0 < alpha[46, 130] < 1


def test_landmarks_are_held_still_and_follow_a_turn() -> None:
    random = np.random.default_rng(0)
    face = random.uniform(100, 200, (478, 2))
    face[33], face[263] = (110, 150), (170, 150)
    steady = SteadyPoints()
    noise = [face + random.normal(0, 0.6, face.shape) for _ in range(30)]
    held = [steady(points, k / 30, fresh=k == 0) for k, points in enumerate(noise)]
    assert np.std(held[10:], axis=0).mean() < 0.6 * np.std(noise[10:], axis=0).mean()
    for k in range(30, 45):  # two eye distances a second
        moved = face + np.array([(k - 29) * 4, 0])
        now = steady(moved, k / 30, fresh=False)
    assert np.abs(now - moved).max() < 0.12 * 60
    jumped = face + 300
    assert np.allclose(steady(jumped, 46 / 30, fresh=True), jumped, atol=1e-3)

"""A film that is stopped, killed, or finds the disk full goes on, and is the film of an unbroken run."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from swapping_sets import People

from doppelganger.errors import OutputError
from doppelganger.images import RGB, encode_png, resize_area
from doppelganger.keeping import Embeddings
from doppelganger.networks import Networks
from doppelganger.persona.whose import NotThereError
from doppelganger.progress import Event
from doppelganger.training.swap.comparing import Moments
from doppelganger.training.swap.converting import Converted, convert_video
from doppelganger.training.swap.following import FilmSwapper
from doppelganger.training.swap.run_folder import RunFolder
from doppelganger.training.swap.segments import Segment, Unfinished, identity_of
from doppelganger.training.swap.swapping import FaceSwapper
from doppelganger.video.reading import VideoFile
from filming import sound_packets, write_video

LENGTH = 3
TICKS = (0, 1, 2, 4, 5, 9, 10, 11, 13, 14)


@dataclass(frozen=True)
class Scene:
    """``video``: Ada moves, is away for a frame, and comes back. ``unbroken``: converted in one go."""

    video: Path
    unbroken: Path
    made: Converted
    convert: Callable[..., Converted]
    """To a target, in segments of three frames."""


@pytest.fixture(scope="module")
def scene(
    people: People,
    swapper: FaceSwapper,
    ada: Embeddings,
    networks: Networks,
    tmp_path_factory: pytest.TempPathFactory,
) -> Scene:
    folder = tmp_path_factory.mktemp("films")
    still = np.pad(resize_area(people.a[0], 256, 256), ((0, 0), (0, 64), (0, 0)), mode="edge")
    frames = [np.ascontiguousarray(np.roll(still, 4 * k, axis=1)) for k in range(len(TICKS))]
    frames[6] = resize_area(people.b[0], 320, 256)
    video = write_video(folder / "talk.mp4", frames, TICKS, sound="aac")

    def convert(target: Path, **settings: object) -> Converted:
        return convert_video(video, swapper, ada, networks, target, **{"segment": LENGTH, **settings})  # type: ignore[arg-type]

    return Scene(video, folder / "unbroken.mp4", convert(folder / "unbroken.mp4"), convert)


def pictures(film: Path) -> list[tuple[RGB, int, object]]:
    with VideoFile(film) as video:
        return [(frame.image, frame.duration, frame.time) for frame in video.frames()]


def require_same(film: Path, scene: Scene) -> None:
    """Frames to the bit, times to the tick, sound packet by packet, and nothing left beside it."""
    ours, theirs = pictures(film), pictures(scene.unbroken)
    assert [(duration, at) for _, duration, at in ours] == [(duration, at) for _, duration, at in theirs]
    assert [at for *_, at in ours] == [at for *_, at in pictures(scene.video)]
    assert all(np.array_equal(a, b) for (a, *_), (b, *_) in zip(ours, theirs, strict=True))
    assert sound_packets(film) == sound_packets(scene.unbroken) == sound_packets(scene.video)
    with VideoFile(film) as after, VideoFile(scene.video) as before:
        assert after.duration is not None
        assert before.duration is not None
        assert abs(after.duration - before.duration) < 0.001
    assert film.read_bytes() == scene.unbroken.read_bytes(), "marked, too, and to the byte"
    assert [file for file in film.parent.iterdir() if film.stem in file.name] == [film]


def stop_after(count: int) -> Callable[[Event], None]:
    def progress(event: Event) -> None:
        if event.done == count:
            raise KeyboardInterrupt

    return progress


KILLED = """
import sys
from pathlib import Path
import torch
from doppelganger.images import read_image
from doppelganger.networks import Networks
from doppelganger.persona.whose import embeddings_of
from doppelganger.training.swap.converting import convert_video
from doppelganger.training.swap.run_folder import RunFolder
from doppelganger.training.swap.swapping import FaceSwapper
from doppelganger.training.swap.trainer import trained_network

run, video, who, target = map(Path, sys.argv[1:])
networks = Networks(device="cpu")
network, about, _ = trained_network(RunFolder(run), torch.device("cpu"))
swapper = FaceSwapper(network, "b", about.preset.side, networks.parser, torch.device("cpu"))
convert_video(video, swapper, embeddings_of(read_image(who), networks, "who"), networks, target, segment=3)
"""


def test_killed_in_the_middle(scene: Scene, swap_run: RunFolder, people: People, tmp_path: Path) -> None:
    (tmp_path / "ada.png").write_bytes(encode_png(people.a[2]))
    target = tmp_path / "out.mp4"
    process = subprocess.Popen(
        [sys.executable, "-c", KILLED, *map(str, (swap_run.root, scene.video, tmp_path / "ada.png", target))]
    )
    while len(list(tmp_path.glob("out.mp4.unfinished-*/*.safetensors"))) < 2:
        assert process.poll() is None, "it ended by itself"
        time.sleep(0.02)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    assert not target.exists()
    (folder,) = tmp_path.glob("out.mp4.unfinished-*")
    assert folder.stat().st_mode & 0o077 == 0, "faces lie there: only their owner may read them"
    made = scene.convert(target)
    assert made.drawn <= len(TICKS) - 2 * LENGTH
    assert (made.frames, made.swapped) == (scene.made.frames, scene.made.swapped) == (len(TICKS), len(TICKS) - 1)
    require_same(target, scene)


def test_ctrl_c_costs_nothing(scene: Scene, tmp_path: Path) -> None:
    target = tmp_path / "out.mp4"
    for until in (2, 7):  # in a segment, and right after the frame without Ada
        with pytest.raises(KeyboardInterrupt):
            scene.convert(target, progress=stop_after(until))
        assert not target.exists()
    made = scene.convert(target)
    assert made.drawn == len(TICKS) - 7
    require_same(target, scene)


def test_a_full_disk_says_so_and_loses_nothing(
    scene: Scene, limited_files: Callable[[int], None], tmp_path: Path
) -> None:
    target = tmp_path / "out.mp4"
    with pytest.raises(KeyboardInterrupt):
        scene.convert(target, progress=stop_after(4))
    before = sorted(file.name for file in tmp_path.glob("out.mp4.unfinished-*/*"))
    limited_files(20_000)
    with pytest.raises(OutputError, match="make room") as trouble:
        scene.convert(target)
    assert "goes on from there" in str(trouble.value)
    assert "\n" not in str(trouble.value)
    limited_files(1 << 30)
    assert sorted(file.name for file in tmp_path.glob("out.mp4.unfinished-*/*")) == before
    assert not target.exists()
    assert scene.convert(target).drawn <= len(TICKS) - 4
    require_same(target, scene)


def test_a_damaged_segment_is_drawn_again(scene: Scene, tmp_path: Path) -> None:
    target = tmp_path / "out.mp4"
    with pytest.raises(KeyboardInterrupt):
        scene.convert(target, progress=stop_after(8))
    second = sorted(tmp_path.glob("out.mp4.unfinished-*/*"))[1]
    data = bytearray(second.read_bytes())
    data[len(data) // 2] ^= 1
    second.write_bytes(bytes(data))
    assert scene.convert(target).drawn == len(TICKS) - LENGTH
    require_same(target, scene)


def test_what_was_kept_is_of_this_conversion_alone(
    scene: Scene, swapper: FaceSwapper, ada: Embeddings, networks: Networks, tmp_path: Path
) -> None:
    ours = identity_of(scene.video, swapper, ada)
    other = tmp_path / "other.mp4"
    other.write_bytes(scene.video.read_bytes() + b"\0")
    back = FaceSwapper(swapper.network, "a", swapper.side, networks.parser, swapper.device)
    somebody = {name: -embedding for name, embedding in ada.items()}
    others = (identity_of(other, swapper, ada), identity_of(scene.video, back, ada))
    assert len({ours, *others, identity_of(scene.video, swapper, somebody)}) == 4
    assert ours == identity_of(scene.video, swapper, ada)
    target = tmp_path / "out.mp4"
    Unfinished(target, others[0]).write(0, Segment([None], {}))
    assert Unfinished(target, ours).read(0) is None
    Unfinished(target, ours).write(0, Segment([None], {}))
    with pytest.raises(NotThereError):
        convert_video(scene.video, swapper, somebody, networks, target)
    assert Unfinished(target, others[0]).exists and Unfinished(target, ours).exists, "a wrong --who costs nobody's work"
    Unfinished(target, ours).clear()
    assert not list(tmp_path.glob("out.mp4*")), "what was kept for the same film with other settings goes as well"


def test_a_segment_comes_back_to_the_bit(
    people: People, swapper: FaceSwapper, ada: Embeddings, networks: Networks, tmp_path: Path
) -> None:
    one = FilmSwapper(swapper, ada, networks)
    layer = one.layer(people.a[0], 0.0)
    assert layer is not None
    kept = Unfinished(tmp_path / "out.mp4", "0" * 64)
    kept.write(5, Segment([layer, None], one.state()))
    back = kept.read(5)
    assert back is not None
    assert back.layers[1] is None
    assert back.layers[0] is not None
    assert np.array_equal(back.layers[0].over(people.a[0]), swapper.swap(people.a[0], _points(people, networks)))
    other = FilmSwapper(swapper, ada, networks)
    other.restore(back.state)
    moved = np.roll(people.a[0], 3, axis=1)
    ours, theirs = one.layer(moved, 0.04), other.layer(moved, 0.04)
    fresh = FilmSwapper(swapper, ada, networks).layer(moved, 0.04)
    assert ours is not None
    assert theirs is not None
    assert fresh is not None
    assert np.array_equal(ours.transform, theirs.transform)
    assert np.array_equal(ours.face, theirs.face)
    assert not np.array_equal(ours.transform, fresh.transform), "the filter's state does matter"


def test_moments_are_spread_evenly_whatever_the_length() -> None:
    picture = np.zeros((8, 8, 3), np.uint8)
    for length in (1, 3, 8, 17, 500):
        moments = Moments(4)
        for k in range(length):
            moments.offer(str(k), picture, picture)
        at = [int(one.label) for one in moments.chosen()]
        assert len(at) == min(4, length)
        assert at[0] == 0
        assert at == sorted(set(at))
        if length > 8:
            steps = np.diff([*at, length])
            assert steps.max() <= 2.1 * steps[:-1].min()


def _points(people: People, networks: Networks) -> np.ndarray:
    return networks.landmarks.detect(people.a[0], networks.detector.detect(people.a[0])[0]).points

"""``doppelganger animate``, with a real rig: a film, and every way in which there is none."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from doppelganger.cli.main import run
from doppelganger.errors import NoFaceError
from doppelganger.images import RGB, read_image
from doppelganger.networks import Networks
from doppelganger.puppet.guard import Judge
from doppelganger.puppet.motion import Motion
from doppelganger.puppet.performance import Mode
from doppelganger.puppet.puppet import Puppet
from doppelganger.puppet.rig import Rig
from doppelganger.puppet.tracker import Tracker
from doppelganger.video.animate import animate
from doppelganger.video.reading import VideoFile
from filming import NTSC, sound_packets, write_video


def test_a_film_of_a_rig(
    rig_folder: Path, moving: Callable[[int], list[RGB]], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    driver = write_video(tmp_path / "talk.mp4", moving(10), sound="aac")
    target = tmp_path / "film.mp4"
    assert run(["animate", str(rig_folder), str(driver), "-o", str(target), "--reference", "first", "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert said["film"] == str(target) and said["frames"] == said["frames promised"] == 10 and said["held"] == {}
    assert said["rate"] == "30000/1001" and said["sound"] == "copied" and said["reference at"] == 0
    with VideoFile(target) as film:
        frames = list(film.frames())
    assert [frame.time for frame in frames] == [k / NTSC for k in range(10)]
    assert [p for p, _, _ in sound_packets(driver)] == [p for p, _, _ in sound_packets(target)]
    still = read_image(rig_folder / "still.png")
    assert np.abs(frames[0].image.astype(int) - still).mean() < 8  # at the reference the avatar is at rest


def test_swapped_and_beside_in_words(
    rig_folder: Path,
    moving: Callable[[int], list[RGB]],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    write_video(tmp_path / "talk.mp4", moving(4))
    assert run(["animate", str(rig_folder), "talk.mp4", "--mode", "swap", "--beside"]) == 0
    out = capsys.readouterr().out
    assert "4 frames" in out and "sound: none" in out and "talk-twenty.mp4" in out
    with VideoFile(tmp_path / "talk-twenty.mp4") as film:
        assert (film.width, film.height) == (640, 240)


def test_recognisers_refuse_a_film_of_somebody_else(
    rig_folder: Path, networks: Networks, moving: Callable[[int], list[RGB]], tmp_path: Path
) -> None:
    driver = write_video(tmp_path / "talk.mp4", moving(32))
    tracker = Tracker(networks.detector, networks.landmarks)
    rig = Rig.load(rig_folder)
    judge = Judge(networks.panel, networks.detector, rig.embeddings)
    made = animate(driver, Puppet(rig), tracker, tmp_path / "film.mp4", judge=judge)
    assert made.looks == 2 and made.held == {}

    class Bare(Puppet):
        """What must never happen: the driver's own face."""

        def swap(self, frame: RGB, motion: Motion, time: float) -> RGB:
            return frame

    with pytest.raises(NoFaceError, match="the verifiers object"):
        animate(driver, Bare(rig), tracker, tmp_path / "bare.mp4", Mode.SWAP, judge=judge)
    assert not (tmp_path / "bare.mp4").exists()


def test_what_cannot_be_is_one_sentence_and_a_code(
    rig_folder: Path, moving: Callable[[int], list[RGB]], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "text.mp4").write_text("This is no video.\n")
    write_video(tmp_path / "empty.mp4", [np.full((120, 160, 3), 90, np.uint8)] * 3)
    write_video(tmp_path / "talk.mp4", moving(3))
    (tmp_path / "rig").mkdir()
    before = {path.name for path in tmp_path.iterdir()}
    rig, film = str(rig_folder), str(tmp_path / "film.mp4")
    for words, code, said in (
        ([rig, "text.mp4", "-o", film], 3, "is not a video"),
        ([rig, "none.mp4", "-o", film], 3, "does not exist"),
        ([str(tmp_path / "rig"), "talk.mp4", "-o", film], 3, "rig"),
        ([rig, "empty.mp4", "-o", film], 4, "No face was found"),
        ([rig, "talk.mp4", "-o", film, "--reference", "60"], 4, "from 60 seconds on"),
        ([rig, "talk.mp4", "-o", str(tmp_path / "text.mp4" / "film.mp4")], 6, "could not be written"),
        ([rig, "talk.mp4", "-o", str(tmp_path / "talk.mp4")], 6, "driving video itself"),
        ([rig, "talk.mp4", "-o", str(tmp_path / "film.avi")], 2, "must end in .mp4"),
        ([rig, "talk.mp4", "-o", film, "--mode", "mask"], 2, "no mode"),
        ([rig, "talk.mp4", "-o", film, "--reference", "-3"], 2, "--reference"),
    ):
        arguments = ["animate", words[0], str(tmp_path / words[1]), *words[2:]]
        assert run([*arguments, "--json"]) == code, words
        answer = json.loads(capsys.readouterr().out)
        assert said in answer["error"] and answer["exit_code"] == code
    assert {path.name for path in tmp_path.iterdir()} == before


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such signal for one process")
def test_ctrl_c_leaves_nothing(rig_folder: Path, moving: Callable[[int], list[RGB]], tmp_path: Path) -> None:
    driver = write_video(tmp_path / "talk.mp4", moving(400))
    target = tmp_path / "film.mp4"
    words = [sys.executable, "-m", "doppelganger.cli", "animate", str(rig_folder), str(driver), "-o", str(target)]
    with subprocess.Popen(words, stderr=subprocess.PIPE, encoding="utf-8") as process:
        partial = tmp_path / ".film.mp4.part"
        while process.poll() is None and not (partial.exists() and partial.stat().st_size):
            time.sleep(0.02)
        process.send_signal(signal.SIGINT)
        _, said = process.communicate()
    assert process.returncode == 130 and "nothing was written" in said and "Traceback" not in said
    assert [path.name for path in tmp_path.iterdir()] == ["talk.mp4"]

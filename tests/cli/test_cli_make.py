"""The product from end to end, with the real networks, on NASA's astronaut; fewer steps than a person would take."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

import doppelganger
from doppelganger.cli.main import STOPPED, run
from doppelganger.cli.options import projection_settings
from doppelganger.images import read_image
from doppelganger.networks import Networks
from doppelganger.progress import Event

COMMAND = [sys.executable, "-m", "doppelganger.cli"]
STEPS = 30


def test_make_from_photo_to_report(astronaut_file: Path, tmp_path: Path) -> None:
    done = subprocess.run(
        [*COMMAND, "make", str(astronaut_file), "--steps", str(STEPS), "--in-photo", "--json"],
        cwd=tmp_path,
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    assert done.returncode == 0, done.stderr
    said = json.loads(done.stdout)  # one object, nothing around it
    folder = tmp_path / "astronaut-doppelganger"
    assert Path(said["folder"]) == folder and [path.name for path in tmp_path.iterdir()] == [folder.name]
    assert {path.name for path in (folder / "share").iterdir()} == {
        "doppelganger.png",
        "doppelganger.jpg",
        "in-photo.jpg",
    }
    assert all(Path(file).is_file() for file in said["files"].values())
    assert Path(said["files"]["report"]) == folder / "private" / "report.html"

    face = read_image(folder / "share" / "doppelganger.png")
    closest = read_image(folder / "private" / "closest.png")
    assert face.shape == closest.shape == (1024, 1024, 3) and face.std() > 20
    assert np.abs(face.astype(int) - closest).mean() > 1  # the search has moved it

    judged = next(record for record in said["faces"] if record["name"] == "doppelgänger")
    assert len(judged["verdicts"]) == 4 and [v["held_out"] for v in judged["verdicts"]].count(True) == 1
    assert all(v["different"] for v in judged["verdicts"] if not v["held_out"])
    set_back = next(record for record in said["faces"] if record["name"] == "in photo")
    assert len(set_back["verdicts"]) == 4 and all(v["under_disturbances"] for v in set_back["verdicts"])
    assert read_image(folder / "share" / "in-photo.jpg").shape == read_image(astronaut_file).shape
    assert {border["verifier"] for border in said["borders"]} >= {"panel", "dlib"}
    stages = [line for line in done.stderr.splitlines() if ":" in line]
    assert [line.split(":")[0] for line in stages][:3] == ["projection", "border", "nearest"]

    result = doppelganger.load(folder)
    assert len(result.latents["path"]) == STEPS + 1
    assert np.array_equal(result.pictures.doppelganger, face)


@pytest.mark.skipif(sys.platform == "win32", reason="Windows cannot send Ctrl-C to one process")
def test_ctrl_c_leaves_only_a_checkpoint_from_which_the_same_run_goes_on(
    astronaut_file: Path, networks: Networks, tmp_path: Path
) -> None:
    partial = tmp_path / ".astronaut-doppelganger.partial"
    command = [*COMMAND, "make", str(astronaut_file), "--steps", str(STEPS)]
    signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background jobs inherit it ignored
    with subprocess.Popen(command, cwd=tmp_path, stderr=subprocess.PIPE, encoding="utf-8") as process:
        while process.poll() is None and not list(partial.glob("*.safetensors")):
            time.sleep(0.05)
        os.kill(process.pid, signal.SIGINT)
        _, errors = process.communicate(timeout=120)
    assert process.returncode == 130, errors
    assert errors.strip().splitlines()[-1] == STOPPED and "Traceback" not in errors
    assert [path.name for path in tmp_path.iterdir()] == [partial.name]
    assert all(path.suffix == ".safetensors" or path.name == "key" for path in partial.iterdir())

    def first_step(steps: int) -> int:
        seen: list[Event] = []

        def stop_at_projection(event: Event) -> None:
            seen.append(event)
            if event.stage == "projection":
                raise KeyboardInterrupt

        settings = doppelganger.Settings(projection=projection_settings(steps))
        with pytest.raises(KeyboardInterrupt):
            doppelganger.make(astronaut_file, settings, networks, stop_at_projection, partial)
        return seen[-1].done

    assert first_step(STEPS) > 3  # the first state is kept after three
    assert first_step(STEPS + 10) == 1  # another run does not pick it up


def test_border_of_a_photo(astronaut_file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "out"
    for name in ("out", "out-2"):
        assert run(["border", str(astronaut_file), "--steps", "10", "--out", str(out), "--json"]) == 0
        said = json.loads(capsys.readouterr().out)
        assert Path(said["folder"]) == tmp_path / name and said["steps"] == 11
    assert [border["verifier"] for border in said["borders"]][-1] == "panel"
    strip = read_image(tmp_path / "out" / "filmstrip.png")
    assert strip.shape == (256, 256 * 3, 3)  # steps 0, 6 and 10
    assert np.abs(strip[:, :256].astype(int) - strip[:, -256:]).mean() > 2  # from the mean face to somebody
    faces = {path.name for path in out.iterdir()} - {"filmstrip.png"}
    flips = said["borders"][-1]["flips"]
    assert faces == ({"border-inside.png", "border-outside.png"} if flips else set())
    assert {path.name for path in tmp_path.iterdir()} == {"out", "out-2"}

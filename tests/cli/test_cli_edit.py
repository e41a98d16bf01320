"""``edit`` on NASA's astronaut, with fewer steps than a person would take."""

import json
from pathlib import Path

import pytest

from doppelganger.cli.main import run
from doppelganger.images import read_image
from doppelganger.sculpting.album import read_latent


def test_an_edit_is_measured_and_the_panel_asked(
    astronaut_file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "edited"
    words = ["edit", str(astronaut_file), "--age", "+15", "--yaw", "=12", "--steps", "20", "--out", str(out), "--json"]
    assert run(words) == 0
    said = json.loads(capsys.readouterr().out)
    before, after = said["measured"]["before"], said["measured"]["edited"]
    assert after["age"] > before["age"] + 8
    assert after["yaw"] == pytest.approx(12, abs=6)
    distances = said["over the identity threshold"]
    assert len(distances["edited"]) == 4 and said["held out of the search"] == ["EdgeFace-S"]
    searched = [name for name in distances["edited"] if name not in said["held out of the search"]]
    # keeping brings the person nearer than the edit alone leaves them
    assert sum(distances["edited"][n] for n in searched) < sum(distances["naive"][n] for n in searched)
    assert sorted(p.relative_to(out).as_posix() for p in out.rglob("*.*")) == [
        "private/before-after.png",
        "private/edit.json",
        "share/edited.png",
    ]
    assert read_image(out / "private" / "before-after.png").shape == (1024, 3072, 3)
    assert read_latent(out / "private" / "edit.json").shape == (39, 512)

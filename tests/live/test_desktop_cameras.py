"""Which cameras there are, which was the last, and what is said where one does not open."""

import sys
from pathlib import Path

import pytest

from doppelganger.errors import CameraError
from doppelganger.live.desktop.cameras import Camera, CameraInfo, list_cameras, why_not
from doppelganger.live.desktop.memory import CameraMemory

BUILT_IN, OUTSIDE = CameraInfo(0, "Integrated Camera"), CameraInfo(2, "Logitech C920")


@pytest.fixture
def system(tmp_path: Path) -> Path:
    """As Linux lists two cameras, each with a device for its measurements."""
    for number, index, name in (
        (0, 0, BUILT_IN.name),
        (1, 1, BUILT_IN.name),
        (2, 0, OUTSIDE.name),
        (3, 1, OUTSIDE.name),
    ):
        folder = tmp_path / "video4linux" / f"video{number}"
        folder.mkdir(parents=True)
        (folder / "index").write_text(f"{index}\n")
        (folder / "name").write_text(f"{name}\n")
    return tmp_path / "video4linux"


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere there is no such list")
def test_the_cameras_of_a_linux_machine(system: Path, tmp_path: Path) -> None:
    assert list_cameras(system) == [BUILT_IN, OUTSIDE]
    assert list_cameras(tmp_path / "nothing") == []
    devices = tmp_path / "dev"
    devices.mkdir()
    (devices / "video2").touch()
    said = why_not(7, "camera 7", devices, system)
    assert said == "There is no camera 7 here; there are: 0 (Integrated Camera), 2 (Logitech C920)."
    assert "another program uses it" in why_not(2, OUTSIDE.name, devices, system)
    assert "plug one in" in why_not(7, "camera 7", devices, tmp_path / "nothing")


def test_a_camera_that_is_not_there_is_one_sentence(capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(CameraError) as caught:
        Camera(97)
    assert caught.value.exit_code == 8 and str(caught.value).count(".") == 1
    assert capfd.readouterr().err == ""


def test_the_last_camera_is_found_again(tmp_path: Path) -> None:
    memory = CameraMemory(tmp_path / "settings")
    assert memory.pick([]) is None
    assert memory.pick([BUILT_IN, OUTSIDE]) == BUILT_IN
    memory.keep(OUTSIDE)
    again = CameraMemory(tmp_path / "settings")
    assert again.pick([BUILT_IN, OUTSIDE]) == OUTSIDE
    assert again.pick([BUILT_IN]) == BUILT_IN
    moved = CameraInfo(0, OUTSIDE.name)  # plugged in elsewhere
    assert again.pick([CameraInfo(2, "Another"), moved]) == moved
    twins = [CameraInfo(1, OUTSIDE.name), OUTSIDE]
    assert again.pick(twins) == OUTSIDE
    (tmp_path / "settings" / "camera.json").write_text('["no", "camera"]')
    assert again.pick([BUILT_IN, OUTSIDE]) == BUILT_IN

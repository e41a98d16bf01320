"""The window, on a screen of its own (Xvfb)."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from doppelganger.errors import CameraError
from doppelganger.images import RGB, encode_png
from doppelganger.live.desktop.preview import PreviewWindow
from doppelganger.live.session import Session
from doppelganger.live.shelf import Shelf, worn
from doppelganger.puppet.tracker import Tracker

pytest.importorskip("tkinter")


@pytest.fixture
def screen() -> Iterator[str]:
    """An empty screen of 1400 × 800; its name."""
    if not shutil.which("Xvfb"):
        pytest.skip("Xvfb is not installed")
    reading, writing = os.pipe()
    words = ["Xvfb", "-displayfd", str(writing), "-screen", "0", "1400x800x24", "-nolisten", "tcp"]
    with subprocess.Popen(words, pass_fds=[writing], stderr=subprocess.DEVNULL) as server:
        os.close(writing)
        with os.fdopen(reading) as answer:
            number = answer.readline().strip()
        yield f":{number}"
        server.terminate()


def test_the_window_shows_the_call_and_hears_its_keys(
    screen: str, driver: RGB, puppets: Callable[[], list], tmp_path: Path
) -> None:
    files = []
    for name, image in (("driver", driver), *((one.name, one.still) for one in puppets())):
        files.append(tmp_path / f"{name}.png")
        files[-1].write_bytes(encode_png(image))
    done = subprocess.run(
        [sys.executable, str(Path(__file__).with_name("window_on_screen.py")), *map(str, files)],
        env={**os.environ, "DISPLAY": screen},
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    assert done.stdout.strip().endswith("seen"), done.stderr


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere there is always a screen")
def test_without_a_screen_it_is_said(
    puppets: Callable[[], list], track: Callable[[], Tracker], monkeypatch: pytest.MonkeyPatch
) -> None:
    session = Session(Shelf(lambda: [worn(one) for one in puppets()]), track)
    monkeypatch.setenv("DISPLAY", ":4711")
    with pytest.raises(CameraError, match="No window can be opened here"):
        PreviewWindow(session)

"""Make the documents' pictures of a call's page: docs/pictures/live-*.jpg, each at most 150 KB.

    python tools/live_pictures.py RIGS [--out docs/pictures]

RIGS: a folder of rigs, such as `doppelganger rig` makes. Starts the real command, with NASA's astronaut (public domain), slightly
moving, before the fake camera of a headless Chromium. Look at every picture before you commit it.
"""

import argparse
import io
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
from PIL import Image
from playwright.sync_api import Page, expect, sync_playwright
from skimage import data

from doppelganger.images import resize
from doppelganger.provenance import SourceType, synthetic_jpeg

LARGEST = 150_000
"""Bytes of a picture."""
DESK = {"viewport": {"width": 1280, "height": 960}, "locale": "en-GB", "color_scheme": "light"}
PHONE = {"viewport": {"width": 375, "height": 760}, "is_mobile": True, "device_scale_factor": 2, "color_scheme": "dark"}


def camera(path: Path) -> Path:
    """Two seconds of a face that moves a little: Y4M, full range as JPEG has it."""
    portrait = resize(np.asarray(data.astronaut())[:384], 640, 480)
    with path.open("wb") as file:
        file.write(b"YUV4MPEG2 W640 H480 F15:1 Ip A1:1 C420jpeg\n")
        for k in range(30):
            frame = np.roll(portrait, round(10 * np.sin(k / 15 * np.pi)), 1)
            y, cb, cr = (np.asarray(band) for band in Image.fromarray(frame).convert("YCbCr").split())
            file.write(b"FRAME\n" + y.tobytes() + cb[::2, ::2].tobytes() + cr[::2, ::2].tobytes())
    return path


def keep(page: Page, path: Path) -> None:
    """A JPEG as good as the limit allows, which says that faces in it are synthetic."""
    picture = Image.open(io.BytesIO(page.screenshot())).convert("RGB")
    for quality in range(90, 30, -4):
        file = synthetic_jpeg(np.asarray(picture), quality, SourceType.COMPOSITE)
        if len(file) <= LARGEST:
            path.write_bytes(file)
            print(f"{path}: {len(file) // 1000} KB")
            return
    raise SystemExit(f"{path} cannot be made small enough")


def on_air(page: Page, url: str) -> None:
    """The camera on, and a moment for the avatar to move."""
    page.goto(url)
    page.get_by_role("button", name="Turn the camera on").click()
    expect(page.locator(".gate")).to_contain_text("moves with you", timeout=60_000)


def photograph(url: str, film: Path, out: Path) -> None:
    """All of them."""
    fake = ["--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream"]
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium") or shutil.which("google-chrome"),
            args=["--no-sandbox", *fake, f"--use-file-for-fake-video-capture={film}"],
        )
        page = browser.new_context(**DESK).new_page()
        on_air(page, url)
        for key in ("o", "f"):
            page.keyboard.press(key)
        page.wait_for_timeout(4000)
        page.locator("#camera").evaluate("picker => { picker.selectedOptions[0].textContent = 'Camera'; }")
        keep(page, out / "live-page.jpg")
        page.context.close()
        page = browser.new_context(**PHONE).new_page()
        on_air(page, url)
        page.wait_for_timeout(2500)
        keep(page, out / "live-phone.jpg")
        browser.close()


def main() -> None:
    """Begin the command, photograph, end it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("rigs", type=Path)
    parser.add_argument("--out", type=Path, default=Path("docs/pictures"))
    asked = parser.parse_args()
    command = [sys.executable, "-m", "doppelganger.cli", "live", str(asked.rigs), "--no-open", "--port", "0"]
    env = {**os.environ, "PYTHONUNBUFFERED": "1"}
    with tempfile.TemporaryDirectory() as place:
        film = camera(Path(place) / "camera.y4m")
        with subprocess.Popen(command, stdout=subprocess.PIPE, encoding="utf-8", env=env) as serving:
            assert serving.stdout
            try:
                photograph(serving.stdout.readline().split("Live: ")[1].strip(), film, asked.out)
            finally:
                serving.send_signal(signal.SIGINT)


if __name__ == "__main__":
    main()

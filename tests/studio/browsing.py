"""Visitors of the Studio's page: Chromium driven by Playwright, everything that a page sends or complains of kept."""

import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Browser, BrowserContext, Page, Playwright, expect, sync_playwright
from skimage import data

BINARY = next(
    (path for name in ("chromium", "chromium-browser", "google-chrome") if (path := shutil.which(name))), None
)
PATIENCE = 240_000
"""Milliseconds that a slow machine may take for anything; a quick one never waits that long."""
QUICK = "?steps=12"
"""Asks the page for the fewest steps that the API allows."""


def launch(playwright: Playwright, camera: Path | None = None) -> Browser:
    """A headless Chromium that asks nobody anything. ``camera``: a Y4M file that its webcam shows."""
    if BINARY is None:
        pytest.fail(
            "These tests drive a browser and none was found: install Chromium "
            "(Debian: apt install chromium; macOS: brew install chromium) and put it on the PATH."
        )
    arguments = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update"]
    if camera:
        arguments += ["--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream"]
        arguments.append(f"--use-file-for-fake-video-capture={camera}")
    return playwright.chromium.launch(executable_path=BINARY, args=arguments)


@contextmanager
def chromium(camera: Path | None = None) -> Iterator[Browser]:
    """A browser for a while. Playwright's loop must not outlive it: other tests may run one of their own."""
    expect.set_options(timeout=PATIENCE)
    with sync_playwright() as playwright:
        browser = launch(playwright, camera)
        try:
            yield browser
        finally:
            browser.close()


class Visitor:
    """One person with a browser of their own. ``forgive``: complaints that a test causes on purpose, as a pattern."""

    def __init__(self, browser: Browser, url: str, forgive: str = "(?!)", **settings: Any) -> None:
        self.url = url
        self.context: BrowserContext = browser.new_context(
            **{"locale": "en-GB", "viewport": {"width": 1280, "height": 900}} | settings
        )
        self.context.set_default_timeout(PATIENCE)
        self.page: Page = self.context.new_page()
        self.requests: list[str] = []
        self.complaints: list[str] = []
        self.forgive = re.compile(forgive)
        self.page.on("request", lambda request: self.requests.append(request.url))
        self.page.on("console", self._heard)
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))

    def _heard(self, message: Any) -> None:
        if message.type in ("error", "warning"):
            self.complaints.append(f"{message.text} {message.location.get('url', '')}")

    def open(self, address: str = "/") -> Page:
        """Go there; the page is ready when it has its heading."""
        self.page.goto(self.url + address)
        expect(self.page.get_by_role("heading", level=1)).to_be_visible()
        return self.page

    def close(self) -> None:
        """Nothing was asked of another host, and the console stayed silent."""
        self.context.close()
        home = urlsplit(self.url).netloc
        abroad = [
            url for url in self.requests if urlsplit(url).scheme in ("http", "https") and urlsplit(url).netloc != home
        ]
        assert not abroad, abroad
        complaints = [words for words in self.complaints if not self.forgive.search(words)]
        assert not complaints, complaints


@contextmanager
def guest(browser: Browser, url: str, forgive: str = "(?!)", **settings: Any) -> Iterator[Visitor]:
    """A visitor who leaves in peace: what the page did is judged at the end."""
    one = Visitor(browser, url, forgive, **settings)
    try:
        yield one
    except BaseException:
        one.context.close()  # the first mistake is the one to show
        raise
    one.close()


def pair_of_faces(folder: Path) -> Path:
    """The astronaut twice in one photo, the right one larger."""
    path = folder / "two.jpg"
    one = Image.fromarray(data.astronaut()[:300, 60:400])
    both = Image.new("RGB", (900, 480), "#888")
    both.paste(one, (20, 90))
    both.paste(one.resize((510, 450)), (380, 15))
    both.save(path, quality=95)
    return path


def film_of_a_face(folder: Path) -> Path:
    """What the fake webcam sees: the astronaut, two frames of Y4M (4:2:0, full range as JPEG has it)."""
    path = folder / "camera.y4m"
    picture = Image.fromarray(data.astronaut()[:384]).resize((640, 480))
    y, cb, cr = (np.asarray(band) for band in picture.convert("YCbCr").split())
    planes = y.tobytes() + cb[::2, ::2].tobytes() + cr[::2, ::2].tobytes()
    path.write_bytes(b"YUV4MPEG2 W640 H480 F10:1 Ip A1:1 C420jpeg\n" + (b"FRAME\n" + planes) * 2)
    return path


def bring(page: Page, photo: Path) -> None:
    """Choose a photo and wait until its face is found and the form is there."""
    page.get_by_label("Choose a photo").set_input_files(photo)
    expect(consent(page)).to_be_visible()


def consent(page: Page) -> Any:
    return page.get_by_role("checkbox", name="This is my own face")


def begin(page: Page, photo: Path) -> None:
    """From the start to the search at work."""
    bring(page, photo)
    consent(page).check()
    page.get_by_role("button", name="Look for my doppelgänger").click()
    expect(page.get_by_role("heading", level=1, name="Looking for your doppelgänger")).to_be_visible()


def arrive(page: Page) -> None:
    """Wait for the result."""
    expect(page.get_by_role("heading", level=1, name=re.compile("recognisers? say"))).to_be_visible()


def confirm(page: Page, answer: str) -> None:
    """Answer the question that the page asks before it erases."""
    page.get_by_role("alertdialog").get_by_role("button", name=answer).click()
    expect(page.get_by_role("alertdialog")).to_have_count(0)

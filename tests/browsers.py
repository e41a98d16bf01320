"""Visitors of a page: Chromium driven by Playwright, everything that a page sends or complains of kept."""

import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, Playwright, expect, sync_playwright

BINARY = next(
    (path for name in ("chromium", "chromium-browser", "google-chrome") if (path := shutil.which(name))), None
)
PATIENCE = 240_000
"""Milliseconds that a slow machine may take for anything; a quick one never waits that long."""


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

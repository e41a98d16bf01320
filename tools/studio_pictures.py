"""Make the documents' pictures of the Studio: docs/pictures/studio-*.jpg, each at most 150 KB.

    python tools/studio_pictures.py [--out docs/pictures] [--faces-only]

Starts the real server on a temporary folder, makes the doppelgänger of NASA's astronaut (public domain) with the default
settings in a headless Chromium, and photographs the page on the way. Look at every picture before you commit it.
"""

import argparse
import io
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from PIL import Image
from playwright.sync_api import Browser, Page, expect, sync_playwright
from skimage import data

from doppelganger.provenance import SourceType, synthetic_jpeg

LARGEST = 150_000
"""Bytes of a picture."""
DESK = {"viewport": {"width": 1280, "height": 860}, "locale": "en-GB", "color_scheme": "light"}
PHONE = {"viewport": {"width": 360, "height": 740}, "is_mobile": True, "has_touch": True, "device_scale_factor": 2}
BETWEEN = 24
"""Pixels between two phones in one picture."""


@contextmanager
def studio(folder: Path) -> Iterator[str]:
    """The server's address, while it runs."""
    command = [sys.executable, "-m", "doppelganger.cli", "studio", "--port", "0", "--no-open", "--data", str(folder)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, encoding="utf-8") as server:
        assert server.stdout
        try:
            yield next(line.split("Studio: ")[1].strip() for line in server.stdout if "Studio: http" in line)
        finally:
            server.terminate()


def settled(page: Page) -> None:
    """Every picture on the page is there, those further down as well."""
    page.evaluate(
        """() => Promise.all([...document.images].map((image) => {
            image.loading = "eager";
            return image.decode().catch(() => {});
        }))"""
    )
    page.wait_for_load_state("networkidle")


def keep(picture: Image.Image, path: Path) -> None:
    """A JPEG as good as the limit allows, which says that faces in it are synthetic."""
    for quality in range(90, 30, -4):
        file = synthetic_jpeg(np.asarray(picture.convert("RGB")), quality, SourceType.COMPOSITE)
        if len(file) <= LARGEST:
            path.write_bytes(file)
            print(f"{path}: {len(file) // 1000} KB")
            return
    raise SystemExit(f"{path} cannot be made small enough")


def seen(page: Page, full: bool = False) -> Image.Image:
    """What the window shows; ``full``: the whole page."""
    settled(page)
    return Image.open(io.BytesIO(page.screenshot(full_page=full, animations="disabled")))


def part(page: Page, heading: str) -> Image.Image:
    """A section of the page with some air around it."""
    settled(page)
    section = page.get_by_role("region", name=heading)
    section.scroll_into_view_if_needed()
    box = section.bounding_box()
    assert box
    page.set_viewport_size({"width": 1280, "height": int(box["height"]) + 80})
    section.evaluate("one => scrollTo(0, one.getBoundingClientRect().top + scrollY - 40)")
    return Image.open(io.BytesIO(page.screenshot(animations="disabled")))


def beside(pictures: list[Image.Image]) -> Image.Image:
    """Phones in a row."""
    width = sum(one.width for one in pictures) + BETWEEN * (len(pictures) + 1)
    row = Image.new("RGB", (width, pictures[0].height + 2 * BETWEEN), "#8b877f")
    x = BETWEEN
    for one in pictures:
        row.paste(one, (x, BETWEEN))
        x += one.width + BETWEEN
    return row


def begin(page: Page, photo: Path) -> None:
    page.get_by_label("Choose a photo").set_input_files(photo)
    page.get_by_role("checkbox", name="This is my own face").check()
    page.get_by_role("button", name="Look for my doppelgänger").click()


def grown(page: Page, faces: int) -> None:
    """Wait until the search has shown that many faces."""
    expect(page.locator(".reel img")).to_have_count(faces)


def arrived(page: Page) -> None:
    expect(page.get_by_role("heading", level=1, name=re.compile("recognisers? say|Erkennern? sag"))).to_be_visible()


def on_the_desk(browser: Browser, url: str, photo: Path, out: Path) -> None:
    context = browser.new_context(**DESK)
    page = context.new_page()
    page.goto(url)
    expect(page.get_by_role("button", name="Choose a photo")).to_be_visible()
    keep(seen(page), out / "studio-start.jpg")
    begin(page, photo)
    expect(page.get_by_text("Looking for the nearest face beyond").first).to_be_visible()
    lamps = page.get_by_role("list", name="Distance of each recogniser").get_by_role("listitem")
    expect(lamps.filter(has_text="somebody else").nth(1)).to_be_visible()
    page.set_viewport_size({"width": 1280, "height": 960})
    keep(seen(page), out / "studio-live.jpg")
    arrived(page)
    page.set_viewport_size({"width": 1280, "height": 860})
    keep(seen(page), out / "studio-result.jpg")
    keep(part(page, "The continuum"), out / "studio-continuum.jpg")
    keep(part(page, "The border"), out / "studio-border.jpg")
    address = page.url
    cookies = context.cookies()
    context.close()

    dark = browser.new_context(**{**DESK, "color_scheme": "dark", "locale": "de-DE"})
    dark.add_cookies(cookies)
    page = dark.new_page()
    page.goto(address)
    arrived(page)
    keep(seen(page), out / "studio-dark.jpg")
    dark.close()


def on_a_phone(browser: Browser, url: str, photo: Path, out: Path) -> None:
    context = browser.new_context(**{**DESK, **PHONE})
    page = context.new_page()
    page.goto(url)
    expect(page.get_by_role("button", name="Choose a photo")).to_be_visible()
    screens = [seen(page)]
    begin(page, photo)
    grown(page, 7)
    page.get_by_role("img", name="The face as it is now").evaluate(
        "one => scrollBy(0, one.getBoundingClientRect().top - 16)"
    )
    screens.append(seen(page))
    arrived(page)
    screens.append(seen(page))
    page.get_by_role("region", name="The continuum").evaluate(
        "one => scrollBy(0, one.getBoundingClientRect().top - 16)"
    )
    screens.append(seen(page))
    keep(beside(screens).resize((1440, 1440 * (740 * 2 + 48) // (360 * 8 + 24 * 5))), out / "studio-phone.jpg")
    context.close()


def invented(browser: Browser, url: str, out: Path) -> None:
    """The endless page, and the sliders of one of its faces: nobody is searched for."""
    context = browser.new_context(**{**DESK, "viewport": {"width": 1280, "height": 1000}})
    page = context.new_page()
    page.goto(f"{url}/#/faces/300")
    expect(page.locator(".chips").nth(11)).not_to_be_empty()
    keep(seen(page), out / "studio-faces.jpg")
    page.set_viewport_size({"width": 1280, "height": 1070})
    page.goto(f"{url}/#/face/305?age=9&smile=1.6&yaw=8")
    judged(page)
    keep(seen(page), out / "studio-sliders.jpg")
    context.close()


def judged(page: Page) -> None:
    """The face is there in full size, and every recogniser has spoken."""
    expect(page.get_by_text("Full size, 1024 × 1024")).to_be_visible()
    expect(page.get_by_role("list", name="Still the same person?").get_by_role("listitem")).to_have_count(4)
    expect(page.locator(".judgement.asking")).to_have_count(0)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, default=Path(__file__).parents[1] / "docs" / "pictures")
    parser.add_argument("--faces-only", action="store_true", help="only the pictures of invented faces: no search")
    options = parser.parse_args()
    out = options.out
    chromium = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if chromium is None:
        raise SystemExit("Install Chromium (Debian: apt install chromium) and put it on the PATH.")
    expect.set_options(timeout=900_000)
    with tempfile.TemporaryDirectory() as folder, studio(Path(folder) / "data") as url, sync_playwright() as playwright:
        photo = Path(folder) / "astronaut.png"
        Image.fromarray(data.astronaut()).save(photo)
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox", "--disable-gpu"])
        invented(browser, url.rstrip("/"), out)
        if not options.faces_only:
            on_the_desk(browser, url, photo, out)
            on_a_phone(browser, url, photo, out)
        browser.close()


if __name__ == "__main__":
    main()

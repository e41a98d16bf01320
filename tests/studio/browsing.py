"""What people do on the Studio's page."""

import re
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image
from playwright.sync_api import Page, expect
from skimage import data

QUICK = "?steps=12"
"""Asks the page for the fewest steps that the API allows."""


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

"""The page of before and after, in a real browser: what is where the line is."""

import base64
import re
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest
from playwright.sync_api import Browser, Page

from browsers import chromium, guest
from doppelganger.training.swap.comparing import Moments, comparison_page

BEFORE, AFTER = (200, 40, 40), (40, 40, 200)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as one:
        yield one


@pytest.fixture
def page_file(tmp_path: Path) -> Path:
    moments = Moments()
    for k, height in enumerate((180, 240)):
        before, after = (np.full((height, 320, 3), colour, np.uint8) for colour in (BEFORE, AFTER))
        moments.offer(f"{k}.00 seconds", before, after)
    html = comparison_page("talk <b>.mp4 with the face of bea", moments.chosen(), ["Ada & Bea agreed."])
    path = tmp_path / "page.html"
    path.write_text(html, "utf-8")
    return path


def columns(page: Page, number: int) -> tuple[float, float]:
    """Shares of the pair's picture that are the scene's and the other's, by colour, along its middle."""
    png = page.locator(".pair").nth(number).screenshot()
    image = cv2.cvtColor(cv2.imdecode(np.frombuffer(png, np.uint8), cv2.IMREAD_COLOR), cv2.COLOR_BGR2RGB)
    row = image[len(image) // 2].astype(int)
    return tuple(float((np.abs(row - colour).max(1) < 30).mean()) for colour in (BEFORE, AFTER))  # type: ignore[return-value]


def test_the_line_goes_where_it_is_taken(browser: Browser, page_file: Path) -> None:
    with guest(browser, page_file.as_uri()) as visitor:
        page = visitor.open("")
        assert page.get_by_role("heading", level=1).inner_text() == "talk <b>.mp4 with the face of bea"
        assert page.get_by_text("Ada & Bea agreed.").is_visible()
        assert page.get_by_text("synthetic: an algorithm drew them").is_visible()
        assert columns(page, 0) == pytest.approx((0.5, 0.5), abs=0.03)
        slider = page.get_by_role("slider", name="1.00 seconds: how much is shown as it was")
        box = slider.bounding_box()
        assert box is not None
        page.mouse.click(box["x"] + 0.2 * box["width"], box["y"] + 40)
        assert columns(page, 1) == pytest.approx((0.2, 0.8), abs=0.05)
        assert columns(page, 0) == pytest.approx((0.5, 0.5), abs=0.03), "the other line stays"
        slider.press("End")
        assert columns(page, 1) == pytest.approx((1, 0), abs=0.03)
        page.get_by_role("button", name="Side by side").click()
        assert columns(page, 0) == pytest.approx((0.5, 0.5), abs=0.03), "both whole, the scene to the left"
        pictures = page.locator(".pair").first.locator("img")
        boxes = [pictures.nth(k).bounding_box() for k in range(2)]
        assert boxes[0] is not None
        assert boxes[1] is not None
        assert boxes[0]["x"] + boxes[0]["width"] <= boxes[1]["x"]
        assert boxes[0]["width"] / boxes[0]["height"] == pytest.approx(320 / 180, rel=0.02)


def test_without_scripts_and_on_a_telephone(browser: Browser, page_file: Path) -> None:
    with guest(
        browser, page_file.as_uri(), java_script_enabled=False, viewport={"width": 360, "height": 700}
    ) as visitor:
        page = visitor.open("")
        assert not page.get_by_role("button", name="Slider").is_visible()
        assert columns(page, 0) == pytest.approx((0.5, 0.5), abs=0.03)
    with guest(browser, page_file.as_uri(), viewport={"width": 360, "height": 700}) as visitor:
        page = visitor.open("")
        assert page.evaluate("document.documentElement.scrollWidth") <= 360


def test_only_what_was_drawn_is_marked_synthetic(page_file: Path) -> None:
    html = page_file.read_text("utf-8")
    for kind, marked in (("before", False), ("after", True)):
        for data in re.findall(rf'class="{kind}" src="data:image/jpeg;base64,([^"]+)"', html):
            assert (b"compositeWithTrainedAlgorithmicMedia" in base64.b64decode(data)) is marked

"""Invented faces and sliders in the browser: the page stops with its reader, a dragged slider never queues, nothing is lost."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from browsing import QUICK, arrive, begin, confirm
from PIL import Image
from playwright.sync_api import Browser, Page, Request, expect
from serving import Serving

from browsers import chromium, guest
from conftest import Made
from doppelganger.provenance import SourceType

PHONE = {"viewport": {"width": 360, "height": 500}, "is_mobile": True, "has_touch": True}

DRAG = """range => {
    for (let k = 1; k <= 20; k += 1) {
        range.value = k / 2;
        range.dispatchEvent(new Event("input", { bubbles: true }));
    }
    range.dispatchEvent(new Event("change", { bubbles: true }));
}"""


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as one:
        yield one


class Wishes:
    """Pictures that the page asks for: how many, and how many at once."""

    def __init__(self, page: Page) -> None:
        self.count = self.now = self.most = 0
        self.sizes: list[int] = []
        page.on("request", self._begun)
        page.on("requestfinished", self._ended)
        page.on("requestfailed", self._ended)

    def _begun(self, request: Request) -> None:
        if request.url.endswith("/api/faces/picture"):
            self.count += 1
            self.sizes.append(request.post_data_json["size"])
            self.now += 1
            self.most = max(self.most, self.now)

    def _ended(self, request: Request) -> None:
        if request.url.endswith("/api/faces/picture"):
            self.now -= 1


def drawn(page: Page) -> None:
    """The face is there in full size and has been judged."""
    expect(page.get_by_text("Full size, 1024 × 1024")).to_be_visible()
    expect(page.locator(".judgement.asking")).to_have_count(0)
    expect(page.locator(".reads")).to_contain_text("A stranger would say:")


def narrow(page: Page) -> None:
    """Nothing sticks out at the side."""
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_the_endless_page_stops_with_its_reader(browser: Browser, studio: Serving) -> None:
    with guest(browser, studio.url, **PHONE) as visitor:
        page = visitor.page
        wishes = Wishes(page)
        visitor.open("/#/faces/100")
        faces = page.get_by_role("list", name="Faces").get_by_role("link")
        still = page.locator('.endless[aria-busy="false"]')
        expect(faces.nth(3)).to_be_visible()
        expect(still).to_have_count(1)
        first = faces.count()
        assert first < 20, "only what is near is drawn"
        expect(page.locator(".chips").nth(first - 1)).to_contain_text(re.compile("about \\d+"))
        page.wait_for_timeout(1500)
        assert faces.count() == first, "who does not scroll gets no more"
        narrow(page)
        faces.nth(first - 1).scroll_into_view_if_needed()
        expect(faces.nth(first)).to_be_attached()
        expect(still).to_have_count(1)
        assert wishes.most == 1 and wishes.count == faces.count()
        faces.first.click()
        expect(page.get_by_role("heading", level=1, name="Change this face")).to_be_visible()
        assert page.url.endswith("#/face/100")
        drawn(page)
        narrow(page)


def test_sliders(browser: Browser, studio: Serving, tmp_path: Path) -> None:
    with guest(browser, studio.url, accept_downloads=True) as visitor:
        page = visitor.page
        wishes = Wishes(page)
        visitor.open("/#/face/100")
        drawn(page)
        expect(page.locator(".verdictline")).to_have_text("Nothing is changed yet.")
        age = page.get_by_role("slider", name="Age")
        shown = page.get_by_role("img", name="The face as the sliders have it")
        before, asked = shown.get_attribute("src"), wishes.count

        # a hand that drags: twenty places in a moment, and still one wish at a time, of which the last is in full size
        age.evaluate(DRAG)
        drawn_at = re.compile(r"#/face/100\?age=10$")
        expect(page).to_have_url(drawn_at)
        drawn(page)
        expect(page.get_by_role("list", name="Still the same person?").get_by_role("listitem")).to_have_count(4)
        sizes = wishes.sizes[asked:]
        assert wishes.most == 1 and len(sizes) <= 3 and sizes[0] == 256 and sizes[-1] == 1024
        assert shown.get_attribute("src") != before

        # one step more by the keyboard
        age.focus()
        page.keyboard.press("ArrowRight")
        expect(page.locator(".slider", has=age).get_by_role("status")).to_have_text("+11 years")
        expect(page).not_to_have_url(drawn_at)
        page.keyboard.press("Control+z")
        expect(page).to_have_url(drawn_at)
        drawn(page)
        address = page.url

        # beyond where it stays the same person, and all the way back
        page.keyboard.press("End")
        expect(age).to_have_attribute("aria-valuetext", re.compile("beyond where it stays the same person"))
        expect(page).not_to_have_url(address)
        page.keyboard.press("Control+z")
        expect(page).to_have_url(address)
        page.keyboard.press("Control+z")
        expect(page).to_have_url(re.compile("#/face/100$"))
        expect(page.get_by_role("button", name="Undo")).to_be_disabled()
        page.get_by_role("button", name="Redo").click()
        expect(page).to_have_url(address)
        drawn(page)

        # the address is enough to come back, in another language too
        page.reload()
        drawn(page)
        page.get_by_role("button", name="Deutsch").click()
        expect(page.get_by_role("slider", name="Alter")).to_have_attribute("aria-valuetext", re.compile(r"\+1\d Jahre"))
        page.get_by_role("button", name="English").click()
        drawn(page)

        # before and after, and away with it
        page.get_by_role("button", name="Before").click()
        expect(page.locator(".stage.compared")).to_be_visible()
        with page.expect_download() as begun:
            page.get_by_role("button", name="PNG").click()
        path = tmp_path / begun.value.suggested_filename
        begun.value.save_as(path)
        with Image.open(path) as image:
            assert path.name == "face-100.png" and image.size == (1024, 1024)
            assert SourceType.SYNTHETIC in image.info["XML:com.adobe.xmp"]
        page.get_by_role("button", name="Reset").click()
        expect(page).to_have_url(re.compile("#/face/100$"))
        drawn(page)


def test_a_face_of_ones_own_result_goes_with_it(browser: Browser, studio: Serving, astronaut_file: Path) -> None:
    with guest(browser, studio.url, forgive="404") as visitor:
        page = visitor.open(f"/{QUICK}")
        begin(page, astronaut_file)
        arrive(page)
        result = page.url
        page.get_by_role("link", name="Change the doppelgänger").click()
        drawn(page)
        expect(page.get_by_role("list", name="Taken for you?").get_by_role("listitem")).to_have_count(4)
        face = page.url
        page.goto(result)
        page.get_by_role("button", name="Delete this result now").click()
        confirm(page, "Delete now")
        expect(page.get_by_role("heading", level=1, name="Yours, for now")).to_be_visible()
        page.goto(face)
        expect(page.get_by_text("This is no longer here.")).to_be_visible()


def test_an_address_that_names_nothing(browser: Browser, studio: Serving, made: Made) -> None:
    with guest(browser, studio.url, forgive="404") as visitor:
        for there in ("#/face/x", "#/face/99999999999", "#/face/-1", "#/face/1/path"):
            page = visitor.open(f"/{there}")
            expect(page.get_by_role("heading", level=1, name="There is nothing here.")).to_be_visible()
            page.goto("about:blank")
        page = visitor.open(f"/#/face/{made.result}/closest")  # somebody else's
        expect(page.get_by_text("This is no longer here.")).to_be_visible()

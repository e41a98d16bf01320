"""One person's whole way through the page, on the real server with the real networks: from a photo to nothing left on the disk."""

import re
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from browsing import QUICK, arrive, begin, confirm
from PIL import Image
from playwright.sync_api import Browser, Page, expect
from serving import Serving

from browsers import chromium, guest
from doppelganger.provenance import SourceType
from doppelganger.storage import load


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as one:
        yield one


def taken_away(page: Page, name: str, folder: Path) -> Path:
    """A download, as its link on the page gives it."""
    with page.expect_download() as begun:
        page.get_by_role("link", name=name).click()
    path = folder / begun.value.suggested_filename
    begun.value.save_as(path)
    return path


def test_from_a_photo_to_nothing_left(browser: Browser, studio: Serving, astronaut_file: Path, tmp_path: Path) -> None:
    before = set(studio.files())
    with guest(browser, studio.url, accept_downloads=True) as visitor:
        page = visitor.open(f"/{QUICK}")
        begin(page, astronaut_file)
        job = page.url

        # live: the face grows out of the mean face, every verifier's distance is told, and the chart has its lines
        lamps = page.get_by_role("list", name="Distance of each recogniser")
        for name in ("dlib", "SFace", "ArcFace-MBF", "EdgeFace-S"):
            expect(lamps.get_by_role("listitem").filter(has_text=name)).to_contain_text(re.compile(r"\d\.\d\d×"))
        expect(page.get_by_role("img", name="Distance of each recogniser")).to_contain_text("border")
        expect(page.get_by_role("img", name="The face as it is now")).to_have_attribute("src", re.compile("/faces/"))
        expect(page.get_by_role("progressbar")).to_be_visible()

        # a reload in the middle shows the same search, from its beginning
        page.reload()
        assert page.url == job
        expect(page.get_by_role("heading", level=1, name="Looking for your doppelgänger")).to_be_visible()
        arrive(page)

        # border and nearest
        expect(page.get_by_role("slider", name=re.compile("Swipe between Just inside"))).to_be_visible()
        expect(page.get_by_role("list", name="What each recogniser sees").first.get_by_role("img")).to_have_count(4)
        page.reload()
        arrive(page)

        # what is taken away is what the library knows
        png = taken_away(page, "PNG, 1024 × 1024", tmp_path)
        with Image.open(png) as image:
            assert image.size == (1024, 1024) and SourceType.SYNTHETIC in image.info["XML:com.adobe.xmp"]
        with Image.open(taken_away(page, "JPEG for uploads", tmp_path)) as image:
            assert image.size == (512, 512) and SourceType.SYNTHETIC.encode() in image.info["xmp"]
        with Image.open(taken_away(page, "Square crop", tmp_path)) as image:
            assert image.size == (800, 800)
        with Image.open(taken_away(page, "Round crop", tmp_path)) as image:
            assert image.mode == "RGBA" and image.getpixel((0, 0))[3] == 0
        with zipfile.ZipFile(taken_away(page, "Everything, ZIP", tmp_path)) as packed:
            packed.extractall(tmp_path / "unpacked")
        (record,) = (tmp_path / "unpacked").rglob("result.json")
        result = load(record.parent.parent)
        with Image.open(png) as image:
            assert np.array_equal(np.asarray(image.convert("RGB")), result.pictures.doppelganger)
        assert [face.name for face in result.faces][-1] == "doppelgänger"

        # somebody who doubts
        page.get_by_label("Choose another photo").set_input_files(astronaut_file)
        table = page.get_by_role("table", name="What every recogniser says of the other photo")
        expect(table.get_by_role("row")).to_have_count(5)
        expect(table.get_by_role("row", name=re.compile("^dlib same person"))).to_be_visible()
        assert not studio.left(lambda path: "uploads" in path.parts and path not in before)

        # and nothing is left
        assert set(studio.files()) - before
        page.get_by_role("button", name="Delete this result now").click()
        confirm(page, "Keep it")
        page.get_by_role("button", name="Delete this result now").click()
        confirm(page, "Delete now")
        expect(page.get_by_role("heading", level=1, name="Yours, for now")).to_be_visible()
        expect(page.get_by_text("Nothing here yet.")).to_be_visible()
    assert not studio.left(lambda path: path not in before)


def test_two_people_at_once(browser: Browser, studio: Serving, astronaut_file: Path) -> None:
    nothing_here = "404"  # what the console says of an answer that the test asks for
    with guest(browser, studio.url) as one, guest(browser, studio.url, forgive=nothing_here) as other:
        pages = [one.open(f"/{QUICK}"), other.open(f"/{QUICK}")]
        for page in pages:
            begin(page, astronaut_file)
        addresses = []
        for page in pages:
            arrive(page)
            addresses.append(page.url.partition("#")[2])
        assert addresses[0] != addresses[1]

        # each sees their own and nothing else
        other.open(f"/{QUICK}#{addresses[0]}")
        expect(pages[1].get_by_role("heading", level=1, name="There is nothing here.")).to_be_visible()
        for page in pages:
            page.get_by_role("link", name="Gallery").click()
            expect(page.get_by_role("link", name=re.compile("Open the result of"))).to_have_count(1)

        # one deletes everything; the other's stays
        kept = set(studio.files())
        pages[1].get_by_role("button", name="Delete everything of mine now").click()
        confirm(pages[1], "Delete now")
        expect(pages[1].get_by_text("Nothing here yet.")).to_be_visible()
        gone = kept - set(studio.files())
        assert gone and len({path.relative_to(studio.data).parts[1] for path in gone}) == 1
        pages[0].get_by_role("button", name=re.compile("Delete the result of")).click()
        confirm(pages[0], "Delete now")
        expect(pages[0].get_by_text("Nothing here yet.")).to_be_visible()
        person = {path.relative_to(studio.data).parts[1] for path in kept & set(studio.files())}
        mine = {path.relative_to(studio.data).parts[1] for path in kept} - person
        assert len(mine) == 2  # of both nothing is left


def test_a_server_that_is_killed_in_the_middle(
    browser: Browser, serving: Callable[[], Serving], astronaut_file: Path
) -> None:
    server = serving()
    refused = "ERR_CONNECTION_REFUSED|ERR_INCOMPLETE_CHUNKED_ENCODING|ERR_CONNECTION_RESET|ERR_EMPTY_RESPONSE"
    with guest(browser, server.url, forgive=refused) as visitor:
        page = visitor.open(f"/{QUICK}")
        begin(page, astronaut_file)
        first = page.get_by_role("list", name="Distance of each recogniser").get_by_role("listitem").first
        expect(first).to_contain_text(re.compile(r"\d\.\d\d×"))
        server.kill()
        expect(page.get_by_text("The Studio does not answer at the moment.").first).to_be_visible()
        server.start()
        arrive(page)  # without a word from the visitor

"""The page in Chromium with a fake camera: what comes back is the avatar's and never the driver's, whatever the camera shows."""

import base64
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator

import numpy as np
import pytest
from avatars import Invented
from calling import Page as Served
from calling import Recorded, film, served
from playwright.sync_api import Browser, Page, expect

from browsers import chromium, guest
from doppelganger.images import RGB, read_image
from doppelganger.live.shelf import Shelf, worn
from doppelganger.live.web.config import Config
from doppelganger.networks import Networks
from doppelganger.studio.identity import digest

OFFLINE = r"ERR_CONNECTION_REFUSED|WebSocket connection|status of 401"
"""What the console says while the program is away, or does not know the visitor yet."""
CAMERA = """
const get = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
navigator.mediaDevices.getUserMedia = async (wish) => (window.stream = await get(wish));
"""
UNPLUG = """() => {
    const [track] = window.stream.getVideoTracks();
    track.stop();
    track.dispatchEvent(new Event("ended"));
}"""
NAMELESS = """() => [...document.querySelectorAll("button, select")]
    .filter((one) => !one.innerText.trim() && !one.ariaLabel && !one.labels?.length).length"""
PLUG_IN = "() => navigator.mediaDevices.dispatchEvent(new Event('devicechange'))"


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory, driver: RGB) -> Iterator[Browser]:
    """Its camera: a second of a face that moves, and two of an empty room."""
    face = [np.roll(driver, round(10 * np.sin(k / 10 * 2 * np.pi)), axis=1) for k in range(10)]
    room = [np.full_like(driver, 90)] * 20
    with chromium(film(tmp_path_factory.mktemp("camera") / "camera.y4m", face + room)) as one:
        yield one


@pytest.fixture
def call(puppets, track) -> Iterator[Served]:
    two = puppets()
    with served(Recorded(Shelf(lambda: [worn(one) for one in two]), track)) as page:
        yield page


def on_air(page: Page) -> None:
    page.get_by_role("button", name="Turn the camera on").click()
    expect(page.locator(".gate")).to_contain_text("moves with you.")


def canvas(page: Page) -> RGB:
    """What others see now."""
    address = page.locator("canvas.avatar").evaluate("canvas => canvas.toDataURL('image/jpeg', 0.95)")
    return read_image(base64.b64decode(address.partition(",")[2]))


def far(image: RGB, other: RGB) -> float:
    """Mean difference of pixels, 0–255; infinite where the sizes differ."""
    return float(np.abs(image.astype(int) - other).mean()) if image.shape == other.shape else np.inf


def test_the_pixels_that_come_back_are_the_avatar_s(
    browser: Browser, invented: Invented, networks: Networks, driver: RGB
) -> None:
    """The command itself, a real rig, a real puppet."""
    command = [sys.executable, "-m", "doppelganger.cli", "live", str(invented.place), "--no-open", "--port", "0"]
    serving = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env={**os.environ, "PYTHONUNBUFFERED": "1"})
    assert serving.stdout is not None
    try:
        url = serving.stdout.readline().removeprefix("Doppelgänger Live: ").strip().rstrip("/")
        name = invented.avatar.name
        with guest(browser, url) as visitor:
            page = visitor.open()
            expect(page.get_by_role("heading", level=1)).to_have_text(f"They will see {name}.")
            on_air(page)
            expect(page.get_by_role("heading", level=1)).to_have_text(f"They see {name}.")
            expect(page.locator("canvas.avatar")).to_have_attribute("data-frame", re.compile(r"\d+"))
            seen = [canvas(page) for _ in range(3)]
    finally:
        serving.send_signal(signal.SIGINT)
        assert serving.wait(60) == 130
    verifier = next(member for member in networks.panel.members if "SFace" in member.name)
    avatar, bare = verifier.embed(invented.avatar.picture), verifier.embed(driver)
    border = min(threshold.value for threshold in verifier.thresholds.values())
    for image in seen:
        embedding = verifier.embed(image)
        assert verifier.distance(embedding, avatar) < border < verifier.distance(embedding, bare)


@pytest.mark.parametrize("mode", ["avatar", "swap"])
def test_a_face_that_leaves_the_picture_never_leaves_the_bare_camera(browser: Browser, call: Served, mode: str) -> None:
    """Every picture on the canvas, through two rounds of the film, is one that the session handed out, none an empty room."""
    with guest(browser, call.url) as visitor:
        page = visitor.open()
        on_air(page)
        if mode == "swap":
            page.keyboard.press("m")
            expect(page.locator(".gate")).to_contain_text("face is on your video")
        words, seen = set(), []
        for _ in range(35):
            seen.append(canvas(page))
            words.add(page.locator(".gate").inner_text())
            page.wait_for_timeout(100)
        allowed = [*call.session.kept, call.session.avatar.picture]
    assert any("No face in the camera" in said for said in words) and len(words) > 1
    for image in seen:
        assert np.abs(image.astype(int) - 90).mean() > 10
        assert min(far(image, one) for one in allowed) < 6


def test_every_key_does_what_it_says(browser: Browser, call: Served) -> None:
    session = call.session
    with guest(browser, call.url) as visitor:
        page = visitor.open()
        on_air(page)
        page.keyboard.press("d")
        expect(page.get_by_role("heading", level=1)).to_have_text("They see Ben.")
        page.keyboard.press("1")
        expect(page.get_by_role("heading", level=1)).to_have_text("They see Ada.")
        page.get_by_role("button", name="Ben", exact=False).click()
        expect(page.get_by_role("heading", level=1)).to_have_text("They see Ben.")
        page.keyboard.press("t")
        expect(page.get_by_role("button", name="Mirror", pressed=True)).to_have_count(2)
        page.keyboard.press("0")
        expect(page.locator(".gate")).to_have_text("Off: Ben’s still is shown.")
        expect(page.get_by_role("button", name="Avatar on")).to_be_visible()
        assert far(canvas(page), session.shelf.avatars[1].picture[:, ::-1]) < 5
        page.keyboard.press("w")
        page.keyboard.press("Shift+W")
        expect(page.get_by_text("1.06×")).to_be_visible()
        page.keyboard.press("Shift+Z")
        expect(page.get_by_text("1.00×")).to_be_visible()
        page.keyboard.press("c")
        expect(page.get_by_text("10%")).to_be_visible()
        page.keyboard.press("i")
        expect(page.locator("#time-latency")).to_have_text(re.compile(r"\d ms"))
        page.keyboard.press("f")
        expect(page.get_by_text(re.compile(r"reference \d+ of 100"))).to_be_visible()
        page.keyboard.press("q")
        expect(page.get_by_role("alert")).to_have_text("New faces cannot be made here.")
        page.keyboard.press("?")
        expect(page.get_by_role("dialog")).to_contain_text("take this moment as your face at rest")
        page.keyboard.press("d")  # goes to the sheet alone
        page.keyboard.press("Escape")
        expect(page.get_by_role("heading", level=1)).to_have_text("They see Ben.")
        page.get_by_role("button", name="Alone in the window").click()
        expect(page.get_by_role("heading", level=1)).to_be_hidden()
        page.keyboard.press("Escape")
        page.keyboard.press("Escape")
        expect(page.get_by_role("button", name="Turn the camera on")).to_be_visible()


def test_the_page_goes_on_when_the_program_or_the_camera_comes_back(browser: Browser, call: Served) -> None:
    with guest(browser, call.url, OFFLINE) as visitor:
        visitor.context.add_init_script(CAMERA)
        page = visitor.open()
        on_air(page)
        call.stop()
        expect(page.get_by_role("alert")).to_contain_text("The program does not answer.")
        expect(page.locator("canvas.avatar")).to_have_attribute("data-frame", "still")
        assert far(canvas(page), call.session.avatar.picture) < 5
        call.start()
        expect(page.locator(".gate")).to_contain_text("moves with you.")
        page.evaluate(UNPLUG)
        expect(page.get_by_role("alert")).to_contain_text("The camera is gone.")
        expect(page.locator("canvas.avatar")).to_have_attribute("data-frame", "still")
        page.evaluate(PLUG_IN)
        expect(page.locator(".gate")).to_contain_text("moves with you.")
        expect(page.locator(".problem")).to_be_hidden()


def test_a_second_window_is_told_and_can_take_over(browser: Browser, call: Served) -> None:
    with guest(browser, call.url) as one, guest(browser, call.url) as other:
        first = one.open()
        on_air(first)
        second = other.open()
        expect(second.get_by_role("alert")).to_have_text("The avatar is worn in another tab or window.")
        second.get_by_role("button", name="Take over here").click()
        expect(second.get_by_role("heading", level=1)).to_have_text("They will see Ada.")
        expect(first.get_by_role("alert")).to_have_text("Another tab or window has taken over.")
        expect(first.get_by_role("button", name="Turn the camera on")).to_be_visible()


def test_the_token_opens_the_page_and_leaves_the_address_bar(browser: Browser, puppets, track) -> None:
    shelf = Shelf(lambda: [worn(one) for one in puppets()])
    with served(Recorded(shelf, track), Config(token_hash=digest("right"))) as call:
        with guest(browser, call.url, OFFLINE, locale="de-DE") as visitor:
            page = visitor.open()
            expect(page.get_by_role("heading", level=1)).to_have_text("Diese Seite verlangt ihr Token.")
            page.get_by_label("Token").fill("right")
            page.get_by_role("button", name="Eintreten").click()
            expect(page.get_by_role("heading", level=1)).to_have_text("Die anderen werden Ada sehen.")
        with guest(browser, call.url, OFFLINE) as visitor:
            page = visitor.open("/#token=right")
            expect(page.get_by_role("heading", level=1)).to_have_text("They will see Ada.")
            assert "token" not in page.url


@pytest.mark.parametrize(
    "viewport", [{"width": 1280, "height": 900}, {"width": 360, "height": 740}], ids=["desk", "phone"]
)
def test_nothing_is_wider_than_the_window_and_everything_has_a_name(
    browser: Browser, call: Served, viewport: dict
) -> None:
    with guest(browser, call.url, viewport=viewport) as visitor:
        page = visitor.open()
        on_air(page)
        page.keyboard.press("i")
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        assert page.evaluate(NAMELESS) == 0

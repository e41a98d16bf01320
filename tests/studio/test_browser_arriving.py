"""How people come in: by camera, with several faces, with the wrong file, by keyboard, on a phone, in German, with a token."""

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from browsing import QUICK, begin, bring, confirm, consent, film_of_a_face, pair_of_faces
from playwright.sync_api import Browser, expect
from serving import Serving

from browsers import PATIENCE, chromium, guest

REFUSED = r"status of 4\d\d"
"""What the console says of an answer that a test provokes."""


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    with chromium(film_of_a_face(tmp_path_factory.mktemp("camera"))) as one:
        yield one


def test_first_paint_weighs_little_and_asks_nobody_else(browser: Browser, studio: Serving) -> None:
    with guest(browser, studio.url) as visitor:
        devtools = visitor.context.new_cdp_session(visitor.page)
        devtools.send("Network.enable")
        weights: list[float] = []
        devtools.on("Network.loadingFinished", lambda event: weights.append(event["encodedDataLength"]))
        page = visitor.open()
        expect(page.get_by_role("button", name="Choose a photo")).to_be_visible()
        page.wait_for_load_state("networkidle")
        assert len(weights) > 5
        assert sum(weights) < 100_000  # asked: 200 KB


def test_a_picture_from_the_camera(browser: Browser, studio: Serving) -> None:
    with guest(browser, studio.url, permissions=["camera"]) as visitor:
        page = visitor.open()
        page.get_by_role("button", name="Use the camera").click()
        expect(page.get_by_label("What the camera sees, mirrored")).to_be_visible()
        shoot = page.get_by_role("button", name="Take the picture")
        expect(shoot).to_be_enabled()
        expect(page.get_by_role("paragraph").filter(has_text="Bring your face into the oval")).to_be_visible()
        shoot.click()
        expect(page.get_by_text("One face found.").first).to_be_visible()
        expect(consent(page)).to_be_visible()
        with page.expect_response(lambda answer: answer.request.method == "DELETE"):
            page.get_by_role("button", name="Another photo").click()
        expect(page.get_by_role("button", name="Use the camera")).to_be_visible()
    assert not studio.left(lambda path: path.name == "photo.png")


def test_a_camera_that_is_refused(browser: Browser, studio: Serving) -> None:
    with guest(browser, studio.url) as visitor:
        page = visitor.page
        page.add_init_script(
            "navigator.mediaDevices.getUserMedia = () => Promise.reject(new DOMException('', 'NotAllowedError'))"
        )
        visitor.open()
        page.get_by_role("button", name="Use the camera").click()
        expect(page.get_by_text("The browser did not let this page use the camera.").first).to_be_visible()
        page.get_by_role("button", name="Close the camera").click()
        expect(page.get_by_role("button", name="Use the camera")).to_be_focused()


def test_several_faces_and_a_change_of_mind(browser: Browser, studio: Serving, tmp_path: Path) -> None:
    with guest(browser, studio.url) as visitor:
        page = visitor.open(f"/{QUICK}")
        bring(page, pair_of_faces(tmp_path))
        faces = page.get_by_role("group", name="Click the face this is about.").get_by_role("button")
        expect(faces).to_have_count(2)
        consent(page).check()
        go = page.get_by_role("button", name="Look for my doppelgänger")
        go.click()
        expect(page.get_by_role("alert").filter(has_text="Choose one of the faces")).to_be_visible()

        faces.nth(1).click()
        expect(faces.nth(1)).to_have_attribute("aria-pressed", "true")
        page.reload()  # nothing chosen is lost
        expect(faces.nth(1)).to_have_attribute("aria-pressed", "true")
        page.get_by_text("Options", exact=True).click()
        page.get_by_role("slider", name="How far beyond the border").fill("0.5")
        page.get_by_role("checkbox", name="dlib").uncheck()
        page.get_by_role("combobox", name="Background").select_option("plain grey")
        page.get_by_role("spinbutton", name="Seed").fill("7")
        expect(consent(page)).to_be_checked()
        with page.expect_request("**/api/jobs") as sent:
            go.click()
        asked = json.loads(sent.value.post_data or "")
        assert asked["face"] == 1 and asked["consent"] is True and asked["steps"] == 12
        assert (asked["margin"], asked["seed"], asked["background"]) == (0.5, 7, "plain")
        assert sorted(asked["held_out"]) == ["dlib", "edgeface"]

        # cancelled at once: nothing of it stays
        page.get_by_role("button", name="Cancel and erase").click()
        confirm(page, "Erase now")
        expect(page.get_by_role("heading", level=1, name="People see you.")).to_be_visible()
    assert not studio.left(lambda path: path.name == "photo.png")


def test_wrong_files_are_refused_in_sentences(browser: Browser, studio: Serving, tmp_path: Path) -> None:
    with guest(browser, studio.url, forgive=REFUSED, locale="de-DE") as visitor:
        page = visitor.open()
        assert page.evaluate("document.documentElement.lang") == "de"
        words, svg = tmp_path / "words.jpg", tmp_path / "drawing.svg"
        words.write_text("not a picture at all")
        svg.write_text('<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>')
        for file in (words, svg):
            page.get_by_label("Foto auswählen").set_input_files(file)
            expect(page.get_by_role("alert").filter(has_text="kein Bild, das sich lesen lässt")).to_be_visible()
        page.get_by_role("button", name="English").click()
        expect(page.get_by_role("heading", level=1, name="People see you.")).to_be_visible()
        assert page.evaluate("document.documentElement.lang") == "en"
        page.reload()
        expect(page.get_by_role("button", name="Deutsch")).to_be_visible()


def test_dropped_and_pasted(browser: Browser, studio: Serving, astronaut_file: Path) -> None:
    bring_by = """([bytes, kind]) => {
        const files = new DataTransfer();
        files.items.add(new File([new Uint8Array(bytes)], "me.png", {type: "image/png"}));
        const target = kind === "drop" ? document.querySelector("figure") : document;
        target.dispatchEvent(kind === "drop" ? new DragEvent("drop", {bubbles: true, cancelable: true, dataTransfer: files})
            : new ClipboardEvent("paste", {bubbles: true, clipboardData: files}));
    }"""
    with guest(browser, studio.url) as visitor:
        page = visitor.open()
        for kind in ("drop", "paste"):
            page.evaluate(bring_by, [list(astronaut_file.read_bytes()), kind])
            expect(page.get_by_text("One face found.").first).to_be_visible()
            page.get_by_role("button", name="Another photo").click()
            expect(page.get_by_role("button", name="Choose a photo")).to_be_focused()


def test_by_keyboard_alone(browser: Browser, studio: Serving, astronaut_file: Path) -> None:
    with guest(browser, studio.url) as visitor:
        page = visitor.open(f"/{QUICK}")
        page.on(
            "filechooser", lambda _: None
        )  # from here on the browser hands choosers over; asked only with Enter it may be late

        def tab_to(name: str) -> None:
            """Press Tab until that element has the focus, which can always be seen."""
            for _ in range(40):
                page.keyboard.press("Tab")
                focus = page.evaluate(
                    """() => {
                    const one = document.activeElement;
                    const { outlineStyle, outlineWidth } = getComputedStyle(one);
                    const name = one.getAttribute("aria-label") || one.labels?.[0]?.textContent || one.textContent;
                    return [name, outlineStyle, parseFloat(outlineWidth)];
                }"""
                )
                assert focus[1] != "none" and focus[2] >= 2, focus
                if name in focus[0]:
                    return
            raise AssertionError(f"{name} cannot be reached by Tab")

        tab_to("Skip to the content")
        page.keyboard.press("Enter")
        expect(page.get_by_role("heading", level=1)).to_be_focused()
        tab_to("Choose a photo")
        with page.expect_file_chooser() as asked:
            page.keyboard.press("Enter")
        asked.value.set_files(astronaut_file)
        expect(consent(page)).to_be_focused()  # a single face needs no choice
        page.keyboard.press("Space")
        tab_to("Look for my doppelgänger")
        page.keyboard.press("Enter")
        expect(page.get_by_role("heading", level=1, name="Looking for your doppelgänger")).to_be_focused()
        tab_to("Stop")
        page.keyboard.press("Enter")
        expect(page.get_by_role("button", name="Go on")).to_be_visible()
        page.reload()
        expect(page.get_by_role("button", name="Go on")).to_be_visible()
        tab_to("Cancel and erase")
        page.keyboard.press("Enter")
        expect(page.get_by_role("alertdialog").get_by_role("button", name="Go on searching")).to_be_focused()
        page.keyboard.press("Escape")
        expect(page.get_by_role("button", name="Cancel and erase")).to_be_focused()
        page.keyboard.press("Enter")
        page.keyboard.press("Tab")
        page.keyboard.press("Enter")
        expect(page.get_by_role("heading", level=1, name="People see you.")).to_be_visible()


def test_a_slow_answer_does_not_undo_what_the_stream_told(
    browser: Browser, studio: Serving, astronaut_file: Path
) -> None:
    with guest(browser, studio.url) as visitor:
        visitor.page.add_init_script(
            """const plain = window.fetch;
            window.fetch = async (address, ...more) => {
                const answer = await plain(address, ...more);
                if (!String(address).endsWith("/stop")) return answer;
                while (!window.told) await new Promise((soon) => setTimeout(soon, 50));
                setTimeout(() => { document.documentElement.dataset.answered = "yes"; }, 200);
                return answer;
            };"""
        )
        page = visitor.open(f"/{QUICK}")
        begin(page, astronaut_file)
        under_way = page.get_by_text(re.compile("Loading the networks|Growing towards you"))
        expect(under_way.first).to_be_visible()  # so that the answer says: running
        page.get_by_role("button", name="Stop").click()
        expect(page.get_by_role("button", name="Go on")).to_be_visible()
        page.evaluate("window.told = true")
        expect(page.locator("html[data-answered]")).to_be_attached()
        expect(page.get_by_role("button", name="Go on")).to_be_visible()
        page.get_by_role("button", name="Cancel and erase").click()
        confirm(page, "Erase now")


def test_on_a_phone(browser: Browser, studio: Serving, astronaut_file: Path) -> None:
    phone = {"viewport": {"width": 360, "height": 740}, "is_mobile": True, "has_touch": True}
    with guest(browser, studio.url, **phone) as visitor:
        page = visitor.open(f"/{QUICK}")

        def nothing_sticks_out() -> None:
            assert page.evaluate("document.documentElement.scrollWidth") == 360

        nothing_sticks_out()
        bring(page, astronaut_file)
        page.get_by_text("Options", exact=True).tap()
        expect(page.get_by_role("slider", name="How far beyond the border")).to_be_visible()
        nothing_sticks_out()
        begin_again = page.get_by_role("button", name="Another photo")
        begin_again.tap()
        begin(page, astronaut_file)
        expect(page.get_by_role("img", name="Distance of each recogniser")).to_contain_text("border")
        nothing_sticks_out()
        page.get_by_role("button", name="Cancel and erase").tap()
        confirm(page, "Erase now")
        expect(page.get_by_role("heading", level=1, name="People see you.")).to_be_visible()


def test_a_token_is_asked_for_and_leaves_the_address(browser: Browser, serving: Callable[..., Serving]) -> None:
    server = serving("--token")
    assert server.token
    with guest(browser, server.url, forgive=REFUSED) as visitor:
        page = visitor.open()
        expect(page.get_by_role("heading", level=1, name="This Studio asks for its token.")).to_be_visible()
        page.get_by_label("Token").fill("wrong")
        page.get_by_role("button", name="Come in").click()
        expect(page.get_by_role("alert").filter(has_text="That is not this Studio’s token.")).to_be_visible()
        page.get_by_label("Token").fill(server.link)
        page.get_by_role("button", name="Come in").click()
        expect(page.get_by_role("heading", level=1, name="People see you.")).to_be_visible(timeout=PATIENCE)
    with guest(browser, server.url) as visitor:
        visitor.page.goto(server.link)
        expect(visitor.page.get_by_role("heading", level=1, name="People see you.")).to_be_visible()
        assert server.token not in visitor.page.url
        expect(visitor.page).to_have_url(re.compile(r"/$"))

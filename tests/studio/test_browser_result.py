"""A finished result on the page: every claim against what the server measured, and readable for everybody."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from browsing import QUICK, arrive, confirm
from playwright.sync_api import Browser, Page, expect
from serving import Serving

from browsers import chromium, guest
from conftest import Made

VIEWPORTS = {
    "desk": {"viewport": {"width": 1280, "height": 900}, "color_scheme": "light"},
    "dark": {"viewport": {"width": 1280, "height": 900}, "color_scheme": "dark"},
    "phone": {"viewport": {"width": 360, "height": 740}, "is_mobile": True, "has_touch": True},
}
NAMELESS = """() => {
    const wanted = document.querySelectorAll("a, button, input, select, summary, img:not([alt]), [role=img], progress, table");
    const name = (one) => one.getAttribute("aria-label") || one.labels?.[0]?.textContent || one.textContent
        || one.getAttribute("alt") || document.getElementById(one.getAttribute("aria-labelledby"))?.textContent;
    return [...wanted].filter((one) => !name(one)?.trim()).map((one) => one.outerHTML);
}"""
PALE = """() => {
    const parse = (text) => { const [r, g, b, a = 1] = text.match(/[\\d.]+/g).map(Number); return [r, g, b, a]; };
    const over = ([r, g, b, a], [R, G, B]) => [r * a + R * (1 - a), g * a + G * (1 - a), b * a + B * (1 - a)];
    const light = (colour) => colour.map((v) => v / 255).map((v) => v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4)
        .reduce((sum, v, k) => sum + v * [0.2126, 0.7152, 0.0722][k], 0);
    const ground = (one) => {
        const layers = [];
        for (let at = one; at; at = at.parentElement) layers.unshift(parse(getComputedStyle(at).backgroundColor));
        return layers.reduce((below, layer) => over(layer, below), [255, 255, 255]);
    };
    const pale = [];
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    while (walker.nextNode()) {
        const one = walker.currentNode.parentElement;
        if (!walker.currentNode.textContent.trim() || !one.checkVisibility({visibilityProperty: true})) continue;
        if (one.closest(".tag, .offstage, :disabled, option")) continue;  // a tag lies on a picture, with a ground of its own
        const behind = ground(one);
        const style = getComputedStyle(one);
        const [a, b] = [light(over(parse(one instanceof SVGElement ? style.fill : style.color), behind)), light(behind)];
        const contrast = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
        if (contrast < 4.5) pale.push([walker.currentNode.textContent, contrast]);
    }
    return pale;
}"""


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as one:
        yield one


def cookie(studio: Serving, made: Made) -> Any:
    return {"name": studio.cookie, "value": made.client.cookies[studio.cookie], "url": studio.url}


def measured(made: Made) -> dict[str, Any]:
    return made.client.get(f"/api/results/{made.result}").json()


def sound(page: Page) -> None:
    """What holds of every view: one first heading, landmarks, a name for everything, contrast, no scrolling sideways."""
    expect(page.get_by_role("heading", level=1)).to_have_count(1)
    for landmark in ("banner", "navigation", "main", "contentinfo"):
        expect(page.get_by_role(landmark)).to_have_count(1)
    assert page.evaluate(NAMELESS) == []
    assert page.evaluate(PALE) == []
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


@pytest.mark.parametrize("kind", VIEWPORTS)
def test_every_view_is_sound(browser: Browser, studio: Serving, made: Made, kind: str) -> None:
    with guest(browser, studio.url, forgive="404", **VIEWPORTS[kind]) as visitor:
        visitor.context.add_cookies([cookie(studio, made)])
        page = visitor.open()
        sound(page)
        for address in ("/#/gallery", f"/#/result/{made.result}", "/#/result/nobody"):
            page.goto("about:blank")
            visitor.open(address)
            sound(page)


def test_the_words_are_those_of_the_numbers(browser: Browser, studio: Serving, made: Made) -> None:
    result = measured(made)
    (record,) = [face for face in result["faces"] if face["name"] == "doppelgänger"]
    different = sum(verdict["different"] for verdict in record["verdicts"])
    with guest(browser, studio.url) as visitor:
        visitor.context.add_cookies([cookie(studio, made)])
        page = visitor.open(f"/#/result/{made.result}")
        expect(page.get_by_role("heading", level=1)).to_contain_text(f"{different} of 4")
        (witness,) = [verdict for verdict in record["verdicts"] if verdict["held_out"]]
        said = (
            "was not told of the search, and agrees"
            if witness["different"]
            else "which was not told of the search, still says"
        )
        expect(page.get_by_text(said)).to_contain_text("EdgeFace-S")
        for verdict in record["verdicts"]:
            share = f"{verdict['distance'] / verdict['threshold']:.2f}×"
            word = "somebody else" if verdict["different"] else "you"
            expect(
                page.get_by_role("img", name=f"{verdict['verifier']}: {word}, {share} of its border")
            ).to_be_visible()
        page.get_by_role("button", name="Swipe").click()
        handle = page.get_by_role("slider", name="Swipe between Portrait and Doppelgänger")
        handle.focus()
        page.keyboard.press("Home")
        expect(handle).to_have_attribute("aria-valuetext", "0% Portrait")
        page.keyboard.press("ArrowRight")
        expect(handle).to_have_attribute("aria-valuetext", "1% Portrait")


def test_the_scrubber_claims_only_what_was_asked(browser: Browser, studio: Serving, made: Made) -> None:
    result = measured(made)
    borders = [border for border in result["borders"] if border["threshold"]]
    with guest(browser, studio.url) as visitor:
        visitor.context.add_cookies([cookie(studio, made)])
        page = visitor.open(f"/#/result/{made.result}")
        scrubber = page.get_by_role("slider", name="Step on the way from the mean face to the closest match")
        lanes = (
            page.get_by_role("region", name="The continuum")
            .get_by_role("list", name="Verdicts at this step")
            .get_by_role("listitem")
        )
        expect(lanes).to_have_count(len(borders))
        scrubber.focus()
        page.keyboard.press("Home")
        for step in result["filmstrip"]:
            expect(scrubber).to_have_attribute("aria-valuetext", re.compile(f"^Step {step} of {result['steps'] - 1}:"))
            expect(page.get_by_role("img", name=f"The face of step {step}", exact=True)).to_have_attribute(
                "src", re.compile(f"/frames/{step}$")
            )
            for border, lane in zip(borders, lanes.all(), strict=True):
                (distance,) = [distance for at, distance in border["scanned"] if at == step]
                expect(lane).to_contain_text("somebody else" if distance > border["threshold"] else "you")
                expect(lane).to_contain_text(f"{distance / border['threshold']:.2f}×")
            page.keyboard.press("ArrowRight")


def test_between_two_steps_a_line_is_drawn_and_beyond_them_nothing_said(browser: Browser, studio: Serving) -> None:
    with guest(browser, studio.url) as visitor:
        page = visitor.open()
        said = page.evaluate(
            """async () => {
            const { at, runs } = await import("/page/verdicts.js");
            const border = { verifier: "dlib", threshold: 0.6, scanned: [[6, 0.9], [12, 0.3], [18, 0.3]] };
            return [[0, 6, 8, 9, 18, 19].map((step) => at(border, step)), runs(border)];
        }"""
        )
        steps, runs = said
        assert steps[0] is None and steps[-1] is None
        assert steps[1]["measured"] and steps[1]["different"]
        assert steps[2] == {"name": "dlib", "ratio": pytest.approx(0.7 / 0.6), "different": True, "measured": False}
        assert steps[3]["ratio"] == pytest.approx(1)
        assert steps[4]["measured"] and not steps[4]["different"]
        assert runs == [{"from": 6, "to": 9, "different": True}, {"from": 9, "to": 18, "different": False}]


def test_a_face_of_the_path_is_taken_and_deleted(browser: Browser, studio: Serving, made: Made) -> None:
    with guest(browser, studio.url) as visitor:
        visitor.context.add_cookies([cookie(studio, made)])
        page = visitor.open(f"/{QUICK}#/result/{made.result}")
        scrubber = page.get_by_role("slider", name="Step on the way from the mean face to the closest match")
        scrubber.focus()
        page.keyboard.press("Home")
        page.get_by_role("button", name="Take this face").click()
        expect(page.get_by_text("A face from the path")).to_be_visible()
        expect(page.get_by_role("heading", level=1)).to_contain_text("of 4 recognisers")
        page.get_by_role("button", name="Make the film").click()
        expect(page.get_by_role("link", name="Film of the continuum, MP4")).to_be_focused()
        page.get_by_role("link", name="Searched again from an earlier result").click()
        expect(page).to_have_url(re.compile(made.result))
        arrive(page)

        page.get_by_role("button", name="Search again").click()
        expect(page.get_by_role("heading", level=1, name="Searching again")).to_be_visible()
        page.get_by_role("button", name="Cancel and erase").click()
        confirm(page, "Erase now")

        page.get_by_role("link", name="Gallery").click()
        cards = page.get_by_role("link", name=re.compile("Open the result of"))
        expect(cards).to_have_count(2)
        page.get_by_role("button", name=re.compile("Delete the result of")).first.click()
        confirm(page, "Delete now")
        expect(cards).to_have_count(1)
    assert [one["id"] for one in made.client.get("/api/results").json()["results"]] == [made.result]


def test_in_german(browser: Browser, studio: Serving, made: Made) -> None:
    with guest(browser, studio.url, locale="de-DE") as visitor:
        visitor.context.add_cookies([cookie(studio, made)])
        page = visitor.open(f"/#/result/{made.result}")
        expect(page.get_by_role("heading", level=1)).to_contain_text("von 4 Erkennern")
        for heading in ("Das Kontinuum", "Die Grenze", "Zum Mitnehmen", "Von hier neu suchen"):
            expect(page.get_by_role("heading", name=heading)).to_be_visible()
        expect(page.get_by_role("list", name="Was jeder Erkenner sieht").first).to_contain_text(re.compile(r"\d,\d\d×"))
        sound(page)


def test_nothing_moves_for_those_who_want_no_motion(browser: Browser, studio: Serving) -> None:
    with guest(browser, studio.url, reduced_motion="reduce") as visitor:
        page = visitor.open()
        moving = """() => [...document.querySelectorAll("*")].filter((one) => {
            const { transitionDuration, transitionProperty, animationName } = getComputedStyle(one);
            return animationName !== "none" || (transitionProperty !== "none" && parseFloat(transitionDuration) > 0);
        }).map((one) => one.outerHTML)"""
        assert page.evaluate(moving) == []

"""The page shows what the design says, keeps its key to itself, asks nobody for anything, and saves what was answered."""

import base64
import hashlib
import json
import re
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from chromium import BINARY, Page
from small_study import METHODS, drawing, evaluation

from doppelganger.errors import ImageError
from doppelganger.images import encode_png, read_image
from doppelganger.study.answers import COLUMNS, read_answers
from doppelganger.study.design import Design, Role, Shown, design
from doppelganger.study.page import SIDE, render
from doppelganger.study.randomise import presentation
from doppelganger.study.stimuli import find_cases

DATA = re.compile(r"data:image/jpeg;base64,[A-Za-z0-9+/=]+")


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Design, str, Path]:
    """A study, its page, and where the page lies."""
    root = tmp_path_factory.mktemp("study")
    cases = find_cases(evaluation(root / "evaluation", 5))
    study = design(cases, 16, 3)
    html = render(study, cases, contact="<Ada> & Bob")
    (root / "study.html").write_text(html)
    return study, html, root / "study.html"


def data(html: str) -> dict:
    return json.loads(html.split('<script type="application/json" id="study">')[1].split("</script>")[0])


def test_nothing_in_the_page_says_what_a_picture_is(made: tuple[Design, str, Path]) -> None:
    study, html, path = made
    text = DATA.sub("", html).lower()
    for secret in (
        *METHODS,
        *(p.case for p in study.pictures.values()),
        "avatar",
        "catch",
        "evaluation",
        str(path.parent),
    ):
        assert secret not in text, secret
    assert set(data(html)) == {"study", "columns", "pictures", "trials", "forms"}


def test_pictures_are_of_one_size_and_made_ones_all_carry_the_same_mark(made: tuple[Design, str, Path]) -> None:
    study, html, _ = made
    shown = data(html)["pictures"]
    assert set(shown) == set(study.pictures)
    for name, picture in study.pictures.items():
        jpeg = base64.b64decode(shown[name].split(",")[1])
        assert read_image(jpeg).shape == (SIDE, SIDE, 3)
        assert (b"rainedAlgorithmicMedia" in jpeg) == (picture.shown is Shown.AVATAR)
        assert not any(method.encode() in jpeg for method in METHODS)
    again = next(p for p in study.pictures.items() if p[1].shown is Shown.AGAIN)
    portrait = next(n for n, p in study.pictures.items() if p.shown is Shown.PORTRAIT and p.case == again[1].case)
    assert shown[again[0]] != shown[portrait]


def test_only_the_pages_own_script_and_style_may_run(made: tuple[Design, str, Path]) -> None:
    html = made[1]
    policy = re.search(r'Content-Security-Policy" content="([^"]+)"', html)
    assert policy and policy[1].startswith("default-src 'none'; img-src data:;") and "unsafe" not in policy[1]
    for tag in ("style", "script"):
        inside = re.search(rf"<{tag}>(.*?)</{tag}>", html, re.S)
        assert inside
        digest = base64.b64encode(hashlib.sha256(inside[1].encode()).digest()).decode()
        assert f"{tag}-src 'sha256-{digest}'" in policy[1]
    text = DATA.sub("", html)
    for way_out in (
        "http:",
        "https:",
        "@import",
        "url(",
        "fetch(",
        "XMLHttpRequest",
        "sendBeacon",
        "<link",
        "<iframe",
        "localStorage",
    ):
        assert way_out not in text
    assert "&lt;Ada&gt; &amp; Bob" in html


def test_consent_comes_first_and_says_what_is_kept(made: tuple[Design, str, Path]) -> None:
    html = made[1]
    sections = re.findall(r'<section id="([\w-]+)" class="\w+"( hidden)?>', html)
    assert sections[0] == ("consent", "") and all(hidden for _, hidden in sections[1:])
    consent = html.split('<section id="consent"')[1].split("</section>")[0]
    for said in ("No name", "stop at any time", "deleted", "how long each took", "18 or older"):
        assert said in consent
    assert 'id="begin" class="main" disabled' in consent


def test_a_picture_that_is_not_square_is_refused(tmp_path: Path) -> None:
    root = evaluation(tmp_path, 3)
    (root / "cases" / "qqcase0" / "portrait.png").write_bytes(encode_png(drawing(0)[:50]))
    cases = find_cases(root)
    with pytest.raises(ImageError, match="is not square"):
        render(design(cases, 12, 2), cases)


@pytest.fixture
def browser(tmp_path: Path) -> Iterator[Page]:
    if BINARY is None:
        pytest.skip("there is no Chromium on this machine: the page was not run")
    (tmp_path / "downloads").mkdir()
    page = Page(tmp_path / "profile", tmp_path / "downloads")
    yield page
    page.close()


def answer(page: Page, count: int) -> None:
    """Begin if need be, then answer ``count`` trials by keyboard: *same*, sure of it; the second face."""
    for _ in range(count):
        for before in ("#before-pair", "#before-closest"):
            if not page.evaluate(f"document.querySelector('{before}').hidden"):
                page.click(f"{before} .next")
        page.wait("document.querySelector('.trial:not([hidden]):not(.waiting)') !== null")
        for key in ("s", "4") if page.evaluate("!document.querySelector('#pair').hidden") else ("2", "Enter"):
            page.press(key)


def saved(page: Page) -> Path:
    page.click("#save")
    for _ in range(200):
        files = list(page.downloads.glob("answers-*.csv"))
        if files and files[0].stat().st_size:
            return files[0]
        time.sleep(0.05)
    raise AssertionError("nothing was saved")


def test_a_whole_study_in_a_browser(made: tuple[Design, str, Path], browser: Page) -> None:
    study, _, path = made
    browser.open(path)
    browser.click("#begin")  # not before agreeing
    assert not browser.evaluate("document.querySelector('#consent').hidden")
    browser.click("#agree")
    browser.click("#begin")
    answer(browser, 16)
    assert not browser.evaluate("document.querySelector('#end').hidden")
    browser.click("input[name=knew][value=no]")
    file = saved(browser)
    assert file.read_text().splitlines()[0] == ",".join(COLUMNS)
    answers = read_answers([file], study)
    (seed,) = {a.participant_seed for a in answers}
    form, order = presentation(study, seed)  # drawn in Python as the browser drew it
    assert [(a.form, a.trial, a.shown, a.position) for a in answers] == [
        (form, t.trial, t.shown, k) for k, t in enumerate(order)
    ]
    for a in answers:
        closest = study.trials[a.trial].role is Role.CLOSEST
        assert (a.response, a.confidence) == ((a.shown[1], None) if closest else ("same", 4))
        assert a.knew == "no" and not a.simulated
    assert browser.complaints == []
    assert [url for url in browser.requests if not url.startswith(("data:image/jpeg", "blob:"))] == [path.as_uri()]


def test_stopping_going_on_and_deleting(made: tuple[Design, str, Path], browser: Page) -> None:
    study, _, path = made
    browser.open(path, 390, 844, phone=True)
    browser.click("#agree")
    browser.click("#begin")
    answer(browser, 3)
    browser.wait("!document.querySelector('#pair').classList.contains('waiting')")
    browser.click("[data-confidence='1']")  # no answer yet: nothing to be sure of
    browser.click("#stop")
    assert "3 of 16" in browser.evaluate("document.querySelector('#end-lead').textContent")
    browser.click("#resume")
    answer(browser, 1)
    browser.click("#stop")
    answers = read_answers([saved(browser)], study)
    assert [a.position for a in answers] == [0, 1, 2, 3] and {a.knew for a in answers} == {""}
    browser.click("#delete")
    browser.wait("document.querySelector('#end-answers').hidden")
    assert browser.evaluate("answers.length") == 0 and browser.complaints == []


@pytest.mark.parametrize("choices", [3, 9])
def test_every_trial_fits_the_screen(tmp_path: Path, browser: Page, choices: int) -> None:
    cases = find_cases(evaluation(tmp_path / "evaluation", 9, METHODS[:1]))
    path = tmp_path / "study.html"
    path.write_text(render(design(cases, 8, choices), cases))
    for width, height, phone in ((1366, 768, False), (1920, 1080, False), (390, 844, True), (360, 640, True)):
        browser.open(path, width, height, phone)
        browser.click("#agree")
        browser.click("#begin")
        for screen in ("pair", "closest"):
            browser.evaluate(f"(position = trials.findIndex((trial) => trial.screen === '{screen}'), present())")
            browser.wait(f"!document.querySelector('#{screen}').classList.contains('waiting')")
            needed = browser.evaluate("[document.documentElement.scrollWidth, document.documentElement.scrollHeight]")
            assert needed[0] <= width and needed[1] <= height, (screen, width, height, needed)
            least = browser.evaluate(
                f"Math.min(...[...document.querySelectorAll('#{screen} img')].map((image) => image.width))"
            )
            assert least >= (60 if choices == 9 else 110), (screen, width, height, least)

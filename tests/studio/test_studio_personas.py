"""A persona made in the Studio: from a face of a result to its contact sheet, for its owner alone, and to nothing left."""

import io
import json
import re
import zipfile
from collections.abc import Iterator
from importlib import resources
from pathlib import Path
from typing import Any

import httpx
import pytest
from browsing import confirm
from PIL import Image
from playwright.sync_api import expect
from serving import Serving, finished, told

from browsers import chromium, guest
from conftest import Made
from doppelganger.persona.folder import load
from doppelganger.persona.persona import CONSENT, CONSENT_OF_ONE
from doppelganger.provenance import SourceType

UNKNOWN = "0" * 32


@pytest.fixture(scope="module")
def persona(made: Made, studio: Serving) -> Iterator[dict[str, Any]]:
    """Of the doppelgänger that there is, with one picture; its owner is ``made.client``."""
    face = {"result": made.result, "of": "doppelganger"}
    asked = {"name": "Ada <b>Nobody</b>", "face": face, "strengths": {"hair_red": 1.0}, "pictures": 1}
    answer = made.client.post("/api/personas", json=asked)
    assert answer.status_code == 201, answer.text
    job = finished(made.client, answer.json())
    faces = [event.data["face"] for event in told(made.client, job["id"]) if event.kind == "progress"]
    assert faces[-1], "every picture is shown as it is taken"
    assert made.client.get(faces[-1]).headers["content-type"] == "image/jpeg"
    found = made.client.get(f"/api/personas/{job['result']}")
    assert found.status_code == 200, found.text
    yield found.json()


def test_the_contact_sheet(persona: dict[str, Any], made: Made, tmp_path: Path) -> None:
    client, at = made.client, f"/api/personas/{persona['id']}"
    (listed,) = client.get("/api/personas").json()["personas"]
    assert (listed["name"], listed["pictures"], listed["same"]) == (persona["name"], 1, persona["same"])
    assert client.get(listed["thumbnail"]).status_code == 200
    (picture,) = persona["pictures"]
    assert len(picture["verdicts"]) == 4
    assert picture["same"] == all(one["same"] for one in picture["verdicts"]) == (persona["same"] == 1)
    assert persona["consent"] == CONSENT_OF_ONE, "it began with somebody's photo, and says so"
    with Image.open(io.BytesIO(client.get(f"{at}/pictures/1?size=1024").content)) as image:
        assert image.size == (1024, 1024) and SourceType.SYNTHETIC in image.info["XML:com.adobe.xmp"]
    for address in (f"{at}/pictures/0?size=256", f"{at}/pictures/1?size=512", f"{at}/downloads/contact-sheet.jpg"):
        with Image.open(io.BytesIO(client.get(address).content)) as image:
            assert SourceType.SYNTHETIC.encode() in image.info["xmp"]
    assert client.get(f"{at}/pictures/2").status_code == 404
    packed = zipfile.ZipFile(io.BytesIO(client.get(f"{at}/downloads/persona.zip").content))
    packed.extractall(tmp_path)
    opened = load(tmp_path / "persona")
    assert opened.name == persona["name"] and opened.provenance["strengths"] == {"hair_red": 1.0}


def test_notes_of_consent_are_translated() -> None:
    strings = resources.files("doppelganger.studio").joinpath("page", "strings")
    for language in ("en", "de"):
        told = json.loads(strings.joinpath(f"{language}.json").read_text("utf-8"))["server"]
        assert {CONSENT, CONSENT_OF_ONE} <= {one["server"] for one in told}


def test_for_its_owner_alone(persona: dict[str, Any], made: Made, visitor: httpx.Client) -> None:
    assert visitor.get("/api/personas").json() == {"personas": []}
    for method, path in (
        ("GET", ""),
        ("GET", "/pictures/0"),
        ("GET", "/pictures/1?size=1024"),
        ("GET", "/downloads/persona.zip"),
        ("GET", "/downloads/contact-sheet.jpg"),
        ("DELETE", ""),
    ):
        theirs, nobodys = (visitor.request(method, f"/api/personas/{i}{path}") for i in (persona["id"], UNKNOWN))
        assert theirs.status_code == nobodys.status_code == 404 and theirs.json() == nobodys.json()
    face = {"result": made.result, "of": "closest"}
    assert visitor.post("/api/personas", json={"name": "x", "face": face, "pictures": 1}).status_code == 404
    assert visitor.get("/api/jobs").json() == {"jobs": []}


@pytest.mark.parametrize(
    "wrong", [{"name": ""}, {"name": "a\nb"}, {"name": "x" * 41}, {"pictures": 0}, {"pictures": 61}]
)
def test_what_no_persona_is_made_of(visitor: httpx.Client, wrong: dict[str, Any]) -> None:
    answer = visitor.post("/api/personas", json={"name": "a", "face": {"seed": 1}, "pictures": 1, **wrong})
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid")


def test_no_persona_is_a_child(persona: dict[str, Any], visitor: httpx.Client) -> None:
    job = visitor.post("/api/personas", json={"name": "a", "face": {"seed": 302}, "pictures": 1}).json()
    failed = finished(visitor, job, "failed")
    assert failed["error"]["code"] == "too-young" and failed["result"] is None
    assert visitor.get("/api/personas").json() == {"personas": []}


def test_on_the_page_and_to_nothing_left(persona: dict[str, Any], made: Made, studio: Serving) -> None:
    """A name with markup in it is a name. What is deleted is deleted."""
    with chromium() as browser, guest(browser, studio.url) as visitor:
        cookie = made.client.cookies[studio.cookie]
        visitor.context.add_cookies([{"name": studio.cookie, "value": cookie, "url": studio.url}])
        page = visitor.open("/#/gallery")
        page.get_by_role("link", name="Open the persona Ada").click()
        expect(page.get_by_role("heading", level=1, name="Ada <b>Nobody</b>")).to_be_visible()
        expect(page.locator(".shot")).to_have_count(1)
        expect(page.locator(".shot .lamp")).to_contain_text(re.compile("same person|somebody else to"))
        page.get_by_role("button", name="Delete this persona now").click()
        confirm(page, "Delete now")
        expect(page.get_by_role("heading", level=1, name="Yours, for now")).to_be_visible()
        expect(page.get_by_role("link", name="Open the persona")).to_have_count(0)
        assert not studio.left(lambda path: persona["id"] in path.parts)

        # another one begins from the sliders, and can be taken back
        page = visitor.open("/#/face/100")
        page.get_by_text("Make this a persona").click()
        page.get_by_role("button", name="Make the persona").click()
        expect(page.get_by_text("Give the persona a name first.")).to_be_visible()
        page.get_by_label("Name").fill("Ben")
        page.get_by_role("button", name="Make the persona").click()
        expect(page.get_by_role("heading", level=1, name="Making a persona")).to_be_visible()
        page.get_by_role("button", name="Cancel and erase").click()
        confirm(page, "Erase now")
        expect(page.get_by_role("heading", level=1, name="Making a persona")).to_have_count(0)
    assert made.client.get("/api/personas").json() == {"personas": []}

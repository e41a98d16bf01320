"""The page holds every number, asks nobody for anything, and lets no text out of its place."""

import base64
from dataclasses import replace
from html.parser import HTMLParser

import pytest
from sample import bare_result, sample_result

from doppelganger.images import read_image
from doppelganger.report import render
from doppelganger.result import FaceRecord, Result

VOID = {"meta", "img", "input", "br"}
FETCHING = {"src", "href", "srcset", "action", "data", "poster", "background", "formaction", "xlink:href"}


class Page(HTMLParser):
    """Elements with their attributes, and the text a person reads; fails on tags that do not match."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str]]] = []
        self.text = ""
        self._open: list[str] = []
        self.feed(html)
        self.close()
        assert not self._open

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, {name: value or "" for name, value in attributes}))
        if tag not in VOID:
            self._open.append(tag)

    def handle_startendtag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, {name: value or "" for name, value in attributes}))

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self._open[-1:] not in (["style"], ["script"]):
            self.text += data


@pytest.fixture(scope="module")
def whole() -> str:
    return render(sample_result())


@pytest.mark.parametrize("result", [sample_result(), bare_result()], ids=["whole", "bare"])
def test_every_number_of_the_verdicts_is_there(result: Result) -> None:
    text = Page(render(result)).text
    for face in result.faces:
        for verdict in face.verdicts:
            for number in (verdict.distance, verdict.threshold, *verdict.under_disturbances.values()):
                assert f"{number:.3f}" in text
            assert verdict.verifier in text and verdict.point in text
        for measure, value in face.likeness.items():
            assert measure in text and f"{value:.3f}" in text
    for fact in (result.provenance.salted_digest, result.provenance.salt, *result.provenance.weights.values()):
        assert fact in text
    for warning in result.warnings:
        assert warning in text


def test_nothing_outside_the_file_is_asked_for(whole: str) -> None:
    page = Page(whole)
    asked = [value for _, attributes in page.elements for name, value in attributes.items() if name in FETCHING]
    assert len(asked) >= 11  # portrait, doppelgänger, closest, two of the border, in photo, six frames
    assert all(value.startswith("data:image/jpeg;base64,") for value in asked)
    without_pictures = whole
    for value in asked:
        without_pictures = without_pictures.replace(value, "")
    for way_out in ("http:", "https:", "//cdn", "@import", "url(h", "fetch(", "XMLHttpRequest", "<link", "<iframe"):
        assert way_out not in without_pictures
    policy = next(a["content"] for tag, a in page.elements if tag == "meta" and a.get("http-equiv"))
    assert policy.startswith("default-src 'none'")


def test_pictures_are_pictures_and_only_made_ones_are_marked_synthetic(whole: str) -> None:
    pictures = {}
    for tag, attributes in Page(whole).elements:
        if tag == "img":
            assert "alt" in attributes
            if "src" in attributes:
                pictures[attributes["alt"]] = base64.b64decode(attributes["src"].split(",", 1)[1])
    for alt, jpeg in pictures.items():
        assert min(read_image(jpeg).shape[:2]) >= 150
        assert (b"rainedAlgorithmicMedia" in jpeg) == ("real photo" not in alt), alt
    assert sum("real photo" in alt for alt in pictures) == 1


def test_text_cannot_become_markup() -> None:
    trick = "<script>alert('x')</script>\"'&"
    result = sample_result()
    face = result.faces[2]
    nasty = replace(
        result,
        warnings=(trick,),
        borders=(replace(result.borders[0], verifier=trick), *result.borders[1:]),
        faces=(
            FaceRecord(
                trick, (replace(face.verdicts[0], verifier=trick, under_disturbances={trick: 0.9}),), {trick: 0.1}
            ),
            face,
        ),
        seconds={trick: 1.0},
        provenance=replace(result.provenance, settings={trick: trick}, versions={trick: trick}, weights={trick: trick}),
    )
    page = Page(render(nasty))
    assert sum(tag == "script" for tag, _ in page.elements) == 1
    assert page.text.count(trick) >= 8
    assert trick in [attributes.get("data-name") for _, attributes in page.elements]


def test_what_is_missing_is_said_or_left_out() -> None:
    text = Page(render(bare_result())).text
    assert "The panel never flips on this path" in text
    assert "dlib flips between 5 and 6, 17 and 18, 30 and 31" in text
    assert "In the photo" not in text and "Mind this" in text
    assert "Likeness was not measured." in text


def test_a_result_without_its_doppelganger_or_any_border_is_still_a_page() -> None:
    result = replace(bare_result(), faces=(), borders=(), seconds={}, path=replace(bare_result().path, filmstrip={}))
    assert "No doppelgänger was made." in Page(render(result)).text


def test_the_path_method_does_not_claim_a_face_off_the_path() -> None:
    result = sample_result()
    path = replace(result, provenance=replace(result.provenance, settings={"method": "path"}))
    assert "stands off this path" in Page(render(result)).text
    assert "off th" not in Page(render(path)).text

"""The page that people answer: one HTML file with everything in it, which asks no network for anything and holds no key."""

import base64
import hashlib
import json
from collections.abc import Sequence
from pathlib import Path

from markupsafe import Markup

from doppelganger.errors import ImageError
from doppelganger.images import RGB, encode_jpeg, read_image, resize
from doppelganger.provenance import synthetic_jpeg
from doppelganger.report.templates import template
from doppelganger.study.answers import COLUMNS
from doppelganger.study.design import Design, Picture, Shown
from doppelganger.study.stimuli import Case

HERE = Path(__file__).parent
SIDE = 384
"""Sides of the page's pictures in pixels: about what a phone shows of a face; all alike, so that size tells nothing."""
QUALITY, QUALITY_AGAIN = 88, 65
"""JPEG qualities of every picture, and of the portrait that is shown again."""
CROP_AGAIN = (0.03, 0.05, 0.95, 0.97)
"""What is kept of the portrait shown again: left, top, right, bottom as shares of its sides."""
SECONDS_PAIR, SECONDS_CLOSEST = 7, 9
"""Rough times of one trial, for the minutes that the page announces."""


def render(design: Design, cases: Sequence[Case], contact: str | None = None) -> str:
    """The page as HTML. It shows real portraits: it goes to participants only, with the consent of whom they show.

    ``contact``: whom participants may ask, shown on the first screen. Raises ImageError for a picture that cannot be
    read, or is not square.
    """
    by_name = {case.name: case for case in cases}
    form = design.forms[0]
    css, js = ((HERE / name).read_text(encoding="utf-8").strip() for name in ("page.css", "page.js"))
    data = {
        "study": design.study,
        "columns": COLUMNS,
        "pictures": {name: _data_uri(picture, by_name[picture.case]) for name, picture in design.pictures.items()},
        "trials": {name: [trial.reference, *trial.others] for name, trial in design.trials.items()},
        "forms": [{"pairs": form.pairs, "closest": form.closest} for form in design.forms],
    }
    return template(HERE / "page.html.j2").render(
        css=Markup(css),
        js=Markup(js),
        css_digest=_digest(css),
        js_digest=_digest(js),
        data=Markup(json.dumps(data, separators=(",", ":")).replace("<", "\\u003c")),
        contact=contact,
        pairs=len(form.pairs),
        closest=len(form.closest),
        choices=design.choices,
        minutes=max(2, round((len(form.pairs) * SECONDS_PAIR + len(form.closest) * SECONDS_CLOSEST) / 60)),
    )


def _data_uri(picture: Picture, case: Case) -> str:
    if picture.shown is Shown.AVATAR:
        # The same mark whatever the method (a bar over the eyes is no generated face): other marks would tell them apart.
        jpeg = synthetic_jpeg(_square(case.avatars[picture.method or ""]), QUALITY)
    elif picture.shown is Shown.AGAIN:
        jpeg = encode_jpeg(_again(case.portrait), QUALITY_AGAIN)
    else:
        jpeg = encode_jpeg(_square(case.portrait), QUALITY)
    return f"data:image/jpeg;base64,{base64.b64encode(jpeg).decode()}"


def _again(path: Path) -> RGB:
    image = _square(path)
    left, top, right, bottom = (round(share * SIDE) for share in CROP_AGAIN)
    return resize(image[top:bottom, left:right], SIDE, SIDE)


def _square(path: Path) -> RGB:
    image = read_image(path)
    if image.shape[0] != image.shape[1]:
        raise ImageError(
            f"{path} is not square; a study shows aligned pictures, as `doppelganger evaluate` writes them."
        )
    return resize(image, SIDE, SIDE)


def _digest(text: str) -> str:
    """A source expression of Content Security Policy: only the very text may run."""
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"

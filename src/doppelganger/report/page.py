"""The page of one result: a single HTML file that needs no network, no other file and, to be read, no script."""

import base64
from pathlib import Path

from markupsafe import Markup

from doppelganger.images import RGB, encode_jpeg, resize_area
from doppelganger.provenance import SourceType, synthetic_jpeg
from doppelganger.report import words
from doppelganger.report.continuum import LEFT, OFF_PATH, RIGHT, WIDTH, draw
from doppelganger.report.templates import template
from doppelganger.result import DOPPELGANGER, FaceRecord, Result

HERE = Path(__file__).parent
LARGE, MEDIUM, SMALL = 768, 512, 160
"""Long sides of the page's pictures in pixels: twice what they are shown at on a desk."""
GAUGE = 2.0
"""Right end of a gauge in multiples of the threshold, which is therefore in its middle."""


def render(result: Result) -> str:
    """The report as HTML. It shows the portrait: it belongs into ``private/``."""
    made = words.face(result, DOPPELGANGER)
    return template(HERE / "page.html.j2").render(
        css=Markup((HERE / "page.css").read_text(encoding="utf-8")),
        js=Markup((HERE / "page.js").read_text(encoding="utf-8")),
        result=result,
        made=made,
        headline=words.headline(made) if made else "No doppelgänger was made.",
        resilience=words.resilience(made) if made else "",
        likeness=words.likeness(result),
        worst=words.worst,
        on_path=result.provenance.settings.get("method") == "path",
        drawing=draw(result),
        layout={"width": WIDTH, "left": LEFT, "right": RIGHT, "off": OFF_PATH},
        measures=list(dict.fromkeys(measure for face in result.faces for measure in face.likeness)),
        disturbances=disturbances,
        gauge=lambda ratio: 100 * min(max(ratio, 0.0), GAUGE) / GAUGE,
        real=lambda image, side=LARGE: _data_uri(encode_jpeg(_fit(image, side), 88)),
        made_picture=lambda image, side=LARGE: _data_uri(synthetic_jpeg(_fit(image, side), 88)),
        composite=lambda image: _data_uri(synthetic_jpeg(_fit(image, 1200), 88, SourceType.COMPOSITE)),
        size={"large": LARGE, "medium": MEDIUM, "small": SMALL},
    )


def disturbances(face: FaceRecord) -> list[str]:
    """Names of all disturbances of a face, in the order of the verdicts."""
    return list(dict.fromkeys(name for v in face.verdicts for name in v.under_disturbances))


def _fit(image: RGB, side: int) -> RGB:
    """Reduced so that the long side is at most ``side``."""
    height, width = image.shape[:2]
    scale = min(1.0, side / max(height, width))
    return resize_area(image, max(1, round(width * scale)), max(1, round(height * scale)))


def _data_uri(jpeg: bytes) -> str:
    return f"data:image/jpeg;base64,{base64.b64encode(jpeg).decode()}"

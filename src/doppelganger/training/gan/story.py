"""The page that tells a run as a story: the fakes as they became better, beside what the detective believed of them."""

import base64
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from markupsafe import Markup

from doppelganger.errors import OutputError
from doppelganger.report.templates import template
from doppelganger.training.gan.run import HISTORY, REALISM, settings_of
from doppelganger.training.gan.trouble import warnings

CHAPTERS = 24
"""Pictures on the page: the first, the last, and some between, closer together where more happens, at the beginning."""
WIDTH, HEIGHT = 720, 150
"""Of a chart, in its own units."""


def story(folder: Path) -> str:
    """The run in ``folder`` as one HTML file that needs nothing else. Raises OutputError where there is no run."""
    settings = settings_of(folder)
    try:
        history = json.loads((folder / HISTORY).read_text("utf-8"))
        lines = [line for line in history if (folder / "samples" / f"{line['steps']:08d}.jpg").is_file()]
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise OutputError(f"{folder} holds no run yet; `doppelganger gan train` makes one.") from error
    if settings is None or not lines:
        raise OutputError(f"{folder} holds no run yet; `doppelganger gan train` makes one.")
    chosen = [lines[i] for i in chapters(len(lines))]
    beliefs = {"real pictures": "real believed", "fakes": "fake believed"}
    losses = {"detective's loss": "detective loss", "generator's loss": "generator loss"}
    others = {"p, how much is changed": "p", "spread of the fakes, 1 as in the set": "spread"}
    measured = [{"images": line["images"], **line[REALISM]} for line in history if REALISM in line]
    measured = [line for line in measured if line["n"] == measured[-1]["n"]]  # others cannot be compared
    return template(Path(__file__).parent / "page.html.j2").render(
        side=settings.shape.resolution,
        last=history[-1],
        warnings=warnings(history),
        chapters=[{**line, "picture": _picture(folder, line["steps"])} for line in chosen],
        charts=[
            ("What the detective believes: chance that a picture is real", _chart(history, beliefs, 1.0)),
            ("Losses", _chart(history, losses)),
            ("Augmentation, and how much the fakes differ", _chart(history, others)),
            *_realism(measured, history[-1]["images"]),
        ],
    )


def chapters(count: int) -> list[int]:
    """Which of ``count`` lines are shown: first and last, and denser at the beginning."""
    if count <= CHAPTERS:
        return list(range(count))
    return sorted({round((count - 1) * (i / (CHAPTERS - 1)) ** 1.5) for i in range(CHAPTERS)})


def _realism(measured: Sequence[dict[str, Any]], last: int) -> list[tuple[str, Markup]]:
    """A chart of FID and one of KID, where they were measured."""
    if not measured:
        return []
    now = measured[-1]
    title = f"Distance from the set, {now['n']:,} pictures on either side: at last FID {now['FID']:.1f}, KID {now['KID']:.4f}"
    return [
        (title, _chart(measured, {"FID, 0 is the set itself": "FID"}, last=last)),
        ("And by KID", _chart(measured, {"KID, which few pictures do not bias": "KID"}, last=last)),
    ]


def _picture(folder: Path, steps: int) -> str:
    data = base64.b64encode((folder / "samples" / f"{steps:08d}.jpg").read_bytes()).decode()
    return f"data:image/jpeg;base64,{data}"


def _chart(history: Sequence[dict[str, Any]], lines: dict[str, str], top: float | None = None, last: int = 0) -> Markup:
    """An SVG of some columns of the history over the images seen, ``last`` of them in all (0: as its last line says)."""
    most = top or max(1e-6, *(line[key] for line in history for key in lines.values()))
    last = last or history[-1]["images"]
    parts = []
    for number, (name, key) in enumerate(lines.items()):
        places = " ".join(
            f"{WIDTH * line['images'] / last:.1f},{HEIGHT * (1 - max(0.0, line[key]) / most):.1f}" for line in history
        )
        parts.append(f'<polyline class="line{number}" points="0,{places.split(",")[1].split(" ")[0]} {places}"/>')
        parts.append(f'<text class="line{number}" x="{10 + 330 * number}" y="{HEIGHT + 20}">{name}</text>')
    highest = f"{most:.0f}" if most >= 100 else f"{most:.2g}"
    scale = f'<text x="{WIDTH + 6}" y="10">{highest}</text><text x="{WIDTH + 6}" y="{HEIGHT}">0</text>'
    frame = f'<path d="M0 0H{WIDTH}M0 {HEIGHT}H{WIDTH}" class="frame"/>'
    return Markup(f'<svg viewBox="-2 -4 {WIDTH + 60} {HEIGHT + 30}" role="img">{frame}{"".join(parts)}{scale}</svg>')

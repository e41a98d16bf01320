"""The price of protection: every method's likeness against how often held-out recognisers still find the person."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from io import BytesIO
from typing import Any

from doppelganger.evaluation.measuring import LPIPS_ALEX, SUMMARY
from doppelganger.evaluation.metrics import pareto
from doppelganger.evaluation.survival import CLEAN

RATES = ("TAR at FAR 1e-3", "rank-1")
SPLIT = "held out"
COLOURS = {"ours": "#0072B2", "reference": "#555555", "others": "#D55E00"}
"""Okabe and Ito's, told apart by all kinds of colour vision; shapes differ as well."""
TICKS = (0.05, 0.07, 0.1, 0.15, 0.2, 0.3, 0.4, 0.6, 0.8)
SHAPES = {"ours": "o", "reference": "D", "others": "s"}


@dataclass(frozen=True)
class Point:
    """One row of the table on one of the fronts. ``low`` and ``high``: the rate's interval.
    ``on_front``: nothing is better in both."""

    row: str
    kind: str
    """ "ours", "others", or "reference": what no method can be (no protection, no likeness)."""
    lpips: float
    summary: float
    rate: str
    value: float
    low: float
    high: float
    n: int
    on_front: bool


def points(table: Mapping[str, Any]) -> list[Point]:
    """Two points for each row that has both: at the clean view, on the verifiers that its methods held out."""
    out: list[Point] = []
    for rate in RATES:
        usable: list[tuple[str, float, float, Mapping[str, float]]] = []
        for row, entry in table.items():
            recognition = entry[SPLIT].get(CLEAN) or {}
            lpips = (entry["likeness"].get(LPIPS_ALEX) or {}).get("median")
            if lpips and rate in recognition:
                whole = (entry["likeness"].get(SUMMARY) or {}).get("median") or {"value": float("nan")}
                usable.append((row, lpips["value"], whole["value"], recognition[rate]))
        front = pareto([(x, found["value"]) for _, x, _, found in usable])
        for (row, x, whole_value, found), best in zip(usable, front, strict=True):
            n = int(found["n"])
            out.append(
                Point(row, kind(row), x, whole_value, rate, found["value"], found["low"], found["high"], n, best)
            )
    return out


def kind(row: str) -> str:
    """Whose method a row of the table is."""
    if row.startswith("nearest, "):
        return "ours"
    return "reference" if row.startswith(("closest match", "random")) else "others"


def records(found: Sequence[Point]) -> list[dict[str, Any]]:
    """For JSON, CSV and Parquet."""
    return [asdict(point) for point in found]


def draw(found: Sequence[Point], caption: str) -> dict[str, bytes]:
    """ "svg" and "png" → the picture: a panel for each rate, likeness to the left, protection down."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    settings: dict[Any, Any] = {"font.size": 9, "svg.hashsalt": "front", "svg.fonttype": "none", "axes.axisbelow": True}
    ordered = sorted(dict.fromkeys((p.lpips, p.row) for p in found))
    numbers = {row: k + 1 for k, (_, row) in enumerate(ordered)}
    with pyplot.rc_context(settings):
        figure, axes = pyplot.subplots(1, len(RATES), figsize=(13, 7.2), layout="constrained", sharey=True)
        for axis, rate in zip(axes, RATES, strict=True):
            own = sorted((p for p in found if p.rate == rate), key=lambda p: (p.lpips, p.value))
            for p in own:
                _mark(axis, p, numbers[p.row])
            line = [p for p in own if p.on_front]
            axis.plot([p.lpips for p in line], [100 * p.value for p in line], color="#999999", lw=1, zorder=0)
            axis.set_xscale("log")
            ticks = [t for t in TICKS if not own or own[0].lpips * 0.8 < t < own[-1].lpips * 1.25]
            axis.set_xticks(ticks, [f"{t:g}" for t in ticks])
            axis.set_xticks([], minor=True)
            axis.set_xlabel("LPIPS (AlexNet, 256²) to the portrait, median: less is more alike")
            axis.set_title(f"{rate}, held-out recognisers, %", fontsize=10)
            axis.set_ylim(-4, 104)
            axis.grid(color="#dddddd", lw=0.6)
        names = [f"{k}  {row}" for row, k in numbers.items()]
        third = -(-len(names) // 3)
        for column in range(3):
            text = "\n".join(names[column * third : (column + 1) * third])
            figure.text(0.03 + column / 3, -0.01, text, va="top", fontsize=8.5)
        figure.suptitle(
            f"Likeness against re-identification. Blue: ours, orange: others, grey: no protection, no likeness. "
            f"Filled: nothing is better in both. {caption}",
            fontsize=9,
        )
        out = {}
        for form in ("svg", "png"):
            buffer = BytesIO()
            metadata = {"Date": None} if form == "svg" else None
            figure.savefig(buffer, format=form, dpi=130, metadata=metadata, bbox_inches="tight", facecolor="white")
            out[form] = buffer.getvalue()
        pyplot.close(figure)
    return out


def _mark(axis: Any, p: Point, number: int) -> None:
    """One method: its place, its interval, its number."""
    colour = COLOURS[p.kind]
    axis.errorbar(
        p.lpips,
        100 * p.value,
        yerr=[[100 * max(0.0, p.value - p.low)], [100 * max(0.0, p.high - p.value)]],
        fmt=SHAPES[p.kind],
        color=colour,
        markerfacecolor=colour if p.on_front else "white",
        markersize=7,
        elinewidth=0.7,
    )
    axis.annotate(str(number), (p.lpips, 100 * p.value), (5, 5), textcoords="offset points", fontsize=8)

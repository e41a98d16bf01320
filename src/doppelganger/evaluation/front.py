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
    """Two points for each row that has both: at the clean view, on held-out verifiers (searched ones where all are)."""
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
    """ "svg" and "png" → the picture: a panel for each rate, likeness to the right, protection down."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    settings: dict[Any, Any] = {"font.size": 9, "svg.hashsalt": "front", "svg.fonttype": "none", "axes.axisbelow": True}
    with pyplot.rc_context(settings):
        figure, axes = pyplot.subplots(len(RATES), 1, figsize=(9, 5.2 * len(RATES)), layout="constrained")
        for axis, rate in zip(axes, RATES, strict=True):
            own = sorted((p for p in found if p.rate == rate), key=lambda p: (p.lpips, p.value))
            numbers = {p.row: k + 1 for k, p in enumerate(own)}
            for p in own:
                low, high = p.value - p.low, p.high - p.value
                axis.errorbar(
                    p.lpips,
                    100 * p.value,
                    yerr=[[100 * max(0.0, low)], [100 * max(0.0, high)]],
                    fmt=SHAPES[p.kind],
                    color=COLOURS[p.kind],
                    markerfacecolor=COLOURS[p.kind] if p.on_front else "white",
                    markersize=7,
                    elinewidth=0.7,
                    alpha=0.95,
                )
                axis.annotate(
                    str(numbers[p.row]), (p.lpips, 100 * p.value), (5, 5), textcoords="offset points", fontsize=8
                )
            line = [p for p in own if p.on_front]
            axis.plot([p.lpips for p in line], [100 * p.value for p in line], color="#999999", lw=1, zorder=0)
            axis.set_xlabel("LPIPS (AlexNet, 256²) to the portrait, median: less is more alike")
            axis.set_ylabel(f"{rate}, held-out recognisers, %")
            axis.set_ylim(-4, 104)
            axis.grid(color="#dddddd", lw=0.6)
            lines = [f"{numbers[p.row]}  {p.row}" for p in own]
            axis.text(1.02, 1.0, "\n".join(lines), transform=axis.transAxes, va="top", fontsize=7.5)
        figure.suptitle(
            "Likeness against re-identification. Blue circles: ours. Filled: nothing is better in both.\n" + caption,
            fontsize=9,
        )
        out = {}
        for form in ("svg", "png"):
            buffer = BytesIO()
            metadata = {"Date": None} if form == "svg" else None
            figure.savefig(buffer, format=form, dpi=140, metadata=metadata)
            out[form] = buffer.getvalue()
        pyplot.close(figure)
    return out

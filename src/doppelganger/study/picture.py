"""The analysis as one picture: shares with their intervals, in Okabe and Ito's colours, which the colour-blind can tell apart."""

import io

from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from doppelganger.study.analysis import WARNING, Analysis
from doppelganger.study.design import Among
from doppelganger.study.intervals import Rate

BLUE, VERMILION, GREY = "#0072B2", "#D55E00", "#6a6a6a"
"""Okabe and Ito, Color Universal Design, 2002; markers differ as well, so that no colour is needed."""


def draw(analysis: Analysis, form: str) -> bytes:
    """The picture as ``form`` "svg" or "png" (150 dpi): left the shares of *same*, right closest-of-N against chance."""
    catch = [("portrait beside itself", analysis.catch_same), ("two different people", analysis.catch_different)]
    with rc_context(
        {"svg.hashsalt": "doppelganger", "font.size": 10.0, "axes.spines.top": False, "axes.spines.right": False}
    ):
        figure = Figure(figsize=(12, 2.4 + 0.4 * (len(analysis.methods) + len(catch))), layout="constrained")
        left, right = figure.subplots(1, 2)
        _shares(left, [(m.method, m.same) for m in analysis.methods], BLUE, "o")
        _shares(left, catch, GREY, "s", len(analysis.methods))
        left.set_title("Portrait beside avatar: “the same person”", loc="left")
        _shares(right, [(m.method, m.closest) for m in analysis.methods], BLUE, "o")
        right.axvline(analysis.chance, color=VERMILION, linestyle="--", linewidth=1.4)
        chance = f" chance {analysis.chance:.0%}"
        right.text(analysis.chance, 0.0, chance, color=VERMILION, va="bottom", transform=right.get_xaxis_transform())
        among = "people" if analysis.among == Among.PEOPLE else "methods"
        right.set_title(f"Chosen as the closest of {round(1 / analysis.chance)} {among}", loc="left")
        right.set_ylim(left.get_ylim())  # the same method at the same height
        figure.supxlabel(
            f"{analysis.kept} participants (of {analysis.participants}), {analysis.portraits} portraits. Thick: "
            f"{analysis.level:.0%} interval over participants and portraits; thin: Clopper–Pearson, as if independent.",
            fontsize=9,
            color=GREY,
        )
        if analysis.simulated:
            figure.suptitle(WARNING, color=VERMILION, weight="bold")
            for axes in (left, right):
                axes.text(
                    0.5,
                    0.5,
                    "SIMULATED",
                    transform=axes.transAxes,
                    rotation=20,
                    fontsize=44,
                    alpha=0.16,
                    color=VERMILION,
                    ha="center",
                    va="center",
                    weight="bold",
                )
        buffer = io.BytesIO()
        figure.savefig(buffer, format=form, dpi=150, metadata={"Date": None} if form == "svg" else None)
    return buffer.getvalue()


def _shares(axes: Axes, rates: list[tuple[str, Rate | None]], colour: str, marker: str, start: int = 0) -> None:
    """One row a rate, downwards from ``start``; a rate nobody answered leaves its row empty."""
    for row, (_, rate) in enumerate(rates, start):
        if rate is None:
            continue
        axes.plot([rate.exact_low, rate.exact_high], [row + 0.2, row + 0.2], color=colour, linewidth=1)
        axes.plot([rate.low, rate.high], [row, row], color=colour, linewidth=3.2, solid_capstyle="butt", alpha=0.75)
        axes.plot(rate.share, row, marker, color=colour, markersize=7, markeredgecolor="white")
        axes.annotate(
            f"{rate.share:.0%}", (rate.share, row), (0, 6), textcoords="offset points", ha="center", fontsize=9
        )
    last = start + len(rates)
    names = [label.get_text() for label in axes.get_yticklabels()][:start] + [name for name, _ in rates]
    axes.set_yticks(range(last), names)
    axes.set_ylim(last - 0.4, -0.7)
    axes.set_xlim(-0.02, 1.02)
    axes.set_xticks([0, 0.25, 0.5, 0.75, 1], ["0%", "25%", "50%", "75%", "100%"])
    axes.grid(axis="x", color="#e3e3e3")
    axes.set_axisbelow(True)

"""The continuum as one drawing: filmstrip, borders, distances and likeness over the same axis, in SVG units.

The frames stand side by side and are the axis: between two frames the steps are spread evenly. The doppelgänger, which
lies off the path, has a column of its own at the right. Distances are divided by their verifier's threshold, so that
all verifiers share one scale on which 1 is the border.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from doppelganger.report.words import face, worst
from doppelganger.result import DOPPELGANGER, Border, Image, Result

WIDTH = 1160
LEFT, RIGHT = 112, 980
"""Where the path's columns begin and end."""
OFF_PATH = (1012, 1140)
"""The doppelgänger's column."""
FRAMES_TOP = 26
LANE = 24
CHART, SMALL_CHART = 250, 96
"""Heights of the two charts."""
MOST_FRAMES = 12
TALLEST = 2.5
"""Distances beyond this multiple of the threshold are drawn at the edge: they all mean "clearly somebody else"."""


@dataclass(frozen=True)
class Frame:
    x: float
    size: float
    step: int
    picture: Image


@dataclass(frozen=True)
class Span:
    """A stretch of a lane on which one verdict holds; None: not known."""

    start: float
    end: float
    different: bool | None


@dataclass(frozen=True)
class Mark:
    """A flip, drawn halfway between its two steps."""

    x: float
    inside: int
    outside: int


@dataclass(frozen=True)
class Dot:
    """The doppelgänger by one verifier: ``y`` clean, ``y_worst`` under the worst disturbance."""

    x: float
    y: float
    y_worst: float


@dataclass(frozen=True)
class Lane:
    """One verifier (or the panel): its borders, and its line in the chart. ``style`` numbers its colour and dashes."""

    name: str
    held_out: bool
    style: int
    y: float
    spans: tuple[Span, ...]
    marks: tuple[Mark, ...]
    word: str
    """What the lane says aloud: "flips between 30 and 31", "never flips: same all the way"."""
    line: tuple[tuple[float, float], ...]
    scanned: tuple[tuple[int, float], ...]
    """(step, distance ÷ threshold), for the pointer's readout."""
    dot: Dot | None

    @property
    def points(self) -> str:
        """The line as SVG has it."""
        return _points(self.line)


@dataclass(frozen=True)
class Tick:
    at: float
    label: str


@dataclass(frozen=True)
class Drawing:
    """Everything placed. ``top`` and ``bottom`` are the y of the charts' edges, ``border`` the y of distance 1."""

    height: float
    frames: tuple[Frame, ...]
    lanes: tuple[Lane, ...]
    top: float
    bottom: float
    border: float
    ticks: tuple[Tick, ...]
    small_top: float
    small_bottom: float
    small_ticks: tuple[Tick, ...]
    likeness_line: str
    likeness_dot: float | None
    axis: tuple[tuple[int, float], ...]
    """(step, x) of the frames: what turns a pointer's x back into a step."""


def draw(result: Result) -> Drawing:
    """Place the continuum of ``result``."""
    last = max(len(result.path.lpips) - 1, *result.path.filmstrip, 1)
    steps = evenly(sorted(result.path.filmstrip), MOST_FRAMES) or [0, last]
    column = (RIGHT - LEFT) / len(steps)
    centres = [LEFT + column * (k + 0.5) for k in range(len(steps))]
    frames = [
        Frame(x - column / 2 + 2, column - 4, step, result.path.filmstrip[step])
        for step, x in zip(steps, centres, strict=True)
        if step in result.path.filmstrip
    ]

    def x_of(step: float) -> float:
        return float(np.interp(step, steps, centres))

    made = face(result, DOPPELGANGER)
    verdicts = {v.verifier: v for v in made.verdicts} if made else {}
    tallest = _tallest(result)
    lanes_top = FRAMES_TOP + column + 28
    top = lanes_top + LANE * len(result.borders) + 34
    bottom = top + CHART

    def y_of(ratio: float) -> float:
        return float(bottom - CHART * np.clip(ratio, 0, tallest) / tallest)

    panel = _panel_state(result)
    lanes = []
    for k, border in enumerate(result.borders):
        verdict = verdicts.get(border.verifier)
        scanned = tuple((s, d / border.threshold) for s, d in border.scanned) if border.threshold else ()
        dot_x = OFF_PATH[0] + (OFF_PATH[1] - OFF_PATH[0]) * (k + 1) / (len(result.borders) + 1)
        lanes.append(
            Lane(
                name=border.verifier,
                held_out=verdict.held_out if verdict else False,
                style=k % 6,
                y=lanes_top + LANE * k,
                spans=_spans(border, x_of, panel=panel),
                marks=tuple(Mark(x_of((f.inside + f.outside) / 2), f.inside, f.outside) for f in border.flips),
                word=_word(border, panel),
                line=tuple((x_of(s), y_of(d)) for s, d in scanned),
                scanned=scanned,
                dot=Dot(dot_x, y_of(verdict.distance / verdict.threshold), y_of(worst(verdict)[1] / verdict.threshold))
                if verdict
                else None,
            )
        )

    small_top = bottom + 62
    small_bottom = small_top + SMALL_CHART
    lpips_dot = next((v for m, v in made.likeness.items() if "LPIPS" in m), None) if made else None
    highest = max([*result.path.lpips, lpips_dot or 0, 1e-6]) * 1.05

    def small_y(value: float) -> float:
        return small_bottom - SMALL_CHART * value / highest

    return Drawing(
        height=small_bottom + 30,
        frames=tuple(frames),
        lanes=tuple(lanes),
        top=top,
        bottom=bottom,
        border=y_of(1),
        ticks=tuple(Tick(y_of(v), f"{v:g}") for v in np.arange(0, tallest + 1e-9, 0.5)),
        small_top=small_top,
        small_bottom=small_bottom,
        small_ticks=tuple(Tick(small_y(v), f"{v:g}") for v in round_steps(highest)),
        likeness_line=_points([(x_of(s), small_y(v)) for s, v in enumerate(result.path.lpips)]),
        likeness_dot=None if lpips_dot is None else small_y(lpips_dot),
        axis=tuple(zip(steps, centres, strict=True)),
    )


def _tallest(result: Result) -> float:
    """The top of the scale in multiples of a half: all that is drawn, but from 1.5 to TALLEST."""
    made = face(result, DOPPELGANGER)
    ratios = [d / b.threshold for b in result.borders if b.threshold for _, d in b.scanned]
    ratios += [v.distance / v.threshold for v in made.verdicts] if made else []
    return float(np.clip(np.ceil(max([*ratios, 1.0]) * 2.1) / 2, 1.5, TALLEST))


def _spans(border: Border, x_of: Callable[[float], float], panel: bool | None) -> tuple[Span, ...]:
    """The lane between its flips; each flip says what holds on either side of it."""
    flips = sorted(border.flips, key=lambda f: f.inside)
    if not flips:
        return (Span(LEFT, RIGHT, _state(border, panel)),)
    edges = [LEFT, *(x_of((f.inside + f.outside) / 2) for f in flips), RIGHT]
    states = [flips[0].outside < flips[0].inside, *(f.outside > f.inside for f in flips)]
    return tuple(Span(a, b, s) for a, b, s in zip(edges[:-1], edges[1:], states, strict=True))


def _state(border: Border, panel: bool | None) -> bool | None:
    """The one verdict of a lane without flips: True for different."""
    if border.threshold is None or not border.scanned:
        return panel
    return border.scanned[-1][1] > border.threshold


def _panel_state(result: Result) -> bool | None:
    """The panel at the last face that all its members judged, from their own scans; None where they did not."""
    members = [(b.scanned[-1][1], b.threshold) for b in result.borders if b.threshold is not None and b.scanned]
    return all(distance > threshold for distance, threshold in members) if members else None


def _word(border: Border, panel: bool | None) -> str:
    if border.flips:
        return "flips between " + ", ".join(
            f"{min(f.inside, f.outside)} and {max(f.inside, f.outside)}" for f in border.flips
        )
    state = _state(border, panel)
    return "never flips" if state is None else f"never flips: {'different' if state else 'same'} all the way"


def evenly(steps: Sequence[int], most: int) -> list[int]:
    """At most ``most`` of the steps, evenly chosen, the first and the last always among them."""
    if len(steps) <= most:
        return list(steps)
    return [steps[k] for k in np.linspace(0, len(steps) - 1, most).round().astype(int)]


def round_steps(highest: float) -> list[float]:
    """0 and round numbers up to ``highest`` > 0, three to six together."""
    power = 10 ** np.floor(np.log10(highest))
    step = next(s * power for s in (0.2, 0.5, 1.0, 2.0) if highest / (s * power) <= 5)
    return [float(v) for v in np.arange(0, highest, step)]


def _points(points: Sequence[tuple[float, float]]) -> str:
    return " ".join(f"{x:.1f},{y:.1f}" for x, y in points)

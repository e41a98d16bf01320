"""Before and after on one page: a few frames of a film, or a photo, under a slider and side by side."""

import base64
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from doppelganger.images import RGB, encode_jpeg, resize_area
from doppelganger.provenance import SourceType, synthetic_jpeg
from doppelganger.report.templates import template

SHOWN = 8
"""Moments of a film on its page."""
_LONGEST = 960  # pixels of a picture on the page
_QUALITY = 88


@dataclass(frozen=True)
class Moment:
    """``label``: what it is of. ``before``, ``after``: JPEG bytes of the same size, ``width`` × ``height``."""

    label: str
    before: bytes
    after: bytes
    width: int
    height: int


class Moments:
    """Of a stream of frames whose length nobody knows, at most 2 × ``count`` evenly spread ones: every n-th is kept, and when there
    are too many, every second of them is let go and n doubled. Which are kept depends on the stream alone."""

    def __init__(self, count: int = SHOWN) -> None:
        self._count, self._every, self._offered = count, 1, 0
        self._kept: list[Moment] = []

    def offer(self, label: str, before: RGB, after: RGB) -> None:
        """The next of the stream: two uint8 [H, W, 3] of one size."""
        due = self._offered % self._every == 0
        self._offered += 1
        if not due:
            return
        if len(self._kept) == 2 * self._count:
            self._kept, self._every = self._kept[::2], self._every * 2
            if (self._offered - 1) % self._every:
                return
        self._kept.append(_moment(label, before, after))

    def chosen(self) -> list[Moment]:
        """At most ``count`` of them, first and last among them."""
        last = len(self._kept) - 1
        if last < self._count:
            return list(self._kept)
        return [self._kept[round(k * last / max(1, self._count - 1))] for k in range(self._count)]


def comparison_page(title: str, moments: Sequence[Moment], facts: Sequence[str]) -> str:
    """An HTML file that needs nothing else. ``facts``: sentences below the title. Without scripts the pictures are side by side."""
    shown = [
        {
            "label": one.label,
            "before": _address(one.before),
            "after": _address(one.after),
            "width": one.width,
            "height": one.height,
        }
        for one in moments
    ]
    return template(Path(__file__).parent / "comparison.html.j2").render(title=title, moments=shown, facts=facts)


def _moment(label: str, before: RGB, after: RGB) -> Moment:
    height, width = before.shape[:2]
    scale = min(1.0, _LONGEST / max(height, width))
    if scale < 1:
        width, height = max(1, round(width * scale)), max(1, round(height * scale))
        before, after = (resize_area(image, width, height) for image in (before, after))
    made = synthetic_jpeg(after, _QUALITY, SourceType.COMPOSITE)
    return Moment(label, encode_jpeg(before, _QUALITY), made, width, height)


def _address(jpeg: bytes) -> str:
    return f"data:image/jpeg;base64,{base64.b64encode(jpeg).decode()}"

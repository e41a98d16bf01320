"""Progress on the terminal: one bar over all stages with the time left, another while networks are downloaded."""

import time
from collections.abc import Sequence
from types import TracebackType

from rich.console import Console
from rich.progress import BarColumn, ProgressColumn, Task, TextColumn
from rich.progress import Progress as Bars
from rich.text import Text

from doppelganger.progress import Event

STAGES = {
    "weights": ("loading the networks", 8),
    "projection": ("projection: towards your closest match", 57),
    "border": ("border: where the verdicts flip", 10),
    "nearest": ("nearest: the face just outside the border", 18),
    "judging": ("judging the faces", 7),
    "steering": ("steering: rendered, read, corrected", 80),
    "rigging": ("rig: the same face in every pose", 14),
    "lookalikes": ("finding look-alikes", 60),
    "seeds": ("looking for somebody unlike the personas here", 10),
    "shoot": ("taking pictures of the persona", 100),
    "wearing": ("putting the persona on", 100),
    "preparing": ("looking at pictures", 100),
    "training": ("the generator and its detective", 10_000),
    "animating": ("moving the avatar", 300),
    "extracting": ("finding and measuring faces", 300),
    "converting": ("swapping the face", 300),
}
"""Stage of the events → what it is called, and its usual share of the time in percent (measured on a CPU)."""

_TOO_EARLY = 0.04
"""Share of the work below which the time left is not guessed yet."""


class ProgressBar:
    """A ``doppelganger.progress.Progress`` that draws; use it as a context.

    Without a terminal one line a stage is printed instead. Everything goes to stderr.
    """

    def __init__(self, stages: Sequence[str], console: Console | None = None, download: int = 0) -> None:
        """``stages``: the ones to come, in order. ``download``: bytes of the networks that are not there yet."""
        self.console = console or Console(stderr=True, highlight=False)
        self._stages = list(stages)
        self._whole = sum(STAGES[stage][1] for stage in stages)
        self._share = 0.0
        self._skipped = 0.0
        self._begun = time.monotonic()
        self._stage = ""
        self._download = download
        self._arrived: dict[str, int] = {}
        self._bars = Bars(
            TextColumn("{task.description}"), BarColumn(), _Left(), console=self.console, transient=True, expand=False
        )
        self._live = self.console.is_terminal
        if download:
            self._net = self._bars.add_task("downloading the networks", total=download, bytes=True)
        self._all = self._bars.add_task("starting", total=1.0, left=None)

    def __enter__(self) -> "ProgressBar":
        if self._live:
            self._bars.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._live:
            self._bars.stop()

    @property
    def share(self) -> float:
        """How much of the usual time is behind, 0–1; it never falls."""
        return self._share

    def seconds_left(self) -> float | None:
        """From the pace so far; None while it is too early to tell."""
        own = self._share - self._skipped
        return None if own < _TOO_EARLY else (time.monotonic() - self._begun) / own * (1 - self._share)

    def __call__(self, event: Event) -> None:
        """Hear an event."""
        if event.stage == "download":
            self._downloaded(event)
        elif event.stage in self._stages:
            self._advance(event)
        elif event.message:
            self.console.print(event.message)

    def _downloaded(self, event: Event) -> None:
        if event.message not in self._arrived and not self._live:
            self.console.print(f"downloading {event.message}")
        self._arrived[event.message] = event.done
        self._begun = time.monotonic()  # how long that takes says nothing about the rest
        if self._download:
            self._bars.update(self._net, completed=sum(self._arrived.values()))

    def _advance(self, event: Event) -> None:
        place = self._stages.index(event.stage)
        before = sum(STAGES[stage][1] for stage in self._stages[:place])
        done = event.done / max(event.total, 1)
        share = (before + STAGES[event.stage][1] * done) / self._whole
        if event.stage != self._stage:  # what an interrupted run had done already tells nothing about the pace
            first = before if event.total <= 1 else before + STAGES[event.stage][1] * (event.done - 1) / event.total
            expected = self._end_of(self._stage) if self._stage else 0.0
            self._skipped += max(0.0, first / self._whole - expected)
        self._stage = event.stage
        self._share = max(self._share, share)
        following = self._stages[min(place + 1, len(self._stages) - 1)]
        self._name(STAGES[event.stage if done < 1 or event.stage == "weights" else following][0])
        self._bars.update(self._all, completed=self._share, left=self.seconds_left())

    def _end_of(self, stage: str) -> float:
        return sum(STAGES[s][1] for s in self._stages[: self._stages.index(stage) + 1]) / self._whole

    def _name(self, text: str) -> None:
        if self._bars.tasks[self._all].description != text:
            self._bars.update(self._all, description=text)
            if not self._live:
                self.console.print(text)


class _Left(ProgressColumn):
    """Percent and time left; bytes for a download."""

    def render(self, task: Task) -> Text:
        """One line's end."""
        if task.fields.get("bytes"):
            return Text(f"{task.completed / 1e6:.0f} of {(task.total or 0) / 1e6:.0f} MB")
        left = task.fields.get("left")
        return Text(f"{task.percentage:3.0f} %" + ("" if left is None else f", {spoken(left)} left"))


def spoken(seconds: float) -> str:
    """A duration for people: "40 s", "3 min"."""
    return f"{max(1, round(seconds / 5) * 5)} s" if seconds < 90 else f"{round(seconds / 60)} min"

"""The worker process: loads the networks once and makes what it is told to, one job at a time.

Started by `foreman`. It says what it does while it does it, stops between two steps when it is told to, and dies with the server:
what it had found lies in the job's checkpoint.
"""

import os
import sys
import threading
import time
from dataclasses import replace
from pathlib import Path
from queue import SimpleQueue
from typing import Any

from doppelganger.errors import (
    DoppelgangerError,
    FaceTooSmallError,
    ImageError,
    NoFaceError,
    ProfileFaceError,
    TooYoungError,
)
from doppelganger.progress import Event
from doppelganger.studio.speech import Speech, where

NICENESS = 5
"""Below the server's priority: the page answers while the machine computes."""
_MUST_WAIT = 0.15
"""Seconds between two messages of a stage that show no face and end nothing: downloads come by the kilobyte."""
_CODES: dict[type[DoppelgangerError], str] = {
    NoFaceError: "no-face",
    FaceTooSmallError: "face-too-small",
    ProfileFaceError: "profile",
    TooYoungError: "too-young",
    ImageError: "not-a-picture",
}


class Stopped(Exception):
    """The server asked for it."""


class Reporter:
    """The progress callback of a job: tells the server, keeps the faces, and is where a job stops."""

    def __init__(self, speech: Speech, faces: Path, stop: threading.Event) -> None:
        self._speech, self._faces, self._stop = speech, faces, stop
        self._number = max((int(file.stem) for file in faces.glob("*.jpg")), default=0)
        self._said = 0.0

    def __call__(self, event: Event) -> None:
        if self._stop.is_set():
            raise Stopped
        now = time.monotonic()
        if event.face is None and 0 < event.done < event.total and now - self._said < _MUST_WAIT:
            return
        self._said = now
        self._speech.say(
            event="progress",
            stage=event.stage,
            done=event.done,
            total=event.total,
            lpips=event.lpips,
            distances=dict(event.distances) if event.distances is not None else None,
            face=self._keep(event),
        )

    def _keep(self, event: Event) -> int | None:
        if event.face is None:
            return None
        from doppelganger.images import write_atomically
        from doppelganger.provenance import synthetic_jpeg

        self._number += 1
        write_atomically(self._faces / f"{self._number:04d}.jpg", synthetic_jpeg(event.face, 85))
        return self._number


class Work:
    """The kinds of job; the networks load with the first."""

    def __init__(self, device: str) -> None:
        import torch

        from doppelganger.networks import Networks

        torch.set_num_threads(cores())
        self._networks = Networks(None, device)

    def do(self, order: dict[str, Any], report: Reporter) -> None:
        """One job, whatever it is. What ``report`` raises passes through."""
        {"make": self._make, "again": self._again, "take": self._take, "film": self._film, "persona": self._persona}[
            order["kind"]
        ](order, report)

    def _make(self, order: dict[str, Any], report: Reporter) -> None:
        from doppelganger.checkpoint import forget
        from doppelganger.doppelganger import make
        from doppelganger.images import read_image
        from doppelganger.storage import save

        checkpoint = Path(order["checkpoint"])
        photo = read_image(Path(order["photo"]), "the photo")
        settings = settings_of(order["settings"])
        result = make(photo, settings, self._networks, report, checkpoint, watched=True)
        save(result, Path(order["target"]))
        forget(checkpoint)

    def _again(self, order: dict[str, Any], report: Reporter) -> None:
        from doppelganger.again import search_again
        from doppelganger.storage import load, save

        source = load(Path(order["source"]))
        background = source.provenance.settings.get("background")
        settings = settings_of({**order["settings"], "background": None if background == "own" else background})
        save(search_again(source, settings, self._networks, report), Path(order["target"]))

    def _take(self, order: dict[str, Any], report: Reporter) -> None:
        from doppelganger.again import take_step
        from doppelganger.storage import load, save

        source = load(Path(order["source"]))
        save(take_step(source, order["settings"]["step"], self._networks, report), Path(order["target"]))

    def _film(self, order: dict[str, Any], report: Reporter) -> None:
        from safetensors.numpy import load as load_arrays

        from doppelganger.film import continuum_film
        from doppelganger.storage import ResultFolder

        latents = load_arrays(ResultFolder(Path(order["source"])).latents.read_bytes())
        continuum_film(latents["path"], Path(order["target"]), self._networks.generator, report)

    def _persona(self, order: dict[str, Any], report: Reporter) -> None:
        from doppelganger.studio.persona_work import make_persona

        make_persona(order["settings"], order.get("source"), Path(order["target"]), self._networks, report)


def settings_of(chosen: dict[str, Any]) -> Any:
    """What a person chose on the page, as `Settings`. Fewer steps than usual shorten both searches: a quick look."""
    from doppelganger.settings import Settings

    plain = Settings()
    settings = replace(
        plain,
        seed=chosen["seed"],
        face=chosen.get("face"),
        held_out=tuple(chosen["held_out"]),
        background=chosen.get("background"),
        nearest=replace(plain.nearest, margin=float(chosen["margin"])),
    )
    steps = chosen.get("steps")
    if steps is None:
        return settings
    usual = plain.projection.steps
    w_steps = round(plain.projection.w_steps * steps / usual)
    projection = replace(plain.projection, w_steps=w_steps, w_plus_steps=steps - w_steps)
    quick = min(1.0, steps / usual)
    nearest = replace(
        settings.nearest,
        steps=max(4, round(plain.nearest.steps * quick)),
        extra_steps=max(3, round(plain.nearest.extra_steps * quick)),
    )
    return replace(settings, projection=projection, nearest=nearest)


def cores() -> int:
    """Processors that this process may use, which a container can make fewer than there are."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def explain(error: Exception) -> dict[str, str]:
    """The sentence and the short word that a failed job ends with."""
    if isinstance(error, DoppelgangerError):
        code = next((code for kind, code in _CODES.items() if isinstance(error, kind)), "trouble")
        return {"error": str(error), "code": code}
    if isinstance(error, MemoryError) or type(error).__name__ == "OutOfMemoryError":
        return {"error": "There was not enough memory; try a smaller photo.", "code": "trouble"}
    if isinstance(error, OSError):
        return {"error": "The files of this job could not be written or read; is the disk full?", "code": "trouble"}
    print(f"A job failed: {where(error)}.", file=sys.stderr, flush=True)
    return {"error": f"This is a mistake of the program, not yours ({type(error).__name__}).", "code": "trouble"}


def main(device: str) -> None:
    """Until the server goes."""
    if hasattr(os, "nice"):
        os.nice(NICENESS)
    speech, orders, stop = Speech(), SimpleQueue[dict[str, Any]](), threading.Event()

    def listen() -> None:
        while (order := speech.hear()) is not None:
            if order["do"] == "stop":
                stop.set()
            else:
                stop.clear()  # an older one was meant for the job before
                orders.put(order)
        os._exit(0)  # the server has gone; the checkpoint has what was found

    threading.Thread(target=listen, daemon=True).start()
    work = Work(device)
    while True:
        order = orders.get()
        try:
            work.do(order, Reporter(speech, Path(order["faces"]), stop))
            speech.say(event="done")
        except Stopped:
            speech.say(event="stopped")
        except Exception as error:
            speech.say(event="failed", **explain(error))

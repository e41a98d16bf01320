"""How fast a call is: frames a second, latency, where the time goes, and whether memory stays flat.

    python benchmarks/live.py DRIVER.mp4 RIG --out benchmarks/results/live.json [--mode avatar swap] [--minutes 10]

In one run, on the same frames: the floor (finding the landmarks alone, one look a frame), the whole loop as fast as it goes (track,
gate, render at 512², guard on), and the loop in time with a camera of 25 frames a second for ``--minutes``. Latency is from the
moment the camera has a frame to the moment that the avatar's is there; frames that come while one is worked on are dropped, the
newest waits.
"""

import argparse
import json
import os
import resource
import threading
import time
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np
import torch

from doppelganger.faces.detector import FaceDetector
from doppelganger.images import RGB, write_atomically
from doppelganger.networks import Networks
from doppelganger.puppet.guard import Guard, Judge
from doppelganger.puppet.performance import Gate, Mode, Performance
from doppelganger.puppet.puppet import Puppet
from doppelganger.puppet.rig import Rig
from doppelganger.puppet.tracker import Tracker

RATE = 25
ROUNDS = 3


class Camera:
    """Frames in time; the newest waits. Mirrored to and fro so that there is no jump where the film ends."""

    def __init__(self, frames: list[RGB], seconds: float) -> None:
        self._frames = [*frames, *frames[::-1]]
        self._seconds = seconds
        self._ready = threading.Condition()
        self._newest: tuple[RGB, float] | None = None
        self.ended = False
        self.sent = 0
        threading.Thread(target=self._run, daemon=True).start()

    def _run(self) -> None:
        begun = time.perf_counter()
        while time.perf_counter() - begun < self._seconds:
            due = begun + self.sent / RATE
            time.sleep(max(0.0, due - time.perf_counter()))
            with self._ready:
                self._newest = self._frames[self.sent % len(self._frames)], time.perf_counter()
                self.sent += 1
                self._ready.notify()
        with self._ready:
            self.ended = True
            self._ready.notify()

    def newest(self) -> tuple[RGB, float] | None:
        """Wait for a frame and when it came; None at the end."""
        with self._ready:
            self._ready.wait_for(lambda: self._newest is not None or self.ended)
            got, self._newest = self._newest, None
            return got


def spread(values: list[float]) -> dict[str, float]:
    """Milliseconds."""
    return {
        "median": round(1000 * float(np.median(values)), 1),
        "95th percentile": round(1000 * float(np.percentile(values, 95)), 1),
    }


def memory() -> int:
    """MB that the process holds now."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return round(pages * resource.getpagesize() / 1e6)


def floor(frames: list[RGB], networks: Networks) -> list[float]:
    """Seconds a frame of finding the landmarks alone."""
    tracker = Tracker(networks.detector, networks.landmarks)
    out = []
    for frame in frames:
        begun = time.perf_counter()
        tracker.look(frame)
        out.append(time.perf_counter() - begun)
    return out


def loop(frames: list[RGB], performance: Performance) -> tuple[list[float], dict[str, list[float]]]:
    """Seconds a frame of the whole loop, and of its stages."""
    stages: dict[str, list[float]] = {"track": [], "render": []}
    look, render, swap = performance.tracker.look, performance.reenactor.render, performance.reenactor.swap

    def timed(stage: str, work: Any) -> Any:
        def run(*arguments: Any) -> Any:
            begun = time.perf_counter()
            out = work(*arguments)
            stages[stage].append(time.perf_counter() - begun)
            return out

        return run

    performance.tracker.look = timed("track", look)  # type: ignore[method-assign]
    performance.reenactor.render = timed("render", render)  # type: ignore[method-assign]
    performance.reenactor.swap = timed("render", swap)  # type: ignore[method-assign]
    out = []
    for k, frame in enumerate(frames):
        begun = time.perf_counter()
        performance.step(frame, k / RATE)
        out.append(time.perf_counter() - begun)
    return out, stages


def in_time(frames: list[RGB], performance: Performance, guard: Guard, seconds: float) -> dict[str, Any]:
    """A call of so many seconds."""
    looks = guard.looks
    camera = Camera(frames, seconds)
    delays, gates, held = [], [], []
    begun = time.perf_counter()
    next_minute = 0.0
    while (got := camera.newest()) is not None:
        frame, came = got
        shown = performance.step(frame, came - begun)
        delays.append(time.perf_counter() - came)
        gates.append(shown.gate)
        if time.perf_counter() - begun >= next_minute:
            held.append(memory())
            next_minute += 30
    took = time.perf_counter() - begun
    return {
        "seconds": round(took),
        "frames a second": round(len(delays) / took, 2),
        "frames dropped": camera.sent - len(delays),
        "latency, ms": spread(delays),
        "guard's looks a second": round((guard.looks - looks) / took, 2),
        "frames held": sum(gate is not Gate.OPEN for gate in gates),
        "memory, MB, every half minute": held,
    }


def main() -> None:
    """Run it."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("driver", type=Path)
    parser.add_argument("rig", type=Path)
    parser.add_argument("--out", type=Path)
    parser.add_argument("--mode", choices=("avatar", "swap"), nargs="*", default=["avatar", "swap"])
    parser.add_argument("--minutes", type=float, default=1.0, help="Of the call in time.")
    arguments = parser.parse_args()
    cv2.setNumThreads(1)
    torch.set_num_threads(1)
    networks = Networks()
    with av.open(str(arguments.driver)) as film:
        frames = [frame.to_ndarray(format="rgb24") for frame in film.decode(video=0)]
    rig = Rig.load(arguments.rig)
    networks.panel.embed(rig.still, networks.detector.detect(rig.still)[0])
    report: dict[str, Any] = {
        "driver": {"frames": len(frames), "size": list(frames[0].shape[:2])},
        "cores": len(os.sched_getaffinity(0)),
    }
    for mode in arguments.mode:
        with Guard(Judge(networks.panel, FaceDetector(networks.store), rig.embeddings)) as guard:
            lows: list[float] = []
            whole: list[float] = []
            stages: dict[str, list[float]] = {}
            for _ in range(ROUNDS):  # side by side, so that a noisy machine is noisy to both
                lows += floor(frames[::2], networks)
                performance = Performance(Puppet(rig), Tracker(networks.detector, networks.landmarks), Mode(mode))
                performance.watch = guard
                times, parts = loop(frames[::2], performance)
                whole += times
                for stage, values in parts.items():
                    stages.setdefault(stage, []).extend(values)
            performance = Performance(Puppet(rig), Tracker(networks.detector, networks.landmarks), Mode(mode))
            performance.watch = guard
            minutes = arguments.minutes if mode == arguments.mode[0] else min(1.0, arguments.minutes)
            report[mode] = {
                "landmarks alone (the floor), ms": spread(lows),
                "whole loop, ms": spread(whole),
                "ratio of the means": round(float(np.mean(whole) / np.mean(lows)), 2),
                "ratio of the medians": round(float(np.median(whole) / np.median(lows)), 2),
                "frames a second, as fast as it goes": round(1 / float(np.mean(whole)), 1),
                "stages, ms": {stage: spread(values) for stage, values in stages.items()},
                "in time with a camera": in_time(frames, performance, guard, 60 * minutes),
            }
        print(mode, json.dumps(report[mode]), flush=True)
    text = json.dumps(report, indent=1)
    if arguments.out:
        write_atomically(arguments.out, text.encode() + b"\n")
    print(text)


if __name__ == "__main__":
    main()

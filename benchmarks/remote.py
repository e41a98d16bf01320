"""How long does a picture take that another process renders, and how many drivers does one machine bear?

    python benchmarks/remote.py RIG [--drivers 1 2 4] [--seconds 15] [--workers 1] [--out FILE]

Prints JSON: for each number of drivers at a time the pictures a second that each gets, the round trip from a motion sent to its
picture decoded (median and 95th percentile, seconds), and the server's own share of it; also bytes a frame up and down. Each driver
asks 25 times a second, as `doppelganger live` does, on loopback; all share the machine with the server: look at ``load``.
"""

import argparse
import json
import os
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from skimage import data

from doppelganger.faces.landmarks import EXPRESSION_NAMES
from doppelganger.images import RGB
from doppelganger.live.remote.client import RemoteReenactor
from doppelganger.live.remote.pacing import RoundTrips
from doppelganger.live.remote.pictures import encode
from doppelganger.live.remote.wire import MOTION_BYTES
from doppelganger.networks import Networks
from doppelganger.provenance import SourceType
from doppelganger.puppet.motion import Motion

RATE = 25
"""Frames a second that a driver asks for."""


def start(rig: Path, sessions: int, workers: int) -> tuple[subprocess.Popen[str], str]:
    """The server, and its link."""
    options = ["--port", "0", "--json", "--sessions", str(sessions), "--workers", str(workers)]
    command = [sys.executable, "-m", "doppelganger.cli", "serve", str(rig), *options]
    server = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, encoding="utf-8")
    assert server.stdout
    return server, json.loads(server.stdout.readline())["link"]


def moving(at_rest: Motion, step: int) -> Motion:
    """A head that sways by a tenth of the frame and opens its mouth."""
    shift = 0.05 * at_rest.width * np.sin(step / 9)
    shapes = at_rest.blendshapes.copy()
    shapes[EXPRESSION_NAMES.index("jawOpen")] = 0.5 + 0.5 * np.sin(step / 4)
    return replace(at_rest, points=at_rest.points + np.array([shift, 0, 0], np.float32), blendshapes=shapes)


def drive(link: str, seconds: float, at_rest: Motion) -> tuple[float, RoundTrips, RGB]:
    """One driver: frames a second that they asked for, their round trips, the last picture."""
    remote = RemoteReenactor.connect(link)
    remote.calibrate(at_rest)
    image, step, begun = remote.still, 0, time.monotonic()
    while (now := time.monotonic()) < begun + seconds:
        step += 1
        image = remote.render(moving(at_rest, step), step / RATE)
        time.sleep(max(0.0, 1 / RATE - (time.monotonic() - now)))
    trips = remote.round_trip
    remote.close()
    return step / seconds, trips, image


def measure(link: str, drivers: int, seconds: float, at_rest: Motion) -> tuple[dict[str, Any], RGB]:
    """All at a time."""
    with ThreadPoolExecutor(drivers) as pool:
        driven = list(pool.map(lambda _: drive(link, seconds, at_rest), range(drivers)))
    return {
        "drivers": drivers,
        "asked_a_second": [asked for asked, _, _ in driven],
        "pictures_a_second": [trips.count / seconds for _, trips, _ in driven],
        "median": float(np.median([trips.median for _, trips, _ in driven])),
        "p95": max(trips.p95 for _, trips, _ in driven),
        "server": float(np.median([trips.server for _, trips, _ in driven])),
    }, driven[0][2]


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("rig", type=Path)
    parser.add_argument("--drivers", type=int, nargs="+", default=[1, 2, 4])
    parser.add_argument("--seconds", type=float, default=11.0, help="at most 12, as 300 round trips are remembered")
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    picture = np.asarray(data.astronaut())
    networks = Networks(device="cpu")
    at_rest = Motion.of(networks.landmarks.detect(picture, networks.detector.detect(picture)[0]), 512, 512)
    server, link = start(options.rig, max(options.drivers), options.workers)
    rows = []
    try:
        for drivers in options.drivers:
            row, image = measure(link, drivers, options.seconds, at_rest)
            rows.append(row)
    finally:
        server.send_signal(signal.SIGINT)
        server.wait()
    found = {
        "processors": os.cpu_count(),
        "load": os.getloadavg(),
        "workers": options.workers,
        "bytes_up": MOTION_BYTES + 16,
        "bytes_down": len(encode(image, SourceType.SYNTHETIC)) + 16,
        "rows": rows,
    }
    text = json.dumps(found, indent=1)
    print(text)
    if options.out:
        options.out.write_text(text + "\n", "utf-8")


if __name__ == "__main__":
    main()

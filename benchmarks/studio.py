"""Does the Studio answer while it computes? Latency of API, sliders and page, idle and during a real job; bytes of the first paint.

    python benchmarks/studio.py [--seconds 20] [--out FILE]

Prints JSON. Starts a server of its own on a free port with a temporary data folder, makes one quick result (so that lists and
pictures have something to show), asks for N seconds while nothing runs, and for N seconds while a long job does. One request
after the other, about twenty a second, on loopback. Sliders: changes of an invented face as a dragging hand asks for them, one
after the other, then what a release asks for. The machine's other work counts in: look at ``load``.
"""

import argparse
import gzip
import json
import os
import re
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import httpx
from skimage import data

from doppelganger.images import encode_png

PAUSE = 0.05
"""Seconds between two requests."""
GOAL = 0.2
"""Seconds within which 95 of 100 answers shall come."""
CHANGES = 24
"""Of a face, idle and during the job each."""
CHANGE_GOAL = 1.0
"""Seconds within which 95 of 100 changes shall be seen."""
QUICK = {
    "face": 0,
    "margin": 1.0,
    "held_out": ["edgeface"],
    "seed": 0,
    "background": None,
    "keep_photo": True,
    "consent": True,
}


def start(folder: Path) -> tuple[subprocess.Popen[str], str]:
    """The server, and its address."""
    command = [sys.executable, "-m", "doppelganger.cli", "studio", "--port", "0", "--no-open", "--data", str(folder)]
    server = subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        encoding="utf-8",
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
    )
    assert server.stdout
    line = server.stdout.readline()
    found = re.search(r"http://\S+", line)
    if found is None:
        raise SystemExit(f"The server did not begin: {line}")
    return server, found[0].rstrip("/")


def begin(client: httpx.Client, upload: str, steps: int) -> str:
    """A job's id."""
    answer = client.post("/api/jobs", json={**QUICK, "upload": upload, "steps": steps})
    answer.raise_for_status()
    return str(answer.json()["id"])


def until(client: httpx.Client, job: str, stage: str | None = None) -> dict[str, Any]:
    """The job once it is done, or in this stage."""
    while True:
        now: dict[str, Any] = client.get(f"/api/jobs/{job}").json()
        if now["state"] == "failed":
            raise SystemExit(now["error"]["error"])
        if now["state"] == "done" or (stage is not None and now["stage"] == stage):
            return now
        time.sleep(0.2)


def ask(client: httpx.Client, addresses: list[str], seconds: float) -> dict[str, Any]:
    """Latencies in seconds, by address and in all."""
    taken: dict[str, list[float]] = {address: [] for address in addresses}
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        for address in addresses:
            begun = time.perf_counter()
            answer = client.get(address)
            taken[address].append(time.perf_counter() - begun)
            assert answer.status_code in (200, 304), (address, answer.status_code)
            time.sleep(PAUSE)
    every = [latency for latencies in taken.values() for latency in latencies]
    return {**summary(every), "by_address": {known(address): summary(values) for address, values in taken.items()}}


def drag(client: httpx.Client, changes: int) -> dict[str, Any]:
    """Latencies in seconds of what sliders ask for; every change is another one, so that nothing has been drawn before."""
    taken: dict[str, list[float]] = {"change at 256": [], "release at 1024": [], "reading": [], "unseen at 1024": []}

    def timed(name: str, route: str, **asked: Any) -> None:
        begun = time.perf_counter()
        client.post(f"/api/faces/{route}", json={"face": {"seed": 7}, **asked}).raise_for_status()
        taken[name].append(time.perf_counter() - begun)

    for k in range(changes):
        part = (k + 1 + time.time() % 1) / (changes + 2)
        strengths = {"age": 20 * part, "yaw": 12 * part, "smile": -part}
        timed("change at 256", "picture", strengths=strengths)
        if k % 4 == 0:  # let go, and judged
            timed("release at 1024", "picture", strengths=strengths, size=1024)
            timed("reading", "reading", strengths=strengths)
            timed("unseen at 1024", "picture", strengths={"age": -20 * part}, size=1024)
    return {name: summary(values) for name, values in taken.items()}


def scroll(client: httpx.Client, first: int, faces: int) -> float:
    """Invented faces a minute, drawn and read, as the endless page asks for them."""
    begun = time.perf_counter()
    for seed in range(first, first + faces):
        for route in ("picture", "reading"):
            asked = {"face": {"seed": seed}, "patient": True}
            client.post(f"/api/faces/{route}", json=asked).raise_for_status()
    return round(60 * faces / (time.perf_counter() - begun), 1)


def sliders(client: httpx.Client) -> dict[str, Any]:
    """Both of them, with networks that are loaded."""
    return {**drag(client, CHANGES), "endless page, faces a minute": scroll(client, 1000 + int(time.time()), 6)}


def summary(latencies: list[float]) -> dict[str, float | int]:
    return {
        "requests": len(latencies),
        "median": round(statistics.median(latencies), 4),
        "p95": round(statistics.quantiles(latencies, n=20, method="inclusive")[-1], 4),
        "largest": round(max(latencies), 4),
    }


def known(address: str) -> str:
    """The address without ids."""
    return re.sub("[0-9a-f]{32}", "ID", address)


def first_paint(client: httpx.Client) -> dict[str, Any]:
    """Bytes as served of what the page needs before it shows itself: index, styles, scripts, and one language."""
    index = client.get("/")
    found, sizes = ["/"], {"/": transferred(index)}
    scripts = re.findall(r'(?:src|href)="(/page/[^"]+\.(?:js|css|svg))', index.text)
    waiting = [*dict.fromkeys(scripts), "/page/strings/en.json"]
    while waiting:
        address = waiting.pop()
        if address in sizes:
            continue
        answer = client.get(address)
        if answer.status_code != 200:
            continue
        found.append(address)
        sizes[address] = transferred(answer)
        if address.endswith(".js"):
            folder = address.rpartition("/")[0]
            waiting += [f"{folder}/{name}" for name in re.findall(r'(?:from|import)\s*"\./([^"]+\.js)"', answer.text)]
        if address.endswith(".css"):
            waiting += [
                f"/page/{name}"
                for name in re.findall(r'@import\s+(?:url\()?"(?:/page/|\./)?([^"]+\.css)"', answer.text)
            ]
    return {"bytes": sum(sizes.values()), "files": len(sizes), "by_file": sizes}


def transferred(answer: httpx.Response) -> int:
    """Bytes of the body on the wire; a compressed one comes unpacked from httpx, but its length is in the header."""
    return int(answer.headers.get("content-length", len(gzip.compress(answer.content))))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--seconds", type=float, default=20)
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        server, url = start(Path(folder) / "data")
        try:
            with httpx.Client(base_url=url, headers={"X-Doppelganger": "1"}, timeout=600) as client:
                measured = measure(client, options.seconds)
                client.delete("/api/everything")
        finally:
            server.send_signal(signal.SIGINT)
            server.wait()
    text = json.dumps(measured, indent=2)
    print(text)
    if options.out:
        options.out.write_text(text + "\n", "utf-8")


def measure(client: httpx.Client, seconds: float) -> dict[str, Any]:
    """Everything, with a server that has just begun."""
    client.post("/api/visit", json={"token": None}).raise_for_status()
    photo = encode_png(data.astronaut())
    upload = client.post("/api/uploads", content=photo, headers={"Content-Type": "image/png"}).json()["id"]
    result = until(client, begin(client, upload, 12))["result"]
    addresses = [
        "/api/about",
        "/api/jobs",
        "/api/results",
        f"/api/results/{result}",
        f"/api/results/{result}/pictures/doppelganger?size=256",
        "/",
        "/page/strings/en.json",
    ]
    idle = ask(client, addresses, seconds)
    begun = time.perf_counter()
    client.post("/api/faces/picture", json={"face": {"seed": 7}}).raise_for_status()
    first_face = round(time.perf_counter() - begun, 2)
    client.post("/api/faces/reading", json={"face": {"seed": 7}, "strengths": {"age": 1}}).raise_for_status()
    dragged = sliders(client)
    job = begin(client, upload, 400)
    until(client, job, "projection")
    busy = ask(client, [*addresses, f"/api/jobs/{job}"], seconds)
    dragged_busy = sliders(client)
    still = client.get(f"/api/jobs/{job}").json()
    return {
        "idle": idle,
        "busy": busy,
        "goal": {"p95": GOAL, "met": busy["p95"] <= GOAL},
        "sliders": {
            "first face, with its networks": first_face,
            "idle": dragged,
            "during a job": dragged_busy,
            "goal": {"p95": CHANGE_GOAL, "met": dragged["change at 256"]["p95"] <= CHANGE_GOAL},
        },
        "the_job": {"state": still["state"], "stage": still["stage"], "done": still["done"]},
        "first_paint": first_paint(client),
        "cores": os.cpu_count(),
        "load": [round(one, 1) for one in os.getloadavg()] if hasattr(os, "getloadavg") else None,
    }


if __name__ == "__main__":
    main()

"""Bad input and Ctrl-C, through the real command on this machine: does each end in one sentence, a documented exit
code, and nothing half-written? Prints JSON and exits with 1 if one does not.

    python benchmarks/bad_input.py [--steps 60] > bad_input.json

Takes a few minutes: Ctrl-C is sent at every stage of one run, which each time goes on where it was and at last ends.
"""

import argparse
import importlib.util
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import skimage.data

from doppelganger.images import encode_jpeg, encode_png, resize
from doppelganger.weights import Store

COMMAND = [sys.executable, "-m", "doppelganger.cli"]
OFFLINE = {
    "PIP_CONFIG_FILE": os.devnull,
    "PIP_PROXY": "http://127.0.0.1:9",
    "PIP_FIND_LINKS": "",
    "PIP_INDEX_URL": "https://index.invalid/simple",
}
STAGES = ("starting", "loading the networks", "projection", "border", "nearest", "judging")
"""How the command's lines on stderr begin, in order; "starting" is before the first."""
EXPECTED = dict.fromkeys(("text.jpg", "truncated.jpg", "bomb.png"), 3) | dict.fromkeys(("landscape.jpg", "far.png"), 4)


def test_pictures() -> ModuleType:
    """The bad pictures of tests/cli/test_cli_trouble.py, so that both speak of the same ones."""
    path = Path(__file__).parents[1] / "tests" / "cli" / "test_cli_trouble.py"
    spec = importlib.util.spec_from_file_location("bad_pictures", path)
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def listing(folder: Path) -> set[str]:
    """Every path below, but none inside a checkpoint."""
    return {
        path.relative_to(folder).as_posix()
        for path in folder.rglob("*")
        if not any(part.endswith(".partial") for part in path.relative_to(folder).parts)
    }


def row(case: str, expected: int, code: int | None, errors: str, left: set[str], seconds: float) -> dict[str, Any]:
    """One line of the report. The sentence is the last line of stderr."""
    sentence = errors.strip().splitlines()[-1] if errors.strip() else ""
    fine = code == expected and bool(sentence or code == 0) and "Traceback" not in errors and not left
    return {
        "case": case,
        "expected": expected,
        "exit_code": code,
        "sentence": sentence,
        "left": sorted(left),
        "seconds": round(seconds, 1),
        "fine": fine,
    }


def try_case(case: str, expected: int, folder: Path, *arguments: str, limit: int = 0, **extra: str) -> dict[str, Any]:
    """Run the command in ``folder``; ``limit``: bytes that a file may have (a full disk, to the one who writes)."""

    def restrain() -> None:
        if limit:
            import resource

            resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))

    before, begun = listing(folder), time.monotonic()
    done = subprocess.run(
        [*COMMAND, *arguments],
        cwd=folder,
        env={**os.environ, **extra},
        preexec_fn=restrain if limit else None,
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    return row(case, expected, done.returncode, done.stderr, listing(folder) - before, time.monotonic() - begun)


def interrupt_at(stage: str, folder: Path, steps: int) -> dict[str, Any]:
    """Start ``make`` and send SIGINT as soon as ``stage`` is announced, in the projection when the first steps are kept."""
    begun, heard = time.monotonic(), []
    command = [*COMMAND, "make", "astronaut.png", "--steps", str(steps)]
    with subprocess.Popen(command, cwd=folder, stderr=subprocess.PIPE, encoding="utf-8") as process:
        assert process.stderr
        if stage == "starting":
            time.sleep(0.15)
        else:
            for line in process.stderr:
                heard.append(line)
                if line.startswith(stage):
                    break
            if stage == "projection":
                while process.poll() is None and not list(folder.glob(".*.partial/*.safetensors")):
                    time.sleep(0.05)
            else:
                time.sleep(0.5)
        sent = time.monotonic()
        process.send_signal(signal.SIGINT)
        heard += process.stderr
        process.wait()
    told = row(f"Ctrl-C: {stage}", 130, process.returncode, "".join(heard), listing(folder) - {"astronaut.png"}, 0)
    kept = [path.name for path in folder.glob(".*.partial/*")]
    whole = all(name == "key" or (name.startswith("projection-") and name.endswith(".safetensors")) for name in kept)
    return told | {
        "seconds": round(time.monotonic() - begun, 1),
        "seconds_to_stop": round(time.monotonic() - sent, 2),
        "checkpoint": kept,
        "fine": told["fine"] and whole,
    }


def main() -> int:
    """Run every case."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n\n")[0])
    parser.add_argument("--steps", type=int, default=60)
    steps = parser.parse_args().steps
    rows: list[dict[str, Any]] = []
    signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background jobs inherit it ignored

    def note(told: dict[str, Any]) -> None:
        told["sentence"] = told["sentence"].replace(temporary, "…")
        rows.append(told)
        print(f"{'fine' if told['fine'] else 'NOT FINE'}  {told['case']}: {told['sentence']}", file=sys.stderr)

    pictures = test_pictures()
    astronaut = np.asarray(skimage.data.astronaut())
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary) / "work"
        folder.mkdir()
        (folder / "text.jpg").write_text("This is no picture.\n")
        (folder / "truncated.jpg").write_bytes(encode_jpeg(astronaut)[:20_000])
        (folder / "bomb.png").write_bytes(pictures.bomb(30_000))
        (folder / "landscape.jpg").write_bytes(encode_jpeg(pictures.landscape()))
        (folder / "far.png").write_bytes(encode_png(pictures.small_face(astronaut)))
        (folder / "group.png").write_bytes(encode_png(np.hstack([astronaut, resize(astronaut, 400, 512)])))
        (folder / "astronaut.png").write_bytes(encode_png(astronaut))
        for name, code in EXPECTED.items():
            note(try_case(name, code, folder, "make", name))
        note(try_case("group photo, face 9", 4, folder, "make", "group.png", "--face", "9"))
        for place in pictures.unwritable(Path(temporary)):
            told = try_case(f"output folder {place.name}", 6, folder, "make", "astronaut.png", "-o", str(place))
            note(told | {"case": f"output in {place.parent.name}"})
        full = try_case("full output disk", 6, folder, "make", "astronaut.png", "--steps", "10", limit=300_000)
        note(full)

        cache = Path(temporary) / "cache"
        note(try_case("no network", 5, folder, "make", "astronaut.png", DOPPELGANGER_CACHE=str(cache), **OFFLINE))
        yunet = str(Store().path("yunet"))
        where = {"DOPPELGANGER_CACHE": str(cache)}
        note(try_case("full cache disk", 5, folder, "weights", "add", "yunet", yunet, limit=100_000, **where))
        note(try_case("weight added", 0, folder, "weights", "add", "yunet", yunet, **where))
        damaged = next(cache.rglob("*yunet*.onnx"))
        damaged.write_bytes(damaged.read_bytes()[:-1] + b"?")
        note(try_case("corrupted weight", 5, folder, "make", "astronaut.png", **where, **OFFLINE))

        work = Path(temporary) / "interrupted"
        work.mkdir()
        (work / "astronaut.png").write_bytes(encode_png(astronaut))
        if sys.platform != "win32":
            for stage in STAGES:
                note(interrupt_at(stage, work, steps))
        told = try_case("the same command at last", 0, work, "make", "astronaut.png", "--steps", str(steps), "--json")
        product = {"astronaut-doppelganger", *(p for p in told["left"] if p.startswith("astronaut-doppelganger/"))}
        left = sorted(set(told["left"]) - product) + [path.name for path in work.glob(".*.partial")]
        note(told | {"left": left, "fine": told["exit_code"] == 0 and not left})
    print(json.dumps({"cases": rows, "fine": all(told["fine"] for told in rows)}, indent=2, ensure_ascii=False))
    return 0 if all(told["fine"] for told in rows) else 1


if __name__ == "__main__":
    sys.exit(main())

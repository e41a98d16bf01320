"""What `doppelganger evaluate` costs and survives.

    python benchmarks/evaluate.py cost PHOTO [--out FILE]             `--quick` on one portrait over one `make`, side by side
    python benchmarks/evaluate.py kill FOLDER [--kills 10] [--out FILE]   killed in the middle again and again, nothing lost

Prints JSON. ``kill`` runs the methods that need no projection, ends the whole process group by SIGKILL after a random time, starts
the same command again, and at the end compares the files that were there at each kill with those of the finished run: same bytes
and same time of writing mean that no finished work was repeated.
"""

import argparse
import json
import os
import random
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

METHODS = ["--method", "pixelation", "--method", "blur", "--method", "bar", "--bank", "0", "--no-attack"]


def doppelganger(*arguments: str) -> list[str]:
    """The command as a user has it."""
    return [sys.executable, "-m", "doppelganger.cli", *arguments]


def timed(command: list[str]) -> float:
    """Seconds from launch to end."""
    begun = time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return time.perf_counter() - begun


def cost(photo: Path, repeats: int) -> dict[str, Any]:
    """One ``make`` and one ``--quick`` of the same portrait, in turns."""
    makes, quicks = [], []
    for _ in range(repeats):
        with tempfile.TemporaryDirectory() as place:
            folder = Path(place) / "portraits"
            folder.mkdir()
            shutil.copy(photo, folder)
            makes.append(timed(doppelganger("make", str(photo), "--out", f"{place}/made")))
            quicks.append(timed(doppelganger("evaluate", str(folder), "--quick", "--out", f"{place}/quick")))
    return {
        "make, seconds": makes,
        "evaluate --quick on one portrait, seconds": quicks,
        "ratio of the medians": statistics.median(quicks) / statistics.median(makes),
        "asked at most": 6,
    }


def files(folder: Path) -> dict[str, tuple[int, bytes]]:
    """Every finished file: when it was written, and what it holds."""
    return {
        str(p.relative_to(folder)): (p.stat().st_mtime_ns, p.read_bytes())
        for p in folder.glob("cases/*/*")
        if not p.name.startswith(".")
    }


def killed(portraits: Path, kills: int, seed: int) -> dict[str, Any]:
    """See the module's head."""
    draw = random.Random(seed)
    with tempfile.TemporaryDirectory() as place:
        out = Path(place) / "out"
        command = doppelganger("evaluate", str(portraits), "--out", str(out), *METHODS)
        seen: list[dict[str, tuple[int, bytes]]] = []
        ended = 0
        while len(seen) < kills:
            with subprocess.Popen(
                command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True
            ) as process:
                before = len(files(out))
                while process.poll() is None and len(files(out)) < before + 1:  # it has begun to write
                    time.sleep(0.2)
                time.sleep(draw.uniform(0, 6))
                if process.poll() is None:
                    os.killpg(process.pid, signal.SIGKILL)
                else:
                    ended += 1
            seen.append(files(out))
            if ended:
                break
        done = subprocess.run(command, capture_output=True, encoding="utf-8", check=False)
        final = files(out)
        repeated = {name for one in seen for name, value in one.items() if final.get(name) != value}
        portraits_done = json.loads((out / "evaluation.json").read_text("utf-8"))["portraits"]
        return {
            "kills": len(seen) - ended,
            "files at each kill": [len(one) for one in seen],
            "files at the end": len(final),
            "finished files that were written again": sorted(repeated),
            "exit code of the last run": done.returncode,
            "portraits in the table": portraits_done,
        }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=["cost", "kill"])
    parser.add_argument("path", type=Path)
    parser.add_argument("--repeats", type=int, default=1)
    parser.add_argument("--kills", type=int, default=10)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, help="JSON file in which the answer is kept beside the other one")
    arguments = parser.parse_args()
    found = (
        cost(arguments.path, arguments.repeats)
        if arguments.what == "cost"
        else killed(arguments.path, arguments.kills, arguments.seed)
    )
    print(json.dumps(found, indent=1))
    if arguments.out:
        kept = json.loads(arguments.out.read_text("utf-8")) if arguments.out.exists() else {}
        arguments.out.write_text(json.dumps({**kept, arguments.what: found}, indent=1) + "\n", "utf-8")


if __name__ == "__main__":
    main()

#!/usr/bin/env python3
"""From a fresh clone to a doppelgänger with one command, and nothing but Python 3.11 or newer.

    python3 start.py                     the doppelgänger of a portrait that comes along (NASA's astronaut)
    python3 start.py PHOTO [OPTIONS]     the doppelgänger of your photo; OPTIONS are those of `doppelganger make`
    python3 start.py test [OPTIONS]      lint, format, types and tests; OPTIONS go to pytest
    python3 start.py install             only prepare: packages and networks, so that all works offline afterwards
    python3 start.py run studio          the page in the browser
    python3 start.py run ARGUMENTS       any other command of `doppelganger`, such as: run verify A.jpg B.jpg

Everything is installed into the folder .venv beside this file and the networks' cache; deleting both undoes it.
What is installed already is not installed again.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
import time
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parent
ENVIRONMENT = ROOT / ".venv"
PYTHON = ENVIRONMENT / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
STAMP = ENVIRONMENT / "installed.json"
BEGUN = ENVIRONMENT / "installing"
LOG = ENVIRONMENT / "install.log"

TORCH = "2.13.0"
"""The PyTorch of the processor-only build on Linux; any that pyproject.toml allows will do elsewhere."""

# Measured in a new environment on Linux x86-64 with Python 3.11; MB are 10^6 bytes.
PACKAGES = {"download": 420, "disk": 1700}
PACKAGES_OF = {
    "studio": {"download": 490, "disk": 1850},
    "live": {"download": 490, "disk": 1850},
    "evaluation": {"download": 490, "disk": 1950},
}
PACKAGES_TEST = {"download": 740, "disk": 2800}
CUDA = {"download": 2400, "disk": 4200}
"""How much more the default build of PyTorch for Linux brings."""
NETWORKS = {"download": 300, "disk": 224}
NETWORKS_TEST = {"download": 589, "disk": 408}


EXTRA_OF = {
    "animate": "live",
    "evaluate": "evaluation",
    "study": "evaluation",
    "study-analyse": "evaluation",
    "studio": "studio",
    "live": "live",
    "serve": "live",
    "swap": "live",
}
"""Command that needs more packages than the others → the extra that has them."""


class Failure(Exception):
    """Ends the program with this sentence."""


def main(arguments: list[str]) -> int:
    """Do what was asked; returns the exit code."""
    verb = arguments[0] if arguments else ""
    if verb in ("-h", "--help", "help"):
        print((__doc__ or "").strip())
        return 0
    if verb == "test":
        prepare("dev")
        return test(arguments[1:])
    extra = EXTRA_OF.get(arguments[1], "example") if verb == "run" and len(arguments) > 1 else "example"
    prepare(extra, every_network=verb == "install" or extra == "evaluation")
    if verb == "install":
        return doppelganger("weights", "fetch")
    if verb == "run":
        return doppelganger(*arguments[1:])
    if not verb or verb.startswith("-"):
        return doppelganger("make", str(astronaut()), *arguments)
    return doppelganger("make", *arguments)


def test(options: list[str]) -> int:
    """Every check, the later ones too when an earlier fails; returns 1 if one failed."""
    if code := doppelganger("weights", "fetch"):
        return code
    failed = []
    for check in (
        ["ruff", "check", "--no-cache"],
        ["ruff", "format", "--check", "--no-cache"],
        ["mypy"],
        ["pytest", *options],
    ):
        print(f"\n== {' '.join(check)}", flush=True)
        begun = time.monotonic()
        if call(str(PYTHON), "-m", *check, cwd=ROOT):
            failed.append(" ".join(check))
        print(f"== {time.monotonic() - begun:.0f} s", flush=True)
    print(f"\nFailed: {', '.join(failed)}." if failed else "\nAll checks passed.")
    return 1 if failed else 0


def doppelganger(*arguments: str) -> int:
    """Run the installed command; returns its exit code."""
    return call(str(PYTHON), "-m", "doppelganger.cli", *arguments)


def astronaut() -> Path:
    """The portrait that scikit-image carries: Eileen Collins, photographed by NASA, in the public domain."""
    code = "import importlib.util as u; print(u.find_spec('skimage').submodule_search_locations[0])"
    found = subprocess.run([str(PYTHON), "-c", code], capture_output=True, encoding="utf-8", check=True)
    return Path(found.stdout.strip()) / "data" / "astronaut.png"


def call(*command: str, cwd: Path | None = None) -> int:
    """Run a program that speaks for itself; on Ctrl-C it gets the signal too, and its own last word is waited for."""
    with subprocess.Popen(command, cwd=cwd) as process:
        while True:
            try:
                return process.wait()
            except KeyboardInterrupt:
                continue


def prepare(extra: str, every_network: bool = False) -> None:
    """Make .venv hold the package with ``extra``; does nothing when it does already."""
    digest = hashlib.sha256((ROOT / "pyproject.toml").read_bytes() + f"{ROOT} {TORCH}".encode()).hexdigest()
    extras = {extra, *(["example"] if extra == "dev" else [])}
    if works() and not BEGUN.exists() and STAMP.exists():
        stamp = json.loads(STAMP.read_text("utf-8"))
        if stamp["digest"] == digest and extras <= set(stamp["extras"]):
            return
        extras |= set(stamp["extras"])
    announce(extra, every_network)
    if BEGUN.exists():
        print("An earlier installation was interrupted, so it is begun anew.")
    if BEGUN.exists() or not works():
        create()
    BEGUN.touch()
    LOG.unlink(missing_ok=True)
    if not installed("torch"):
        install_torch()
    install("the project and what it needs", "--editable", f"{ROOT}[{','.join(sorted(extras))}]")
    fresh = STAMP.with_suffix(".part")
    fresh.write_text(json.dumps({"digest": digest, "extras": sorted(extras)}), "utf-8")
    fresh.replace(STAMP)
    BEGUN.unlink()


def announce(extra: str, every_network: bool = False) -> None:
    """Say what will be downloaded and how much disk it takes, and refuse where that does not fit."""
    packages = PACKAGES_TEST if extra == "dev" else PACKAGES_OF.get(extra, PACKAGES)
    networks = NETWORKS_TEST if extra == "dev" or every_network else NETWORKS
    more = CUDA if sys.platform == "linux" and shutil.which("nvidia-smi") else {"download": 0, "disk": 0}
    download, disk = packages["download"] + more["download"], packages["disk"] + more["disk"]
    print(
        f"This installs into {ENVIRONMENT}, where parts are missing: about {download} MB of packages to download, "
        f"{disk / 1000:.1f} GB on the disk.\n"
        f"Then come the trained networks, where missing: about {networks['download']} MB to download, of which "
        f"{networks['disk']} MB are kept in your cache folder (DOPPELGANGER_CACHE names another).",
        flush=True,
    )
    free = shutil.disk_usage(ROOT).free / 1e6
    if not STAMP.exists() and free < disk:
        raise Failure(f"Only {free:.0f} MB are free on the disk of {ROOT}; make room and start again.")


def works() -> bool:
    """Whether .venv is whole and of a Python that is still there."""
    if not PYTHON.exists():
        return False
    try:
        probe = [str(PYTHON), "-c", "import sys, pip; sys.exit(sys.version_info < (3, 11))"]
        return subprocess.run(probe, capture_output=True, check=False).returncode == 0
    except OSError:
        return False


def create() -> None:
    """A new, empty .venv."""
    if ENVIRONMENT.exists() and not (ENVIRONMENT / "pyvenv.cfg").exists() and any(ENVIRONMENT.iterdir()):
        raise Failure(f"{ENVIRONMENT} is there but is no Python environment; move it away and start again.")
    print("Creating the environment …", flush=True)
    try:
        venv.create(ENVIRONMENT, with_pip=True, clear=True)
    except (subprocess.CalledProcessError, ImportError) as error:
        raise Failure(
            "Python could not create an environment with pip; on Debian and Ubuntu install the package "
            f"python{sys.version_info.major}.{sys.version_info.minor}-venv and start again."
        ) from error


def installed(package: str) -> bool:
    """Whether .venv holds ``package``."""
    code = f"import importlib.metadata as m; m.version({package!r})"
    return subprocess.run([str(PYTHON), "-c", code], capture_output=True, check=False).returncode == 0


def install_torch() -> None:
    """PyTorch without CUDA where there is no use for it: only on Linux does the default build bring gigabytes of it.

    pip finds a processor-only build where the user's settings know one; uv knows where PyTorch publishes them.
    """
    if sys.platform != "linux" or shutil.which("nvidia-smi"):
        return  # the default build is right; it comes with the rest
    if attempt("PyTorch", "pip", "install", f"torch=={TORCH}+cpu"):
        return
    if attempt("uv", "pip", "install", "uv"):
        got = attempt("PyTorch", "uv", "pip", "install", "--torch-backend", "cpu", "--no-deps", f"torch=={TORCH}")
        attempt("uv", "pip", "uninstall", "--yes", "uv")
        if got:
            return
    print(
        "No processor-only build of PyTorch could be had, so the default one is taken, which brings NVIDIA's libraries: "
        f"about {CUDA['download']} MB more to download and {CUDA['disk'] / 1000:.1f} GB more on the disk."
    )


def install(what: str, *arguments: str) -> None:
    """``pip install``, or Failure with the last lines of what pip said."""
    if not attempt(what, "pip", "install", *arguments):
        last = "\n".join(LOG.read_text("utf-8", errors="replace").splitlines()[-12:])
        raise Failure(
            f"{last}\n\nInstalling {what} failed; the lines above say why and {LOG} holds all. "
            "Check the network and pip's settings, then start again."
        )


def attempt(what: str, *command: str) -> bool:
    """Run a module of .venv, its words in the log and its last one on the screen; returns whether it succeeded."""
    screen = sys.stdout.isatty()
    begun = time.monotonic()
    if not screen:
        print(f"Installing {what} …" if "uninstall" not in command else f"Removing {what} …", flush=True)
    environment = {**os.environ, "PYTHONUNBUFFERED": "1", "PIP_DISABLE_PIP_VERSION_CHECK": "1"}
    with (
        LOG.open("a", encoding="utf-8") as log,
        subprocess.Popen(
            [str(PYTHON), "-m", *command],
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
            errors="replace",
        ) as process,
    ):
        assert process.stdout
        for line in process.stdout:
            log.write(line)
            if screen:
                text = f"Installing {what}, {time.monotonic() - begun:.0f} s: {line.strip()}"
                width = shutil.get_terminal_size().columns - 1
                print(f"\r{text[:width]:{width}}", end="", flush=True)
    if screen:
        print("\r" + " " * (shutil.get_terminal_size().columns - 1), end="\r", flush=True)
    return process.returncode == 0


if __name__ == "__main__":
    if sys.version_info < (3, 11):  # noqa: UP036 - this is where older ones are told
        sys.exit("Python %d.%d is too old: start this with Python 3.11 or newer." % sys.version_info[:2])  # noqa: UP031
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(errors="replace")
    try:
        sys.exit(main(sys.argv[1:]))
    except Failure as failure:
        sys.exit(str(failure))
    except KeyboardInterrupt:
        print("\nStopped; the same command goes on where it was.", file=sys.stderr)
        sys.exit(130)
    except OSError as error:
        sys.exit(
            f"{error.filename or ROOT} could not be used ({error.strerror or error}); correct that and start again."
        )

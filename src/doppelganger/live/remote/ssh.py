"""Another machine by the user's own ssh: commands, files, and this very program installed there."""

import hashlib
import importlib.metadata
import shlex
import subprocess
import tarfile
import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import doppelganger
from doppelganger.errors import DoppelgangerError

DISTRIBUTION = "deepfake-doppelganger"
PACKAGES = (
    "fastapi",
    "filelock",
    "jinja2",
    "numpy",
    "opencv-python-headless",
    "openvino",
    "pillow",
    "pillow-heif",
    "platformdirs",
    "pypi-simple",
    "requests",
    "rich",
    "safetensors",
    "scipy",
    "typer",
    "uvicorn",
    "websockets",
)
"""What serving needs: neither PyTorch nor a recogniser."""
_KEPT_ALIVE = ("-oServerAliveInterval=5", "-oServerAliveCountMax=3")  # a lost tunnel is noticed within 15 seconds
_UNREACHED = 255  # ssh's own exit code


class SshError(DoppelgangerError):
    """The other machine cannot be used so; the sentence says why."""


@dataclass(frozen=True)
class Host:
    """``destination``: as ssh takes it. ``options``: as in ssh_config, "Port=2222". Raises SshError for what is none."""

    destination: str
    options: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if not self.destination or self.destination.startswith("-"):
            raise SshError(f"{self.destination!r} is no host; give it as ssh takes it, such as me@gpu.example.")

    def command(self, *flags: str, script: str | None = None) -> list[str]:
        """For `subprocess`; ``script`` is for the POSIX shell there, whichever the user's own is."""
        options = [f"-o{option}" for option in self.options]
        remote = [] if script is None else [f"exec sh -c {shlex.quote(script)}"]
        return ["ssh", *options, *_KEPT_ALIVE, "-T", *flags, self.destination, *remote]

    def run(self, script: str, given: IO[bytes] | None = None) -> str:
        """What the script prints; ``given`` is its standard input. Raises SshError with the last it said."""
        ran = subprocess.run(self.command(script=script), stdin=given or subprocess.DEVNULL, capture_output=True)
        if ran.returncode:
            said = last_line(ran.stderr)
            if ran.returncode == _UNREACHED:
                raise SshError(f"{self.destination} cannot be reached by ssh ({said}).")
            raise SshError(f"{self.destination} could not do it ({said}).")
        return ran.stdout.decode("utf-8", "replace").strip()


def installed(host: Host, tell: Callable[[str], None], packages: Sequence[str] | None = None) -> str:
    """This program there, in the user's cache, with its packages apart; returns the shell command that starts it.

    ``packages``: for pip; default what serving needs, in the versions that this machine asks for. What is there already, of the
    very same files, is used again. Raises SshError.
    """
    wanted = requirements() if packages is None else list(packages)
    cache = '"${XDG_CACHE_HOME:-$HOME/.cache}"/doppelganger-serve'
    venv = f"{cache}/venv-{hashlib.sha256(' '.join(wanted).encode()).hexdigest()[:16]}"
    with archive(program_files()) as (file, digest):
        source = f"{cache}/source-{digest[:16]}"
        if not _ready(host, venv):
            tell(f"Installing on {host.destination}; the first time takes some minutes …")
            asked = " ".join(shlex.quote(one) for one in wanted)
            pip = f"{venv}/bin/python -m pip install --quiet --disable-pip-version-check {asked}"
            host.run(
                f"umask 077; rm -rf {venv}; mkdir -p {cache} && python3 -m venv{'' if asked else ' --without-pip'} {venv} "
                f"&& {pip if asked else ':'} && touch {venv}/ready"
            )
        if not _ready(host, source):
            host.run(
                f"umask 077; rm -rf {source}; mkdir -p {source} && tar xzf - -C {source} && touch {source}/ready", file
            )
    return f"env PYTHONPATH={source} {venv}/bin/python -m doppelganger.cli"


def _ready(host: Host, folder: str) -> bool:
    return host.run(f"test -e {folder}/ready && echo yes || echo no") == "yes"


def requirements() -> list[str]:
    """`PACKAGES` with the versions that the installed package declares."""
    declared: dict[str, str] = {}
    with suppress(importlib.metadata.PackageNotFoundError):
        for line in importlib.metadata.requires(DISTRIBUTION) or ():
            requirement = line.partition(";")[0].strip()
            name = requirement
            for sign in "<>=!~[ ":
                name = name.partition(sign)[0]
            declared[name] = requirement
    return [declared.get(name, name) for name in PACKAGES]


def program_files() -> list[tuple[Path, str]]:
    """Every file of the package, and its name in an archive."""
    root = Path(doppelganger.__file__).parent
    files = (path for path in sorted(root.rglob("*")) if path.is_file() and "__pycache__" not in path.parts)
    return [(path, f"doppelganger/{path.relative_to(root).as_posix()}") for path in files]


@contextmanager
def archive(files: Iterable[tuple[Path, str]]) -> Iterator[tuple[IO[bytes], str]]:
    """A tar.gz of files without owners and times, and the digest of what is in it."""
    digest = hashlib.sha256()
    with tempfile.TemporaryFile() as file:
        with tarfile.open(fileobj=file, mode="w:gz", compresslevel=3) as tar:
            for path, name in files:
                about = tarfile.TarInfo(name)
                about.size, about.mode = path.stat().st_size, 0o600
                digest.update(f"{name} {about.size} ".encode() + path.read_bytes())
                with path.open("rb") as content:
                    tar.addfile(about, content)
        file.seek(0)
        yield file, digest.hexdigest()


def last_line(said: bytes) -> str:
    """What a program said last before it failed."""
    lines = said.decode("utf-8", "replace").strip().splitlines()
    return lines[-1].strip().rstrip(".") if lines else "it did not say why"

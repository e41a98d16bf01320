"""A rendering server on another machine for as long as it is wanted: avatars copied there, started, reached by a tunnel, gone.

One ssh copies and serves. The server ends when its standard input does, and the shell around it, which makes the folder for the
copies, then deletes it: whatever cuts the connection, and whenever, nothing stays. The tunnel ends with its standard input, too.
"""

import json
import os
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO
from urllib.parse import urlsplit

from doppelganger.live.remote.ssh import Host, SshError, archive, last_line
from doppelganger.puppet.rig import ARRAYS, RECORD, STILL

_END_SECONDS = 15.0
_TUNNEL_SECONDS = 30.0
_LOOK_SECONDS = 0.2
_PART_BYTES = 65_536


@dataclass(frozen=True)
class Borrowed:
    """``link``: of this end of the tunnel, with the token. ``avatars``: their names."""

    link: str
    avatars: tuple[str, ...]
    _host: Host
    _processes: tuple["subprocess.Popen[bytes]", ...]

    def wait(self) -> None:
        """For ever. Raises SshError when the server has ended or the tunnel is lost."""
        while all(process.poll() is None for process in self._processes):
            time.sleep(_LOOK_SECONDS)
        raise SshError(f"The connection to {self._host.destination} was lost, and the server there ends with it.")


@contextmanager
def borrowed(host: Host, rigs: Sequence[Path], launch: str, sessions: int, port: int = 0) -> Iterator[Borrowed]:
    """Within the block the server runs. ``launch``: the shell command that is ``doppelganger`` there. ``port``: of this machine;
    0: a free one. Raises SshError."""
    begun: list[subprocess.Popen[bytes]] = []
    with archive(_rig_files(rigs)) as (file, _), tempfile.TemporaryFile() as errors:
        script = (
            "d=; trap 'rm -rf \"$d\"' EXIT; trap 'exit 1' HUP INT TERM; umask 077; unset DOPPELGANGER_TOKEN; "
            'd=$(mktemp -d "${TMPDIR:-/tmp}/doppelganger-serve.XXXXXX") && mkdir "$d/rigs" '
            f'&& head -c {os.fstat(file.fileno()).st_size} | tar xzf - -C "$d/rigs" '
            f'&& {launch} serve "$d/rigs" --port 0 --token --new-token --data "$d/data" --sessions {sessions} '
            "--with-input --json"
        )
        try:
            server = _begin(host.command(script=script), errors)
            begun.append(server)
            _give(file, server)
            told = _announced(host, server, errors)
            local = port or _free_port()
            own = ("-oExitOnForwardFailure=yes", "-oControlPath=none")  # a shared connection would keep the port
            forward = f"-L127.0.0.1:{local}:127.0.0.1:{urlsplit(told['link']).port}"
            tunnel = _begin(host.command(*own, forward, script="cat > /dev/null"), errors)
            begun.append(tunnel)
            _wait_for(host, tunnel, local, errors)
            link = f"ws://127.0.0.1:{local}/render#{urlsplit(told['link']).fragment}"
            yield Borrowed(link, tuple(told["avatars"]), host, (server, tunnel))
        finally:
            for process in begun:
                if process.stdin:
                    process.stdin.close()
            for process in begun:
                _end(process)


def _begin(command: Sequence[str], errors: IO[bytes]) -> "subprocess.Popen[bytes]":
    """An ssh whose standard input is ours: it ends with this process, even where that is killed."""
    return subprocess.Popen(command, bufsize=0, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=errors)


def _give(file: IO[bytes], server: "subprocess.Popen[bytes]") -> None:
    assert server.stdin
    with suppress(OSError):  # it has ended, and `_announced` says why
        while part := file.read(_PART_BYTES):
            while part:
                part = part[server.stdin.write(part) :]


def _rig_files(rigs: Sequence[Path]) -> list[tuple[Path, str]]:
    """Only what a rig is made of, whatever else lies in its folder."""
    return [(rig / name, f"{place:02}/{name}") for place, rig in enumerate(rigs) for name in (RECORD, ARRAYS, STILL)]


def _announced(host: Host, server: "subprocess.Popen[bytes]", errors: IO[bytes]) -> dict[str, str]:
    assert server.stdout
    line = server.stdout.readline()
    try:
        told: dict[str, str] = json.loads(line)
        if "link" in told:
            return told
        reason = str(told.get("error", "it did not say why")).rstrip(".")
    except ValueError:
        server.wait()
        reason = _said(errors)
    raise SshError(f"The server on {host.destination} did not begin ({reason}).")


def _wait_for(host: Host, tunnel: "subprocess.Popen[bytes]", port: int, errors: IO[bytes]) -> None:
    deadline = time.monotonic() + _TUNNEL_SECONDS
    while time.monotonic() < deadline and tunnel.poll() is None:
        with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
            return
        time.sleep(_LOOK_SECONDS)
    raise SshError(f"No tunnel to {host.destination} could be made ({_said(errors)}).")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _said(errors: IO[bytes]) -> str:
    errors.seek(0)
    return last_line(errors.read())


def _end(process: "subprocess.Popen[bytes]") -> None:
    """Of one whose standard input is closed: the other machine may take its time to delete."""
    for harder in (process.terminate, process.kill):
        with suppress(subprocess.TimeoutExpired):
            process.wait(_END_SECONDS)
            break
        harder()
    process.wait()
    if process.stdout:
        process.stdout.close()

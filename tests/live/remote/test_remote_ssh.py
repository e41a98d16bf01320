"""A server on another machine: a real sshd on loopback plays it."""

import importlib.metadata
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from driving import PATIENCE, Driver
from loopback_sshd import MISSING, WHY, Sshd

import doppelganger
from doppelganger.live.remote.address import RemoteError
from doppelganger.live.remote.borrowed import borrowed
from doppelganger.live.remote.client import RemoteReenactor
from doppelganger.live.remote.ssh import DISTRIBUTION, PACKAGES, Host, SshError, installed, requirements
from doppelganger.puppet.motion import Motion

needs_sshd = pytest.mark.skipif(MISSING, reason=WHY)
SOURCE = Path(doppelganger.__file__).parents[1]
LAUNCH = f"env PYTHONPATH={SOURCE} {sys.executable} -m doppelganger.cli"


@pytest.fixture(scope="module")
def sshd(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sshd]:
    running = Sshd(tmp_path_factory.mktemp("sshd")).start()
    yield running
    running.end()


def gone(sshd: Sshd) -> bool:
    """Whether nothing of ours is left there, after the time that it takes."""
    deadline = time.monotonic() + PATIENCE
    while list(sshd.temporary.iterdir()) and time.monotonic() < deadline:
        time.sleep(0.1)
    return not list(sshd.temporary.iterdir())


def taken(port: int | None) -> bool:
    """Whether the tunnel still holds this port of ours, after the time that it takes."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) != 0:
                return False
        time.sleep(0.1)
    return True


@needs_sshd
@pytest.mark.parametrize(
    ("ending", "code"),
    [(signal.SIGINT, 130), (signal.SIGTERM, 130), (signal.SIGKILL, -9)],
    ids=["Ctrl-C", "TERM", "KILL"],
)
def test_the_command_starts_tunnels_and_stops(
    ending: signal.Signals, code: int, sshd: Sshd, rigs: Path, at_rest: Motion
) -> None:
    options = [part for option in sshd.options for part in ("--ssh-option", option)]
    arguments = ["--ssh", sshd.host.destination, *options, "--remote-command", LAUNCH, "--port", "0", "--json"]
    command = subprocess.Popen(
        [sys.executable, "-m", "doppelganger.cli", "serve", str(rigs), *arguments],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        encoding="utf-8",
        env={**os.environ, "PYTHONPATH": str(SOURCE)},
    )
    assert command.stdout
    told = json.loads(command.stdout.readline())
    assert told["avatars"] == ["ada", "ben"] and "#token=" in told["link"]
    (there,) = sshd.temporary.iterdir()
    assert there.stat().st_mode & 0o077 == 0
    copied = sorted(file.name for file in (there / "rigs" / "00").iterdir())
    assert copied == ["rig.json", "rig.safetensors", "still.png"]
    with pytest.raises(RemoteError, match="token"):
        RemoteReenactor.connect(told["link"].partition("#")[0])
    remote = RemoteReenactor.connect(told["link"], avatar="ben")
    Driver(remote, at_rest).drive_until(lambda seen: remote.round_trip.count > 3)

    command.send_signal(ending)
    assert command.wait(PATIENCE) == code
    command.stdout.close()
    assert gone(sshd)
    assert not taken(urlsplit(told["link"]).port)
    assert remote.trouble
    remote.close()


@needs_sshd
def test_a_lost_tunnel_ends_it_at_both_ends(sshd: Sshd, rigs: Path) -> None:
    with (
        pytest.raises(SshError, match="lost"),
        borrowed(sshd.host, [rigs / "01"], LAUNCH, sessions=1) as server,
    ):
        assert server.avatars == ("ben",) and list(sshd.temporary.iterdir())
        threading.Timer(0.2, sshd.drop).start()
        server.wait()
    assert gone(sshd)


@needs_sshd
@pytest.mark.parametrize(
    "trouble",
    ['head -c 10000 | exec {ssh} "$@"', 'test -e {once} && exit 255; touch {once}; exec {ssh} "$@"'],
    ids=["lost while copying", "no second connection"],
)
def test_what_was_copied_goes_whenever_it_fails(
    trouble: str, sshd: Sshd, rigs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ssh = tmp_path / "ssh"
    ssh.write_text(f"#!/bin/sh\n{trouble.format(ssh=shutil.which('ssh'), once=tmp_path / 'once')}\n")
    ssh.chmod(0o700)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
    with pytest.raises(SshError), borrowed(sshd.host, [rigs / "00"], LAUNCH, sessions=1):
        pass
    assert gone(sshd)


@needs_sshd
def test_what_does_not_begin_there_is_a_sentence(sshd: Sshd, rigs: Path) -> None:
    with (
        pytest.raises(SshError, match=r"did not begin \(.*nonsense"),
        borrowed(sshd.host, [rigs / "00"], "nonsense", sessions=1),
    ):
        pass
    assert gone(sshd)
    with pytest.raises(SshError, match="could not do it"):
        sshd.host.run("exit 3")
    away = Host(sshd.host.destination, (*(o for o in sshd.options if not o.startswith("Port")), "Port=1"))
    with pytest.raises(SshError, match="cannot be reached by ssh"):
        away.run("true")
    for destination in ("", "-oProxyCommand=touch taken"):
        with pytest.raises(SshError, match="is no host"):
            Host(destination)


@needs_sshd
def test_the_program_is_installed_once(sshd: Sshd) -> None:
    said: list[str] = []
    launch = installed(sshd.host, said.append, packages=())
    assert len(said) == 1
    asked = "-c 'import doppelganger, sys; print(doppelganger.__file__, sys.prefix)'"
    file, prefix = sshd.host.run(launch.replace("-m doppelganger.cli", asked)).split()
    cache = str(sshd.folder / "cache" / "doppelganger-serve")
    assert file.startswith(cache) and prefix.startswith(cache)
    sent = {path.relative_to(Path(file).parent) for path in Path(file).parent.rglob("*.py")}
    assert sent == {path.relative_to(SOURCE / "doppelganger") for path in (SOURCE / "doppelganger").rglob("*.py")}
    assert installed(sshd.host, said.append, packages=()) == launch and len(said) == 1


def test_serving_needs_no_more_than_is_installed_there() -> None:
    """Without every other package that this project ever asks for, the command still has all that it imports."""
    declared = {line.partition(";")[0].split("<")[0].split(">")[0].split("=")[0] for line in requires()}
    modules: dict[str, set[str]] = {}
    for module, distributions in importlib.metadata.packages_distributions().items():
        for name in distributions:
            modules.setdefault(name.lower().replace("_", "-"), set()).add(module)
    hidden = sorted(module for name in declared - set(PACKAGES) for module in modules.get(name, ()))
    assert {"torch", "onnx", "skimage"} <= set(hidden)
    code = (
        f"import sys; sys.modules.update(dict.fromkeys({hidden!r})); import doppelganger.cli.app, "
        "doppelganger.live.wardrobe, doppelganger.live.remote.serving, doppelganger.live.remote.client"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, encoding="utf-8")
    assert ran.returncode == 0, ran.stderr
    assert len(requirements()) == len(PACKAGES) and any(line.startswith("numpy<") for line in requirements())


def requires() -> list[str]:
    return [line.strip() for line in importlib.metadata.requires(DISTRIBUTION) or ()]

"""``doppelganger serve`` on this machine: TLS, tokens, what it says, and how it ends."""

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from driving import PATIENCE, Driver

from doppelganger.images import RGB, resize
from doppelganger.live.remote.address import RemoteError
from doppelganger.live.remote.client import RemoteReenactor
from doppelganger.puppet.motion import Motion
from doppelganger.video.reading import VideoFile
from filming import write_video

Serve = Callable[..., "Served"]


class Served:
    """The command, running."""

    def __init__(self, *arguments: str, **environment: str) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "doppelganger.cli", "serve", *arguments, "--port", "0", "--json"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            encoding="utf-8",
            env={**os.environ, **environment},
        )
        assert self._process.stdout
        self.told: dict[str, Any] = json.loads(self._process.stdout.readline())

    @property
    def link(self) -> str:
        return str(self.told["link"])

    @property
    def token(self) -> str:
        return self.link.partition("#token=")[2]

    def interrupt(self) -> int:
        """Ctrl-C; returns the exit code."""
        self._process.send_signal(signal.SIGINT)
        return self._process.wait(60)

    def end_input(self) -> int:
        """Returns the exit code."""
        assert self._process.stdin
        self._process.stdin.close()
        return self._process.wait(60)

    def close(self) -> None:
        if self._process.poll() is None:
            self.interrupt()
        for stream in (self._process.stdin, self._process.stdout, self._process.stderr):
            assert stream
            stream.close()


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Serve]:
    begun: list[Served] = []

    def start(*arguments: str, **environment: str) -> Served:
        begun.append(Served(*arguments, "--data", str(tmp_path / "data"), **environment))
        return begun[-1]

    yield start
    for one in begun:
        one.close()


def certificate(folder: Path, name: str) -> tuple[Path, Path]:
    """Signed by itself: the certificate, its key."""
    files = folder / f"{name}.pem", folder / f"{name}-key.pem"
    subprocess.run(
        f"openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN={name} -keyout {files[1]} -out {files[0]}".split(),
        capture_output=True,
        check=True,
    )
    return files


def test_over_tls_with_a_certificate_that_nobody_signed(
    serve: Serve, rigs: Path, tmp_path: Path, at_rest: Motion
) -> None:
    own, key = certificate(tmp_path, "rendering.example")
    other, _ = certificate(tmp_path, "rendering.example.org")
    server = serve(str(rigs), "--host", "0.0.0.0", "--certificate", str(own), "--key", str(key))
    assert server.link.startswith("wss://") and len(server.token) >= 43 and server.told["avatars"] == ["ada", "ben"]
    here = f"wss://127.0.0.1:{server.link.partition('/render')[0].rpartition(':')[2]}"
    with pytest.raises(RemoteError, match="--certificate"):
        RemoteReenactor.connect(here, server.token)
    with pytest.raises(RemoteError, match="certificate"):
        RemoteReenactor.connect(here, server.token, certificate=other)
    with pytest.raises(RemoteError, match="not a certificate"):
        RemoteReenactor.connect(here, server.token, certificate=key)
    with pytest.raises(RemoteError, match="token"):
        RemoteReenactor.connect(here, certificate=own)
    remote = RemoteReenactor.connect(f"{here}/render#token={server.token}", avatar="ben", certificate=own)
    assert remote.name == "ben"
    begun = remote.round_trip.count
    Driver(remote, at_rest).drive_until(lambda seen: remote.round_trip.count > begun + 3)
    remote.close()
    kept = [file.read_bytes() for file in (tmp_path / "data").rglob("*") if file.is_file()]
    assert len(kept) == 1 and server.token.encode() not in kept[0], "its hash alone, and no picture"
    assert server.interrupt() == 130


def test_a_token_stays_or_is_ones_own(serve: Serve, rigs: Path) -> None:
    ada = str(rigs / "00")
    first = serve(ada, "--token")
    assert first.token and first.interrupt() == 130
    again = serve(ada, "--token", "--with-input")
    assert not again.token, "printed once"
    RemoteReenactor.connect(again.link, first.token).close()
    with pytest.raises(RemoteError, match="token"):
        RemoteReenactor.connect(again.link)
    assert again.end_input() == 0, "with its input it ends"
    own = serve(ada, DOPPELGANGER_TOKEN="o" * 40)
    assert not own.token
    with pytest.raises(RemoteError, match="token"):
        RemoteReenactor.connect(own.link, first.token)
    RemoteReenactor.connect(own.link, "o" * 40).close()


def run(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "doppelganger.cli", "serve", *arguments],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        encoding="utf-8",
        env={**os.environ, "NO_COLOR": "1", **environment},
        timeout=PATIENCE,
    )


def test_what_cannot_be_served_is_a_sentence(rigs: Path, tmp_path: Path) -> None:
    ran = run(str(tmp_path))
    assert ran.returncode == 1 and "doppelganger rig" in ran.stderr and len(ran.stderr.strip().splitlines()) == 1
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        ran = run(str(rigs), "--port", str(taken.getsockname()[1]))
    assert ran.returncode == 1 and "in use" in ran.stderr
    assert run(str(rigs), "--certificate", __file__).returncode == 2
    for token in ("short", "x" * 201):
        assert run(str(rigs), "--token", "--port", "0", DOPPELGANGER_TOKEN=token).returncode == 2


def test_avatars_that_laptops_could_not_tell_apart_are_not_served(rigs: Path, tmp_path: Path) -> None:
    twice = run(str(rigs), str(rigs / "00"), "--port", "0")
    assert twice.returncode == 1 and "2 of these avatars are called 'ada'" in twice.stderr
    there = run(str(rigs), str(rigs / "00"), "--ssh", "nowhere.invalid")
    assert (there.returncode, there.stderr) == (1, twice.stderr), "said before anything is sent"
    many = run(*[str(rigs)] * 11, "--port", "0")
    assert many.returncode == 1 and "22 avatars" in many.stderr
    shutil.copytree(rigs / "00", tmp_path / "long")
    record = json.loads((tmp_path / "long" / "rig.json").read_text("utf-8"))
    (tmp_path / "long" / "rig.json").write_text(json.dumps({**record, "name": "x" * 101}), "utf-8")
    long = run(str(tmp_path / "long"), "--port", "0")
    assert long.returncode == 1 and "has 101" in long.stderr


def test_the_way_that_shows_nobody_the_token_is_said_first(rigs: Path, tmp_path: Path) -> None:
    said = subprocess.Popen(
        [
            sys.executable,
            "-m",
            "doppelganger.cli",
            "serve",
            str(rigs),
            "--token",
            "--port",
            "0",
            "--data",
            str(tmp_path),
        ],
        stdout=subprocess.PIPE,
        encoding="utf-8",
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
    )
    assert said.stdout
    address, _, token = said.stdout.readline().removeprefix("Rendering server: ").strip().partition("#token=")
    said.stdout.readline()
    assert said.stdout.readline().strip() == (
        f"Wear them with: DOPPELGANGER_TOKEN={token} doppelganger live --server '{address}'"
    )
    assert said.stdout.readline().strip().endswith(f"doppelganger live --server '{address}#token={token}'")
    said.send_signal(signal.SIGINT)
    assert said.wait(60) == 130
    said.stdout.close()


def test_half_a_handshake_is_counted_too(serve: Serve, rigs: Path, tmp_path: Path) -> None:
    own, key = certificate(tmp_path, "rendering.example")
    server = serve(str(rigs), "--certificate", str(own), "--key", str(key))
    port = int(server.link.partition("/render")[0].rpartition(":")[2])
    with ExitStack() as stack:
        strangers = [stack.enter_context(socket.create_connection(("127.0.0.1", port), 30)) for _ in range(17)]
        assert all(ends(one) for one in reversed(strangers))  # the last at once, the others in their time
    RemoteReenactor.connect(server.link, certificate=own).close()


def ends(connection: socket.socket) -> bool:
    """Waits for it."""
    try:
        return connection.recv(1) == b""
    except ConnectionResetError:
        return True


@pytest.mark.parametrize(
    ("link", "words"),
    [
        ("ws://rendering.example:8767", "wss://"),
        ("https://rendering.example", "wss://"),
        ("wss://", "wss://"),
        ("wss://[::1", "wss://"),
        ("ws://127.0.0.1:1", "cannot be reached"),
        (f"ws://127.0.0.1:1/render#token={'x' * 201}", "200 letters"),
    ],
)
def test_what_is_no_server_is_a_sentence(link: str, words: str) -> None:
    with pytest.raises(RemoteError, match=words):
        RemoteReenactor.connect(link, None if "#" in link else "t" * 43)


def call(*arguments: str) -> subprocess.CompletedProcess[str]:
    """A call without a browser and without a window."""
    command = [sys.executable, "-m", "doppelganger.cli", "live", *arguments, "--desktop", "--no-window"]
    return subprocess.run(command, capture_output=True, encoding="utf-8")


@pytest.mark.parametrize("elsewhere", [False, True], ids=["rendered here", "rendered by a server"])
def test_a_whole_call_without_a_browser(
    elsewhere: bool, serve: Serve, rigs: Path, stills: dict[str, RGB], astronaut: RGB, tmp_path: Path
) -> None:
    driver = resize(astronaut[:384], 640, 480)
    swaying = [np.roll(driver, round(12 * np.sin(k / 4)), axis=1) for k in range(24)]
    camera, film = write_video(tmp_path / "camera.mp4", swaying), tmp_path / "call.mp4"
    avatars = ["--server", serve(str(rigs)).link] if elsewhere else [str(rigs)]
    made = call(*avatars, "--camera", str(camera), "--record", str(film))
    assert made.returncode == 0, made.stderr
    said = re.match(r"(\d+) frames shown, .*; (\d+) late ones were dropped", made.stdout)
    assert said and int(said[1]) + int(said[2]) == len(swaying)
    with VideoFile(film) as opened:
        shown = [frame.image for frame in opened.frames()]
    assert len(shown) == int(said[1]) > 0
    away = [[mean_difference(image, other) for other in (stills["ada"], resize(driver, 512, 512))] for image in shown]
    assert away[0][0] < 12  # the first look at the driver is the avatar at rest
    for avatar, person in away:  # then it sways with them
        assert avatar < 35 < 50 < person


def mean_difference(a: RGB, b: RGB) -> float:
    """Over all pixels, in grey levels."""
    return float(np.abs(a.astype(int) - b).mean())


def test_the_browser_is_not_given_the_token_on_a_command_line(rigs: Path, tmp_path: Path) -> None:
    given = tmp_path / "given"
    for name in ("xdg-open", "open"):
        browser = tmp_path / name
        browser.write_text(f'#!/bin/sh\necho "$@" > "{given}.part"; mv "{given}.part" "{given}"\n')
        browser.chmod(0o700)
    command = subprocess.Popen(
        [sys.executable, "-m", "doppelganger.cli", "live", str(rigs), "--host", "0.0.0.0", "--port", "0"],
        stdout=subprocess.PIPE,
        encoding="utf-8",
        env={**os.environ, "PATH": f"{tmp_path}{os.pathsep}{os.environ['PATH']}", "PYTHONUNBUFFERED": "1"},
    )
    assert command.stdout
    _, _, token = command.stdout.readline().strip().partition("#token=")
    deadline = time.monotonic() + PATIENCE
    while not given.exists() and time.monotonic() < deadline:
        time.sleep(0.1)
    command.send_signal(signal.SIGINT)
    assert command.wait(60) == 130
    command.stdout.close()
    assert token and token not in given.read_text("utf-8")

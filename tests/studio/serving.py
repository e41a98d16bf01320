"""The real server as a process of its own, and visitors who talk to it."""

import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

from doppelganger.studio.config import Config

PATIENCE = 600.0
"""Seconds for anything to happen; a slow machine may need them, a quick one never waits that long."""
QUICK = {"margin": 1.0, "held_out": ["edgeface"], "seed": 0, "background": None, "keep_photo": False, "steps": 12}
"""Settings of a job that takes seconds."""

_WITH_LIMITS = """
import json, sys
from pathlib import Path
from doppelganger.studio.config import Config, Limits
from doppelganger.studio.house import House
from doppelganger.listening import listen
from doppelganger.studio.serve import serve
told = json.loads(sys.argv[1])
house = House(Path(told["data"]))
house.occupy()
bound = listen("127.0.0.1", told["port"])
config = Config(house.root, keep_hours=told["keep_hours"], limits=Limits(**told["limits"]))
serve(config, house, bound, lambda: print(f"Studio: http://127.0.0.1:{bound.getsockname()[1]}/", flush=True))
"""


@dataclass
class Serving:
    """A server on a free port, which it keeps when it is started again. ``limits``: others than the usual ones."""

    data: Path
    options: tuple[str, ...] = ()
    limits: dict[str, Any] | None = None
    keep_hours: float = 24.0
    link: str = ""
    """As printed: the address, with the token where there is one."""
    _process: subprocess.Popen[bytes] | None = None
    _port: int = 0
    _visitors: list[httpx.Client] = field(default_factory=list)

    @property
    def url(self) -> str:
        return self.link.partition("#")[0].rstrip("/")

    @property
    def host(self) -> str:
        """As in a Host header."""
        return self.url.partition("//")[2]

    @property
    def token(self) -> str:
        return self.link.partition("#token=")[2]

    @property
    def cookie(self) -> str:
        """Its name."""
        return Config(self.data).cookie

    @property
    def log(self) -> Path:
        """All that the server has ever said."""
        return self.data.with_name(f"{self.data.name}.log")

    @property
    def pid(self) -> int:
        assert self._process
        return self._process.pid

    def start(self) -> "Serving":
        if self.limits is None:
            options = ("--no-open", "--port", str(self._port), "--data", str(self.data), *self.options)
            command = ["-m", "doppelganger.cli", "studio", "--keep-hours", str(self.keep_hours), *options]
        else:
            told = {
                "data": str(self.data),
                "port": self._port,
                "keep_hours": self.keep_hours,
                "limits": self.limits,
            }
            command = ["-c", _WITH_LIMITS, json.dumps(told)]
        said_before = self.log.stat().st_size if self.log.exists() else 0
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, *command],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                env={**os.environ, "PYTHONUNBUFFERED": "1", "PYTHONIOENCODING": "utf-8"},
            )
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            said = self.log.read_bytes()[said_before:].decode()
            line = next((line for line in said.splitlines(keepends=True) if "Studio: http" in line), "")
            if line.endswith("\n"):
                self.link = line.split("Studio: ")[1].strip()
                self._port = int(self.url.rpartition(":")[2])
                return self
            assert self._process.poll() is None, f"the server ended:\n{said}"
            time.sleep(0.05)
        raise AssertionError("the server did not begin")

    def kill(self) -> None:
        """As a power cut would."""
        assert self._process
        self._process.kill()
        self._process.wait()

    def interrupt(self) -> int:
        """Ctrl-C; returns the exit code."""
        assert self._process
        self._process.send_signal(signal.SIGINT)
        return self._process.wait(PATIENCE)

    def end(self) -> None:
        for visitor in self._visitors:
            visitor.close()
        if self._process and self._process.poll() is None:
            self.interrupt()

    def stranger(self) -> httpx.Client:
        """Somebody whom the server does not know yet, with the page's header."""
        client = httpx.Client(base_url=self.url, headers={"X-Doppelganger": "1"}, timeout=PATIENCE)
        self._visitors.append(client)
        return client

    def visitor(self) -> httpx.Client:
        """A new person, who has come in."""
        client = self.stranger()
        client.post("/api/visit", json={"token": self.token or None}).raise_for_status()
        return client

    def helper(self, module: str) -> int | None:
        """The process id of the server's "looker" or "worker", None where none runs."""
        listed = subprocess.run(["ps", "-A", "-ww", "-o", "pid=,ppid=,command="], capture_output=True, encoding="utf-8")
        for line in listed.stdout.splitlines():
            pid, parent, command = line.split(maxsplit=2)
            if int(parent) == self.pid and f"doppelganger.studio.{module}" in command:
                return int(pid)
        return None

    def story(self) -> str:
        """The end of the log, with what each helper is at, and how the last jobs stand."""
        for module in ("worker", "looker", "renderer"):
            if pid := self.helper(module):
                os.kill(pid, signal.SIGUSR1)
        time.sleep(1)
        database = sqlite3.connect(f"file:{self.data / 'studio.sqlite3'}?mode=ro", uri=True)
        jobs = database.execute("SELECT id, kind, state, crashes, begun FROM jobs ORDER BY created DESC").fetchmany(5)
        last = jobs[0][0] if jobs else ""
        told = database.execute("SELECT number, kind, data FROM events WHERE job = ? ORDER BY number DESC", (last,))
        rows = [*jobs, *told.fetchmany(10)]
        database.close()
        return "\n".join([*map(str, rows), self.log.read_text(errors="replace")[-8000:]])

    def files(self) -> list[Path]:
        """All that lies in the people's folders."""
        return sorted(path for path in (self.data / "people").rglob("*") if path.is_file())

    def left(self, of: Callable[[Path], bool]) -> list[Path]:
        """Files that are still there when all that is being deleted has had its time."""
        deadline = time.monotonic() + PATIENCE
        while (found := [path for path in self.files() if of(path)]) and time.monotonic() < deadline:
            time.sleep(0.1)
        return found


@dataclass(frozen=True)
class Told:
    """A server-sent event."""

    number: int
    kind: str
    data: dict[str, Any]


def upload(client: httpx.Client, picture: bytes) -> dict[str, Any]:
    answer = client.post("/api/uploads", content=picture, headers={"Content-Type": "image/png"})
    assert answer.status_code == 201, answer.text
    return answer.json()


def begin(client: httpx.Client, upload_id: str, **settings: Any) -> dict[str, Any]:
    asked = {"upload": upload_id, "face": 0, "consent": True, **QUICK, **settings}
    answer = client.post("/api/jobs", json=asked)
    assert answer.status_code == 201, answer.text
    return answer.json()


def finished(client: httpx.Client, job: dict[str, Any], state: str = "done") -> dict[str, Any]:
    """The job, once it is in this state."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        now = client.get(f"/api/jobs/{job['id']}").json()
        if now["state"] == state:
            return now
        assert now["state"] in ("queued", "running"), now
        time.sleep(0.1)
    raise AssertionError(f"never {state}: {now}")


def told(client: httpx.Client, job: str, after: int = 0, header: bool = False) -> Iterator[Told]:
    """The events of a job as they come; ``header``: say what is known as browsers do."""
    known = {"headers": {"Last-Event-ID": str(after)}} if header else {"params": {"after": after}}
    with client.stream("GET", f"/api/jobs/{job}/events", **known) as stream:
        assert stream.status_code == 200
        assert stream.headers["content-type"].startswith("text/event-stream")
        fields: dict[str, str] = {}
        for line in stream.iter_lines():
            if line and not line.startswith(":"):
                name, _, value = line.partition(": ")
                fields[name] = value
            elif not line and fields:
                yield Told(int(fields["id"]), fields["event"], json.loads(fields["data"]))
                fields = {}

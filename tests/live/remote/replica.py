"""The real server as a process of its own, with drawn avatars."""

import json
import os
import signal
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from doppelganger.studio.identity import digest

TOKEN = "t" * 43


@dataclass
class Replica:
    """On a free port, which it keeps when it is started again."""

    stills: dict[str, Path]
    log: Path
    seconds: float = 0.0
    limits: dict[str, Any] = field(default_factory=dict)
    port: int = 0
    _process: subprocess.Popen[str] | None = None

    @property
    def url(self) -> str:
        return f"ws://127.0.0.1:{self.port}"

    def start(self) -> "Replica":
        told = {
            "port": self.port,
            "stills": {name: str(file) for name, file in self.stills.items()},
            "seconds": self.seconds,
            "limits": self.limits,
            "token_hash": digest(TOKEN),
        }
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, str(Path(__file__).with_name("drawn.py")), json.dumps(told)],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=log,
                encoding="utf-8",
                env={**os.environ, "PYTHONUNBUFFERED": "1"},
            )
        assert self._process.stdout
        said = self._process.stdout.readline()
        assert said.startswith("PORT "), self.log.read_text("utf-8")
        self.port = int(said.split()[1])
        return self

    @property
    def alive(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def kill(self) -> None:
        """As a power cut would."""
        assert self._process
        self._process.kill()
        self._process.wait()

    def end(self) -> None:
        if self._process and self.alive:
            self._process.send_signal(signal.SIGINT)
            self._process.wait(60)
        if self._process and self._process.stdout:
            self._process.stdout.close()

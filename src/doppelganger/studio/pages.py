"""The page's files, as they lie in the package: compressed once, known by the hash of their contents."""

import gzip
import hashlib
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

KINDS = {
    ".html": "text/html; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".json": "application/json",
    ".svg": "image/svg+xml",
    ".png": "image/png",
    ".jpg": "image/jpeg",
    ".ico": "image/x-icon",
    ".woff2": "font/woff2",
    ".webmanifest": "application/manifest+json",
}
"""What the page may consist of; anything else that lies there is not served."""


@dataclass(frozen=True)
class PageFile:
    """``packed``: gzip, None where that is no smaller."""

    data: bytes
    packed: bytes | None
    kind: str
    hash: str


class Pages:
    """Reads each file once, and again when it has changed, so that whoever works on the page only reloads."""

    def __init__(self, *roots: Path) -> None:
        """``roots``: folders, the first that has a file gives it; without any, the Studio's."""
        self._roots = [root.resolve() for root in roots or (Path(str(files("doppelganger.studio") / "page")),)]
        self._known: dict[str, tuple[tuple[int, int], PageFile]] = {}

    def find(self, name: str) -> PageFile | None:
        """The file of this name ("app.js", "strings/en.json"), None where there is none or it is not a page's."""
        parts = name.split("/")
        kind = KINDS.get(Path(parts[-1]).suffix)
        if kind is None or any(part.startswith(".") or not part or set(part) & set("\\:\0") for part in parts):
            return None
        try:
            path = next((path for root in self._roots if (path := _file_in(root, parts))), None)
            if path is None:
                return None
            stamp = path.stat()
            version = (stamp.st_mtime_ns, stamp.st_size)
            if name not in self._known or self._known[name][0] != version:
                self._known[name] = version, _read(path, kind)
        except (OSError, ValueError):
            return None
        return self._known[name][1]


def _file_in(root: Path, parts: list[str]) -> Path | None:
    path = root.joinpath(*parts)
    return path if path.resolve().is_relative_to(root) and path.is_file() else None


def _read(path: Path, kind: str) -> PageFile:
    data = path.read_bytes()
    packed = gzip.compress(data, 9, mtime=0)
    return PageFile(data, packed if len(packed) < len(data) else None, kind, hashlib.sha256(data).hexdigest()[:16])

"""The page's files: compressed, known by their hash, and nothing else of the package."""

import gzip
from pathlib import Path

import httpx
from serving import Serving

from doppelganger.studio.pages import Pages


def test_the_index_comes_compressed_and_only_once(studio: Serving) -> None:
    with httpx.Client(base_url=studio.url) as client:
        plain = client.get("/", headers={"Accept-Encoding": "identity"})
        assert plain.headers["content-type"] == "text/html; charset=utf-8" and "content-encoding" not in plain.headers
        packed = client.get("/", headers={"Accept-Encoding": "br, gzip;q=0.5"})
        assert packed.headers["content-encoding"] == "gzip" and packed.content == plain.content
        assert int(packed.headers["content-length"]) < len(plain.content)
        assert "content-encoding" not in client.get("/", headers={"Accept-Encoding": "gzip;q=0"}).headers
        known = client.get("/page/index.html", headers={"If-None-Match": f'W/{plain.headers["etag"]}, "x"'})
        assert known.status_code == 304 and known.content == b""
        named = client.get(f"/page/index.html?v={plain.headers['etag'].strip(chr(34))}")
        assert "immutable" in named.headers["cache-control"]
        assert client.get("/page/index.html?v=0").headers["cache-control"] == "no-cache"
        assert client.post("/", headers={"X-Doppelganger": "1"}).status_code == 405


def test_files_are_read_again_when_they_change(tmp_path: Path) -> None:
    (tmp_path / "a.js").write_text("1" * 1000)
    (tmp_path / "a.py").write_text("1")
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "b.json").write_text("{}")
    (tmp_path.parent / "outside.js").write_text("1")
    (tmp_path / "link.js").symlink_to(tmp_path.parent / "outside.js")
    pages = Pages(tmp_path)
    first = pages.find("a.js")
    assert first and first.packed and gzip.decompress(first.packed) == first.data
    assert pages.find("a.js") is first
    (tmp_path / "a.js").write_text("2" * 999)
    second = pages.find("a.js")
    assert second and second.data == b"2" * 999 and second.hash != first.hash
    small = pages.find("sub/b.json")
    assert small and small.packed is None
    for name in ("a.py", "link.js", "../outside.js", "sub", "sub/../a.js", "/a.js", "missing.js", "", "sub//b.json"):
        assert pages.find(name) is None, name

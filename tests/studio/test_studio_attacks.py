"""What strangers may try: every one of it is refused, in JSON, and the server goes on."""

import io
import json
import os
import re
import time
from pathlib import Path

import httpx
import pytest
from hostile import HTML, SVG, bomb, located, lying_header, polyglot, raw
from PIL import Image
from serving import PATIENCE, Serving, upload

from conftest import Made
from doppelganger.images import RGB

PNG = {"Content-Type": "image/png"}


@pytest.fixture(autouse=True)
def still_there(studio: Serving) -> object:
    """Whatever was tried: the server answers, and has kept nothing of it."""
    before = studio.files()
    yield
    assert httpx.get(f"{studio.url}/api/health", timeout=PATIENCE).json() == {}
    assert studio.files() == before


def refused(answer: httpx.Response, status: int, code: str) -> None:
    assert (answer.status_code, answer.json()["code"]) == (status, code), answer.text
    assert set(answer.json()) == {"error", "code"} and answer.json()["error"].endswith(".")


@pytest.mark.parametrize(
    "path",
    [
        "/page/../app.py",
        "/page/..%2fapp.py",
        "/page/%2e%2e/%2e%2e/config.py",
        "/page/....//app.py",
        "/page//etc/passwd",
        "/page/%2fetc%2fpasswd",
        "/page/..\\app.py",
        "/page/..%5capp.py",
        "/page/strings/../../app.py",
        "/page/index.html%00.png",
        "/page/.hidden.js",
        "/page/",
        "/../../etc/passwd",
        "//etc/passwd",
        "/page/C:/windows/win.ini",
    ],
)
def test_paths_out_of_the_page(studio: Serving, path: str) -> None:
    answer = raw(studio.host, f"GET {path} HTTP/1.1\r\nHost: {studio.host}\r\nConnection: close\r\n\r\n".encode())
    assert re.match(rb"HTTP/1.1 40[04] ", answer), answer[:200]
    assert b"root:" not in answer and b"import " not in answer


@pytest.mark.parametrize(
    "path",
    [
        "/api/uploads/..%2f..%2fstudio.sqlite3/picture",
        "/api/jobs/..%2f..%2f..%2ftoken/faces/1",
        "/api/jobs/{job}/faces/..%2f..%2fcheckpoint",
        "/api/results/{result}/pictures/..%2flatents",
        "/api/results/{result}/pictures/portrait.png",
        "/api/results/{result}/frames/..%2fportrait",
        "/api/results/{result}/downloads/..%2f..%2fprivate%2fportrait.png",
        "/api/results/%2e%2e%2f{result}/downloads/result.zip",
    ],
)
def test_paths_out_of_the_house(made: Made, studio: Serving, path: str) -> None:
    cookie = f"{studio.cookie}={made.client.cookies[studio.cookie]}"
    asked = path.format(job=made.job, result=made.result)
    request = f"GET {asked} HTTP/1.1\r\nHost: {studio.host}\r\nCookie: {cookie}\r\nConnection: close\r\n\r\n"
    answer = raw(studio.host, request.encode())
    assert re.match(rb"HTTP/1.1 4(04|22) ", answer), answer[:200]


@pytest.mark.parametrize(
    "host", ["evil.example", "evil.example:80", "127.0.0.1.evil.example", "127.0.0.2", "[::2]", "a b"]
)
@pytest.mark.parametrize("path", ["/", "/api/about", "/api/visit", "/page/index.html"])
def test_a_wrong_host_is_not_answered(studio: Serving, host: str, path: str) -> None:
    refused(httpx.get(studio.url + path, headers={"Host": host}), 403, "forbidden")


def test_no_host_at_all(studio: Serving) -> None:
    assert re.match(rb"HTTP/1.1 40[03] ", raw(studio.host, b"GET / HTTP/1.0\r\n\r\n"))


@pytest.mark.parametrize(
    "headers",
    [
        {"X-Doppelganger": ""},
        {"X-Doppelganger": "0"},
        {"X-Doppelganger": "1", "Origin": "https://evil.example"},
        {"X-Doppelganger": "1", "Origin": "null"},
        {"X-Doppelganger": "1", "Origin": "http://127.0.0.1:1"},
        {"X-Doppelganger": "1", "Origin": "http://["},
        {"X-Doppelganger": "1", "Sec-Fetch-Site": "cross-site"},
        {"X-Doppelganger": "1", "Sec-Fetch-Site": "same-site"},
    ],
)
def test_other_sites_change_nothing(made: Made, headers: dict[str, str]) -> None:
    for method, path in (
        ("POST", "/api/visit"),
        ("POST", "/api/uploads"),
        ("DELETE", f"/api/results/{made.result}"),
        ("DELETE", "/api/everything"),
    ):
        refused(made.client.request(method, path, headers=headers), 403, "forbidden")
    assert made.client.get(f"/api/results/{made.result}").status_code == 200


def test_our_own_page_may(studio: Serving, visitor: httpx.Client) -> None:
    ours = {"Origin": studio.url, "Sec-Fetch-Site": "same-origin"}
    assert visitor.delete("/api/everything", headers=ours).status_code == 204


def test_without_the_cookie_the_api_is_closed(studio: Serving, made: Made) -> None:
    stranger = studio.stranger()
    for cookie in ("", "x", "0" * 43, made.job):
        stranger.cookies.set(studio.cookie, cookie)
        for method, path in (
            ("GET", "/api/jobs"),
            ("POST", "/api/jobs"),
            ("POST", "/api/uploads"),
            ("GET", f"/api/results/{made.result}"),
            ("GET", "/api/nothing"),
        ):
            refused(stranger.request(method, path, content=b"{"), 401, "token")
        assert stranger.get("/api/about").json()["signed_in"] is False


def test_the_cookie_is_kept_from_scripts_and_other_sites(studio: Serving) -> None:
    answer = studio.stranger().post("/api/visit", json={"token": None})
    cookie = answer.headers["set-cookie"].lower()
    assert "httponly" in cookie and "samesite=strict" in cookie and "path=/" in cookie and "domain" not in cookie
    assert len(answer.cookies[studio.cookie]) >= 43
    assert answer.cookies[studio.cookie].encode() not in (studio.data / "studio.sqlite3").read_bytes()


def test_every_answer_gives_the_cookie_anew(studio: Serving, visitor: httpx.Client) -> None:
    """It lasts longer than what is made now; and only who is known gets one."""
    for method, path in (
        ("GET", "/api/about"),
        ("GET", "/api/jobs"),
        ("POST", "/api/visit"),
        ("GET", f"/api/jobs/{'0' * 32}"),
    ):
        answer = visitor.request(method, path, json={"token": None} if method == "POST" else None)
        given = answer.headers.get_list("set-cookie")
        assert len(given) == 1 and given[0].startswith(f"{studio.cookie}={visitor.cookies[studio.cookie]}; ")
        assert int(given[0].lower().partition("max-age=")[2].partition(";")[0]) > 24 * 3600
    stranger = studio.stranger()
    for cookie in (None, "x" * 43):
        headers = {"Cookie": f"{studio.cookie}={cookie}"} if cookie else {}
        for path in ("/api/about", "/api/jobs"):
            assert "set-cookie" not in stranger.get(path, headers=headers).headers


@pytest.mark.parametrize("path", ["/", "/api/about", "/api/jobs", "/api/nothing", "/nothing", "/page/index.html"])
def test_every_answer_is_locked_up(studio: Serving, path: str) -> None:
    for client in (studio.stranger(), studio.visitor()):
        headers = client.get(path).headers
        policy = headers["content-security-policy"]
        assert "default-src 'none'" in policy and "script-src 'self'" in policy and "frame-ancestors 'none'" in policy
        assert "unsafe" not in policy and "http" not in policy
        assert headers["x-content-type-options"] == "nosniff" and headers["referrer-policy"] == "no-referrer"
        assert headers["cross-origin-opener-policy"] == headers["cross-origin-resource-policy"] == "same-origin"
        assert headers["permissions-policy"] == "camera=(self)"
        assert "access-control-allow-origin" not in headers and "server" not in headers
        if path.startswith("/api/"):
            assert headers["cache-control"] == "no-store"


def test_a_gigabyte_that_is_announced(studio: Serving, visitor: httpx.Client) -> None:
    request = (
        f"POST /api/uploads HTTP/1.1\r\nHost: {studio.host}\r\nX-Doppelganger: 1\r\nContent-Type: image/png\r\n"
        f"Cookie: {studio.cookie}={visitor.cookies[studio.cookie]}\r\nContent-Length: 1000000000\r\n\r\n"
    )
    answer = raw(studio.host, request.encode())
    assert answer.startswith(b"HTTP/1.1 413 ") and b'"too-large"' in answer


@pytest.mark.parametrize("path", ["/api/uploads", "/api/jobs", "/api/visit"])
def test_a_gigabyte_that_is_not_announced(studio: Serving, visitor: httpx.Client, path: str) -> None:
    kind = "image/png" if path == "/api/uploads" else "application/json"
    request = (
        f"POST {path} HTTP/1.1\r\nHost: {studio.host}\r\nX-Doppelganger: 1\r\nContent-Type: {kind}\r\n"
        f"Cookie: {studio.cookie}={visitor.cookies[studio.cookie]}\r\nTransfer-Encoding: chunked\r\n\r\n"
    )
    memory = resident(studio.pid)
    answer = raw(studio.host, request.encode(), b"100000\r\n" + b"1" * 0x100000 + b"\r\n", 1000)
    # what is not read when a connection is closed may take the answer along
    assert answer == b"" or answer.startswith(b"HTTP/1.1 413 ")
    assert resident(studio.pid) - memory < 300e6


def test_a_json_body_has_a_limit(visitor: httpx.Client) -> None:
    refused(visitor.post("/api/visit", json={"token": "x" * 70_000}), 413, "too-large")


def test_bombs(visitor: httpx.Client, photo: bytes) -> None:
    refused(visitor.post("/api/uploads", content=bomb(), headers=PNG), 413, "too-many-pixels")
    refused(visitor.post("/api/uploads", content=bomb(8000), headers=PNG), 413, "too-many-pixels")
    refused(visitor.post("/api/uploads", content=lying_header(photo), headers=PNG), 415, "not-a-picture")


def test_what_is_no_picture(made: Made, visitor: httpx.Client, photo: bytes) -> None:
    for data in (SVG, HTML, b"GIF89a" + bytes(50), b"PK\3\4" + bytes(100), b"\0", photo[:2000], os.urandom(5000)):
        for kind in ("image/png", "image/svg+xml", "application/octet-stream"):
            answer = visitor.post("/api/uploads", content=data, headers={"Content-Type": kind})
            refused(answer, 415, "not-a-picture")
    for kind in ("text/html", "multipart/form-data; boundary=a", "application/json"):
        refused(visitor.post("/api/uploads", content=photo, headers={"Content-Type": kind}), 415, "not-a-picture")
    refused(visitor.post("/api/uploads", content=b"", headers=PNG), 400, "not-a-picture")
    refused(made.client.post(f"/api/results/{made.result}/recognise", content=SVG, headers=PNG), 415, "not-a-picture")


def test_nobody_in_the_picture(visitor: httpx.Client) -> None:
    buffer = io.BytesIO()
    Image.new("RGB", (300, 200), "green").save(buffer, "PNG")
    refused(visitor.post("/api/uploads", content=buffer.getvalue(), headers=PNG), 422, "no-face")


def test_faces_that_will_not_do(visitor: httpx.Client, astronaut: RGB) -> None:
    small = Image.fromarray(astronaut).resize((150, 150))
    buffer = io.BytesIO()
    small.save(buffer, "PNG")
    sent = upload(visitor, buffer.getvalue())
    assert [(face["fit"], face["why"]) for face in sent["faces"]] == [(False, "face-too-small")]
    asked = {"upload": sent["id"], "margin": 1.0, "held_out": [], "seed": 0, "background": None, "keep_photo": False}
    refused(visitor.post("/api/jobs", json={**asked, "face": 0, "consent": True}), 422, "face-too-small")
    refused(visitor.post("/api/jobs", json={**asked, "face": 1, "consent": True}), 422, "no-face")
    refused(visitor.post("/api/jobs", json={**asked, "face": 0, "consent": False}), 422, "invalid")
    for bad in ({"background": "/etc/passwd"}, {"margin": float("nan")}, {"steps": 11}, {"extra": 1}, {"seed": -1}):
        content = json.dumps({**asked, "face": 0, "consent": True, **bad})
        answer = visitor.post("/api/jobs", content=content, headers={"Content-Type": "application/json"})
        refused(answer, 422, "invalid")
    visitor.delete(f"/api/uploads/{sent['id']}").raise_for_status()


def test_a_polyglot_is_a_picture_and_nothing_else(visitor: httpx.Client, studio: Serving, astronaut: RGB) -> None:
    sent = upload(visitor, polyglot(astronaut))
    answer = visitor.get(f"/api/uploads/{sent['id']}/picture")
    assert answer.headers["content-type"] == "image/jpeg"
    kept = b"".join(file.read_bytes() for file in studio.files() if sent["id"] in file.parts)
    assert kept and b"script" not in kept + answer.content and b"PK\3\4" not in kept + answer.content
    visitor.delete(f"/api/uploads/{sent['id']}").raise_for_status()


def test_place_and_words_in_a_photo_are_not_kept(visitor: httpx.Client, studio: Serving, astronaut: RGB) -> None:
    sent = upload(visitor, located(astronaut))
    (face,) = sent["faces"]
    assert face["fit"], "it was turned upright"
    for file in [file for file in studio.files() if sent["id"] in file.parts]:
        picture = Image.open(file)
        assert not picture.getexif() and b"Mother" not in file.read_bytes() and b"Exif" not in file.read_bytes()
    visitor.delete(f"/api/uploads/{sent['id']}").raise_for_status()


def test_five_hundred_uploads(studio: Serving, visitor: httpx.Client, photo: bytes) -> None:
    """Twenty are looked at and kept, the others are refused before they are read."""
    statuses = [visitor.post("/api/uploads", content=photo, headers=PNG).status_code for _ in range(500)]
    assert statuses == [201] * 20 + [429] * 480
    assert visitor.delete("/api/everything").status_code == 204


def test_a_looking_process_that_dies_is_replaced(studio: Serving, visitor: httpx.Client, photo: bytes) -> None:
    looker = studio.helper("looker")
    assert looker
    os.kill(looker, 9)
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:  # the one that meets the death is refused, the next is not
        answer = visitor.post("/api/uploads", content=photo, headers=PNG)
        if answer.status_code == 201:
            break
        refused(answer, 415, "not-a-picture")
    assert studio.helper("looker") not in (None, looker)
    visitor.delete(f"/api/uploads/{answer.json()['id']}").raise_for_status()


def test_the_log_says_nothing_about_anybody(studio: Serving, made: Made, photo: bytes) -> None:
    """After all that happened here: no address, no file, no id, no picture, and no traceback."""
    named = {
        **PNG,
        "Content-Disposition": 'attachment; filename="mother-at-home.png"',
        "X-File-Name": "mother-at-home.png",
    }
    sent = made.client.post("/api/uploads", content=photo, headers=named).json()
    made.client.delete(f"/api/uploads/{sent['id']}").raise_for_status()
    log = studio.log.read_bytes().replace(str(studio.data).encode(), b"DATA")
    for word in (
        "mother",
        sent["id"],
        made.job,
        made.result,
        made.upload["id"],
        "photo.png",
        "127.0.0.1 ",
        "Traceback",
    ):
        assert word.encode() not in log, word
    assert b"\x89PNG" not in log and not re.search(rb"[0-9a-f]{32}|[A-Za-z0-9+/_-]{43}", log)
    assert len(log) < 2000
    database = b"".join(file.read_bytes() for file in studio.data.glob("studio.sqlite3*"))
    assert b"mother" not in database and b"\x89PNG" not in database


def resident(pid: int) -> float:
    """Bytes of memory that a process has, 0 where that cannot be known."""
    try:
        return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except OSError:
        return 0.0

"""A Studio that asks for a token: the link is printed once, only its hash is kept."""

import subprocess
from collections.abc import Callable
from pathlib import Path

import httpx
from serving import Serving


def test_only_the_token_opens(serving: Callable[..., Serving]) -> None:
    studio = serving("--token")
    assert len(studio.token) >= 43
    stranger = studio.stranger()
    about = stranger.get("/api/about").json()
    assert about["token_needed"] and not about["signed_in"]
    assert stranger.get("/api/jobs").status_code == 401
    for wrong in (None, "", "x" * 43, studio.token[:-1], studio.token + " "):
        answer = stranger.post("/api/visit", json={"token": wrong})
        assert (answer.status_code, answer.json()["code"]) == (401, "token")
        assert "set-cookie" not in answer.headers
    assert stranger.post("/api/visit", json={"token": studio.token}).json() == {}
    assert stranger.get("/api/jobs").status_code == 200
    assert stranger.post("/api/visit", json={"token": None}).status_code == 200, "who is in stays in"
    assert stranger.get("/api/about").json()["signed_in"]

    kept = b"".join(file.read_bytes() for file in studio.data.rglob("*") if file.is_file())
    assert studio.token.encode() not in kept

    other = studio.stranger()
    statuses = [other.post("/api/visit", json={"token": f"{k}" * 43}).status_code for k in range(10)]
    assert statuses[-1] == 429 and set(statuses) == {401, 429}
    assert other.post("/api/visit", json={"token": studio.token}).status_code == 429, "guessing stops for a while"

    token = studio.token
    assert studio.interrupt() == 130
    studio.start()
    assert studio.token == "", "printed once"
    assert stranger.get("/api/jobs").status_code == 200
    newcomer = studio.stranger()
    assert newcomer.post("/api/visit", json={"token": token}).status_code == 200, "the old link still opens"
    studio.interrupt()
    studio.options = ("--new-token",)
    studio.start()
    assert studio.token not in ("", token)
    assert stranger.get("/api/jobs").status_code == 401, "the old ones are out"
    assert studio.stranger().post("/api/visit", json={"token": token}).status_code == 401


def test_https_on_every_address_asks_for_a_token(serving: Callable[..., Serving], tmp_path: Path) -> None:
    made = subprocess.run(
        (
            f"openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=studio.example -keyout {tmp_path / 'key.pem'} "
            f"-out {tmp_path / 'certificate.pem'}"
        ).split(),
        capture_output=True,
    )
    assert made.returncode == 0, made.stderr
    certificate, key = str(tmp_path / "certificate.pem"), str(tmp_path / "key.pem")
    studio = serving("--host", "0.0.0.0", "--certificate", certificate, "--key", key, "--host-name", "studio.example")
    assert studio.link.startswith("https://studio.example:") and studio.token
    here = f"https://127.0.0.1:{studio.url.rpartition(':')[2]}"
    with httpx.Client(base_url=here, verify=False, headers={"X-Doppelganger": "1"}, timeout=600) as client:
        answer = client.post("/api/visit", json={"token": studio.token}, headers={"Host": "studio.example"})
        assert answer.status_code == 200 and "; secure" in answer.headers["set-cookie"].lower()
        assert client.get("/api/about", headers={"Host": "192.168.7.7:1"}).status_code == 200, (
            "an address is no rebinding"
        )
        assert client.get("/api/about", headers={"Host": "evil.example"}).status_code == 403
    assert "Warning" not in studio.log.read_text("utf-8")


def test_without_https_others_can_read_along(serving: Callable[..., Serving]) -> None:
    studio = serving("--host", "0.0.0.0", "--host-name", "localhost")
    assert studio.token
    assert "Warning: without --certificate and --key" in studio.log.read_text("utf-8")

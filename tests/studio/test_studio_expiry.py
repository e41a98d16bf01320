"""What has expired goes, from the disk too, and so does what no row knows."""

import time
from collections.abc import Callable

import httpx
from serving import PATIENCE, Serving, begin, told, upload


def test_everything_goes_when_its_time_is_over(serving: Callable[..., Serving], photo: bytes) -> None:
    """A result, a stopped job with its upload, an unused upload, a person; and leftovers of a crash."""
    studio = serving(keep_hours=6 / 3600, limits={"sweep_seconds": 0.5, "unused_upload_hours": 2 / 3600})
    client = studio.visitor()
    unused = upload(client, photo)
    job = begin(client, upload(client, photo)["id"], steps=400, keep_photo=True)
    leftover = studio.data / "people" / "0123" / "results" / "4567" / "share" / "doppelganger.png"
    leftover.parent.mkdir(parents=True)
    leftover.write_bytes(b"a face")
    nameless = studio.data / "people" / unused["id"]
    nameless.mkdir()
    for event in told(client, job["id"]):  # it runs longer than anything is kept
        if event.data.get("stage") == "projection" and event.data["done"] >= 4:
            break
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline and (leftover.exists() or lies(studio, unused["id"])):
        time.sleep(0.1)
    assert not leftover.exists() and not nameless.exists() and not lies(studio, unused["id"])
    assert lies(studio, job["id"]), "what runs is not taken away"
    client.post(f"/api/jobs/{job['id']}/stop").raise_for_status()
    while time.monotonic() < deadline and list((studio.data / "people").iterdir()):
        time.sleep(0.1)
    assert list((studio.data / "people").iterdir()) == []
    assert known(client) == 401, "the person is forgotten, too"


def lies(studio: Serving, name: str) -> bool:
    return any(name in file.parts for file in studio.files())


def known(client: httpx.Client) -> int:
    """The status once the person is forgotten, or the patience is at an end."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        answer = client.get("/api/jobs")
        if answer.status_code != 200:
            return answer.status_code
        time.sleep(0.2)
    return answer.status_code

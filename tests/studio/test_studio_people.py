"""People do not see one another, and take turns."""

import httpx
import pytest
from serving import Serving, begin, finished, told, upload

from conftest import Made

UNKNOWN = "0" * 32


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/api/uploads/{upload}/picture"),
        ("DELETE", "/api/uploads/{upload}"),
        ("GET", "/api/jobs/{job}"),
        ("GET", "/api/jobs/{job}/events"),
        ("GET", "/api/jobs/{job}/faces/1"),
        ("POST", "/api/jobs/{job}/stop"),
        ("POST", "/api/jobs/{job}/resume"),
        ("DELETE", "/api/jobs/{job}"),
        ("GET", "/api/results/{result}"),
        ("GET", "/api/results/{result}/pictures/portrait"),
        ("GET", "/api/results/{result}/pictures/doppelganger?size=1024"),
        ("GET", "/api/results/{result}/frames/0"),
        ("GET", "/api/results/{result}/downloads/result.zip"),
        ("GET", "/api/results/{result}/downloads/continuum.mp4"),
        ("POST", "/api/results/{result}/again"),
        ("POST", "/api/results/{result}/take"),
        ("POST", "/api/results/{result}/film"),
        ("POST", "/api/results/{result}/recognise"),
        ("DELETE", "/api/results/{result}"),
    ],
)
def test_what_is_anothers_is_not_there(made: Made, visitor: httpx.Client, photo: bytes, method: str, path: str) -> None:
    ids = {"job": made.job, "result": made.result, "upload": kept_upload(made, photo)}
    bodies = {"again": {"margin": 1.0, "held_out": [], "seed": 0}, "take": {"step": 0}}
    body = bodies.get(path.rpartition("/")[2])
    asked = {"json": body} if body else {}
    if path.endswith("recognise"):
        asked = {"content": photo, "headers": {"Content-Type": "image/png"}}
    theirs = visitor.request(method, path.format(**ids), **asked)
    nobodys = visitor.request(method, path.format(**dict.fromkeys(ids, UNKNOWN)), **asked)
    assert theirs.status_code == nobodys.status_code == 404
    assert theirs.json() == nobodys.json()
    volatile = {"date"}
    assert {k: v for k, v in theirs.headers.items() if k not in volatile} == {
        k: v for k, v in nobodys.headers.items() if k not in volatile
    }
    assert made.client.get(f"/api/results/{made.result}").status_code == 200
    assert made.client.get(f"/api/jobs/{made.job}").status_code == 200
    assert made.client.get(f"/api/uploads/{ids['upload']}/picture").status_code == 200


def test_a_job_of_anothers_upload_is_refused(made: Made, visitor: httpx.Client, photo: bytes) -> None:
    asked = {"face": 0, "margin": 1.0, "held_out": [], "seed": 0, "background": None, "keep_photo": False}
    for upload_id in (kept_upload(made, photo), UNKNOWN):
        answer = visitor.post("/api/jobs", json={**asked, "consent": True, "upload": upload_id})
        assert (answer.status_code, answer.json()["code"]) == (404, "not-found")


def test_lists_hold_only_ones_own(made: Made, visitor: httpx.Client) -> None:
    assert visitor.get("/api/jobs").json() == {"jobs": []}
    assert visitor.get("/api/results").json() == {"results": []}


def test_two_at_once_take_turns(studio: Serving, photo: bytes) -> None:
    anna, ben = studio.visitor(), studio.visitor()
    anna_upload, ben_upload = upload(anna, photo)["id"], upload(ben, photo)["id"]
    first = begin(anna, anna_upload, steps=400, keep_photo=True)
    for event in told(anna, first["id"]):
        if event.kind == "progress":
            break
    second = begin(anna, anna_upload)
    assert second["position"] == 1
    bens = begin(ben, ben_upload)
    assert bens["position"] == 1, "who has waited without a job comes before another's second"
    assert anna.get(f"/api/jobs/{second['id']}").json()["position"] == 2
    moved = [e for e in told_now(anna, second["id"]) if e["state"] == "queued"]
    assert [e["position"] for e in moved] == [1, 2]
    assert anna.delete(f"/api/jobs/{first['id']}").status_code == 204
    assert finished(ben, bens)["result"]
    assert finished(anna, second)["result"]
    assert anna.get(f"/api/uploads/{anna_upload}/picture").status_code == 200, "it was to be kept"
    for person in (anna, ben):
        assert person.delete("/api/everything").status_code == 204


def told_now(client: httpx.Client, job: str) -> list[dict]:
    """The state events so far."""
    states = []
    for event in told(client, job):
        states.append(event.data)
        if len(states) == 2:
            break
    return states


_KEPT: dict[int, str] = {}


def kept_upload(made: Made, photo: bytes) -> str:
    """One upload of the maker's that stays."""
    if id(made) not in _KEPT:
        _KEPT[id(made)] = upload(made.client, photo)["id"]
    return _KEPT[id(made)]

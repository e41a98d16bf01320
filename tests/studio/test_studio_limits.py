"""How much one may ask: pictures, jobs, streams, requests. A server of its own with small limits."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from serving import QUICK, Serving, begin, upload


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Serving]:
    limits = {
        "uploads_an_hour": 4,
        "uploads_kept": 2,
        "jobs_a_person": 2,
        "jobs_in_all": 3,
        "streams_a_person": 2,
        "looks_an_hour": 1,
        "faces_a_minute": 2,
        "requests_a_minute": 90,
        "address_factor": 10,
    }
    serving = Serving(tmp_path_factory.mktemp("small") / "data", limits=limits).start()
    yield serving
    serving.end()


def test_pictures_kept_and_pictures_an_hour(small: Serving, photo: bytes) -> None:
    client = small.visitor()
    first = upload(client, photo)
    upload(client, photo)
    full = client.post("/api/uploads", content=photo, headers={"Content-Type": "image/png"})
    assert (full.status_code, full.json()["code"]) == (429, "rate")
    for _ in range(2):
        client.delete(f"/api/uploads/{first['id']}").raise_for_status()
        first = upload(client, photo)
    client.delete(f"/api/uploads/{first['id']}")
    often = client.post("/api/uploads", content=photo, headers={"Content-Type": "image/png"})
    assert (often.status_code, often.json()["code"]) == (429, "rate")
    assert int(often.headers["retry-after"]) > 0
    client.delete("/api/everything").raise_for_status()


def test_jobs_of_one_and_of_all_and_streams(small: Serving, photo: bytes) -> None:
    anna, ben = small.visitor(), small.visitor()
    sent, other = upload(anna, photo)["id"], upload(ben, photo)["id"]
    jobs = [begin(anna, sent, steps=400)["id"] for _ in range(2)]
    asked = {"upload": sent, "face": 0, "consent": True, **QUICK}
    third = anna.post("/api/jobs", json=asked)
    assert (third.status_code, third.json()["code"]) == (429, "busy")
    begin(ben, other)
    crowded = ben.post("/api/jobs", json={**asked, "upload": other})
    assert (crowded.status_code, crowded.json()["code"]) == (429, "busy")
    with ExitStack() as open_streams:
        reading = []  # a reader that is thrown away takes its connection along
        for _ in range(2):
            reading.append(open_streams.enter_context(anna.stream("GET", f"/api/jobs/{jobs[1]}/events")).iter_raw())
            next(reading[-1])
        refused = anna.get(f"/api/jobs/{jobs[1]}/events")
        assert (refused.status_code, refused.json()["code"]) == (429, "rate")
        with ben.stream("GET", f"/api/jobs/{ben.get('/api/jobs').json()['jobs'][0]['id']}/events") as stream:
            assert stream.status_code == 200
    anna.post(f"/api/jobs/{jobs[1]}/stop").raise_for_status()
    assert anna.get(f"/api/jobs/{jobs[1]}").json()["state"] == "stopped"
    begin(anna, sent)
    assert anna.post(f"/api/jobs/{jobs[1]}/resume").json()["code"] == "busy"
    for person in (anna, ben):
        assert person.delete("/api/everything").status_code == 204
    assert small.files() == []


def test_faces_a_minute(small: Serving) -> None:
    client = small.visitor()
    unknown = {"face": {"result": "0" * 32, "of": "closest"}}  # counts as well, and costs nothing
    answers = [client.post(f"/api/faces/{route}", json=unknown) for route in ("picture", "reading", "picture")]
    assert [answer.status_code for answer in answers] == [404, 404, 429]
    assert answers[-1].json()["code"] == "rate" and int(answers[-1].headers["retry-after"]) > 0


def test_requests_a_minute(small: Serving) -> None:
    client = small.visitor()
    answers = [client.get("/api/jobs") for _ in range(120)]
    assert {answer.status_code for answer in answers} == {200, 429}
    assert answers[-1].json()["code"] == "rate" and "retry-after" in answers[-1].headers
    assert small.visitor().get("/api/jobs").status_code == 200


def test_a_full_disk_takes_nothing_in(serving: Callable[..., Serving], photo: bytes) -> None:
    client = serving(limits={"free_bytes": 1 << 60}).visitor()
    answer = client.post("/api/uploads", content=photo, headers={"Content-Type": "image/png"})
    assert (answer.status_code, answer.json()["code"]) == (429, "busy")


def test_a_picture_that_takes_too_long_is_given_up(
    serving: Callable[..., Serving], photo: bytes, tmp_path: Path
) -> None:
    studio = serving(limits={"look_seconds": 0.001})
    client = studio.visitor()
    for _ in range(2):
        answer = client.post("/api/uploads", content=photo, headers={"Content-Type": "image/png"})
        assert answer.status_code == 415 and answer.json()["code"] == "not-a-picture"
    assert client.get("/api/health").status_code == 200
    assert studio.files() == []

"""Servers and workers that end in the middle: what was begun goes on, and nobody is told a number twice."""

import os
import signal
import subprocess
import time
from collections.abc import Callable

from serving import PATIENCE, Serving, begin, finished, told, upload


def test_killed_in_the_middle_it_goes_on_where_it_was(serving: Callable[..., Serving], photo: bytes) -> None:
    studio = serving()
    client = studio.visitor()
    job = begin(client, upload(client, photo)["id"], steps=40)["id"]
    heard = []
    for event in told(client, job):
        heard.append(event)
        if event.data.get("stage") == "projection" and event.data["done"] >= 16:  # past the first checkpoint
            break
    worker = studio.helper("worker")
    assert worker
    studio.kill()
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline and alive(worker):
        time.sleep(0.05)
    assert not alive(worker), "the worker ends with its server"
    studio.start()

    later = list(told(client, job, heard[-1].number))  # the cookie is still good
    assert [event.number for event in later] == list(range(heard[-1].number + 1, heard[-1].number + 1 + len(later)))
    assert later[-1].data["state"] == "done"
    done = [event.data["done"] for event in later if event.data.get("stage") == "projection"]
    first_after = next(
        event.data["done"]
        for k, event in enumerate(later)
        if event.data.get("stage") == "projection" and any(e.data.get("stage") == "weights" for e in later[:k])
    )
    assert first_after > 10 and max(done) == 40
    from_the_start = list(told(client, job))
    assert from_the_start == [*heard, *later]
    result = client.get(f"/api/results/{later[-1].data['result']}").json()
    assert result["steps"] == 41
    assert studio.interrupt() == 130


def test_a_worker_that_dies_gets_a_second_try_and_no_third(serving: Callable[..., Serving], photo: bytes) -> None:
    studio = serving()
    client = studio.visitor()
    sent = upload(client, photo)
    job = begin(client, sent["id"], steps=400)
    after = 0
    for _ in range(2):
        for event in told(client, job["id"], after):
            after = event.number
            if event.data.get("stage") == "projection":
                break
        worker = studio.helper("worker")
        assert worker
        os.kill(worker, signal.SIGKILL)
    failed = finished(client, job, "failed")
    assert failed["error"]["code"] == "trouble"
    assert client.get(f"/api/uploads/{sent['id']}/picture").status_code == 404
    assert [event.data for event in told(client, job["id"], after) if event.kind == "state"][-1]["state"] == "failed"

    # Ctrl-C in the middle of another: the next start goes on with it
    job = begin(client, upload(client, photo)["id"], steps=60)
    for event in told(client, job["id"]):
        if event.data.get("stage") == "projection" and event.data["done"] >= 19:
            break
    assert studio.interrupt() == 130
    assert "Traceback" not in studio.log.read_text("utf-8")
    studio.start()
    assert client.get(f"/api/jobs/{job['id']}").json()["state"] in ("queued", "running")
    assert client.post(f"/api/jobs/{job['id']}/stop").status_code == 200
    finished(client, job, "stopped")


def test_a_worker_that_hangs_does_not_hold_a_stop_up(serving: Callable[..., Serving], photo: bytes) -> None:
    studio = serving()
    client = studio.visitor()
    job = begin(client, upload(client, photo)["id"], steps=40)
    for event in told(client, job["id"]):
        if event.data.get("stage") == "projection" and event.data["done"] >= 16:  # past the first checkpoint
            break
    worker = studio.helper("worker")
    assert worker
    os.kill(worker, signal.SIGSTOP)
    assert client.post(f"/api/jobs/{job['id']}/stop").status_code == 200
    finished(client, job, "stopped")
    assert not alive(worker)
    assert client.post(f"/api/jobs/{job['id']}/resume").status_code == 200
    finished(client, job, "done")


def alive(pid: int) -> bool:
    """Whether it runs; one that has ended and that nobody has asked about does not."""
    asked = subprocess.run(["ps", "-o", "stat=", "-p", str(pid)], capture_output=True, encoding="utf-8")
    return asked.returncode == 0 and not asked.stdout.strip().startswith("Z")

"""From a picture to what is taken away, and until nothing is left on the disk: the real server, the real networks."""

import io
import zipfile
from pathlib import Path

import av
import httpx
import numpy as np
import pytest
from PIL import Image
from serving import Serving, begin, finished, told, upload

from conftest import Made
from doppelganger import __version__
from doppelganger.provenance import SourceType
from doppelganger.settings import Settings
from doppelganger.storage import load

VERIFIERS = ["dlib", "SFace", "ArcFace-MBF", "EdgeFace-S"]


def test_what_the_studio_says_of_itself(studio: Serving) -> None:
    about = studio.stranger().get("/api/about").json()
    usual = Settings()
    assert about["defaults"] == {
        "margin": usual.nearest.margin,
        "held_out": list(usual.held_out),
        "seed": usual.seed,
        "background": usual.background,
    }
    assert [row["name"] for row in about["verifiers"]] == VERIFIERS
    assert about["limits"] == {"bytes": 25_000_000, "pixels": 50_000_000, "uploads": 40, "jobs": 3, "keep_hours": 24}
    assert not about["token_needed"] and not about["signed_in"] and about["version"] == __version__


def test_the_upload_was_looked_at(made: Made) -> None:
    assert (made.upload["width"], made.upload["height"]) == (512, 512)
    (face,) = made.upload["faces"]
    assert face["fit"] and face["why"] is None and face["index"] == 0
    assert 0.2 < face["left"] < 0.5 and 0.05 < face["top"] < 0.4


def test_the_events_tell_the_whole_story(made: Made) -> None:
    assert [event.number for event in made.events] == list(range(1, len(made.events) + 1))
    assert made.events[0].kind == "state" and made.events[0].data["state"] == "queued"
    progress = [event.data for event in made.events if event.kind == "progress"]
    stages = list(dict.fromkeys(step["stage"] for step in progress))
    assert stages == ["weights", "projection", "border", "nearest", "judging"]
    shares = [step["share"] for step in progress]
    assert shares == sorted(shares) and shares[0] >= 0 and shares[-1] < 1
    shown = [step for step in progress if step["face"]]
    assert len(shown) >= 4
    assert all(step["lpips"] > 0 for step in shown)
    assert set(next(step for step in shown if step["stage"] == "projection")["distances"]) == set(VERIFIERS)
    nearest = next(step for step in shown if step["stage"] == "nearest")
    assert set(nearest["distances"]) == {"dlib", "SFace", "ArcFace-MBF"}


def test_a_face_on_the_way_can_be_seen(made: Made) -> None:
    address = next(event.data["face"] for event in made.events if event.data.get("face"))
    answer = made.client.get(address)
    assert answer.headers["content-type"] == "image/jpeg"
    assert Image.open(io.BytesIO(answer.content)).size == (256, 256)


def test_what_was_said_is_said_again(made: Made) -> None:
    middle = len(made.events) // 2
    for header in (False, True):
        again = list(told(made.client, made.job, after=made.events[middle - 1].number, header=header))
        assert again == made.events[middle:]
    assert list(told(made.client, made.job, after=made.events[-1].number)) == []


def test_the_job_has_ended(made: Made) -> None:
    job = made.client.get(f"/api/jobs/{made.job}").json()
    assert job["state"] == "done" and job["result"] == made.result and job["share"] == 1 and job["error"] is None
    assert job["created"].endswith("Z")


def test_the_upload_is_gone_with_its_job(made: Made, studio: Serving) -> None:
    assert made.client.get(f"/api/uploads/{made.upload['id']}/picture").status_code == 404
    assert not [file for file in studio.files() if made.upload["id"] in file.parts]
    assert not [file for file in studio.files() if made.job in file.parts and "checkpoint" in file.parts]


def test_files_are_their_owners_alone(made: Made, studio: Serving) -> None:
    everything = [studio.data, *studio.data.rglob("*")]
    assert len(everything) > 20
    for path in everything:
        assert path.stat().st_mode & 0o077 == 0, path


def test_the_result_in_numbers(made: Made) -> None:
    result = made.client.get(f"/api/results/{made.result}").json()
    assert result["method"] == "nearest" and result["margin"] == 1.0
    assert result["held_out"] == ["EdgeFace-S"]
    assert result["searched"] == ["dlib", "SFace", "ArcFace-MBF"]
    assert [face["name"] for face in result["faces"]][-1] == "doppelgänger"
    for verdict in result["faces"][-1]["verdicts"]:
        assert verdict["worst"]["distance"] <= verdict["distance"]
        assert verdict["different"] == (verdict["worst"]["distance"] > verdict["threshold"])
    assert [border["verifier"] for border in result["borders"]] == [*VERIFIERS, "panel"]
    assert result["steps"] == len(result["lpips"]) + 1 == 13
    assert result["filmstrip"] == [0, 6, 12]
    assert result["parent"] is None and not result["has"]["in_photo"]
    assert "projection" in result["seconds"]


def test_the_gallery_shows_it(made: Made) -> None:
    (row,) = [one for one in made.client.get("/api/results").json()["results"] if one["id"] == made.result]
    assert row["verifiers"] == 4 and 0 <= row["different"] <= 4 and row["headline"]
    thumbnail = Image.open(io.BytesIO(made.client.get(row["thumbnail"]).content))
    assert thumbnail.size == (256, 256)


@pytest.mark.parametrize("size", [256, 512, 1024])
@pytest.mark.parametrize("name", ["portrait", "closest", "doppelganger"])
def test_pictures_come_in_sizes(made: Made, name: str, size: int) -> None:
    for _ in range(2):  # made, and then kept
        answer = made.client.get(f"/api/results/{made.result}/pictures/{name}", params={"size": size})
        assert answer.headers["content-type"] == ("image/png" if size == 1024 else "image/jpeg")
        picture = Image.open(io.BytesIO(answer.content))
        assert picture.size == (size, size)
        marked = str(SourceType.SYNTHETIC).encode() in answer.content
        assert marked == (name != "portrait")


def test_frames_of_the_continuum(made: Made) -> None:
    for step in (0, 6, 12):
        answer = made.client.get(f"/api/results/{made.result}/frames/{step}")
        assert Image.open(io.BytesIO(answer.content)).size == (256, 256)
    assert made.client.get(f"/api/results/{made.result}/frames/5").status_code == 404


@pytest.mark.parametrize(
    ("name", "size", "mode"),
    [
        ("doppelganger.png", 1024, "RGB"),
        ("doppelganger.jpg", 512, "RGB"),
        ("square.jpg", 800, "RGB"),
        ("round.png", 800, "RGBA"),
    ],
)
def test_faces_to_take_away(made: Made, name: str, size: int, mode: str) -> None:
    answer = made.client.get(f"/api/results/{made.result}/downloads/{name}")
    assert answer.headers["content-disposition"] == f'attachment; filename="{name}"'
    picture = Image.open(io.BytesIO(answer.content))
    assert picture.size == (size, size) and picture.mode == mode
    assert str(SourceType.SYNTHETIC).encode() in answer.content
    if mode == "RGBA":
        alpha = np.asarray(picture)[:, :, 3]
        assert alpha[0, 0] == 0 and alpha[400, 400] == 255 and abs((alpha > 127).mean() - np.pi / 4) < 0.01


def test_the_zip_is_a_result_that_the_library_reads(made: Made, tmp_path: Path) -> None:
    answer = made.client.get(f"/api/results/{made.result}/downloads/result.zip")
    assert answer.headers["content-type"] == "application/zip"
    zipfile.ZipFile(io.BytesIO(answer.content)).extractall(tmp_path)
    result = load(tmp_path / "doppelganger")
    assert result.pictures.doppelganger.shape == (1024, 1024, 3)
    assert result.latents["path"].shape[0] == 13
    direct = made.client.get(f"/api/results/{made.result}/downloads/doppelganger.png").content
    assert np.array_equal(np.asarray(Image.open(io.BytesIO(direct))), result.pictures.doppelganger)


def test_a_film_is_made_once(made: Made) -> None:
    film = f"/api/results/{made.result}/downloads/continuum.mp4"
    refused = made.client.get(film)
    assert (refused.status_code, refused.json()["code"]) == (404, "state")
    job = made.client.post(f"/api/results/{made.result}/film")
    assert job.status_code == 201 and job.json()["kind"] == "film"
    assert finished(made.client, job.json())["result"] == made.result
    answer = made.client.get(film)
    assert answer.headers["content-type"] == "video/mp4"
    with av.open(io.BytesIO(answer.content)) as video:
        assert video.streams.video[0].codec_context.name == "h264"
        assert video.streams.video[0].codec_context.width == 512
        assert "synthetic" in video.metadata["comment"]
    part = made.client.get(film, headers={"Range": "bytes=0-9"})
    assert part.status_code == 206 and part.content == answer.content[:10]
    assert made.client.post(f"/api/results/{made.result}/film").status_code == 200
    assert made.client.get(f"/api/results/{made.result}").json()["has"]["film"]


def test_search_again_by_other_settings(made: Made) -> None:
    asked = {"margin": 0.0, "held_out": ["edgeface", "arcface"], "seed": 3}
    answer = made.client.post(f"/api/results/{made.result}/again", json=asked)
    assert answer.status_code == 201 and answer.json()["kind"] == "again"
    job = finished(made.client, answer.json())
    again = made.client.get(f"/api/results/{job['result']}").json()
    assert again["parent"] == made.result and again["margin"] == 0.0
    assert again["searched"] == ["dlib", "SFace"]
    assert again["filmstrip"] == [0, 6, 12]


def test_a_face_of_the_path_taken_and_deleted(made: Made, studio: Serving) -> None:
    assert made.client.post(f"/api/results/{made.result}/take", json={"step": 13}).status_code == 422
    answer = made.client.post(f"/api/results/{made.result}/take", json={"step": 6})
    taken = finished(made.client, answer.json())["result"]
    result = made.client.get(f"/api/results/{taken}").json()
    assert result["method"] == "taken from the path" and result["margin"] is None
    assert result["parent"] == made.result
    assert [file for file in studio.files() if taken in file.parts]
    assert made.client.delete(f"/api/results/{taken}").status_code == 204
    assert made.client.get(f"/api/results/{taken}").status_code == 404
    assert made.client.get(f"/api/jobs/{answer.json()['id']}").status_code == 404
    assert not [file for file in studio.files() if taken in file.parts or answer.json()["id"] in file.parts]


def test_another_picture_for_doubters(made: Made, studio: Serving, photo: bytes) -> None:
    before = studio.files()
    answer = made.client.post(
        f"/api/results/{made.result}/recognise", content=photo, headers={"Content-Type": "image/png"}
    )
    assert answer.status_code == 200, answer.text
    seen = answer.json()
    assert seen["faces"] == 1 and [row["verifier"] for row in seen["verdicts"]] == VERIFIERS
    for row in seen["verdicts"]:
        assert row["portrait"]["same"], "the portrait is cut from this very photo"
        assert row["portrait"]["same"] == (row["portrait"]["distance"] <= row["threshold"])
        assert row["doppelganger"]["distance"] > row["portrait"]["distance"]
    assert studio.files() == before


def test_stop_resume_cancel(visitor: httpx.Client, studio: Serving, photo: bytes) -> None:
    sent = upload(visitor, photo)
    job = begin(visitor, sent["id"], steps=400)
    assert visitor.post(f"/api/jobs/{job['id']}/resume").json()["code"] == "state"
    for event in told(visitor, job["id"]):
        if event.data.get("stage") == "projection" and event.data["done"] >= 4:
            break
    visitor.post(f"/api/jobs/{job['id']}/stop").raise_for_status()
    stopped = finished(visitor, job, "stopped")
    assert visitor.post(f"/api/jobs/{job['id']}/stop").status_code == 409
    assert visitor.get(f"/api/uploads/{sent['id']}/picture").status_code == 200, "it is needed to go on"
    known = list(told(visitor, job["id"]))[-1]
    assert known.data["state"] == "stopped"
    assert visitor.post(f"/api/jobs/{job['id']}/resume").json()["state"] in ("queued", "running")
    for event in told(visitor, job["id"], known.number):
        if event.kind == "progress" and event.data["stage"] == "projection":
            assert event.data["done"] > 1 and event.data["share"] >= stopped["share"]
            break
    assert visitor.delete(f"/api/jobs/{job['id']}").status_code == 204
    assert visitor.get(f"/api/jobs/{job['id']}").status_code == 404
    assert not [file for file in studio.files() if job["id"] in file.parts or sent["id"] in file.parts]


def test_deleting_all_leaves_nothing_on_the_disk(visitor: httpx.Client, studio: Serving, photo: bytes) -> None:
    before = set(studio.files())
    sent, kept = upload(visitor, photo), upload(visitor, photo)
    running = begin(visitor, sent["id"], steps=400)
    queued = begin(visitor, kept["id"], keep_photo=True)
    for event in told(visitor, running["id"]):
        if event.data.get("face"):
            break
    assert set(studio.files()) > before
    assert visitor.delete("/api/everything").status_code == 204
    assert set(studio.files()) == before
    assert visitor.get("/api/jobs").json() == {"jobs": []}
    assert visitor.get(f"/api/jobs/{queued['id']}").status_code == 404
    assert visitor.get("/api/about").json()["signed_in"]


def test_an_upload_deleted_takes_its_jobs_along(visitor: httpx.Client, studio: Serving, photo: bytes) -> None:
    sent = upload(visitor, photo)
    job = begin(visitor, sent["id"], steps=400)
    assert visitor.delete(f"/api/uploads/{sent['id']}").status_code == 204
    assert visitor.get(f"/api/jobs/{job['id']}").status_code == 404
    assert not [file for file in studio.files() if sent["id"] in file.parts]

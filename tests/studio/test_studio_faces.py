"""Invented faces and sliders over the API: what is sent is what the library makes, and strangers get nothing."""

import io
import json
import os
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest
from PIL import Image
from serving import Serving

from conftest import Made
from doppelganger import directions
from doppelganger.images import RGB, resize_area
from doppelganger.invented import invented
from doppelganger.networks import Networks
from doppelganger.provenance import SourceType
from doppelganger.storage import ResultFolder
from doppelganger.studio.renderer import Renderer

SEED = {"seed": 7}
UNKNOWN = "0" * 32


def picture(client: httpx.Client, face: dict[str, Any], **others: Any) -> httpx.Response:
    return client.post("/api/faces/picture", json={"face": face, **others})


def reading(client: httpx.Client, face: dict[str, Any], **strengths: float) -> dict[str, Any]:
    answer = client.post("/api/faces/reading", json={"face": face, "strengths": strengths})
    assert answer.status_code == 200, answer.text
    return answer.json()


def pixels(answer: httpx.Response) -> RGB:
    assert answer.status_code == 200, answer.text
    return np.asarray(Image.open(io.BytesIO(answer.content)).convert("RGB"))


def test_the_table_is_the_librarys(visitor: httpx.Client) -> None:
    table = visitor.get("/api/directions").json()["directions"]
    known = directions.load()
    assert [row["name"] for row in table] == list(known)
    for row in table:
        one = known[row["name"]]
        assert (tuple(row["valid"]), tuple(row["identity"])) == (one.valid_range, one.identity_range)
        assert row["weak"] == one.weak and one.unit.endswith(row["unit"])


def test_small_and_large_are_the_whole_networks(visitor: httpx.Client, networks: Networks) -> None:
    """What is shown while one drags is the true picture, smaller; the PNG is it to the pixel."""
    strengths = {"age": 12.0, "smile": -1.0}
    true = networks.generator.synthesise(directions.apply(invented(7, networks.generator), strengths))
    large = picture(visitor, SEED, strengths=strengths, size=1024, form="png")
    assert np.abs(pixels(large).astype(int) - true).max() <= 1  # threads may sum in another order
    small = picture(visitor, SEED, strengths=strengths)
    assert np.abs(pixels(small).astype(int) - resize_area(true, 256, 256)).mean() < 3  # what JPEG costs
    unchanged = picture(visitor, SEED)
    assert np.abs(pixels(unchanged).astype(int) - pixels(small)).mean() > 3
    assert SourceType.SYNTHETIC in Image.open(io.BytesIO(large.content)).info["XML:com.adobe.xmp"]
    assert SourceType.SYNTHETIC.encode() in Image.open(io.BytesIO(small.content)).info["xmp"]
    assert large.headers["content-type"] == "image/png" and small.headers["cache-control"] == "no-store"


def test_what_is_read_follows_the_sliders(visitor: httpx.Client) -> None:
    plain, slight, far = (reading(visitor, SEED, **s) for s in ({}, {"smile": 0.3}, {"age": 20.0, "female": -1.0}))
    assert plain["same"] == plain["portrait"] == far["portrait"] == []
    assert far["attributes"]["age"] > plain["attributes"]["age"] + 8
    assert len(slight["same"]) == 4 and all(one["same"] for one in slight["same"])
    assert not all(one["same"] for one in far["same"])
    for one in far["same"]:
        assert one["same"] == (one["distance"] <= one["threshold"])


def test_faces_of_a_result(made: Made, studio: Serving) -> None:
    """The unchanged doppelgänger is the result's own picture, and the recognisers say of it what the result says."""
    face = {"result": made.result, "of": "doppelganger"}
    sent = pixels(picture(made.client, face, size=1024, form="png")).astype(int)
    kept = pixels(made.client.get(f"/api/results/{made.result}/pictures/doppelganger?size=1024"))
    assert np.abs(sent - kept).max() <= 1
    said = reading(made.client, face)
    record = made.client.get(f"/api/results/{made.result}").json()["faces"][-1]["verdicts"]
    assert said["same"] == []
    # the record is of the photo, which is deleted; the aligned portrait stands in for it
    assert [one["distance"] for one in said["portrait"]] == pytest.approx([one["distance"] for one in record], abs=0.08)
    closest = reading(made.client, {"result": made.result, "of": "closest"}, smile=0.2)
    assert len(closest["same"]) == len(closest["portrait"]) == 4
    assert not [path for path in studio.files() if "faces" in path.parts and made.result in path.parts]


@pytest.mark.parametrize("route", ["picture", "reading"])
def test_what_is_anothers_is_not_there(made: Made, visitor: httpx.Client, route: str) -> None:
    for of in ("closest", "doppelganger"):
        theirs, nobodys = (
            visitor.post(f"/api/faces/{route}", json={"face": {"result": one, "of": of}})
            for one in (made.result, UNKNOWN)
        )
        assert theirs.status_code == nobodys.status_code == 404 and theirs.json() == nobodys.json()


@pytest.mark.parametrize(
    "asked",
    [
        {"face": {}},
        {"face": {"seed": -1}},
        {"face": {"seed": 2**32}},
        {"face": {"seed": 1, "result": UNKNOWN, "of": "closest"}},
        {"face": {"result": UNKNOWN, "of": "path"}},
        {"face": {"result": "../" * 30, "of": "closest"}},
        {"face": {"latents": "/etc/passwd", "name": "closest"}},
        {"face": SEED, "strengths": {"age": 1000.0}},
        {"face": SEED, "strengths": {"age": float("nan")}},
        {"face": SEED, "strengths": {"age": "1"}},
        {"face": SEED, "strengths": {"wings": 1.0}},
        {"face": SEED, "strengths": [1.0]},
        {"face": SEED, "size": 2048},
        {"face": SEED, "form": "svg"},
        {"face": SEED, "patient": "yes"},
        {"face": SEED, "path": "/etc/passwd"},
    ],
)
def test_what_nobody_asks_by_mistake(visitor: httpx.Client, asked: dict[str, Any]) -> None:
    for path in (
        ("/api/faces/picture",) if {"size", "form"} & set(asked) else ("/api/faces/picture", "/api/faces/reading")
    ):
        answer = visitor.post(path, content=json.dumps(asked), headers={"Content-Type": "application/json"})
        assert (answer.status_code, answer.json()["code"]) == (422, "invalid"), answer.text


def test_strangers_and_other_sites(studio: Serving, visitor: httpx.Client) -> None:
    stranger = studio.stranger()
    for path in ("/api/faces/picture", "/api/faces/reading"):
        assert stranger.post(path, json={"face": SEED}).status_code == 401
        assert visitor.post(path, json={"face": SEED}, headers={"X-Doppelganger": ""}).status_code == 403
        assert visitor.post(path, json={"face": SEED}, headers={"Origin": "https://evil.example"}).status_code == 403
        assert visitor.post(path, content=b"x" * 70_000).status_code == 413
    assert stranger.get("/api/directions").status_code == 401


def test_the_newest_wish_wins_and_the_patient_come_last(serving: Callable[..., Serving]) -> None:
    """While the first face is drawn (its networks must load), others are wished for."""
    server = serving()
    anna, ben = server.visitor(), server.visitor()
    ended: list[tuple[str, int]] = []

    def wish(name: str, client: httpx.Client, **asked: Any) -> threading.Thread:
        def ask() -> None:
            ended.append((name, picture(client, SEED, **asked).status_code))

        thread = threading.Thread(target=ask)
        thread.start()
        time.sleep(0.3)  # so that they arrive in this order
        return thread

    threads = [
        wish("first", anna),
        wish("patient", ben, patient=True),
        wish("old", anna, strengths={"age": 1.0}),
        wish("older", anna, strengths={"age": 2.0}),
        wish("newest", anna, strengths={"age": 3.0}),
    ]
    for thread in threads:
        thread.join()
    assert ended == [("old", 409), ("older", 409), ("first", 200), ("newest", 200), ("patient", 200)]
    renderer = server.helper("renderer")
    assert renderer
    os.kill(renderer, 9)
    assert picture(anna, SEED).status_code in (200, 503), "who meets the death may be refused"
    assert picture(anna, SEED).status_code == 200
    assert server.helper("renderer") not in (None, renderer)


def test_what_is_deleted_is_drawn_no_more(studio: Serving, made: Made, tmp_path: Path) -> None:
    """The latents lie in the result alone, and the rendering process can be told to forget what it made of them."""
    saved = ResultFolder(next(path for path in studio.data.rglob("doppelganger") if made.result in path.parts))
    face = {"latents": str(saved.latents), "name": "closest", "portrait": str(saved.picture("portrait"))}
    renderer = Renderer()
    renderer.reading({"face": face, "strengths": {"smile": 0.5}})
    kept = [renderer._embedded, renderer._networks.generator._recent]
    assert all(kept)
    renderer.forget()
    assert not any(kept)
    moved = tmp_path / "latents.safetensors"
    with pytest.raises(OSError):
        renderer.picture({"face": {**face, "latents": str(moved)}, "strengths": {}, "size": 256, "form": "jpeg"})

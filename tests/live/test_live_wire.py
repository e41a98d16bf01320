"""What strangers can send: nothing but a frame and a wish gets in, and of the frames the newest."""

import asyncio
import io
import json
import math
import struct

import httpx
import numpy as np
import pytest
from calling import served
from PIL import Image
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import ClientConnection, connect

from doppelganger.images import RGB, encode_jpeg, encode_png
from doppelganger.live.actions import Action
from doppelganger.live.session import Session
from doppelganger.live.shelf import Shelf, worn
from doppelganger.live.web.call import BUSY, NOT_UNDERSTOOD, TAKEN
from doppelganger.live.web.config import Config
from doppelganger.live.web.inbox import Inbox
from doppelganger.live.web.wire import (
    FRAME_HEADER,
    MAX_BYTES,
    REPLY_HEADER,
    Frame,
    WireError,
    Wish,
    decode,
    encode,
    read_frame,
    read_wish,
)
from doppelganger.studio.identity import digest

HANDSHAKE = {
    "Connection": "Upgrade",
    "Upgrade": "websocket",
    "Sec-WebSocket-Key": "MDEyMzQ1Njc4OWFiY2RlZg==",
    "Sec-WebSocket-Version": "13",
}


@pytest.fixture
def session(puppets, track) -> Session:
    two = puppets()
    return Session(Shelf(lambda: [worn(one) for one in two]), track)


def message(image: RGB, number: int = 1, time: float = 1000.0) -> bytes:
    return FRAME_HEADER.pack(number, time) + encode_jpeg(image)


def answer(line: ClientConnection) -> tuple[int, float, dict, bytes]:
    data = line.recv(60)
    assert isinstance(data, bytes)
    number, time, length = REPLY_HEADER.unpack_from(data)
    end = REPLY_HEADER.size + length
    return number, time, json.loads(data[REPLY_HEADER.size : end]), data[end:]


def closed(line: ClientConnection) -> int | None:
    with pytest.raises(ConnectionClosed):
        while True:
            line.recv(60)
    return line.close_code


def bomb() -> bytes:
    """A JPEG of a few hundred bytes whose header claims 65,000 × 65,000 pixels."""
    buffer = io.BytesIO()
    Image.new("RGB", (16, 16)).save(buffer, "JPEG")
    data = bytearray(buffer.getvalue())
    at = data.index(b"\xff\xc0") + 5
    data[at : at + 4] = struct.pack(">HH", 65_000, 65_000)
    return bytes(data)


def test_a_picture_survives_the_way_in_and_out(driver: RGB) -> None:
    assert np.abs(decode(encode_jpeg(driver)).astype(int) - driver).mean() < 4
    assert np.abs(decode(encode(driver)).astype(int) - driver).mean() < 4


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\xff\xd8\xff",
        bomb(),
        encode_png(np.zeros((64, 64, 3), np.uint8)),
        encode_jpeg(np.zeros((8, 8, 3), np.uint8)),
    ],
    ids=["nothing", "cut short", "bomb", "png", "tiny"],
)
def test_what_is_no_camera_frame_is_refused_before_it_is_decoded(data: bytes) -> None:
    with pytest.raises(WireError):
        decode(data)


@pytest.mark.parametrize("time", [math.nan, math.inf, -1.0, 1e300])
def test_a_frame_needs_a_time_that_a_clock_can_show(time: float) -> None:
    with pytest.raises(WireError):
        read_frame(FRAME_HEADER.pack(1, time) + b"x")


def test_wishes_are_known_ones() -> None:
    assert read_wish('{"do": "zoom-in"}') == Wish(action=Action.ZOOM_IN)
    assert read_wish('{"wear": 12}') == Wish(place=12)
    assert read_wish('{"again": true}') == Wish(again=True)
    for words in (
        "",
        "[]",
        "{",
        '{"do": "format"}',
        '{"do": 1}',
        '{"wear": -1}',
        '{"wear": true}',
        '{"wear": 1e9}',
        "[" * 190,
    ):
        with pytest.raises(WireError):
            read_wish(words)


def test_the_newest_frame_wins_and_no_wish_is_lost() -> None:
    async def take_all() -> list[Frame | Wish]:
        inbox = Inbox()
        for number in range(5):
            inbox.put(Frame(number, number, b""))
            inbox.put(Wish(place=number))
        assert inbox.dropped == 4
        return [await inbox.take() for _ in range(6)]

    *wishes, frame = asyncio.run(take_all())
    assert wishes == [Wish(place=number) for number in range(5)]
    assert isinstance(frame, Frame) and frame.number == 4


def test_a_call_answers_frames_and_wishes(session: Session, driver: RGB) -> None:
    with served(session) as page, connect(page.url.replace("http", "ws") + "/api/call") as line:
        number, _, state, jpeg = answer(line)
        assert (number, state["gate"], jpeg) == (0, None, b"")
        line.send(message(driver, 7, 1234.5))
        number, time, state, jpeg = answer(line)
        assert (number, time, state["gate"]) == (7, 1234.5, "open")
        assert np.abs(decode(jpeg).astype(int) - session.shelf.avatars[0].picture).mean() < 4
        line.send('{"do": "landmarks"}')
        assert answer(line)[2]["settings"]["landmarks"] is True
        line.send(message(driver, 8, 1250))
        points = answer(line)[2]["points"]
        assert len(points) == 2 * 478 and 0 < min(points) < max(points) < 10_000
        line.send('{"wear": 1}')
        assert answer(line)[2]["place"] == 1


def test_one_call_at_a_time_and_another_page_can_take_it(session: Session) -> None:
    with served(session) as page:
        address = page.url.replace("http", "ws") + "/api/call"
        with connect(address) as first:
            answer(first)
            with connect(address) as second:
                assert closed(second) == BUSY
            with connect(address + "?take=1") as third:
                assert answer(third)[2]["place"] == 0
                assert closed(first) == TAKEN


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (FRAME_HEADER.pack(1, 5.0) + b"GIF89a", NOT_UNDERSTOOD),
        (FRAME_HEADER.pack(1, 5.0) + bomb(), NOT_UNDERSTOOD),
        (b"short", NOT_UNDERSTOOD),
        ('{"do": "rm"}', NOT_UNDERSTOOD),
        (b"\0" * (MAX_BYTES + 1), 1009),
    ],
    ids=["gif", "bomb", "short", "wish", "huge"],
)
def test_who_sends_anything_else_is_sent_away_and_the_next_page_is_served(
    session: Session, data: bytes | str, code: int
) -> None:
    with served(session) as page:
        address = page.url.replace("http", "ws") + "/api/call"
        with connect(address) as line:
            answer(line)
            line.send(data)
            assert closed(line) == code
        with connect(address + "?take=1") as line:
            assert answer(line)[2]["place"] == 0


def test_other_sites_and_other_names_cannot_open_a_call(session: Session) -> None:
    with served(session) as page:
        assert httpx.get(page.url + "/api/call", headers=HANDSHAKE).status_code == 101
        for wrong in ({"Origin": "https://elsewhere.example"}, {"Host": "elsewhere.example"}):
            assert httpx.get(page.url + "/api/call", headers=HANDSHAKE | wrong).status_code == 403
        answer_of_page = httpx.get(page.url)
        assert "default-src 'none'" in answer_of_page.headers["content-security-policy"]
        assert httpx.post(page.url + "/api/visit", json={"token": None}).status_code == 403  # without our header
        assert httpx.get(page.url + "/page/../web/call.py").status_code == 404


def test_with_a_token_nothing_is_open_without_it(session: Session) -> None:
    with served(session, Config(token_hash=digest("right"))) as page:
        address = page.url.replace("http", "ws") + "/api/call"
        with httpx.Client(base_url=page.url, headers={"X-Doppelganger": "1"}) as client:
            assert client.get("/api/avatars").status_code == 401
            with pytest.raises(InvalidStatus) as refused:
                connect(address)
            assert refused.value.response.status_code == 403
            assert client.post("/api/visit", json={"token": "wrong"}).status_code == 401
            assert client.post("/api/visit", json={"token": "right"}).status_code == 204
            assert client.get("/api/avatars").json()["names"] == ["Ada", "Ben"]
            cookie = "; ".join(f"{name}={value}" for name, value in client.cookies.items())
            with connect(address, additional_headers={"Cookie": cookie}) as line:
                assert answer(line)[2]["place"] == 0
            codes = [client.post("/api/visit", json={"token": "wrong"}).status_code for _ in range(12)]
            assert codes[-1] == 429 and client.post("/api/visit", json={"token": "right"}).status_code == 429

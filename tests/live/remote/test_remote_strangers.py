"""What nobody sends by mistake: refused with a sentence, and the driver who is there notices nothing."""

import io
import json
import socket
import struct
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest
from driving import PATIENCE, Driver, is_avatar
from PIL import Image
from replica import TOKEN, Replica
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import ClientConnection, connect

from doppelganger.images import RGB
from doppelganger.live.remote.address import RemoteError
from doppelganger.live.remote.client import RemoteReenactor
from doppelganger.live.remote.pictures import decode, encode
from doppelganger.live.remote.wire import LARGEST, Asked, Kind, WireError
from doppelganger.puppet.motion import SIZE, Motion

HELLO = {"type": "hello", "version": 1, "token": TOKEN, "avatar": None, "uplink": "motion"}
UPGRADE = (
    b"GET /render HTTP/1.1\r\nHost: here\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
    b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: c3RyYW5nZXJzdHJhbmdlcg==\r\n\r\n"
)


@pytest.fixture(scope="module")
def driven(
    still_files: dict[str, Path], at_rest: Motion, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Replica, Driver]]:
    """A server, and a driver who is there all the time."""
    server = Replica(still_files, tmp_path_factory.mktemp("server") / "log").start()
    remote = RemoteReenactor.connect(server.url, TOKEN)
    yield server, Driver(remote, at_rest)
    remote.close()
    server.end()


@pytest.fixture
def watched(driven: tuple[Replica, Driver], stills: dict[str, RGB]) -> Iterator[Replica]:
    """The server; its driver must still be served when the test has done what it does."""
    server, there = driven
    there.drive_until(lambda seen: seen.shown is not None)
    yield server
    seen = there.drive_until_fresh()
    assert all(is_avatar(one.image, stills["ada"]) for one in seen) and there.remote.trouble is None
    assert server.alive and httpx.get(f"http://127.0.0.1:{server.port}/health").json()["status"] == "ok"
    assert server.log.read_text("utf-8") == "", "logs hold nothing of what was sent"


def talk(server: Replica, *messages: str | bytes, **options: Any) -> dict[str, Any]:
    """Say all this, and hear until a refusal or the end; returns the refusal, or the end as its code."""
    with connect(f"{server.url}/render", compression=None, max_size=None, **options) as socket:
        return heard(socket, *messages)


def heard(socket: ClientConnection, *messages: str | bytes) -> dict[str, Any]:
    try:
        for message in messages:
            socket.send(message)
        while True:
            said = socket.recv(60)
            if isinstance(said, str) and (told := json.loads(said))["type"] == "refused":
                return dict(told)
    except ConnectionClosed as closed:
        return {"code": closed.rcvd.code if closed.rcvd else None}


def hello(**other: Any) -> str:
    return json.dumps({**HELLO, **other})


def asked(number: int, motion: bytes, kind: Kind = Kind.MOTION, jpeg: bytes = b"", at: float | None = None) -> bytes:
    return Asked(kind, number, number / 25 if at is None else at, motion, jpeg).to_bytes()


def test_who_has_no_token_stays_outside(watched: Replica) -> None:
    for token in (None, "", "x" * 43, TOKEN[:-1], TOKEN + "t"):
        assert talk(watched, hello(token=token))["code"] == "token"
    assert talk(watched, hello(token=["t"]))["code"] == "invalid"
    with pytest.raises(RemoteError, match="token is wrong"):
        RemoteReenactor.connect(watched.url, "x" * 43)


@pytest.mark.parametrize(
    ("first", "code"),
    [
        (hello(version=2), "version"),
        (hello(avatar="eve"), "avatar"),
        (hello(avatar="../../etc/passwd"), "avatar"),
        (hello(uplink="everything"), "invalid"),
        (hello(more=1), "invalid"),
        (json.dumps({"type": "choose", "avatar": "ben"}), "invalid"),
        ("[" * 10_000, "invalid"),
        ("{}" * 100_000, "invalid"),
        ("nonsense \x00 \U0001f600", "invalid"),
        (b"", "invalid"),
        (bytes(SIZE + 16), "invalid"),
        (b"\xff" * (LARGEST + 1), 1009),
    ],
)
def test_what_is_no_hello(watched: Replica, first: str | bytes, code: str | int) -> None:
    assert talk(watched, first)["code"] == code


def test_what_is_no_motion(watched: Replica, at_rest: Motion) -> None:
    good = at_rest.to_bytes()
    nan = bytearray(good)
    nan[8:12] = struct.pack("<f", float("nan"))
    huge = bytearray(good)
    huge[8:12] = struct.pack("<f", 3e38)
    for message in (
        b"",
        b"\x01",
        asked(1, good)[:-1],
        asked(1, good) + b"\0",
        asked(1, b"\xff" * SIZE),
        asked(1, bytes(SIZE)),
        asked(1, bytes(nan)),
        asked(1, bytes(huge)),
        asked(1, good, at=float("nan")),
        asked(1, good, at=float("inf")),
        asked(1, good, Kind.PICTURE),
        bytes([99]) + asked(1, good)[1:],
        asked(1, b"\xff" * SIZE, Kind.CALIBRATE),
        hello(),
        "nonsense",
    ):
        assert talk(watched, hello(), message)["code"] == "invalid"


def test_what_is_no_frame(watched: Replica, astronaut: RGB, at_rest: Motion) -> None:
    good, jpeg = at_rest.to_bytes(), encode(astronaut, None)
    assert talk(watched, hello(), asked(1, good, Kind.FRAME, jpeg))["code"] == "invalid", "not announced"
    at = jpeg.index(b"\xff\xc0")
    bomb = jpeg[: at + 5] + struct.pack(">HH", 65500, 65500) + jpeg[at + 9 :]
    png = io.BytesIO()
    Image.fromarray(astronaut).save(png, "PNG")
    grey = io.BytesIO()
    Image.fromarray(astronaut[:, :, 0]).save(grey, "JPEG")
    for picture in (
        b"\xff",
        jpeg[:300],
        bomb,
        many_scans(astronaut),
        png.getvalue(),
        grey.getvalue(),
        encode(astronaut[:256], None),  # not the frame that the motion is of
        np.random.default_rng(0).bytes(100_000),
    ):
        answer = talk(watched, hello(uplink="frames"), asked(1, good, Kind.FRAME, picture))
        assert answer["code"] == "invalid"


def many_scans(image: RGB) -> bytes:
    """A progressive JPEG whose last scan comes a thousand times: little to send, long to decode."""
    buffer = io.BytesIO()
    Image.fromarray(image).save(buffer, "JPEG", progressive=True, quality=20)
    data = buffer.getvalue()
    at = data.rindex(b"\xff\xda")
    scan = data[at:-2]
    return data[:at] + scan * min(1000, 1_000_000 // len(scan)) + data[-2:]


def test_pictures_from_the_server_are_not_trusted_either(astronaut: RGB) -> None:
    with pytest.raises(WireError):
        decode(many_scans(astronaut))
    with pytest.raises(WireError):
        decode(encode(astronaut, None)[:2000])
    assert np.abs(decode(encode(astronaut, None)).astype(int) - astronaut).mean() < 4


def test_pictures_say_that_they_are_made(watched: Replica, at_rest: Motion) -> None:
    with connect(f"{watched.url}/render", compression=None) as socket:
        socket.send(hello())
        socket.send(asked(1, at_rest.to_bytes()))
        pictures = [message for message in (socket.recv(60) for _ in range(4)) if isinstance(message, bytes)]
    assert len(pictures) == 3  # two stills, and what was asked for
    for picture in pictures:
        with Image.open(io.BytesIO(picture[16:])) as image:
            assert b"trainedAlgorithmicMedia" in image.info["xmp"]


def test_a_flood(watched: Replica, at_rest: Motion) -> None:
    motion = at_rest.to_bytes()
    answer = talk(watched, hello(), *(asked(k, motion) for k in range(1, 3000)))
    assert answer["code"] in ("rate", 1008)


@pytest.mark.parametrize(
    "said", [b"", b"GET /render HTTP/1.1\r\nHost: here\r\n", UPGRADE], ids=["none", "half", "no hello"]
)
def test_many_who_say_nothing(
    said: bytes, replica: Callable[..., Replica], driver: Callable[..., RemoteReenactor], at_rest: Motion
) -> None:
    server = replica(limits={"hello_seconds": 1.0, "strangers_an_address": 4})
    there = Driver(driver(server.url), at_rest)
    with ExitStack() as stack:
        strangers = [stack.enter_context(stranger(server, said)) for _ in range(5)]
        for one in strangers:  # the fifth at once, the others in their time
            ends(one)
        driver(server.url)
    there.drive_until_fresh()
    assert there.remote.trouble is None, "who has said hello is not sent away"


def test_too_many_do_not_come_in(replica: Callable[..., Replica]) -> None:
    server = replica(limits={"hello_seconds": 3600.0, "strangers_an_address": 4})
    with ExitStack() as stack:
        for _ in range(4):
            stack.enter_context(stranger(server))
        with pytest.raises(RemoteError, match="cannot be reached"):
            RemoteReenactor.connect(server.url, TOKEN)


def test_all_together_are_not_too_many_either(replica: Callable[..., Replica]) -> None:
    server = replica(limits={"hello_seconds": 3600.0, "strangers": 2})
    with stranger(server), stranger(server), stranger(server) as third:
        ends(third)


def test_who_goes_makes_room(replica: Callable[..., Replica]) -> None:
    server = replica(limits={"hello_seconds": 3600.0, "strangers_an_address": 1})
    with stranger(server), pytest.raises(RemoteError):
        RemoteReenactor.connect(server.url, TOKEN)
    deadline = time.monotonic() + PATIENCE
    while True:
        try:
            return RemoteReenactor.connect(server.url, TOKEN).close()
        except RemoteError:  # the server has not noticed yet
            assert time.monotonic() < deadline


def stranger(server: Replica, said: bytes = b"") -> socket.socket:
    """Who says this and no more."""
    connection = socket.create_connection(("127.0.0.1", server.port), PATIENCE)
    connection.sendall(said)
    return connection


def ends(connection: socket.socket) -> None:
    """Hear it out."""
    with suppress(ConnectionResetError):
        while connection.recv(4096):
            pass


def test_who_does_not_read_loses_the_place(
    replica: Callable[..., Replica], driver: Callable[..., RemoteReenactor], at_rest: Motion
) -> None:
    server = replica(limits={"sessions": 1, "send_seconds": 0.5, "frames_a_second": 100})
    motion, place = at_rest.to_bytes(), f"http://127.0.0.1:{server.port}/health"
    with connect(
        f"{server.url}/render", compression=None, max_queue=1, ping_interval=None, close_timeout=0.1
    ) as socket:
        socket.send(hello())
        with suppress(ConnectionClosed):
            for number in range(1, 2000):  # more pictures than all buffers on the way hold
                socket.send(asked(number, motion))
                time.sleep(0.01)
                if number % 50 == 0 and httpx.get(place).json()["free"]:
                    break
        assert httpx.get(place).json()["free"] == 1
        driver(server.url)


def test_pages_of_other_sites_are_refused(watched: Replica) -> None:
    for origin in ("https://evil.example", "http://127.0.0.1:1", "null"):
        with pytest.raises(InvalidStatus, match="403"):
            connect(f"{watched.url}/render", origin=origin)
    with pytest.raises(InvalidStatus, match="403"):
        connect(f"{watched.url}/other")
    assert httpx.get(f"http://127.0.0.1:{watched.port}/render").status_code == 404

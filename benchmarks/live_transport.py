"""How should a call's frames travel between page and program: JPEG over a WebSocket, or WebRTC (aiortc)?

    python benchmarks/live_transport.py [--seconds 20] [--rate 25] [--out FILE]

Prints JSON. Both ways do the same on loopback: one process sends 640 × 480 frames of a moving face at ``rate``, the other decodes
each and answers with a 512² frame, which the first decodes. The number of a frame is painted into it, and read from the answer:
round trips are from before encoding to after decoding. Processor time is that of the answering process, which shares two cores with
the avatar. WebSocket: the server and wire format of `doppelganger live`. WebRTC: aiortc with its default, VP8; it is
left out, and said so, where aiortc is not installed (it is no dependency). The machine's other work counts in: look at ``load``.
"""

import argparse
import asyncio
import json
import multiprocessing
import os
import time
from contextlib import suppress
from fractions import Fraction
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import numpy as np
from skimage import data

from doppelganger.images import RGB, resize
from doppelganger.live.web.wire import FRAME_HEADER, decode, encode, read_frame

BITS, CELL = 16, 24  # of the number, and pixels of the side of each
_PERCENTILES = (50, 95)


def numbered(picture: RGB, number: int) -> RGB:
    """With a number along its upper edge that survives any codec."""
    out = picture.copy()
    for bit in range(BITS):
        out[:CELL, bit * CELL : (bit + 1) * CELL] = 255 * (number >> bit & 1)
    return out


def number_of(picture: RGB) -> int:
    """The number."""
    cells = picture[CELL // 4 : 3 * CELL // 4, : BITS * CELL].reshape(CELL // 2, BITS, CELL, 3)
    return sum(int(cells[:, bit, CELL // 4 : 3 * CELL // 4].mean() > 127) << bit for bit in range(BITS))


def pictures() -> tuple[list[RGB], list[RGB]]:
    """A second of what the camera sees, and of what is answered."""
    face = np.asarray(data.astronaut())
    shifts = [round(12 * np.sin(k / 25 * 2 * np.pi)) for k in range(25)]
    camera, avatar = resize(face[:384], 640, 480), resize(face[:300, 80:380], 512, 512)
    return [np.roll(camera, s, 1) for s in shifts], [np.roll(avatar, s, 1) for s in shifts]


def summary(trips: list[float], sent: int, processor: float, seconds: float, sizes: list[int]) -> dict[str, Any]:
    """Of one way."""
    median, p95 = np.percentile(trips, _PERCENTILES) * 1000
    return {
        "sent": sent,
        "answered": len(trips),
        "round trip ms": {"median": round(float(median), 1), "p95": round(float(p95), 1)},
        "processor ms a frame": round(1000 * processor / max(len(trips), 1), 2),
        "processor share of a core": round(processor / seconds, 3),
        "kB a frame": round(float(np.mean(sizes)) / 1000, 1) if sizes else None,
    }


# WebSocket


def answer_by_websocket(pipe: Connection) -> None:
    """The answering process."""
    from websockets.sync.server import ServerConnection, serve

    answers = pictures()[1]

    def handle(line: ServerConnection) -> None:
        for message in line:
            assert isinstance(message, bytes)
            frame = read_frame(message)
            number = number_of(decode(frame.jpeg))
            line.send(FRAME_HEADER.pack(number, 0) + encode(numbered(answers[number % 25], number)))

    with serve(handle, "127.0.0.1", 0, compression=None) as server:
        pipe.send(server.socket.getsockname()[1])
        _until_told(pipe, server.serve_forever, server.shutdown)


def _until_told(pipe: Connection, serve: Any, stop: Any) -> None:
    import threading

    thread = threading.Thread(target=serve)
    before = time.process_time()
    thread.start()
    pipe.recv()
    pipe.send(time.process_time() - before)
    stop()


def by_websocket(seconds: float, rate: int) -> dict[str, Any]:
    """Ask, one frame under way and the next when it is due."""
    from websockets.sync.client import connect

    mine, theirs = multiprocessing.Pipe()
    process = multiprocessing.get_context("spawn").Process(target=answer_by_websocket, args=(theirs,), daemon=True)
    process.start()
    frames = pictures()[0]
    trips, sizes = [], []
    with connect(f"ws://127.0.0.1:{mine.recv()}", compression=None) as line:
        begun, sent = time.perf_counter(), 0
        while time.perf_counter() - begun < seconds:
            time.sleep(max(0.0, begun + sent / rate - time.perf_counter()))
            at = time.perf_counter()
            line.send(FRAME_HEADER.pack(sent, 1000 * at) + encode(numbered(frames[sent % 25], sent)))
            message = line.recv()
            assert isinstance(message, bytes) and number_of(decode(read_frame(message).jpeg)) == sent
            trips.append(time.perf_counter() - at)
            sizes.append(len(message))
            sent += 1
    mine.send(None)
    processor = mine.recv()
    process.join(10)
    return summary(trips, sent, processor, seconds, sizes)


# WebRTC


def _track(give: Any, rate: int) -> Any:
    """A track that sends what ``give()`` returns: a picture, or None for the one before."""
    from aiortc import MediaStreamTrack
    from av import VideoFrame

    class Track(MediaStreamTrack):
        kind = "video"

        def __init__(self) -> None:
            super().__init__()
            self._count = 0

        async def recv(self) -> Any:
            picture = await give(self._count)
            frame = VideoFrame.from_ndarray(picture, "rgb24")
            frame.pts, frame.time_base = round(self._count * 90_000 / rate), Fraction(1, 90_000)
            self._count += 1
            return frame

    return Track()


def answer_by_webrtc(pipe: Connection, rate: int) -> None:
    """The answering process."""
    asyncio.run(_answer_by_webrtc(pipe, rate))


async def _answer_by_webrtc(pipe: Connection, rate: int) -> None:
    from aiortc import RTCPeerConnection, RTCSessionDescription
    from aiortc.mediastreams import MediaStreamError

    answers = pictures()[1]
    peer = RTCPeerConnection()
    reading: list[asyncio.Future[None]] = []
    incoming: asyncio.Queue[int] = asyncio.Queue()

    @peer.on("track")
    def on_track(track: Any) -> None:
        async def read() -> None:
            with suppress(MediaStreamError):  # the end
                while True:
                    frame = await track.recv()
                    incoming.put_nowait(number_of(frame.to_ndarray(format="rgb24")))

        reading.append(asyncio.ensure_future(read()))

    async def give(_: int) -> RGB:
        number = await incoming.get()
        while not incoming.empty():
            number = incoming.get_nowait()
        return numbered(answers[number % 25], number)

    loop = asyncio.get_running_loop()
    await peer.setRemoteDescription(RTCSessionDescription(*pipe.recv()))
    peer.addTrack(_track(give, rate))
    await peer.setLocalDescription(await peer.createAnswer())
    before = time.process_time()
    pipe.send((peer.localDescription.sdp, peer.localDescription.type))
    await loop.run_in_executor(None, pipe.recv)
    pipe.send(time.process_time() - before)
    await peer.close()


def by_webrtc(seconds: float, rate: int) -> dict[str, Any]:
    """Send at the rate, and see what comes back."""
    mine, theirs = multiprocessing.Pipe()
    process = multiprocessing.get_context("spawn").Process(target=answer_by_webrtc, args=(theirs, rate), daemon=True)
    process.start()
    result = asyncio.run(_by_webrtc(mine, seconds, rate))
    process.join(10)
    return result


async def _by_webrtc(pipe: Connection, seconds: float, rate: int) -> dict[str, Any]:
    from aiortc import RTCPeerConnection, RTCSessionDescription

    frames = pictures()[0]
    peer = RTCPeerConnection()
    sent: dict[int, float] = {}
    trips: dict[int, float] = {}
    begun = 0.0

    async def give(count: int) -> RGB:
        nonlocal begun
        begun = begun or time.perf_counter()  # the connection is made
        await asyncio.sleep(max(0.0, begun + count / rate - time.perf_counter()))
        sent[count] = time.perf_counter()
        return numbered(frames[count % 25], count)

    came = asyncio.get_running_loop().create_future()
    peer.on("track", came.set_result)
    peer.addTransceiver(_track(give, rate), direction="sendrecv")
    await peer.setLocalDescription(await peer.createOffer())
    pipe.send((peer.localDescription.sdp, peer.localDescription.type))
    loop = asyncio.get_running_loop()
    await peer.setRemoteDescription(RTCSessionDescription(*await loop.run_in_executor(None, pipe.recv)))
    track = await came
    while not begun or time.perf_counter() - begun < seconds:
        frame = await track.recv()
        number = number_of(frame.to_ndarray(format="rgb24"))
        if number in sent:
            trips.setdefault(number, time.perf_counter() - sent[number])
    pipe.send(None)
    processor = await loop.run_in_executor(None, pipe.recv)
    await peer.close()
    return summary(list(trips.values()), len(sent), processor, seconds, [])


def main() -> None:
    """Both ways, one after the other."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=20)
    parser.add_argument("--rate", type=int, default=25)
    parser.add_argument("--out", type=Path)
    asked = parser.parse_args()
    load = os.getloadavg()[0]
    result: dict[str, Any] = {
        "seconds": asked.seconds,
        "rate": asked.rate,
        "cores": os.cpu_count(),
        "load": round(load, 2),
    }
    result["websocket, jpeg"] = by_websocket(asked.seconds, asked.rate)
    try:
        result["webrtc, vp8"] = by_webrtc(asked.seconds, asked.rate)
    except ImportError as error:
        result["webrtc, vp8"] = f"not measured: {error}"
    text = json.dumps(result, indent=1)
    print(text)
    if asked.out:
        asked.out.write_text(text + "\n", "utf-8")


if __name__ == "__main__":
    main()

"""The page's server in this process, and films for a browser's fake camera."""

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from PIL import Image

from doppelganger.images import RGB
from doppelganger.listening import listen
from doppelganger.live.session import Session
from doppelganger.live.web.call import Call
from doppelganger.live.web.config import Config
from doppelganger.live.web.serve import Server
from doppelganger.puppet.performance import Shown

PATIENCE = 60.0


class Page:
    """A served page. It can be taken away and come back at the same address."""

    def __init__(self, session: Session, config: Config) -> None:
        self.session, self._config = session, config
        self._port = 0
        self.start()

    def start(self) -> None:
        bound = listen("127.0.0.1", self._port)
        self._port = bound.getsockname()[1]
        self.url = f"http://127.0.0.1:{self._port}"
        self._call = Call(self.session)
        ready = threading.Event()
        self._server = Server(self._call, self._config, ready.set)
        self._thread = threading.Thread(target=self._server.run, kwargs={"sockets": [bound]})
        self._thread.start()
        assert ready.wait(PATIENCE)

    def stop(self) -> None:
        self._server.stop()
        self._thread.join(PATIENCE)
        assert not self._thread.is_alive()
        self._call.close()


@contextmanager
def served(session: Session, config: Config | None = None) -> Iterator[Page]:
    page = Page(session, config or Config())
    try:
        yield page
    finally:
        page.stop()


def film(path: Path, frames: Sequence[RGB], rate: int = 10) -> Path:
    """What a fake camera shows, over and over: Y4M, 4:2:0, full range as JPEG has it."""
    height, width = frames[0].shape[:2]
    with path.open("wb") as file:
        file.write(f"YUV4MPEG2 W{width} H{height} F{rate}:1 Ip A1:1 C420jpeg\n".encode())
        for frame in frames:
            y, cb, cr = (np.asarray(band) for band in Image.fromarray(frame).convert("YCbCr").split())
            file.write(b"FRAME\n" + y.tobytes() + cb[::2, ::2].tobytes() + cr[::2, ::2].tobytes())
    return path


class Recorded(Session):
    """Keeps what went out: the last pictures, and the camera's frames that they were made from."""

    kept: list[RGB]

    def step(self, frame: RGB, time: float) -> Shown:
        shown = super().step(frame, time)
        if not hasattr(self, "kept"):
            self.kept = []
        self.kept = [*self.kept[-150:], shown.image]
        return shown

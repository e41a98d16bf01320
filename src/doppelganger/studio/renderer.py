"""The rendering process: faces of latents, for sliders and for the endless page, and what is read from them.

Started by `rendering`. Pictures of people's own latents are in its memory alone: the last ones, so that a step back is at
once there, until `forget` is said or it ends.
"""

import os
import sys
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors import safe_open

from doppelganger.directions import load
from doppelganger.directions.reader import FaceReader
from doppelganger.errors import FaceError
from doppelganger.generators.protocol import Latent
from doppelganger.images import RGB, read_image, resize_area
from doppelganger.invented import invented
from doppelganger.networks import Networks
from doppelganger.provenance import synthetic_jpeg, synthetic_png
from doppelganger.result import Verdict
from doppelganger.studio.attributes import attributes_of
from doppelganger.studio.speech import Speech, where
from doppelganger.verifiers.protocol import Embedding, OperatingPoint

NICENESS = 2
"""Between the server's priority and the worker's: who drags a slider waits for it, who waits for a search does so anyway."""
QUALITY = {256: 88, 512: 90, 1024: 92}
"""libjpeg's, by side."""


class Renderer:
    """Answers one order at a time."""

    def __init__(self) -> None:
        self._networks = Networks()
        self._embedded: dict[bytes, dict[str, Embedding] | None] = {}
        """Latent (or the portrait's path) → what the verifiers make of it, None where they find no face."""

    @cached_property
    def _reader(self) -> FaceReader:
        return FaceReader(self._networks)

    def picture(self, order: dict[str, Any]) -> bytes:
        """The changed face as JPEG or PNG, marked synthetic. Always of the whole network, reduced by area."""
        image = self._networks.generator.synthesise(self._changed(order))
        side = order["size"]
        small = resize_area(image, side, side)
        return synthetic_png(small) if order["form"] == "png" else synthetic_jpeg(small, QUALITY[side])

    def reading(self, order: dict[str, Any]) -> dict[str, Any]:
        """Attributes and verdicts, as `schema_faces.Read` has them."""
        base, changed = self._base(order["face"]), self._changed(order)
        image = self._networks.generator.synthesise(changed)
        try:
            attributes = attributes_of(self._reader.read(image))
        except FaceError:
            attributes = None
        portrait = order["face"].get("portrait")
        same: list[Verdict] = []
        as_portrait: list[Verdict] = []
        if order["strengths"]:
            unchanged = self._embedding(base.tobytes(), self._networks.generator.synthesise(base))
            same = self._judge(unchanged, changed, image, OperatingPoint.IDENTITY)
        if portrait:
            photo = self._embedding(portrait.encode(), read_image(Path(portrait)))
            as_portrait = self._judge(photo, changed, image, OperatingPoint.PRIVACY)
        return {"attributes": attributes, "same": _told(same), "portrait": _told(as_portrait)}

    def forget(self) -> None:
        """Let go of every face and what was made of it."""
        self._networks.generator.forget()
        self._embedded.clear()

    def _judge(
        self, known: dict[str, Embedding] | None, changed: Latent, image: RGB, point: OperatingPoint
    ) -> list[Verdict]:
        asked = self._embedding(changed.tobytes(), image)
        return [] if known is None or asked is None else self._networks.panel.judge(known, asked, point)

    def _embedding(self, key: bytes, image: RGB) -> dict[str, Embedding] | None:
        if key not in self._embedded:
            faces = self._networks.detector.detect(image)
            if len(self._embedded) > 8:
                self._embedded.clear()
            self._embedded[key] = self._networks.panel.embed(image, faces[0]) if faces else None
        return self._embedded[key]

    def _base(self, face: dict[str, Any]) -> Latent:
        if "seed" in face:
            return invented(face["seed"], self._networks.generator)
        with safe_open(face["latents"], framework="numpy") as file:
            return np.asarray(file.get_tensor(face["name"]), np.float32)

    def _changed(self, order: dict[str, Any]) -> Latent:
        return load().apply(self._base(order["face"]), order["strengths"])


def _told(verdicts: list[Verdict]) -> list[dict[str, Any]]:
    return [
        {
            "verifier": one.verifier,
            "distance": one.distance,
            "threshold": one.threshold,
            "same": not one.different,
        }
        for one in verdicts
    ]


def main() -> None:
    """Until the server goes."""
    if hasattr(os, "nice"):
        os.nice(NICENESS)
    torch.set_num_threads(len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1)
    speech, renderer = Speech(), Renderer()
    while (order := speech.hear()) is not None:
        try:
            if order["do"] == "forget":
                renderer.forget()
            elif order["do"] == "picture":
                data = renderer.picture(order)
                speech.say(bytes=len(data))
                speech.say_bytes(data)
            else:
                speech.say(**renderer.reading(order))
        except OSError:
            speech.say(error="The files of this result are gone.", code="gone")
        except Exception as error:  # a mistake of the program; the next face may be luckier
            print(f"Rendering failed: {where(error)}.", file=sys.stderr, flush=True)
            speech.say(error="The face could not be made; that is a mistake of the program.", code="trouble")

"""The work that is spread over processes or machines: a task goes in as bytes, named files come out as bytes.

A worker holds the networks and nothing else, so it may die: whoever hands out the tasks keeps what came back and gives
the rest of the task to another.
"""

import hashlib
import json
import os
import time
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from functools import cached_property
from typing import Any

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from safetensors.numpy import load, save

from doppelganger.doppelganger import project_subject
from doppelganger.errors import FaceError, ImageError
from doppelganger.evaluation.bank import CHUNK, Bank, draw
from doppelganger.evaluation.inversion import Attacker
from doppelganger.evaluation.measuring import Measurer
from doppelganger.evaluation.methods import Avatar, Method, Scene
from doppelganger.images import encode_png, read_image
from doppelganger.networks import Networks
from doppelganger.projection import Projection
from doppelganger.provenance import synthetic_png
from doppelganger.settings import Settings
from doppelganger.subject import Subject, see
from doppelganger.weights import Store

PORTRAIT = "portrait"
"""What the aligned portrait's own files are called, beside those of the avatars."""
PROJECTION = "projection.safetensors"
SEARCHED_BACK = ".searched-back"
"""Ending of what an attack on a method's avatar found."""
BAD = "bad.json"
AGAIN = "again"
"""In a method's JSON: it failed for a reason that may pass, so the next run tries it again."""
"""Says why a picture could not be used."""


@dataclass(frozen=True)
class Blob:
    """A file of a task's folder."""

    name: str
    data: bytes


@dataclass(frozen=True)
class BankTask:
    """Chunk ``number`` of the bank."""

    number: int
    folder: str = "bank"


@dataclass(frozen=True)
class CaseTask:
    """One portrait. ``have``: those of its files that are there already. ``average``: see `Scene`."""

    folder: str
    name: str
    """What errors call the picture."""
    picture: bytes
    methods: tuple[Method, ...]
    have: Mapping[str, bytes] = field(default_factory=dict)
    average: NDArray[np.float32] | None = None


@dataclass(frozen=True)
class AttackTask:
    """Search one avatar back toward the plan's suspects."""

    folder: str
    name: str
    """Of the method."""
    avatar: bytes
    gallery: tuple[str, ...]
    """Whom the plan's suspects are, in their order; kept beside what is found."""
    have: Mapping[str, bytes] = field(default_factory=dict)


Task = BankTask | CaseTask | AttackTask


@dataclass(frozen=True)
class Plan:
    """What all tasks share. ``bank``: the chunks; ``suspects``: verifier → [G, D] for attacks; each where it is needed."""

    settings: Settings = field(default_factory=Settings)
    bank: tuple[bytes, ...] = ()
    suspects: Mapping[str, NDArray[np.float32]] = field(default_factory=dict)
    device: str = "auto"


class Worker:
    """One process's networks, and how it does a task."""

    def __init__(self, plan: Plan, threads: int | None = None, cores: frozenset[int] | None = None) -> None:
        """``threads``: for PyTorch and OpenCV; ``cores``: those to stay on, where the system allows (OpenVINO asks for them)."""
        if cores and hasattr(os, "sched_setaffinity"):
            os.sched_setaffinity(0, cores)
        if threads:
            torch.set_num_threads(threads)
            cv2.setNumThreads(threads)
        self._plan = plan

    @cached_property
    def _networks(self) -> Networks:
        return Networks(Store(), self._plan.device)

    @cached_property
    def _bank(self) -> Bank | None:
        return Bank.of_chunks(list(self._plan.bank)) if self._plan.bank else None

    @cached_property
    def _measurer(self) -> Measurer:
        return Measurer(self._networks)

    def work(self, task: Task) -> Iterator[Blob]:
        """The files that the task still wants, each as soon as it is done."""
        if isinstance(task, BankTask):
            yield Blob(f"{task.number:05}.safetensors", draw(task.number * CHUNK, CHUNK, self._networks).to_bytes())
            return
        if isinstance(task, AttackTask):
            yield self._attack(task)
            return
        try:
            subject = see(read_image(task.picture, task.name), self._networks, name=task.name)
        except (ImageError, FaceError) as error:
            yield Blob(BAD, json.dumps({"error": str(error)}, ensure_ascii=False).encode())
            return
        yield from self._case(task, subject)

    @cached_property
    def _attacker(self) -> Attacker:
        return Attacker(self._plan.suspects, self._networks)

    def _attack(self, task: AttackTask) -> Blob:
        begun = time.perf_counter()
        try:
            found = asdict(self._attacker.search_back(read_image(task.avatar), self._plan.settings.projection))
        except FaceError as error:
            found = {"error": str(error)}
        found |= {"seconds": time.perf_counter() - begun, "gallery": list(task.gallery)}
        return Blob(f"{task.name}{SEARCHED_BACK}", json.dumps(found).encode())

    def _case(self, task: CaseTask, subject: Subject) -> Iterator[Blob]:
        have = dict(task.have)
        if f"{PORTRAIT}.png" not in have:
            yield Blob(f"{PORTRAIT}.png", encode_png(subject.portrait.image))
        projected: Projection | None = None
        if any(m.projects for m in task.methods if f"{m.name}.json" not in have):
            if PROJECTION in have:
                projected = read_projection(have[PROJECTION])
            else:
                begun = time.perf_counter()
                projected = project_subject(subject, self._networks, self._plan.settings.projection)
                yield Blob(PROJECTION, write_projection(projected, time.perf_counter() - begun))

        def there() -> Projection:
            assert projected is not None
            return projected

        scene = Scene(
            subject,
            hashlib.sha256(task.picture).hexdigest(),
            self._networks,
            self._plan.settings,
            there,
            self._bank,
            task.average,
        )
        measure = self._measurer.of(subject)
        if f"{PORTRAIT}.measured" not in have:
            yield Blob(f"{PORTRAIT}.measured", measure.portrait())
        for method in task.methods:
            if f"{method.name}.json" in have:
                picture = have.get(f"{method.name}.png")
                image = None if picture is None else read_image(picture, method.name)
            else:
                begun = time.perf_counter()
                try:
                    avatar = method.make(scene)
                except FaceError as error:  # a face on the way that no network can make out
                    avatar = Avatar(None, {"error": str(error)})
                except (MemoryError, ValueError, RuntimeError, cv2.error) as error:  # one picture must not end all
                    passing = isinstance(
                        error, MemoryError | RuntimeError
                    )  # a full memory or device: another time it may do
                    avatar = Avatar(None, {"error": f"{type(error).__name__}: {error}", AGAIN: passing})
                image = avatar.image
                if image is not None:
                    yield Blob(f"{method.name}.png", synthetic_png(image))
                about = {**avatar.about, "found": image is not None, "seconds": time.perf_counter() - begun}
                yield Blob(f"{method.name}.json", json.dumps({"method": repr(method), **about}).encode())
            if image is not None and f"{method.name}.measured" not in have:
                yield Blob(f"{method.name}.measured", measure.avatar(image, method.name))


def write_projection(projected: Projection, seconds: float) -> bytes:
    """The path and how long it took, as safetensors."""
    arrays: dict[str, NDArray[Any]] = {
        "path": np.stack(projected.path),
        "losses": np.array(projected.losses),
        "seconds": np.array(seconds),
    }
    return save(arrays)


def read_projection(data: bytes) -> Projection:
    """What ``write_projection`` wrote: enough for every method, not enough to go on projecting."""
    arrays = load(data)
    nothing = np.zeros(0, np.float32)
    return Projection(nothing, (nothing, nothing), list(arrays["path"]), [float(x) for x in arrays["losses"]])

"""Tasks handed to workers in other processes; what a dying worker had not finished goes to the next.

`LocalEngine` uses this machine's cores, ``doppelganger.evaluation.ray_engine.RayEngine`` a cluster: both are an `Engine`,
and the work they do is `Worker.work`.
"""

import multiprocessing
import os
import signal
from collections import deque
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from typing import Protocol

import torch

from doppelganger.errors import DoppelgangerError
from doppelganger.evaluation.work import BankTask, Blob, Plan, Task, Worker

MEMORY_A_WORKER = 3.5e9
"""Bytes; a worker that projects was measured to peak at 2.9 GB."""
TRIES = 3
"""A task whose worker dies so many times is given up."""


class WorkerDiedError(DoppelgangerError):
    """A worker process ended again and again in the same task, or reported a mistake of the program."""


class Engine(Protocol):
    """Does tasks somewhere. Yields every file as it comes in, with its task; order is free between tasks."""

    def run(self, plan: Plan, tasks: Iterable[Task]) -> Iterator[tuple[Task, Blob | None]]:
        """(task, file), and (task, None) when the task is finished. Raises WorkerDiedError."""


@dataclass
class _Hand:
    """A worker process and what it is doing."""

    process: BaseProcess
    pipe: Connection
    task: Task | None = None
    tries: int = 0
    kept: tuple[Blob, ...] = ()


@dataclass(frozen=True)
class LocalEngine:
    """Processes of this machine, which share its cores; with ``gpus`` each has one of its own."""

    workers: int
    gpus: bool = False

    def run(self, plan: Plan, tasks: Iterable[Task]) -> Iterator[tuple[Task, Blob | None]]:
        """See `Engine`."""
        waiting: deque[tuple[Task, int]] = deque()
        more = iter(tasks)
        hands: list[_Hand] = []

        def next_task() -> tuple[Task, int] | None:
            if waiting:
                return waiting.popleft()
            task = next(more, None)
            return None if task is None else (task, 0)

        try:
            for number in range(self.workers):
                if (first := next_task()) is None:
                    break
                hand = self._hire(plan, number)
                hands.append(hand)
                _give(hand, *first)
            while any(hand.task is not None for hand in hands):
                for ready in wait([hand.pipe for hand in hands if hand.task is not None]):
                    hand = next(h for h in hands if h.pipe is ready)
                    assert hand.task is not None
                    task = hand.task
                    try:
                        message = hand.pipe.recv()
                    except (EOFError, OSError):  # it died, perhaps in the middle of a file
                        number = hands.index(hand)
                        if hand.tries + 1 >= TRIES:
                            raise WorkerDiedError(
                                f"A worker ended {TRIES} times in {named(task)} (out of memory?); use fewer --workers."
                            ) from None
                        hands[number] = self._hire(plan, number)
                        _give(hands[number], resumed(task, hand.kept), hand.tries + 1)
                        continue
                    if isinstance(message, Blob):
                        hand.kept += (message,)
                        yield task, message
                    elif isinstance(message, str):
                        raise WorkerDiedError(f"{named(task)}: {message}")
                    else:
                        yield task, None
                        hand.task = None
                        if (following := next_task()) is not None:
                            _give(hand, *following)
        finally:
            for hand in hands:
                hand.process.terminate()
                hand.process.join()

    def _hire(self, plan: Plan, number: int) -> _Hand:
        cores = (
            sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else list(range(os.cpu_count() or 1))
        )
        share = max(1, len(cores) // self.workers)
        own = frozenset(cores[(number * share + k) % len(cores)] for k in range(share))
        context = multiprocessing.get_context("spawn")  # OpenVINO and PyTorch do not survive a fork
        pipe, theirs = context.Pipe()
        process = context.Process(
            target=_serve, args=(theirs, plan, share, own, number if self.gpus else None), daemon=True
        )
        process.start()
        theirs.close()
        return _Hand(process, pipe)


def local_engine(workers: int | None = None, at_most: int | None = None, device: str = "auto") -> LocalEngine:
    """One worker a GPU, else as many as there are cores and memory for; or the number given.

    ``at_most``: how many tasks there are.
    """
    gpus = torch.cuda.device_count() if device in ("auto", "cuda") else 0
    if at_most is not None:
        gpus = min(gpus, at_most)
    if gpus:
        return LocalEngine(min(workers or gpus, gpus), gpus=True)
    if workers is None:
        cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
        workers = max(1, min(cores, int(_memory() // MEMORY_A_WORKER), at_most or cores))
    return LocalEngine(workers)


def _memory() -> float:
    """Bytes of this machine's memory; 8 GB where it cannot be asked."""
    with suppress(AttributeError, ValueError, OSError):
        return float(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"))
    return 8e9


def _give(hand: _Hand, task: Task, tries: int) -> None:
    hand.task, hand.tries, hand.kept = task, tries, ()
    with suppress(BrokenPipeError):  # it died: reading will tell
        hand.pipe.send(task)


def _serve(pipe: Connection, plan: Plan, threads: int, cores: frozenset[int], gpu: int | None) -> None:
    """A worker process's life."""
    if gpu is not None:
        visible = [name for name in os.environ.get("CUDA_VISIBLE_DEVICES", "").split(",") if name]
        os.environ["CUDA_VISIBLE_DEVICES"] = visible[gpu] if visible else str(gpu)  # before CUDA begins here
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the parent's, who ends this one
    worker = Worker(plan, threads, cores)
    with suppress(EOFError, BrokenPipeError):
        while True:
            task = pipe.recv()
            try:
                for blob in worker.work(task):
                    pipe.send(blob)
                pipe.send(None)
            except DoppelgangerError as error:
                pipe.send(str(error))
            except Exception as error:
                pipe.send(f"{type(error).__name__}: {error}")
                raise


def resumed(task: Task, kept: Iterable[Blob]) -> Task:
    """The task with what came back from a worker that died counted as there."""
    if isinstance(task, BankTask):
        return task
    return replace(task, have={**task.have, **{blob.name: blob.data for blob in kept}})


def named(task: Task) -> str:
    """What errors call a task."""
    return getattr(task, "name", None) or f"{task.folder}/{getattr(task, 'number', '')}"


__all__ = ["Engine", "LocalEngine", "WorkerDiedError", "local_engine"]

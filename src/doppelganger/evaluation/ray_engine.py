"""The same tasks on a Ray cluster: one worker for every core (or GPU) that the cluster has, wherever it is.

Ray is an optional extra. Files come back to this process as they are made, so the nodes need no common disk; a node that
dies takes with it what it had not handed over yet, and the rest of its task goes to another.
"""

import contextlib
from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from doppelganger.errors import DoppelgangerError
from doppelganger.evaluation.engine import MEMORY_A_WORKER, TRIES, WorkerDiedError, named, resumed
from doppelganger.evaluation.work import Blob, Plan, Task, Worker


class RayUnavailableError(DoppelgangerError):
    """Ray is not installed, or the cluster cannot be reached."""


class _Actor:
    """A `Worker` in a Ray process."""

    def __init__(self, plan: Plan, threads: int) -> None:
        self._worker = Worker(plan, threads)

    def ready(self) -> None:
        """Answers once the process is there."""

    def work(self, task: Task) -> Iterator[Blob]:
        yield from self._worker.work(task)


@dataclass
class _Hand:
    """An actor, the reference that is waited for, and what it is doing; no task while it is starting."""

    actor: Any
    awaited: Any
    task: Task | None = None
    tries: int = 0
    kept: tuple[Blob, ...] = ()


@dataclass(frozen=True)
class RayEngine:
    """``address``: as ``ray.init`` has it ("auto", "host:port"); None begins a cluster on this machine. Start it on a node of the
    cluster: Ray's client ("ray://…") cannot hand files back as they are made.
    ``cores``: of one worker, unless the cluster has GPUs: then each of them gets one worker."""

    address: str | None = None
    cores: int = 1

    def run(self, plan: Plan, tasks: Iterable[Task]) -> Iterator[tuple[Task, Blob | None]]:
        """See `doppelganger.evaluation.engine.Engine`. Raises RayUnavailableError."""
        try:
            import ray
        except ImportError as error:
            raise RayUnavailableError(
                'Ray is not installed; install the extra: pip install "deepfake-doppelganger[ray]".'
            ) from error
        if (self.address or "").startswith("ray://"):
            raise RayUnavailableError(
                f"{self.address} is a Ray client's address, through which files cannot be handed back as they are made; "
                "run this on a node of the cluster with --address auto."
            )
        if not ray.is_initialized():
            try:
                ray.init(address=self.address, log_to_driver=False, logging_level="ERROR")
            except (ConnectionError, ValueError) as error:
                raise RayUnavailableError(f"No Ray cluster answers at {self.address}: {error}") from error
        has = ray.cluster_resources()
        gpus = int(has.get("GPU", 0))
        count = gpus or max(1, min(int(has.get("CPU", 1)) // self.cores, int(has.get("memory", 0) // MEMORY_A_WORKER)))
        kind: Any = ray.remote(_Actor)
        shared = ray.put(plan)
        more = iter(tasks)
        # never empty while there is more to do
        waiting = deque([(task, 0) for task in [next(more, None)] if task is not None])
        hands: list[_Hand] = []

        def hire() -> _Hand:
            options = {
                "num_cpus": self.cores,
                "num_gpus": 1 if gpus else 0,
                "memory": MEMORY_A_WORKER,
                "max_restarts": 0,
            }
            actor = kind.options(**options).remote(shared, self.cores)
            return _Hand(actor, actor.ready.remote())

        def give(hand: _Hand) -> None:
            """The next task to a worker that has none; without one it stays idle, for another may still lose its own."""
            hand.task, hand.tries = waiting.popleft() if waiting else (None, 0)
            if not waiting and (following := next(more, None)) is not None:
                waiting.append((following, 0))
            hand.kept, hand.awaited = (), None
            if hand.task is not None:
                hand.awaited = hand.actor.work.options(num_returns="streaming").remote(hand.task)

        try:
            hands = [hire() for _ in range(count)]
            while waiting or any(hand.task is not None for hand in hands):
                busy = [hand for hand in hands if hand.awaited is not None]
                if not busy:
                    raise WorkerDiedError("No worker is left on the cluster; start it again and run the same command.")
                (reference,), _ = ray.wait([hand.awaited for hand in busy], num_returns=1)
                hand = next(h for h in busy if h.awaited is reference)
                try:
                    if hand.task is None:
                        ray.get(reference)
                        give(hand)
                        continue
                    try:
                        blob: Blob = ray.get(next(hand.awaited))
                    except StopIteration:
                        yield hand.task, None
                        give(hand)
                        continue
                    hand.kept += (blob,)
                    yield hand.task, blob
                except ray.exceptions.RayTaskError as error:  # a mistake of the program, in the task or at the start
                    where = "the start" if hand.task is None else named(hand.task)
                    raise WorkerDiedError(f"{where}: {error.cause}") from error
                except ray.exceptions.RayError as error:  # the process or its node has gone
                    hands.remove(hand)
                    if hand.task is None:
                        continue  # it died before it began; the others go on
                    if hand.tries + 1 >= TRIES:
                        raise WorkerDiedError(f"A worker ended {TRIES} times in {named(hand.task)}: {error}") from error
                    waiting.append((resumed(hand.task, hand.kept), hand.tries + 1))
                    idle = next((h for h in hands if h.awaited is None), None)
                    if idle is not None:
                        give(idle)
                    else:
                        hands.append(hire())
        finally:
            for hand in hands:
                with contextlib.suppress(Exception):
                    ray.kill(hand.actor)

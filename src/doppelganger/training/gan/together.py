"""Several processes of one machine that train one generator: begun, heard, and ended together.

The first one's progress is handed on. When one fails, all are ended and its sentence is the answer; after Ctrl-C all are ended too.
What the run has kept is whole in each case, since files are written whole or not at all.
"""

import multiprocessing
import os
import signal
import sys
import tempfile
import traceback
from multiprocessing.connection import Connection, wait
from multiprocessing.context import SpawnProcess
from pathlib import Path
from types import FrameType

import torch

from doppelganger.errors import DoppelgangerError
from doppelganger.progress import Event, Progress
from doppelganger.training.gan.launching import Order, device_of, train
from doppelganger.training.gan.ranks import Ranks, meeting

GRACE = 5.0
"""Seconds that an ended process has to remove what it was writing, and that others have to say why they failed."""


def train_together(order: Order, count: int, progress: Progress) -> None:
    """Train in ``count`` processes. Raises the error of the one that failed."""
    context = multiprocessing.get_context("spawn")
    processes: list[SpawnProcess] = []
    lines: list[Connection] = []
    with tempfile.TemporaryDirectory(prefix="doppelganger-gan-") as folder:
        # Ctrl-C at the terminal reaches every process; this one alone hears it, and ends the others.
        heard = signal.getsignal(signal.SIGINT)
        try:
            signal.signal(signal.SIGINT, signal.SIG_IGN)
            for rank in range(count):
                here, there = context.Pipe(duplex=False)
                one = context.Process(target=_take_part, args=(order, Ranks(rank, count), Path(folder), there))
                one.start()
                there.close()
                processes.append(one)
                lines.append(here)
            signal.signal(signal.SIGINT, heard)
            _listen(processes, lines, progress)
        finally:
            signal.signal(signal.SIGINT, heard)
            _end(processes)


def _listen(processes: list[SpawnProcess], lines: list[Connection], progress: Progress) -> None:
    """Until all have ended well."""
    errors: list[DoppelgangerError | str] = []
    open_lines = dict(zip(lines, processes, strict=True))
    while open_lines:
        ready = wait(list(open_lines), timeout=GRACE if errors else None)
        if not ready:
            break
        for line in ready:
            assert isinstance(line, Connection)
            try:
                said = line.recv()
            except (EOFError, OSError):  # it has ended
                process = open_lines.pop(line)
                process.join(GRACE)
                if (process.exitcode or 0) < 0 and not _sentences(errors):
                    errors.insert(0, _killed(processes.index(process), len(processes), -(process.exitcode or 0)))
                continue
            if isinstance(said, Event):
                progress(said)
            else:
                errors.append(said)
    _raise(errors)


def _raise(errors: list[DoppelgangerError | str]) -> None:
    """The error that has a sentence for a person; the others are what it did to the rest."""
    for error in _sentences(errors):
        raise error
    if errors:
        print(errors[0], file=sys.stderr)
        raise DoppelgangerError("A process of the training failed for the reason above; the same command goes on.")


def _sentences(errors: list[DoppelgangerError | str]) -> list[DoppelgangerError]:
    return [error for error in errors if isinstance(error, DoppelgangerError)]


def _killed(rank: int, count: int, number: int) -> DoppelgangerError:
    return DoppelgangerError(
        f"Process {rank + 1} of {count} was ended from outside (signal {number}; often for want of memory); the others were "
        "stopped. The same command goes on."
    )


def _end(processes: list[SpawnProcess]) -> None:
    for one in processes:
        if one.is_alive():
            one.terminate()
    for one in processes:
        one.join(GRACE)
        if one.is_alive():  # in a call that hears no signal
            one.kill()
            one.join()


def _take_part(order: Order, ranks: Ranks, folder: Path, line: Connection) -> None:
    """What each process runs."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, _leave)
    device = device_of(order.device, ranks.rank)
    if device.type == "cpu":
        torch.set_num_threads(max(1, torch.get_num_threads() // ranks.count))

    def heard(event: Event) -> None:
        if ranks.first:
            line.send(event)

    code = 1
    try:
        with meeting(ranks, (folder / "meeting").as_uri(), device):
            train(order, device, heard, ranks)
        code = 0
    except DoppelgangerError as error:
        line.send(error)
    except Exception:
        line.send(traceback.format_exc())
    finally:
        # As a forked process ends, without taking the interpreter apart: DDP keeps Gloo's threads beyond its group, and one that
        # wants the interpreter then aborts the process.
        line.close()
        sys.stderr.flush()
        os._exit(code)


def _leave(signal_number: int, frame: FrameType | None) -> None:
    """As an exception, so that what was being written is removed."""
    sys.exit(1)

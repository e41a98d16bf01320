"""The training: step after step, checkpoints, a picture to look at, and an end that loses nothing."""

import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from types import FrameType

import numpy as np
import torch
from torch import Tensor

from doppelganger.arithmetic import has_bfloat16
from doppelganger.images import write_atomically
from doppelganger.provenance import SourceType, synthetic_png
from doppelganger.training.divergence import DivergedError, are_finite
from doppelganger.training.out_of_memory import is_out_of_memory
from doppelganger.training.swap.errors import FaceSetError, OutOfMemoryError, RunError
from doppelganger.training.swap.faceset import FaceSet
from doppelganger.training.swap.losses import loss_of
from doppelganger.training.swap.network import PEOPLE, SwapNetwork, make
from doppelganger.training.swap.presets import Preset
from doppelganger.training.swap.preview import loss_chart, preview
from doppelganger.training.swap.run_folder import Checkpoint, RunAbout, RunFolder, to_cpu
from doppelganger.training.swap.warping import batch_of

LEAST_FACES = 4
"""Of a set: with fewer there is nothing to learn."""
_BETAS = (0.5, 0.999)  # Adam's, the publication's
_LOSSES = "losses"
_NETWORK, _FIRST, _SECOND = "network ", "first ", "second "  # how a checkpoint's tensors are named


@dataclass(frozen=True)
class Ending:
    """When a training ends: ``steps`` in all, ``minutes`` from now; whatever comes first, None for neither."""

    steps: int | None = None
    minutes: float | None = None


@dataclass(frozen=True)
class Told:
    """After a step. ``losses``: of A and B. ``left``: seconds until the end, None where none was set."""

    step: int
    losses: tuple[float, float]
    pace: float
    """Steps a second since this training was begun or gone on with."""
    left: float | None
    share: float
    """0–1 of the way to the end."""
    saved: bool


@dataclass(frozen=True)
class Trained:
    """``stopped``: by a signal. ``seconds``: of training in all, over every time it was gone on with."""

    step: int
    losses: tuple[float, float]
    seconds: float
    stopped: bool


class Trainer:
    """Of two sets, in a folder. Goes on where that folder's run was."""

    def __init__(
        self, folder: RunFolder, a: FaceSet, b: FaceSet, preset: Preset, device: torch.device, seed: int = 0
    ) -> None:
        """``preset``, ``seed``: of a run that is begun; one that has a checkpoint is gone on with and keeps its own.

        Raises FaceSetError, RunError where the folder's run is of other sets, CheckpointError, OutputError.
        """
        for one in (a, b):
            if len(one.faces) < LEAST_FACES:
                raise FaceSetError(f"{one.name} has {len(one.faces)} faces; {LEAST_FACES} are the least, 300 are good.")
        if not folder.trained:
            folder.begin(RunAbout.of(preset, seed, a, b))
        self.folder, self.about = folder, folder.about()
        if self.about.digests != (a.digest, b.digest):
            raise RunError(
                f"The run in {folder.root} was begun with other faces ({self.about.a}, {self.about.b}); "
                "give those sets, or another --out."
            )
        self.sets = (a, b)
        self.preset, self.device = self.about.preset, device
        self.step, self.seconds = 0, 0.0
        self._losses: list[tuple[float, float]] = []
        self.network = make(self.preset, self.about.seed).to(device)
        self._adam = torch.optim.Adam(self.network.parameters(), self.preset.rate, _BETAS)
        kept = folder.latest()
        if kept is not None:
            self._restore(kept)

    @property
    def mixed(self) -> bool:
        """Whether this trains in bfloat16: the preset's wish, and a device that has instructions for it (a
        processor with AVX-512 BF16 makes a step in two thirds to three quarters of the time)."""
        return self.preset.mixed and has_bfloat16(self.device)

    def start_from(self, other: RunFolder) -> None:
        """Begin with what another run has learnt: with all of it if it is of the same two people, by the names and consents of
        their sets, to which pictures may have been added; else with its encoder, which knows faces already. It may lack the
        finer levels of this one.

        Raises RunError where it does not fit or this run has begun, CheckpointError.
        """
        if self.step:
            raise RunError("Only a new run can start from another one; this one has begun.")
        network, about, _ = trained_network(other, self.device)
        same = (about.a, about.b, about.consents) == (self.about.a, self.about.b, self.about.consents)
        learnt = {n: t for n, t in network.state_dict().items() if same or n.startswith("encoder.")}
        own = self.network.state_dict()
        finer = {name for name in own if ".finer." in name}
        expected = {name for name in own if same or name.startswith("encoder.")}
        if not expected - finer <= set(learnt) <= set(own) or any(own[n].shape != t.shape for n, t in learnt.items()):
            raise RunError(
                f"What {other.root} has learnt does not fit: it is of the preset {about.preset.name}, this one of "
                f"{self.preset.name}. A run starts from one of its own preset, or standard from quick."
            )
        self.network.load_state_dict(learnt, strict=False)

    def train(self, ending: Ending, save_every: float = 60.0, told: Callable[[Told], None] | None = None) -> Trained:
        """Until ``ending``, or until SIGINT or SIGTERM, or for ever. ``save_every``: seconds between checkpoints; one is
        written at the end in any case, also when ``told`` raises; where a step fails or is broken off the last one stands.

        Raises OutOfMemoryError, DivergedError, OutputError.
        """
        begun, first, before = time.monotonic(), self.step, self.seconds
        saved_at, saved_step = begun, -1
        between_steps = True
        with _signals() as stopped:
            try:
                while not stopped() and not self._ended(ending, begun):
                    between_steps = False
                    self._losses.append(self._one_step())
                    self.step += 1
                    between_steps = True
                    now = time.monotonic()
                    self.seconds = before + now - begun
                    due = now - saved_at >= save_every
                    if due:
                        self.save()
                        saved_at, saved_step = time.monotonic(), self.step
                    if told is not None:
                        told(self._told(ending, begun, first, due))
            finally:
                # after a second Ctrl-C within a step the weights may be a step ahead of its number
                if between_steps and saved_step != self.step and self.step > first:
                    self.save()
            return Trained(self.step, self._losses[-1] if self._losses else (0.0, 0.0), self.seconds, stopped())

    def save(self) -> None:
        """Write a checkpoint and the two pictures. Raises DivergedError, and keeps nothing, where the weights are no numbers."""
        if not are_finite(self.network):
            raise self._diverged()
        self.folder.save(self.checkpoint())
        picture = synthetic_png(preview(self.network, self.sets, self.preset.side, self.device), SourceType.COMPOSITE)
        write_atomically(self.folder.root / "preview.png", picture)
        chart = loss_chart(np.array(self._losses, np.float32), (self.about.a, self.about.b))
        write_atomically(self.folder.root / "losses.png", synthetic_png(chart))

    def checkpoint(self) -> Checkpoint:
        """All that is needed to go on as if nothing had been: batches depend on seed and step alone."""
        tensors = {f"{_NETWORK}{name}": value for name, value in self.network.state_dict().items()}
        for name, parameter in self.network.named_parameters():
            state = self._adam.state.get(parameter)
            if state:
                tensors[f"{_FIRST}{name}"], tensors[f"{_SECOND}{name}"] = state["exp_avg"], state["exp_avg_sq"]
        kept = to_cpu(tensors)
        kept[_LOSSES] = torch.tensor(self._losses, dtype=torch.float32).reshape(-1, 2)
        return Checkpoint(self.step, self.seconds, kept)

    def _restore(self, kept: Checkpoint) -> None:
        try:
            self.network.load_state_dict(weights_in(kept))
            for name, parameter in self.network.named_parameters():
                if f"{_FIRST}{name}" in kept.tensors:
                    self._adam.state[parameter] = {
                        "step": torch.tensor(float(kept.step)),
                        "exp_avg": kept.tensors[f"{_FIRST}{name}"].to(self.device),
                        "exp_avg_sq": kept.tensors[f"{_SECOND}{name}"].to(self.device),
                    }
            self._losses = [(float(a), float(b)) for a, b in kept.tensors[_LOSSES]]
        except (RuntimeError, KeyError) as error:
            raise RunError(f"The checkpoint in {self.folder.root} is of another network; use another --out.") from error
        self.step, self.seconds = kept.step, kept.seconds

    def _one_step(self) -> tuple[float, float]:
        """Both people, then one step of the optimiser."""
        preset = self.preset
        try:
            self._adam.zero_grad(set_to_none=True)
            losses: list[Tensor] = []
            for k, (person, faces) in enumerate(zip(PEOPLE, self.sets, strict=True)):
                batch = batch_of(faces.faces, preset.side, preset.batch, self.about.seed, self.step, k)
                with torch.autocast(self.device.type, torch.bfloat16, enabled=self.mixed):
                    drawn, mask = self.network(batch.bent.to(self.device), person)
                loss = loss_of(drawn, mask, batch.target.to(self.device), batch.mask.to(self.device))
                torch.autograd.backward(loss)
                losses.append(loss.detach())
            self._adam.step()
            a, b = (float(loss) for loss in losses)
        except (MemoryError, RuntimeError) as error:
            if not is_out_of_memory(error):
                raise
            raise OutOfMemoryError(
                f"Memory ran out with {preset.batch} faces of {preset.side}² a step; begin a new run in another folder "
                f"with --batch {max(1, preset.batch // 2)}, or with a smaller --preset. This one stays at its last checkpoint."
            ) from error
        if not np.isfinite([a, b]).all():
            raise self._diverged()
        return a, b

    def _diverged(self) -> DivergedError:
        return DivergedError(
            f"The losses are no numbers any more at step {self.step}. The last checkpoint is from before; the same command goes on "
            "there. If it comes again, begin in another folder with another --seed."
        )

    def _ended(self, ending: Ending, begun: float) -> bool:
        over = ending.minutes is not None and time.monotonic() - begun >= ending.minutes * 60
        return over or (ending.steps is not None and self.step >= ending.steps)

    def _told(self, ending: Ending, begun: float, first: int, saved: bool) -> Told:
        spent = time.monotonic() - begun
        pace = (self.step - first) / max(spent, 1e-9)
        lefts = []
        if ending.minutes is not None:
            lefts.append(max(0.0, ending.minutes * 60 - spent))
        if ending.steps is not None:
            lefts.append((ending.steps - self.step) / pace)
        left = min(lefts) if lefts else None
        share = 0.0 if left is None else spent / max(spent + left, 1e-9)
        return Told(self.step, self._losses[-1], pace, left, share, saved)


def weights_in(kept: Checkpoint) -> dict[str, Tensor]:
    """The network's own state dict."""
    return {name.removeprefix(_NETWORK): t for name, t in kept.tensors.items() if name.startswith(_NETWORK)}


def trained_network(folder: RunFolder, device: torch.device) -> tuple[SwapNetwork, RunAbout, int]:
    """A run's network as its last checkpoint has it, what it is of, and its step. Raises RunError, CheckpointError."""
    about, kept = folder.about(), folder.latest()
    if kept is None:
        raise RunError(f"{folder.root} has no checkpoint yet; train it first.")
    network = make(about.preset, about.seed)
    try:
        network.load_state_dict(weights_in(kept))
    except RuntimeError as error:
        raise RunError(f"The checkpoint in {folder.root} does not fit its preset.") from error
    return network.to(device).eval(), about, kept.step


@contextmanager
def _signals() -> Iterator[Callable[[], bool]]:
    """While the context lasts SIGINT and SIGTERM only ask for an end, which comes after the step under way; a second SIGINT is as
    usual. Outside the main thread, where Python hears no signals, nothing changes."""
    asked = threading.Event()
    if threading.current_thread() is not threading.main_thread():
        yield asked.is_set
        return

    def ask(number: int, frame: FrameType | None) -> None:
        asked.set()
        signal.signal(signal.SIGINT, before[signal.SIGINT])

    before = {number: signal.signal(number, ask) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield asked.is_set
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)

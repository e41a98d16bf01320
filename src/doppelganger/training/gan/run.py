"""A run as a folder: begun, stopped at any moment, gone on with exactly where its last checkpoint is.

run.json                the settings, set and consent           history.json    a line a tick: losses, beliefs, p, spread
checkpoints/            the last three states                 samples/        a picture a tick, of the same latents
generator.safetensors   the generator as it is now: what `--generator` takes
"""

import json
import time
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from doppelganger.errors import DoppelgangerError, OutputError
from doppelganger.generators.stylegan2_generator import generator_file
from doppelganger.images import write_atomically
from doppelganger.progress import Event, Progress, silent
from doppelganger.provenance import synthetic_jpeg
from doppelganger.training.gan.checkpoints import Checkpoints
from doppelganger.training.gan.picture_set import PictureSet
from doppelganger.training.gan.ranks import ALONE, Ranks
from doppelganger.training.gan.realism import Realism
from doppelganger.training.gan.settings import TrainingSettings
from doppelganger.training.gan.sheet import sheet
from doppelganger.training.gan.trainer import Step, Trainer
from doppelganger.training.gan.trouble import check_finite, check_weights, spread, warnings
from doppelganger.training.out_of_memory import out_of_memory_as

SAMPLES = 36
"""Pictures of fixed latents."""
GENERATOR, HISTORY, RUN = "generator.safetensors", "history.json", "run.json"
PARTS = ("checkpoints/.*.part", "samples/.*.part", f".{GENERATOR}.*.part", f".{HISTORY}.*.part")
"""What a kill leaves of files that were being written."""
REALISM = "realism"
"""Key of a line of the history that was measured: its FID, KID and n."""


class Run:
    """The folder, and the trainer in the state of its newest whole checkpoint."""

    def __init__(
        self,
        folder: Path,
        pictures: PictureSet,
        settings: TrainingSettings,
        device: torch.device,
        realism: Realism | None = None,
        ranks: Ranks = ALONE,
    ) -> None:
        """Begins a run or goes on with it. ``ranks``: of several processes each has a run of one folder, and the first writes.

        Raises OutputError where the folder holds a run of other settings or another set, CheckpointError where all its checkpoints
        are damaged, DoppelgangerError where memory runs out.
        """
        self.folder, self._set, self._device = folder, pictures, device
        self._realism, self._ranks = realism, ranks
        self._checkpoints = Checkpoints(folder / "checkpoints")
        if ranks.first:
            _agree(folder, settings, pictures)
            for part in (part for pattern in PARTS for part in folder.glob(pattern)):
                part.unlink(missing_ok=True)
        self.history: list[dict[str, Any]] = []
        with out_of_memory_as(_too_large(settings)):
            self.trainer = Trainer(settings, pictures.pictures, device, ranks)
            if (kept := self._checkpoints.newest()) is not None:
                self.trainer.restore(kept["trainer"])
                self.history = kept["history"]
        ranks.agree(self.trainer.steps, device)
        sample = np.random.default_rng(settings.seed).standard_normal((SAMPLES, settings.shape.z_dim))
        self._latents = torch.from_numpy(sample.astype(np.float32)).to(device)
        self._set_spread = spread(np.asarray(pictures.pictures[: 10 * SAMPLES]))

    def train(self, images: int, progress: Progress = silent) -> None:
        """Until so many real pictures were shown in all, to the end of a tick.

        Raises DivergedError, OutputError (a full disk; what was kept is whole), DoppelgangerError where memory runs out.
        """
        settings = self.trainer.settings
        with out_of_memory_as(_too_large(settings)):
            if self._ranks.first and self.history:  # what a stop cut short
                self._publish()
                self._measure(progress)
            while self.trainer.seen < images:
                begun = time.monotonic()
                steps = []
                for _ in range(settings.tick):
                    step = self.trainer.step()
                    check_finite(step.generator_loss, step.detective_loss)
                    steps.append(step)
                    progress(Event("training", min(self.trainer.seen, images), images))
                check_weights(self.trainer.generator, self.trainer.detective, self.trainer.average)
                if self._ranks.first:
                    self._keep(steps, time.monotonic() - begun)
                    self._measure(progress)
                    for sentence in warnings(self.history):
                        progress(Event("trouble", 0, 0, sentence))

    def fakes(self) -> NDArray[np.uint8]:
        """Of the fixed latents, by the running mean: [36, S, S, 3]."""
        with torch.inference_mode():
            made = torch.cat([self.trainer.average(self._latents[i : i + 6]) for i in range(0, SAMPLES, 6)])
        levels = (made * 127.5 + 128).clamp(0, 255).byte()
        return np.asarray(levels.permute(0, 2, 3, 1).cpu().numpy())

    def _keep(self, steps: list[Step], seconds: float) -> None:
        fakes = self.fakes()
        self.history.append({**_line(steps, self.trainer), "spread": spread(fakes) / max(self._set_spread, 1e-6)})
        self.history[-1]["images a second"] = len(steps) * self.trainer.settings.batch / seconds
        write_atomically(self.folder / "samples" / f"{self.trainer.steps:08d}.jpg", synthetic_jpeg(sheet(fakes)))
        self._save()
        self._publish()

    def _save(self) -> None:
        self._checkpoints.save(self.trainer.steps, {"trainer": self.trainer.state(), "history": self.history})

    def _publish(self) -> None:
        """What others read: after the checkpoint, so that they never are ahead of it."""
        write_atomically(self.folder / HISTORY, json.dumps(self.history, indent=1).encode())
        write_atomically(self.folder / GENERATOR, generator_file(self.trainer.average, self._set.consent))

    def _measure(self, progress: Progress) -> None:
        """FID and KID into the last line, where it is time and they are not there. After the tick is kept: they take minutes."""
        if self._realism is None or not self.history or REALISM in self.history[-1]:
            return
        after = self.history[-1]["images"]
        if not self._realism.due(self.history[-2]["images"] if len(self.history) > 1 else 0, after):
            return
        measured = self._realism.of(self.trainer.average, self.folder)
        self.history[-1][REALISM] = measured
        self._save()
        self._publish()
        said = (
            f"After {after:,} pictures: FID {measured['FID']:.1f}, KID {measured['KID']:.4f} (n = {measured['n']:,})."
        )
        progress(Event("realism", 0, 0, said))


def _line(steps: list[Step], trainer: Trainer) -> dict[str, Any]:
    def mean(name: str) -> float:
        return float(np.mean([getattr(step, name) for step in steps]))

    return {
        "steps": trainer.steps,
        "images": trainer.seen,
        "generator loss": mean("generator_loss"),
        "detective loss": mean("detective_loss"),
        "real believed": mean("real_believed"),
        "fake believed": mean("fake_believed"),
        "signs": mean("signs"),
        "p": trainer.p,
    }


def _too_large(settings: TrainingSettings) -> DoppelgangerError:
    return DoppelgangerError(
        f"Memory ran out with {settings.batch} pictures of {settings.shape.resolution}² a step; begin a new run in another folder "
        "with a smaller --batch or --network. This one stays at its last checkpoint."
    )


def settings_of(folder: Path) -> TrainingSettings | None:
    """Of the run in a folder; None where there is none. Raises OutputError for a damaged one."""
    try:
        return TrainingSettings.from_json(json.loads((folder / RUN).read_text("utf-8"))["settings"])
    except FileNotFoundError:
        return None
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise OutputError(f"{folder / RUN} is damaged; begin a new run in another folder.") from error


def _agree(folder: Path, settings: TrainingSettings, pictures: PictureSet) -> None:
    """Write down what a new run is of, or see that an old one is of the same."""
    kept = settings_of(folder)
    if kept is None:
        wanted = {"settings": settings.to_json(), "set": pictures.digest, "consent": pictures.consent}
        write_atomically(folder / RUN, (json.dumps(wanted, indent=1) + "\n").encode())
    elif kept != settings or json.loads((folder / RUN).read_text("utf-8")).get("set") != pictures.digest:
        raise OutputError(
            f"{folder} holds a run with other settings or of another set; give the same ones, or choose another folder with --out."
        )

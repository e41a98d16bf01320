"""One step of the game after another: the detective learns to tell, the generator learns to pass.

Non-saturating logistic loss (Goodfellow et al. 2014), the detective's gradient on real pictures penalised every sixteenth step
("lazy" R1: Mescheder et al. 2018; Karras et al. 2020, section 3.1), a running mean of the generator's weights. All chance comes
from one source whose state is part of the trainer's: saved and restored, it goes on as if it had not stopped, to the bit on a CPU.
"""

import copy
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

from doppelganger.generators.stylegan2 import StyleGAN2Network
from doppelganger.training.gan.augment import EVERY, augment, corrected
from doppelganger.training.gan.discriminator import Discriminator
from doppelganger.training.gan.settings import TrainingSettings

Pictures = NDArray[np.uint8]
"""[N, S, S, 3]; may be a memory map."""


@dataclass(frozen=True)
class Step:
    """What a step was like."""

    generator_loss: float
    detective_loss: float
    real_believed: float
    """Mean chance that the detective gives a real picture of being real, 0–1."""
    fake_believed: float
    """And a generated one."""
    signs: float
    """Mean sign of its logits of real pictures, −1 to 1: near 1 it may know the set by heart."""


class Trainer:
    """Both networks, their optimisers, and where they are in the set."""

    def __init__(self, settings: TrainingSettings, pictures: Pictures, device: torch.device) -> None:
        self.settings, self._pictures, self._device = settings, pictures, device
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(settings.seed)
            self.generator = StyleGAN2Network(settings.shape).to(device).train()
            self.detective = Discriminator(settings.shape).to(device).train()
        self.average = copy.deepcopy(self.generator).eval().requires_grad_(False)
        self._random = torch.Generator(device).manual_seed(settings.seed)
        lazy = settings.r1_every / (settings.r1_every + 1)  # the penalty's own steps are folded into the others
        self._generator_adam = torch.optim.Adam(self.generator.parameters(), settings.rate, (0.0, 0.99), fused=True)
        self._detective_adam = torch.optim.Adam(
            self.detective.parameters(), settings.rate * lazy, (0.0, 0.99**lazy), fused=True
        )
        self.steps = 0
        self.p = 0.0
        self._signs: list[float] = []

    @property
    def seen(self) -> int:
        """Real pictures shown so far."""
        return self.steps * self.settings.batch

    def step(self) -> Step:
        """The detective's turn, then the generator's."""
        real = self._real()
        detective_loss, real_logits, fake_logits = self._teach_detective(real)
        generator_loss = self._teach_generator()
        self._follow()
        self._signs.append(float(real_logits.sign().mean()))
        self.steps += 1
        if self.settings.augmented and self.steps % EVERY == 0:
            self.p = corrected(self.p, float(np.mean(self._signs)), EVERY * self.settings.batch)
            self._signs.clear()
        real_believed, fake_believed = (float(torch.sigmoid(logits).mean()) for logits in (real_logits, fake_logits))
        return Step(generator_loss, detective_loss, real_believed, fake_believed, float(real_logits.sign().mean()))

    def _teach_detective(self, real: Tensor) -> tuple[float, Tensor, Tensor]:
        with torch.no_grad():
            fake = self._fake()
        self.detective.requires_grad_(True)
        shown = self._shown(real)
        penalised = self.steps % self.settings.r1_every == 0
        shown.requires_grad_(
            penalised
        )  # of the picture as it is shown, so that no look-up need be differentiated twice
        real_logits, fake_logits = self.detective(shown), self.detective(self._shown(fake))
        loss = F.softplus(-real_logits).mean() + F.softplus(fake_logits).mean()
        whole = loss
        if penalised:
            (slope,) = torch.autograd.grad(real_logits.sum(), shown, create_graph=True)
            penalty = slope.square().sum((1, 2, 3)).mean() * (self.settings.r1_weight / 2)
            whole = loss + penalty * self.settings.r1_every
        self._detective_adam.zero_grad(set_to_none=True)
        whole.backward()  # type: ignore[no-untyped-call]
        self._detective_adam.step()
        return float(loss.detach()), real_logits.detach(), fake_logits.detach()

    def _teach_generator(self) -> float:
        self.detective.requires_grad_(False)
        loss = F.softplus(-self.detective(self._shown(self._fake()))).mean()
        self._generator_adam.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        self._generator_adam.step()
        return float(loss.detach())

    def _follow(self) -> None:
        memory = self.settings.memory(self.seen)
        learnt = {name for name, _ in self.generator.named_parameters()}
        new = self.generator.state_dict()
        for name, mean in self.average.state_dict().items():  # tensors that share the network's memory
            if name in learnt:
                mean.lerp_(new[name], 1 - memory)
            else:
                mean.copy_(new[name])

    def _fake(self) -> Tensor:
        settings, rows = self.settings, self.settings.shape.rows
        w = self.generator.mapping(self._normal(settings.batch))[:, None].expand(-1, rows, -1)
        if self._uniform() < settings.style_mixing:
            cut = 1 + int(self._uniform() * (rows - 1))
            other = self.generator.mapping(self._normal(settings.batch))[:, None].expand(-1, rows - cut, -1)
            w = torch.cat([w[:, :cut], other], 1)
        fake: Tensor = self.generator.synthesis(w, self._random)
        return fake

    def _shown(self, pictures: Tensor) -> Tensor:
        return augment(pictures, self.p, self._random) if self.settings.augmented else pictures

    def _real(self) -> Tensor:
        """The next batch; every round through the set has an order of its own, made of the seed and its number."""
        places = np.arange(self.seen, self.seen + self.settings.batch)
        chosen = [
            self._order(int(round_))[place] for round_, place in zip(*divmod(places, len(self._pictures)), strict=True)
        ]
        batch = torch.from_numpy(np.stack([self._pictures[index] for index in chosen]))
        batch = batch.to(self._device).permute(0, 3, 1, 2).float() / 127.5 - 1
        if self.settings.mirrored:
            turned = torch.rand(len(batch), generator=self._random, device=self._device) < 0.5
            batch = torch.where(turned[:, None, None, None], batch.flip(3), batch)
        return batch

    def _order(self, round_: int) -> NDArray[np.int64]:
        return np.random.default_rng([self.settings.seed, round_]).permutation(len(self._pictures))

    def _normal(self, count: int) -> Tensor:
        return torch.randn(count, self.settings.shape.z_dim, generator=self._random, device=self._device)

    def _uniform(self) -> float:
        return float(torch.rand((), generator=self._random, device=self._device))

    def state(self) -> dict[str, Any]:
        """Everything that ``restore`` needs: plain containers of tensors and numbers."""
        return {
            "generator": self.generator.state_dict(),
            "detective": self.detective.state_dict(),
            "average": self.average.state_dict(),
            "generator_adam": self._generator_adam.state_dict(),
            "detective_adam": self._detective_adam.state_dict(),
            "random": self._random.get_state(),
            "steps": self.steps,
            "p": self.p,
            "signs": list(self._signs),
        }

    def restore(self, state: dict[str, Any]) -> None:
        """Go on where ``state`` was taken."""
        self.generator.load_state_dict(state["generator"])
        self.detective.load_state_dict(state["detective"])
        self.average.load_state_dict(state["average"])
        self._generator_adam.load_state_dict(state["generator_adam"])
        self._detective_adam.load_state_dict(state["detective_adam"])
        self._random.set_state(state["random"].cpu())
        self.steps, self.p, self._signs = state["steps"], state["p"], list(state["signs"])

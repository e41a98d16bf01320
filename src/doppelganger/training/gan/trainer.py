"""One step of the game after another: the detective learns to tell, the generator learns to pass.

Non-saturating logistic loss (Goodfellow et al. 2014), the detective's gradient on real pictures penalised every sixteenth step
("lazy" R1: Mescheder et al. 2018; Karras et al. 2020, section 3.1), where it is asked for the path length's penalty every fourth,
a running mean of the generator's weights. All chance comes from one source whose state is part of the trainer's: saved and
restored, it goes on as if it had not stopped, to the bit on a CPU.
"""

import copy
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

from doppelganger.generators.stylegan2 import StyleGAN2Network, half_from
from doppelganger.training.gan import path_length
from doppelganger.training.gan.augment import EVERY, augment, corrected
from doppelganger.training.gan.chance import Chance
from doppelganger.training.gan.discriminator import Discriminator
from doppelganger.training.gan.ranks import ALONE, Ranks
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

    def __init__(
        self, settings: TrainingSettings, pictures: Pictures, device: torch.device, ranks: Ranks = ALONE
    ) -> None:
        """``ranks``: of several processes each has a trainer, and all make each step together."""
        self.settings, self._pictures, self._device, self._ranks = settings, pictures, device, ranks
        self._own_batch = settings.batch // ranks.count
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(settings.seed)
            self.generator = StyleGAN2Network(settings.shape).to(device).train()
            self.detective = Discriminator(settings.shape).to(device).train()
        self.average = copy.deepcopy(self.generator).eval().requires_grad_(False)
        if settings.mixed:  # the average, of which pictures are made, stays in float32
            self.generator.synthesis.half_from = self.detective.half_from = half_from(settings.shape)
        self._chance = Chance(torch.Generator(device).manual_seed(settings.seed), ranks)
        self._mapping, self._synthesis = (
            ranks.joined(half) for half in (self.generator.mapping, self.generator.synthesis)
        )
        self._judge = ranks.joined(self.detective)
        lazy = settings.r1_every / (settings.r1_every + 1)  # the penalty's own steps are folded into the others
        share = path_length.EVERY / (path_length.EVERY + 1) if settings.path_weight else 1.0  # it has steps of its own
        self._generator_adam = torch.optim.Adam(
            self.generator.parameters(), settings.rate * share, (0.0, 0.99**share), fused=True
        )
        self._detective_adam = torch.optim.Adam(
            self.detective.parameters(), settings.rate * lazy, (0.0, 0.99**lazy), fused=True
        )
        self.steps = 0
        self.p = 0.0
        self.path_mean = 0.0
        """Running mean of the path lengths."""
        self._signs: list[float] = []
        self._round, self._in_order = -1, np.empty(0, np.int64)

    @property
    def seen(self) -> int:
        """Real pictures shown so far."""
        return self.steps * self.settings.batch

    def step(self) -> Step:
        """The detective's turn, then the generator's."""
        real = self._real()
        detective_loss, real_logits, fake_logits = self._teach_detective(real)
        generator_loss = self._teach_generator()
        if self.settings.path_weight and self.steps % path_length.EVERY == 0:
            self._even_out()
        self._follow()
        beliefs = [torch.sigmoid(logits).mean() for logits in (real_logits, fake_logits)]
        losses = [generator_loss, detective_loss]
        means = self._ranks.mean(torch.stack([*losses, *beliefs, real_logits.sign().mean()]))
        step = Step(*(float(mean) for mean in means))
        self._signs.append(step.signs)
        self.steps += 1
        if self.settings.augmented and self.steps % EVERY == 0:
            self.p = corrected(self.p, float(np.mean(self._signs)), EVERY * self.settings.batch)
            self._signs.clear()
        return step

    def _teach_detective(self, real: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        with torch.no_grad():
            fake = self._fake()
        self.detective.requires_grad_(True)
        shown = self._shown(real)
        penalised = self.steps % self.settings.r1_every == 0
        shown.requires_grad_(
            penalised
        )  # of the picture as it is shown, so that no look-up need be differentiated twice
        real_logits, fake_logits = self._judge(shown), self._judge(self._shown(fake))
        loss = F.softplus(-real_logits).mean() + F.softplus(fake_logits).mean()
        whole = loss
        if penalised:
            (slope,) = torch.autograd.grad(real_logits.sum(), shown, create_graph=True)
            penalty = slope.square().sum((1, 2, 3)).mean() * (self.settings.r1_weight / 2)
            whole = loss + penalty * self.settings.r1_every
        self._detective_adam.zero_grad(set_to_none=True)
        whole.backward()  # type: ignore[no-untyped-call]
        self._detective_adam.step()
        return loss.detach(), real_logits.detach(), fake_logits.detach()

    def _teach_generator(self) -> Tensor:
        self.detective.requires_grad_(False)
        loss = F.softplus(-self.detective(self._shown(self._fake()))).mean()
        self._generator_adam.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        self._generator_adam.step()
        return loss.detach()

    def _even_out(self) -> None:
        """A step of the generator down the path length's penalty alone."""
        w = self._latents(max(1, self._own_batch // path_length.SHRINK))
        pictures = self._synthesis(w, self._chance.noise)
        noise = self._chance.normal(len(pictures), *pictures.shape[1:])
        lengths = path_length.lengths(pictures, w, noise)
        mean = float(self._ranks.mean(lengths.detach().mean()))
        self.path_mean = path_length.MEMORY * self.path_mean + (1 - path_length.MEMORY) * mean
        penalty = (lengths - self.path_mean).square().mean() * (self.settings.path_weight * path_length.EVERY)
        # Biases of colours move no length; DDP waits for a gradient of every weight, and these get their zero.
        whole = penalty + 0 * pictures.sum()
        self._generator_adam.zero_grad(set_to_none=True)
        whole.backward()
        self._generator_adam.step()

    def _follow(self) -> None:
        mean_w = self.generator.mapping.w_avg
        mean_w.copy_(self._ranks.mean(mean_w))
        memory = self.settings.memory(self.seen)
        learnt = {name for name, _ in self.generator.named_parameters()}
        new = self.generator.state_dict()
        for name, mean in self.average.state_dict().items():  # tensors that share the network's memory
            if name in learnt:
                mean.lerp_(new[name], 1 - memory)
            else:
                mean.copy_(new[name])

    def _fake(self) -> Tensor:
        """A batch of pictures of new latents."""
        fake: Tensor = self._synthesis(self._latents(self._own_batch), self._chance.noise)
        return fake

    def _latents(self, count: int) -> Tensor:
        """w+ [count, rows, w_dim], by chance of two latents a picture."""
        settings = self.settings
        rows = settings.shape.rows
        w: Tensor = self._mapping(self._normal(count))[:, None].expand(-1, rows, -1)
        if self._chance.one() < settings.style_mixing:
            cut = 1 + int(self._chance.one() * (rows - 1))
            other = self._mapping(self._normal(count))[:, None].expand(-1, rows - cut, -1)
            w = torch.cat([w[:, :cut], other], 1)
        return w

    def _shown(self, pictures: Tensor) -> Tensor:
        return augment(pictures, self.p, self._chance) if self.settings.augmented else pictures

    def _real(self) -> Tensor:
        """The next batch; every round through the set has an order of its own, made of the seed and its number."""
        places = np.arange(self.seen, self.seen + self.settings.batch)[self._ranks.rank :: self._ranks.count]
        chosen = [
            self._order(int(round_))[place] for round_, place in zip(*divmod(places, len(self._pictures)), strict=True)
        ]
        batch = torch.from_numpy(np.stack([self._pictures[index] for index in chosen]))
        batch = batch.to(self._device).permute(0, 3, 1, 2).float() / 127.5 - 1
        if self.settings.mirrored:
            turned = self._chance.uniform(len(batch)) < 0.5
            batch = torch.where(turned[:, None, None, None], batch.flip(3), batch)
        return batch

    def _order(self, round_: int) -> NDArray[np.int64]:
        if round_ != self._round:  # made once a round: of 70,000 pictures it takes longer than the batch
            random = np.random.default_rng([self.settings.seed, round_])
            self._round, self._in_order = round_, random.permutation(len(self._pictures))
        return self._in_order

    def _normal(self, count: int) -> Tensor:
        return self._chance.normal(count, self.settings.shape.z_dim)

    def state(self) -> dict[str, Any]:
        """Everything that ``restore`` needs: plain containers of tensors and numbers."""
        return {
            "generator": self.generator.state_dict(),
            "detective": self.detective.state_dict(),
            "average": self.average.state_dict(),
            "generator_adam": self._generator_adam.state_dict(),
            "detective_adam": self._detective_adam.state_dict(),
            "random": self._chance.random.get_state(),
            "steps": self.steps,
            "p": self.p,
            "path mean": self.path_mean,
            "signs": list(self._signs),
        }

    def restore(self, state: dict[str, Any]) -> None:
        """Go on where ``state`` was taken."""
        self.generator.load_state_dict(state["generator"])
        self.detective.load_state_dict(state["detective"])
        self.average.load_state_dict(state["average"])
        self._generator_adam.load_state_dict(state["generator_adam"])
        self._detective_adam.load_state_dict(state["detective_adam"])
        self._chance.random.set_state(state["random"].cpu())
        self.steps, self.p, self._signs = state["steps"], state["p"], list(state["signs"])
        self.path_mean = state.get("path mean", 0.0)  # not in checkpoints from before there was one

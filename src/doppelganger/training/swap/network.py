"""One encoder for every face, a decoder for each person.

The autoencoder that was published anonymously as "deepfakes" in December 2017, as it lives on in the open programs faceswap (its
"original" model) and DeepFaceLab (Perov et al. 2020, "DeepFaceLab: Integrated, flexible and extensible face-swapping
framework"): strided 5 × 5 convolutions, two dense layers without which position would survive, and decoders that enlarge by
sub-pixel convolution (Shi et al. 2016, "Real-Time Single Image and Video Super-Resolution"). As in DeepFaceLab each decoder
draws the face's mask, too.

A network can be given finer levels, each of twice the side, that add to what it says: nothing at first, so one that has been
trained goes on from where it was (Karras et al. 2018, "Progressive Growing of GANs", for the growing; Karras et al. 2020,
"Analyzing and Improving the Image Quality of StyleGAN", section 4.1, for pictures as sums over sides).
"""

from typing import cast

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from doppelganger.training.swap.presets import Preset

PEOPLE = ("a", "b")
_SLOPE = 0.1  # of the leaky rectifiers, the publication's
_SEED_SIDE = 4  # of the smallest feature map
_WIDEST = 512  # channels


class SwapNetwork(nn.Module):
    """Pictures float32 [B, 3, S, S] in 0–1 of anybody → the same pose and expression with the face of A or of B."""

    def __init__(self, preset: Preset) -> None:
        super().__init__()
        halvings = (preset.first_side // _SEED_SIDE).bit_length() - 1
        widths = [min(preset.width << k, _WIDEST) for k in range(halvings)]
        self.encoder = Encoder(widths, preset.code, preset.levels)
        self.decoders = nn.ModuleDict({person: Decoder(widths, preset.levels) for person in PEOPLE})

    def forward(self, pictures: Tensor, person: str) -> tuple[Tensor, Tensor]:
        """Faces [B, 3, S, S] and masks [B, 1, S, S], both 0–1, by the decoder of ``person``, "a" or "b"."""
        drawn = self.decoders[person](self.encoder(pictures)).float().sigmoid()
        return drawn[:, :3], drawn[:, 3:]


class Encoder(nn.Module):
    """[B, 3, S, S] → [B, C, 8, 8]."""

    def __init__(self, widths: list[int], code: int, levels: int = 0) -> None:
        super().__init__()
        ins = [3, *widths[:-1]]
        self.finer = nn.ModuleList(FinerLook(widths[0], level) for level in range(1, levels + 1))
        self.halve = nn.ModuleList(nn.Conv2d(i, o, 5, 2, 2) for i, o in zip(ins, widths, strict=True))
        flat = widths[-1] * _SEED_SIDE**2
        self.squeeze, self.spread = nn.Linear(flat, code), nn.Linear(code, flat)
        self.enlarge = Enlarge(widths[-1], widths[-1])

    def forward(self, x: Tensor) -> Tensor:
        """What is common to all faces: pose, expression, light."""
        x = x * 2 - 1
        first, *others = self.halve
        levels = len(self.finer)
        seen = first(F.avg_pool2d(x, 1 << levels) if levels else x)
        for level, look in enumerate(self.finer, 1):
            seen = seen + look(F.avg_pool2d(x, 1 << (levels - level)) if level < levels else x)
        x = F.leaky_relu(seen, _SLOPE)
        for layer in others:
            x = F.leaky_relu(layer(x), _SLOPE)
        x = self.spread(self.squeeze(x.flatten(1)))
        enlarged: Tensor = self.enlarge(x.reshape(len(x), -1, _SEED_SIDE, _SEED_SIDE))
        return enlarged


class Decoder(nn.Module):
    """[B, C, 8, 8] → [B, 4, S, S], before the sigmoid: red, green, blue, mask."""

    def __init__(self, widths: list[int], levels: int = 0) -> None:
        super().__init__()
        outs = widths[-2::-1]  # from the second-smallest map's channels down to the largest's
        self.enlarge = nn.ModuleList(Enlarge(i, o) for i, o in zip(widths[:0:-1], outs, strict=True))
        self.refine = nn.ModuleList(Residual(o) for o in outs)
        self.draw = nn.Conv2d(outs[-1], 4, 5, 1, 2)
        self.finer = nn.ModuleList(FinerStroke(outs[-1]) for _ in range(levels))

    def forward(self, x: Tensor) -> Tensor:
        """One person's face."""
        for enlarge, refine in zip(self.enlarge, self.refine, strict=True):
            x = refine(enlarge(x))
        drawn: Tensor = self.draw(x)
        for stroke in self.finer:
            x, added = stroke(x)
            drawn = F.interpolate(drawn, scale_factor=2, mode="bilinear", align_corners=False) + added
        return drawn


class FinerLook(nn.Module):
    """[B, 3, S, S] → what it adds to the encoder's first features, at S / 2^(level + 1): nothing before it is trained."""

    def __init__(self, width: int, level: int) -> None:
        super().__init__()
        ins = [3] + [width] * level
        self.halve = nn.ModuleList(nn.Conv2d(i, width, 5, 2, 2) for i in ins)

    def forward(self, x: Tensor) -> Tensor:
        """All but the last are activated."""
        *before, last = self.halve
        for layer in before:
            x = F.leaky_relu(layer(x), _SLOPE)
        seen: Tensor = last(x)
        return seen

    @property
    def last(self) -> nn.Module:
        """The convolution that says what is added."""
        return self.halve[-1]


class FinerStroke(nn.Module):
    """Features [B, C, S, S] → features at twice the side, and what they add to the drawing there; nothing before it is trained."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.enlarge, self.refine = Enlarge(width, width), Residual(width)
        self.last = nn.Conv2d(width, 4, 5, 1, 2)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        x = self.refine(self.enlarge(x))
        return x, self.last(x)


class Enlarge(nn.Module):
    """Twice the side, by sub-pixel convolution."""

    def __init__(self, ins: int, outs: int) -> None:
        super().__init__()
        self.convolve = nn.Conv2d(ins, outs * 4, 3, 1, 1)

    def forward(self, x: Tensor) -> Tensor:
        """[B, I, S, S] → [B, O, 2S, 2S]."""
        return F.leaky_relu(F.pixel_shuffle(self.convolve(x), 2), _SLOPE)


class Residual(nn.Module):
    """x + f(x) of two convolutions, as DeepFaceLab's decoders have after each enlargement (He et al. 2016)."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.first, self.second = nn.Conv2d(width, width, 3, 1, 1), nn.Conv2d(width, width, 3, 1, 1)

    def forward(self, x: Tensor) -> Tensor:
        """[B, C, S, S] → the same."""
        return F.leaky_relu(x + self.second(F.leaky_relu(self.first(x), _SLOPE)), _SLOPE)


def parameters_of(network: SwapNetwork) -> int:
    """How many numbers are learnt."""
    return sum(p.numel() for p in network.parameters())


def make(preset: Preset, seed: int) -> SwapNetwork:
    """With weights that depend on the seed alone (He et al. 2015, "Delving Deep into Rectifiers")."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        network = SwapNetwork(preset)
        for module in network.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_uniform_(module.weight, _SLOPE)
                assert module.bias is not None
                nn.init.zeros_(module.bias)
        for module in network.modules():
            if isinstance(module, FinerLook | FinerStroke):
                nn.init.zeros_(cast(nn.Conv2d, module.last).weight)
    return network

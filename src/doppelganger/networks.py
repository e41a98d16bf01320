"""Every trained network that making a doppelgänger needs, loaded when first asked for and then kept."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cached_property

import torch
from torch import nn

from doppelganger.arithmetic import channels_last
from doppelganger.background import Matting
from doppelganger.faces.apparent import ApparentSex
from doppelganger.faces.attributes import AgeSexEstimator
from doppelganger.faces.detector import FaceDetector
from doppelganger.faces.landmarks import LandmarkDetector
from doppelganger.faces.parsing import FaceParser
from doppelganger.generators.differentiable import DifferentiableMobileStyleGAN
from doppelganger.generators.latent_space import LatentSpace
from doppelganger.generators.mobile_stylegan_openvino import MEAN_SAMPLES, MEAN_SEED, MobileStyleGAN
from doppelganger.generators.protocol import DifferentiableGenerator, WholeGenerator
from doppelganger.generators.stylegan2_generator import StyleGAN2
from doppelganger.generators.stylegan2_gradients import DifferentiableStyleGAN2
from doppelganger.likeness import LikenessJudge
from doppelganger.lpips import LPIPS
from doppelganger.verifiers.panel import VERIFIERS, Panel, verifiers
from doppelganger.verifiers.protocol import Verifier
from doppelganger.weights import Store
from doppelganger.weights.run import PLAIN_RUN

NEEDED = PLAIN_RUN
"""Weights of a plain run; `weights.run` has those that join them."""
LEAST_SIDE = 256
"""Another generator's smaller faces are enlarged to this side, for verifiers and people alike: verdicts are on what is shared."""


def pick_device(name: str = "auto") -> torch.device:
    """ "auto": CUDA, else Apple's MPS, else the CPU; or a PyTorch device's own name."""
    if name != "auto":
        return torch.device(name)
    if torch.cuda.is_available():
        return torch.device("cuda")
    return torch.device("mps" if torch.backends.mps.is_available() else "cpu")


class Networks:
    """Give the same one to several runs and each network loads once."""

    def __init__(self, store: Store | None = None, device: str = "auto", another: StyleGAN2 | None = None) -> None:
        """``another``: the generator to use instead of the built-in one, on the same device."""
        self.store = store or Store()
        self.device = pick_device(device)
        self.another = another
        self._with_gradients: dict[str, nn.Module] = {}

    def load(self) -> None:
        """Load what a run needs now, two networks at a time: compiling one keeps only one core busy."""
        # What several of the threads use is made here, once: both forms of the generator, and with the panel the detector.
        _ = self.generator, self.differentiable
        loads = [self.generator.load, *(member.load for member in self.panel.members)]  # the longest first
        with ThreadPoolExecutor(2) as pool:
            loading = [pool.submit(load) for load in loads]
            for one in [*loading, *(pool.submit(getattr, self, name) for name in ("space", "landmarks", "alex"))]:
                one.result()

    @cached_property
    def detector(self) -> FaceDetector:
        """YuNet."""
        return FaceDetector(self.store)

    @cached_property
    def landmarks(self) -> LandmarkDetector:
        """MediaPipe's face mesh."""
        return LandmarkDetector(self.store)

    @cached_property
    def apparent_sex(self) -> ApparentSex:
        """Guesses sex, with gradients."""
        return ApparentSex(self.store).to(self.device)

    @cached_property
    def parser(self) -> FaceParser:
        """BiSeNet."""
        return FaceParser(self.store)

    @cached_property
    def matting(self) -> Matting:
        """MODNet."""
        return Matting(self.store)

    @cached_property
    def panel(self) -> Panel:
        """All four verifiers."""
        return Panel(verifiers(self.store, self.detector))

    def members(self, short_names: Sequence[str]) -> list[Verifier]:
        """The panel's members of these short names ("dlib", "sface", …), in the panel's order."""
        return [m for short, m in zip(VERIFIERS, self.panel.members, strict=True) if short in short_names]

    def gradients_of(self, member: Verifier) -> nn.Module:
        """The member's network with gradients to its input, on the device; loaded once."""
        if member.name not in self._with_gradients:
            self._with_gradients[member.name] = channels_last(member.network().to(self.device))
        return self._with_gradients[member.name]

    @cached_property
    def generator(self) -> WholeGenerator:
        """The fast form."""
        return MobileStyleGAN(self.store) if self.another is None else self.another.at_least(LEAST_SIDE)

    @cached_property
    def differentiable(self) -> DifferentiableGenerator:
        """The form with gradients, on the device."""
        return self.built_in if self.another is None else DifferentiableStyleGAN2(self.another.network)

    @cached_property
    def built_in(self) -> DifferentiableMobileStyleGAN:
        """The built-in generator's form with gradients."""
        return DifferentiableMobileStyleGAN(self.store, self.device)

    @cached_property
    def space(self) -> LatentSpace:
        """W, and StyleSpace where the generator offers it, in whitened coordinates, on the device."""
        samples = self.generator.sample(MEAN_SAMPLES, MEAN_SEED)
        return LatentSpace(samples, self.device, self.differentiable.scales_of)

    @cached_property
    def alex(self) -> LPIPS:
        """LPIPS that the search minimises."""
        return LPIPS("alex", self.store).to(self.device)

    @cached_property
    def judge(self) -> LikenessJudge:
        """The measures of likeness."""
        vgg = LPIPS("vgg", self.store).to(self.device)
        return LikenessJudge(self.detector, self.landmarks, AgeSexEstimator(self.store), self.alex, vgg, self.device)

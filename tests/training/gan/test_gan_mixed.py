"""The largest sides in bfloat16: as good as float32 over some steps, and float32 to the bit where it is off."""

import numpy as np
import pytest
import torch

from doppelganger.generators.stylegan2 import Shape, StyleGAN2Network, half_from
from doppelganger.training.gan.discriminator import Discriminator
from doppelganger.training.gan.settings import TrainingSettings
from doppelganger.training.gan.trainer import Trainer

CPU = torch.device("cpu")
SHAPE = Shape(32, 512, 32, z_dim=16, w_dim=16, mapping_layers=2, clamp=256)


def test_four_sides_are_half_and_never_the_first() -> None:
    assert [half_from(Shape(side)) for side in (8, 32, 64, 256, 1024)] == [8, 8, 8, 32, 128]


def test_pictures_and_logits_are_close() -> None:
    torch.manual_seed(0)
    generator, detective = StyleGAN2Network(SHAPE).eval(), Discriminator(SHAPE)
    z = torch.randn(8, 16)
    with torch.no_grad():
        exact = generator(z)
        believed = detective(exact)
        generator.synthesis.half_from = detective.half_from = 16
        seen: list[torch.dtype] = []
        for side in (8, 16, 32):
            block = generator.synthesis.get_submodule(f"b{side}")
            block.register_forward_hook(lambda _, inputs, outputs: seen.append(outputs[0].dtype))
        rough = generator(z)
        assert seen == [torch.float32, torch.bfloat16, torch.bfloat16]
        assert rough.dtype == torch.float32 and not torch.equal(rough, exact)
        assert float((rough - exact).std() / exact.std()) < 0.02
        logits = detective(exact)
        assert logits.dtype == torch.float32 and not torch.equal(logits, believed)
        assert float((logits - believed).abs().max()) < 0.05 * float(believed.std()) + 0.02


@pytest.mark.parametrize("path_weight", [0.0, 2.0])
def test_steps_go_as_in_float32(path_weight: float) -> None:
    pictures = np.random.default_rng(0).integers(0, 256, (24, 32, 32, 3), np.uint8)
    losses = []
    for mixed in (False, True):
        trainer = Trainer(TrainingSettings(SHAPE, batch=4, mixed=mixed, path_weight=path_weight), pictures, CPU)
        trainer.p = 0.3
        steps = [trainer.step() for _ in range(6)]
        losses.append([(step.generator_loss, step.detective_loss) for step in steps])
        assert trainer.average.synthesis.half_from is None
        for network in (trainer.generator, trainer.detective):
            assert all(p.dtype == torch.float32 and bool(p.isfinite().all()) for p in network.parameters())
    assert losses[0] != losses[1]
    np.testing.assert_allclose(losses[1], losses[0], rtol=0.05, atol=0.02)

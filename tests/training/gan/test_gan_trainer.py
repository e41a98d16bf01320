"""One step: what is minimised, what is averaged, which pictures come; and that it learns."""

import copy

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from doppelganger.generators.stylegan2 import Shape
from doppelganger.training.gan.settings import TrainingSettings, shape_named
from doppelganger.training.gan.trainer import Pictures, Trainer

CPU = torch.device("cpu")
TINY = Shape(8, 64, 16, z_dim=8, w_dim=8, mapping_layers=2)


@pytest.fixture
def pictures() -> Pictures:
    """Red on the left, blue on the right, brighter or darker."""
    levels = np.random.default_rng(0).integers(100, 250, 40)
    made = np.zeros((40, 8, 8, 3), np.uint8)
    made[:, :, :4, 0] = made[:, :, 4:, 2] = levels[:, None, None]
    return made


def plain(**changes: object) -> TrainingSettings:
    return TrainingSettings(**{"shape": TINY, "batch": 8, "mirrored": False, "augmented": False, **changes})  # type: ignore[arg-type]


def test_every_round_shows_each_picture_once_in_another_order(pictures: Pictures) -> None:
    trainer = Trainer(plain(), pictures, CPU)
    shown = []
    for steps in range(10):
        trainer.steps = steps
        shown.append(trainer._real())
    whole = torch.from_numpy(pictures).permute(0, 3, 1, 2).float() / 127.5 - 1
    rounds = [torch.cat(shown[:5]), torch.cat(shown[5:])]
    for one in rounds:
        assert torch.equal(one.flatten(1).sum(1).sort().values, whole.flatten(1).sum(1).sort().values)
    assert not torch.equal(*rounds)


def test_the_order_of_a_round_is_made_once(pictures: Pictures, monkeypatch: pytest.MonkeyPatch) -> None:
    trainer = Trainer(plain(seed=7, batch=12), pictures, CPU)  # the fourth batch ends one round and begins the next
    orders = [np.random.default_rng([7, round_]).permutation(40) for round_ in range(2)]
    wanted = torch.from_numpy(pictures[np.concatenate(orders)[:72]]).permute(0, 3, 1, 2).float() / 127.5 - 1
    made: list[object] = []
    source = np.random.default_rng
    monkeypatch.setattr(np.random, "default_rng", lambda seed: (made.append(seed), source(seed))[1])
    shown = []
    for steps in range(6):
        trainer.steps = steps
        shown.append(trainer._real())
    assert torch.equal(torch.cat(shown), wanted)
    assert made == [[7, 0], [7, 1]]


def test_the_detective_learns_from_its_loss_and_the_penalty(pictures: Pictures) -> None:
    """The first step of Adam is its rate times the sign of the gradient: by that it is checked against the written-out loss."""
    trainer = Trainer(plain(r1_every=1), pictures, CPU)
    twin = Trainer(plain(r1_every=1), pictures, CPU)
    real = twin._real()
    with torch.no_grad():
        fake = twin._fake()
    real.requires_grad_()
    logits = twin.detective(real)
    loss = torch.log1p(torch.exp(-logits)).mean() + torch.log1p(torch.exp(twin.detective(fake))).mean()
    (slope,) = torch.autograd.grad(logits.sum(), real, create_graph=True)
    penalty = 0.0002 * 64 / 8 / 2 * sum(slope[i].square().sum() for i in range(8)) / 8
    (loss + penalty).backward()  # type: ignore[union-attr]
    before = copy.deepcopy(trainer.detective)
    step = trainer.step()
    assert step.detective_loss == pytest.approx(float(loss.detach()), rel=1e-5)
    for old, new, theirs in zip(
        before.parameters(), trainer.detective.parameters(), twin.detective.parameters(), strict=True
    ):
        gradient = theirs.grad
        assert isinstance(gradient, Tensor)
        sure = gradient.abs() > 1e-4
        moved = (new - old)[sure]
        assert torch.equal(moved.sign(), -gradient[sure].sign())
        torch.testing.assert_close(moved.abs(), torch.full_like(moved, 0.0025 / 2), rtol=1e-2, atol=1e-6)


def test_the_generator_is_averaged_and_moves_to_be_believed(pictures: Pictures) -> None:
    trainer = Trainer(plain(), pictures, CPU)
    trainer.step()
    before = {name: mean.clone() for name, mean in trainer.average.state_dict().items()}
    trainer.steps = 40  # 320 pictures seen: half of the mean goes in 16 of them, two batches
    trainer._follow()
    new = trainer.generator.state_dict()
    name = "synthesis.b8.conv0.weight"
    share = 0.5**0.5
    torch.testing.assert_close(trainer.average.state_dict()[name], share * before[name] + (1 - share) * new[name])
    assert torch.equal(trainer.average.mapping.w_avg, trainer.generator.mapping.w_avg)
    z = torch.randn(64, 8, generator=torch.Generator().manual_seed(0))

    def loss() -> float:
        with torch.no_grad():
            return float(F.softplus(-trainer.detective(trainer.generator.eval()(z))).mean())

    first = loss()
    for _ in range(10):
        trainer._teach_generator()
    assert loss() < first


def test_it_learns_a_small_world(pictures: Pictures) -> None:
    trainer = Trainer(plain(), pictures, CPU)
    wanted = torch.from_numpy(pictures).permute(0, 3, 1, 2).float() / 127.5 - 1
    z = torch.randn(64, 8, generator=torch.Generator().manual_seed(0))

    def away() -> float:
        with torch.no_grad():
            return float((trainer.average(z).mean(0) - wanted.mean(0)).abs().mean())

    first = away()
    for _ in range(100):
        trainer.step()
    assert away() < 0.5 * first, (away(), first)


def test_the_small_network_is_small() -> None:
    shape = shape_named("small", 32)
    assert [shape.channels(side) for side in shape.sides] == [128, 128, 128, 64]
    assert shape_named("config-f", 256) == Shape.of("config-f", 256)
    settings = TrainingSettings(shape)
    assert TrainingSettings.from_json(settings.to_json()) == settings
    with pytest.raises(ValueError, match="no setting"):
        shape_named("huge", 32)

"""The training: it learns, it goes on bit for bit, and nothing that happens to it loses a run."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from swapping_sets import TINY
from torch import nn

from doppelganger.errors import OutputError
from doppelganger.images import read_image
from doppelganger.training.divergence import DivergedError
from doppelganger.training.swap.errors import CheckpointError, FaceSetError, OutOfMemoryError, RunError
from doppelganger.training.swap.faceset import FaceSet
from doppelganger.training.swap.losses import dissimilarity, loss_of
from doppelganger.training.swap.network import make
from doppelganger.training.swap.presets import PRESETS
from doppelganger.training.swap.run_folder import RunFolder
from doppelganger.training.swap.trainer import Ending, Told, Trainer, trained_network
from doppelganger.training.swap.warping import batch_of, plain

CPU = torch.device("cpu")
Sets = tuple[FaceSet, FaceSet]


@pytest.fixture(scope="module")
def sets(set_a: FaceSet, set_b: FaceSet) -> Sets:
    return set_a, set_b


def trainer(folder: Path, sets: Sets) -> Trainer:
    return Trainer(RunFolder(folder), *sets, TINY, CPU)


def test_losses_fall_and_there_is_something_to_look_at(sets: Sets, tmp_path: Path) -> None:
    told: list[Told] = []
    made = trainer(tmp_path / "run", sets).train(Ending(steps=60), told=told.append)
    losses = np.array([one.losses for one in told])
    assert made.step == len(told) == 60
    assert (losses[-10:].mean(0) < 0.6 * losses[:5].mean(0)).all()
    assert told[29].left is not None
    assert read_image(tmp_path / "run" / "preview.png").shape[1] > 6 * 128
    assert read_image(tmp_path / "run" / "losses.png").shape[0] > 100


def test_goes_on_bit_for_bit(sets: Sets, tmp_path: Path) -> None:
    unbroken = trainer(tmp_path / "one", sets)
    curve: list[tuple[float, float]] = []
    unbroken.train(Ending(steps=7), told=lambda told: curve.append(told.losses))
    for until in (3, 4, 7):  # three lives
        broken = trainer(tmp_path / "two", sets)
        again: list[tuple[float, float]] = []
        broken.train(Ending(steps=until), told=lambda told, kept=again: kept.append(told.losses))
        assert again == curve[until - len(again) : until]
    ours, theirs = unbroken.checkpoint(), broken.checkpoint()
    assert (ours.step, set(ours.tensors)) == (theirs.step, set(theirs.tensors))
    assert all(torch.equal(ours.tensors[name], theirs.tensors[name]) for name in ours.tensors)


def test_boxed_in_time(sets: Sets, tmp_path: Path) -> None:
    begun = time.monotonic()
    made = trainer(tmp_path / "run", sets).train(Ending(minutes=0.01))
    assert made.step > 0
    assert not made.stopped
    assert made.seconds <= time.monotonic() - begun


def test_ctrl_c_loses_nothing(sets: Sets, tmp_path: Path) -> None:
    def interrupt(told: Told) -> None:
        if told.step == 3:
            os.kill(os.getpid(), signal.SIGINT)

    made = trainer(tmp_path / "run", sets).train(Ending(steps=50), told=interrupt)
    assert made.stopped
    assert made.step in (3, 4)
    assert trainer(tmp_path / "run", sets).step == made.step
    with pytest.raises(KeyboardInterrupt):  # from here on Ctrl-C is as it was
        os.kill(os.getpid(), signal.SIGINT)
        time.sleep(1)


KILLED = """
import os, random, signal, sys, time
from pathlib import Path
import torch
from doppelganger.training.swap.faceset import load
from doppelganger.training.swap.presets import Preset
from doppelganger.training.swap.run_folder import RunFolder
from doppelganger.training.swap.trainer import Ending, Trainer

a, b, folder = load(Path(sys.argv[1])), load(Path(sys.argv[2])), RunFolder(Path(sys.argv[3]))
torch.optim.Adam([torch.zeros(1, requires_grad=True)]).step()  # what it imports when first used, each life has then
chance = random.Random(9)


def step():
    kept = folder.latest()
    return 0 if kept is None else kept.step


before = 0
for life in range(4):
    child = os.fork()
    if child == 0:
        try:
            Trainer(folder, a, b, {preset}, torch.device("cpu")).train(Ending(), save_every=0.0)
        finally:
            os._exit(1)
    while not any(int(file.name[:8]) > before for file in folder.checkpoints.glob("0*.safetensors")):
        assert os.waitpid(child, os.WNOHANG) == (0, 0), "the training ended by itself"
        time.sleep(0.05)
    time.sleep(chance.uniform(0, 0.15))  # wherever it is then: in a step, in a file
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    before = step()
    print(before, flush=True)
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_kill_9_leaves_a_checkpoint_that_goes_on(sets: Sets, tmp_path: Path, extracted_pair: tuple[Path, Path]) -> None:
    run = tmp_path / "run"
    code = KILLED.format(preset=TINY)
    lives = subprocess.run(
        [sys.executable, "-c", code, *map(str, extracted_pair), str(run)], capture_output=True, text=True, check=True
    )
    steps = [int(line) for line in lives.stdout.split()]
    assert len(set(steps)) == 4
    assert steps == sorted(steps)
    going_on = trainer(run, sets)
    assert going_on.step == steps[-1]
    assert going_on.train(Ending(steps=steps[-1] + 2)).step == steps[-1] + 2


def test_a_damaged_checkpoint_is_passed_over(sets: Sets, tmp_path: Path) -> None:
    first = trainer(tmp_path / "run", sets)
    for steps in (2, 4, 6, 8):
        first.train(Ending(steps=steps))
    files = sorted((tmp_path / "run" / "checkpoints").iterdir())
    assert [int(file.name[:8]) for file in files] == [4, 6, 8], "the last three are kept"
    data = bytearray(files[-1].read_bytes())
    data[-5] ^= 1  # one bit of one weight
    files[-1].write_bytes(data)
    assert trainer(tmp_path / "run", sets).step == 6
    for file in files:
        file.write_bytes(file.read_bytes()[:1000])
    with pytest.raises(CheckpointError, match="damaged"):
        trainer(tmp_path / "run", sets)


def test_a_full_disk_leaves_the_last_checkpoint(
    sets: Sets, tmp_path: Path, limited_files: Callable[[int], None]
) -> None:
    first = trainer(tmp_path / "run", sets)
    first.train(Ending(steps=2))
    limited_files(10_000)
    with pytest.raises(OutputError, match="make room"):
        first.train(Ending(steps=4))
    assert trainer(tmp_path / "run", sets).step == 2
    assert not list((tmp_path / "run" / "checkpoints").glob("*.part"))


class Greedy(nn.Module):
    """Needs more memory than any machine has."""

    def forward(self, pictures: torch.Tensor, person: str) -> tuple[torch.Tensor, torch.Tensor]:
        return torch.empty(2**60), pictures


def test_out_of_memory_names_the_setting(sets: Sets, tmp_path: Path) -> None:
    hungry = trainer(tmp_path / "run", sets)
    hungry.network = Greedy()  # type: ignore[assignment]
    with pytest.raises(OutOfMemoryError, match="--batch 2"):
        hungry.train(Ending(steps=1))


def test_runs_of_other_sets_and_too_small_sets_are_refused(sets: Sets, tmp_path: Path) -> None:
    a, b = sets
    trainer(tmp_path / "run", sets).train(Ending(steps=1))
    with pytest.raises(RunError, match="other faces"):
        trainer(tmp_path / "run", (b, a))
    with pytest.raises(FaceSetError, match="the least"):
        trainer(tmp_path / "few", (replace(a, faces=a.faces[:3]), b))
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "letter.txt").write_text("mine")
    with pytest.raises(OutputError, match="something else"):
        trainer(tmp_path / "full", sets)
    with pytest.raises(OutputError, match="is a file"):
        trainer(tmp_path / "full" / "letter.txt", sets)


def test_a_run_without_a_checkpoint_is_begun_again(sets: Sets, tmp_path: Path) -> None:
    trainer(tmp_path / "run", sets)
    (tmp_path / "run" / ".run.json.0123abcd.part").write_text('{"sch')  # of a kill while it was written
    other = Trainer(RunFolder(tmp_path / "run"), *sets, replace(TINY, batch=2), CPU, seed=5)
    assert (other.preset.batch, other.about.seed) == (2, 5)
    (tmp_path / "run" / "run.json").unlink()
    assert trainer(tmp_path / "run", sets).preset == TINY


def test_a_second_ctrl_c_within_a_step_leaves_an_exact_run(
    sets: Sets, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    unbroken = trainer(tmp_path / "one", sets)
    unbroken.train(Ending(steps=5))
    broken = trainer(tmp_path / "two", sets)
    broken.train(Ending(steps=2))
    plain = broken._adam.step

    def step_and_break() -> None:
        plain()
        raise KeyboardInterrupt

    monkeypatch.setattr(broken._adam, "step", step_and_break)
    with pytest.raises(KeyboardInterrupt):
        broken.train(Ending(steps=5))
    again = trainer(tmp_path / "two", sets)
    assert again.step == 2
    again.train(Ending(steps=5))
    ours, theirs = unbroken.checkpoint(), again.checkpoint()
    assert all(torch.equal(ours.tensors[name], theirs.tensors[name]) for name in ours.tensors)


def test_what_is_no_number_is_said_and_not_kept(sets: Sets, tmp_path: Path) -> None:
    def spoil(one: Trainer) -> None:
        with torch.no_grad():
            one.network.encoder.squeeze.weight[0, 0] = torch.nan

    first = trainer(tmp_path / "run", sets)
    first.train(Ending(steps=2))
    spoil(first)
    with pytest.raises(DivergedError, match="at step 2"):
        first.train(Ending(steps=4))
    second = trainer(tmp_path / "run", sets)
    with pytest.raises(DivergedError, match="at step 4"):  # after the losses of the last step
        second.train(Ending(steps=4), told=lambda told: spoil(second) if told.step == 4 else None)
    assert trainer(tmp_path / "run", sets).step == 2


def test_a_new_run_starts_from_another(sets: Sets, tmp_path: Path) -> None:
    trainer(tmp_path / "old", sets).train(Ending(steps=3))
    begun = RunFolder(tmp_path / "old")
    old, about, step = trained_network(begun, CPU)
    assert (about.a, about.preset, step) == (sets[0].name, TINY, 3)
    of_others = Trainer(RunFolder(tmp_path / "others"), sets[1], sets[0], TINY, CPU)
    of_others.start_from(begun)
    assert torch.equal(of_others.network.encoder.squeeze.weight, old.encoder.squeeze.weight)
    assert not torch.equal(of_others.network.decoders["a"].draw.weight, old.decoders["a"].draw.weight)
    of_same = trainer(tmp_path / "same", sets)
    of_same.start_from(begun)
    assert all(torch.equal(of_same.network.state_dict()[name], t) for name, t in old.state_dict().items())
    more = replace(sets[1], faces=sets[1].faces[:-1])
    assert more.digest != sets[1].digest
    of_more = Trainer(RunFolder(tmp_path / "more"), sets[0], more, TINY, CPU)
    of_more.start_from(begun)
    assert torch.equal(of_more.network.decoders["b"].draw.weight, old.decoders["b"].draw.weight)
    other = Trainer(RunFolder(tmp_path / "other"), *sets, replace(TINY, width=8), CPU)
    with pytest.raises(RunError, match="of the preset tiny"):
        other.start_from(begun)
    of_same.train(Ending(steps=1))
    with pytest.raises(RunError, match="has begun"):
        of_same.start_from(begun)


def test_a_finer_run_goes_on_from_what_was_learnt_at_half_its_side(sets: Sets, tmp_path: Path) -> None:
    trainer(tmp_path / "old", sets).train(Ending(steps=3))
    begun = RunFolder(tmp_path / "old")
    old = trained_network(begun, CPU)[0]
    preset = replace(TINY, name="finer", side=2 * TINY.side, levels=1)
    finer = Trainer(RunFolder(tmp_path / "finer"), *sets, preset, CPU)
    finer.start_from(begun)
    pictures = torch.rand(2, 3, preset.side, preset.side)
    with torch.inference_mode():
        faces, _ = finer.network(pictures, "b")
        small, _ = old(F.avg_pool2d(pictures, 2), "b")
    as_before = F.interpolate(small.logit(), scale_factor=2, mode="bilinear").sigmoid()
    assert torch.allclose(faces, as_before, atol=1e-5), "a level adds nothing before it has learnt something"
    finer.train(Ending(steps=2))
    learnt = finer.network.state_dict()
    untrained = make(preset, 0).state_dict()
    levels = [name for name in learnt if ".finer." in name and name.endswith(".weight")]
    assert len(levels) == 2 + 2 * 4, "a look of two convolutions; a stroke of four in each decoder"
    assert all(not torch.equal(learnt[name], untrained[name]) for name in levels)
    with pytest.raises(RunError, match="does not fit"):
        trainer(tmp_path / "coarser", sets).start_from(RunFolder(tmp_path / "finer"))


@pytest.mark.parametrize("name", PRESETS)
def test_every_preset_draws_at_its_side(name: str) -> None:
    preset = PRESETS[name]
    with torch.inference_mode():
        faces, masks = make(preset, 0)(torch.rand(1, 3, preset.side, preset.side), "b")
    assert faces.shape == (1, 3, preset.side, preset.side)
    assert masks.shape == (1, 1, preset.side, preset.side)
    assert 0 <= float(faces.min()) <= float(faces.max()) <= 1


def test_batches_are_of_seed_and_step_alone_and_use_every_face(sets: Sets) -> None:
    faces = sets[0].faces
    one, again = (batch_of(faces, 32, 4, 5, 8, 0) for _ in range(2))
    assert torch.equal(one.bent, again.bent)
    assert not torch.equal(one.bent, batch_of(faces, 32, 4, 5, 9, 0).bent)
    assert not torch.equal(one.bent, batch_of(faces, 32, 4, 6, 8, 0).bent)
    assert float((one.bent - one.target).abs().mean()) > 0.01, "the input is bent, the target is not"
    one_round = [batch_of(faces, 32, 1, 5, step, 0).target for step in range(len(faces))]
    nearest = {int(((plain(faces, 32).target - picture) ** 2).mean((1, 2, 3)).argmin()) for picture in one_round}
    assert nearest == set(range(len(faces)))


def test_the_loss_is_of_the_face() -> None:
    torch.manual_seed(0)
    target, mask = torch.rand(2, 3, 32, 32), torch.zeros(2, 1, 32, 32)
    mask[:, :, 8:24, 8:24] = 1
    inside, outside = target.clone(), target.clone()
    inside[:, :, 12:20, 12:20] = 0.5
    outside[:, :, 0:8, 0:8] = 0.5
    assert float(loss_of(target, mask, target, mask)) == pytest.approx(0, abs=1e-6)
    assert float(loss_of(inside, mask, target, mask)) > 4 * float(loss_of(outside, mask, target, mask))


def test_dissimilarity_is_that_of_the_textbook() -> None:
    from skimage.metrics import structural_similarity

    torch.manual_seed(1)
    a = torch.rand(1, 3, 40, 40, dtype=torch.float64)
    b = (a + 0.2 * torch.rand(1, 3, 40, 40, dtype=torch.float64)).clamp(0, 1)
    _, theirs = structural_similarity(
        a[0].permute(1, 2, 0).numpy(),
        b[0].permute(1, 2, 0).numpy(),
        win_size=7,
        channel_axis=2,
        data_range=1.0,
        full=True,
        use_sample_covariance=False,
    )
    ours = dissimilarity(a, b)[0, 0].numpy()
    inner = (slice(4, -4), slice(4, -4))
    assert np.allclose(ours[inner], ((1 - theirs) / 2).mean(2)[inner], atol=1e-9)

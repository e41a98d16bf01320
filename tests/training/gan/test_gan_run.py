"""A run on disk: stopped and gone on with it is the unbroken one to the bit, also after kill −9; nothing is ever half there."""

import json
import random
import resource
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from doppelganger.errors import DoppelgangerError, OutputError
from doppelganger.generators.stylegan2 import Shape
from doppelganger.generators.stylegan2_generator import StyleGAN2
from doppelganger.images import read_image
from doppelganger.training.divergence import DivergedError
from doppelganger.training.gan import run as running
from doppelganger.training.gan.checkpoints import Checkpoints
from doppelganger.training.gan.picture_set import LeftOut, PictureSet, save_set
from doppelganger.training.gan.run import Run
from doppelganger.training.gan.settings import TrainingSettings
from doppelganger.training.gan.story import chapters, story
from doppelganger.training.gan.trainer import Step
from doppelganger.training.gan.trouble import warnings
from doppelganger.training.swap.errors import CheckpointError

CPU = torch.device("cpu")
SETTINGS = TrainingSettings(Shape(16, 128, 16, z_dim=8, w_dim=8, mapping_layers=2), batch=4, tick=2)
SHOWN = 4 * 2 * 5
"""Pictures of five ticks."""


@pytest.fixture(scope="module")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> PictureSet:
    drawn = np.random.default_rng(0).integers(0, 256, (24, 16, 16, 3), np.uint8)
    folder = tmp_path_factory.mktemp("gan") / "set"
    return save_set(((str(i), one) for i, one in enumerate(drawn)), 16, folder, "noise", LeftOut())


def begin(folder: Path, pictures: PictureSet) -> Run:
    run = Run(folder, pictures, SETTINGS, CPU)
    if run.trainer.steps == 0:
        run.trainer.p = 0.5  # so that the augmentation's draws are part of it
    return run


def lasting(history: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [{key: value for key, value in line.items() if key != "images a second"} for line in history]


@pytest.fixture(scope="module")
def unbroken(pictures: PictureSet, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("unbroken")
    begin(folder, pictures).train(SHOWN)
    return folder


def same(folder: Path, unbroken: Path) -> None:
    histories = [lasting(json.loads((where / "history.json").read_text())) for where in (folder, unbroken)]
    assert histories[0] == histories[1] and len(histories[0]) == 5
    assert (folder / "generator.safetensors").read_bytes() == (unbroken / "generator.safetensors").read_bytes()


def test_a_run_gone_on_with_is_the_unbroken_one(unbroken: Path, pictures: PictureSet, tmp_path: Path) -> None:
    for until in (8, 17, SHOWN):
        torch.manual_seed(until)  # what others draw has no say
        begin(tmp_path, pictures).train(until)
    same(tmp_path, unbroken)
    assert lasting(json.loads((tmp_path / "history.json").read_text()))[-1]["p"] > 0


RUNNER = """
import sys, torch
from pathlib import Path
sys.path.insert(0, sys.argv[3])
from test_gan_run import begin, SHOWN, PictureSet
torch.set_num_threads(int(sys.argv[4]))
begin(Path(sys.argv[1]), PictureSet.load(Path(sys.argv[2]))).train(SHOWN)
"""


def test_killed_at_any_moment_it_goes_on(unbroken: Path, pictures: PictureSet, tmp_path: Path) -> None:
    chance = random.Random(0)
    threads = str(torch.get_num_threads())
    order = [sys.executable, "-c", RUNNER, str(tmp_path), str(pictures.folder), str(Path(__file__).parent), threads]
    for ticks in (1, 3):
        process = subprocess.Popen(order)
        while process.poll() is None and len(list((tmp_path / "samples").glob("*.jpg"))) < ticks:
            time.sleep(0.002)
        time.sleep(chance.uniform(0, 0.05))
        process.kill()
        process.wait()
    begin(tmp_path, pictures).train(SHOWN)
    same(tmp_path, unbroken)


def test_a_damaged_checkpoint_gives_way_to_the_one_before(unbroken: Path, pictures: PictureSet, tmp_path: Path) -> None:
    begin(tmp_path, pictures).train(SHOWN)
    files = sorted((tmp_path / "checkpoints").iterdir())
    assert [file.name for file in files] == ["00000006.pt", "00000008.pt", "00000010.pt"]
    files[2].write_bytes(files[2].read_bytes()[:5000])
    content = bytearray(files[1].read_bytes())
    content[len(content) // 2] ^= 0xFF
    files[1].write_bytes(content)
    run = begin(tmp_path, pictures)
    assert run.trainer.steps == 6
    run.train(SHOWN)
    same(tmp_path, unbroken)


def everything(folder: Path) -> dict[str, bytes]:
    return {str(file.relative_to(folder)): file.read_bytes() for file in folder.rglob("*") if file.is_file()}


def test_a_run_whose_checkpoints_are_all_damaged_is_left_as_it_is(pictures: PictureSet, tmp_path: Path) -> None:
    begin(tmp_path, pictures).train(SHOWN)
    for file in (tmp_path / "checkpoints").iterdir():
        file.write_bytes(file.read_bytes()[:1000])
    before = everything(tmp_path)
    with pytest.raises(CheckpointError, match=r"All 3 checkpoints .* damaged"):
        begin(tmp_path, pictures)
    assert everything(tmp_path) == before


@pytest.mark.parametrize(
    "trouble",
    [OSError(5, "Input/output error"), MemoryError(), RuntimeError("DefaultCPUAllocator: can't allocate memory")],
)
def test_a_checkpoint_that_cannot_be_read_now_is_not_damaged(
    trouble: Exception, pictures: PictureSet, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    begin(tmp_path, pictures).train(8)

    def fails(*_: object, **__: object) -> bytes:
        raise trouble

    monkeypatch.setattr(*((Path, "read_bytes") if isinstance(trouble, OSError) else (torch, "load")), fails)
    with pytest.raises(type(trouble)):
        Checkpoints(tmp_path / "checkpoints").newest()


def test_what_a_checkpoint_leaves_behind_it_goes(pictures: PictureSet, tmp_path: Path) -> None:
    """A damaged one of a later step would count as one of the last three, and push the new ones out."""
    begin(tmp_path, pictures).train(SHOWN)
    for step in (8, 10, 12, 14):
        (tmp_path / "checkpoints" / f"{step:08d}.pt").write_bytes(b"damaged")
    run = begin(tmp_path, pictures)
    assert run.trainer.steps == 6
    run.train(32)
    assert [file.name for file in sorted((tmp_path / "checkpoints").iterdir())] == ["00000006.pt", "00000008.pt"]
    assert begin(tmp_path, pictures).trainer.steps == 8


def test_what_a_kill_left_unfinished_goes(pictures: PictureSet, tmp_path: Path) -> None:
    begin(tmp_path, pictures).train(8)
    parts = [f"checkpoints/.{4:08d}.pt.1a2b3c4d.part", f"samples/.{4:08d}.jpg.1a2b3c4d.part"]
    parts += [f".{name}.1a2b3c4d.part" for name in ("generator.safetensors", "history.json")]
    for part in (*parts, ".faces-32.part"):  # a set in the same folder that is being made
        (tmp_path / part).write_bytes(b"half")
    begin(tmp_path, pictures)
    assert list(tmp_path.rglob("*.part")) == [tmp_path / ".faces-32.part"]


def test_a_full_disk_is_said_and_loses_nothing(pictures: PictureSet, tmp_path: Path) -> None:
    run = begin(tmp_path, pictures)
    run.train(8)
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    try:
        resource.setrlimit(resource.RLIMIT_FSIZE, (40_000, before[1]))  # room for a sample, not for a state
        with pytest.raises(OutputError, match="could not be written"):
            run.train(16)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    kept = Checkpoints(tmp_path / "checkpoints").newest()
    assert kept is not None and kept["trainer"]["steps"] == 2
    assert not list(tmp_path.rglob("*.part"))


def test_another_set_or_other_settings_are_refused(unbroken: Path, pictures: PictureSet, tmp_path: Path) -> None:
    other = TrainingSettings(SETTINGS.shape, seed=1, batch=4, tick=2)
    with pytest.raises(OutputError, match="other settings"):
        Run(unbroken, pictures, other, CPU)
    (tmp_path / "run.json").write_text("{")
    with pytest.raises(OutputError, match="damaged"):
        Run(tmp_path, pictures, SETTINGS, CPU)


def test_divergence_is_said_and_not_kept(pictures: PictureSet, tmp_path: Path) -> None:
    run = begin(tmp_path, pictures)
    run.train(8)
    with torch.no_grad():
        next(run.trainer.detective.parameters()).fill_(float("nan"))
    with pytest.raises(DivergedError, match="no numbers"):
        run.train(16)
    again = begin(tmp_path, pictures)
    assert again.trainer.steps == 2
    again.train(16)


@pytest.mark.parametrize("network", ["generator", "detective", "average"])
def test_weights_that_the_last_step_of_a_tick_spoilt_are_not_kept(
    network: str, pictures: PictureSet, tmp_path: Path
) -> None:
    run = begin(tmp_path, pictures)
    run.train(8)
    before = everything(tmp_path)
    step = run.trainer.step

    def spoils() -> Step:
        made = step()
        if run.trainer.steps % SETTINGS.tick == 0:
            with torch.no_grad():
                next(getattr(run.trainer, network).parameters()).fill_(float("nan"))
        return made

    run.trainer.step = spoils  # type: ignore[method-assign]
    with pytest.raises(DivergedError, match="weights are no numbers"):
        run.train(16)
    assert everything(tmp_path) == before


def test_want_of_memory_names_the_settings(
    pictures: PictureSet, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def hungry(*_: object) -> torch.Tensor:
        return torch.empty(2**60)  # more than any machine has

    run = begin(tmp_path, pictures)
    run.trainer._real = hungry  # type: ignore[method-assign]
    with pytest.raises(DoppelgangerError, match="smaller --batch or --network"):
        run.train(8)
    monkeypatch.setattr(running, "Trainer", hungry)
    with pytest.raises(DoppelgangerError, match="smaller --batch or --network"):
        Run(tmp_path, pictures, SETTINGS, CPU)


def line(**changes: float) -> dict[str, Any]:
    return {"spread": 1.0, "fake believed": 0.3, "real believed": 0.7, "p": 0.2, **changes}


def test_collapse_and_a_won_game_are_noticed() -> None:
    assert warnings([line()] * 9) == []
    assert "collapsed" in warnings([line(spread=0.05)] * 5)[0]
    assert warnings([line(spread=0.05)] * 4 + [line()]) == []
    assert "detective has won" in warnings([line(**{"fake believed": 0.001, "real believed": 0.999})] * 5)[0]
    assert "too small" in warnings([line(p=1.0)] * 5)[0]


def test_the_generator_of_a_run_is_a_generator(unbroken: Path) -> None:
    generator = StyleGAN2.of_file(unbroken / "generator.safetensors", CPU)
    assert generator.synthesise(generator.w_mean).shape == (16, 16, 3)
    sample = read_image(unbroken / "samples" / "00000010.jpg")
    assert sample.shape == (6 * 97 - 1, 6 * 97 - 1, 3)


def test_the_story_is_one_page(unbroken: Path, tmp_path: Path) -> None:
    page = story(unbroken)
    assert page.count('src="data:image/jpeg;base64,') == 5 and page.count("<svg") == 3
    assert "http" not in page.replace("http-equiv", "")
    assert "After 40 pictures" in page and "<script" not in page
    assert chapters(1) == [0] and chapters(3) == [0, 1, 2] and chapters(1000)[-1] == 999
    assert 20 <= len(chapters(1000)) <= 24
    with pytest.raises(OutputError, match="no run yet"):
        story(tmp_path)

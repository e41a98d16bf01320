"""Several processes: a step of two is the step of one; they go on exactly, alone or together; a failure ends all in a sentence."""

import json
import multiprocessing
import os
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from doppelganger.errors import DoppelgangerError
from doppelganger.generators.stylegan2 import Shape
from doppelganger.progress import Event
from doppelganger.training.gan.checkpoints import Checkpoints
from doppelganger.training.gan.launching import Order, TogetherError, check, launch
from doppelganger.training.gan.picture_set import LeftOut, PictureSet, save_set
from doppelganger.training.gan.ranks import ALONE, Ranks, meeting
from doppelganger.training.gan.run import Run
from doppelganger.training.gan.settings import TrainingSettings
from doppelganger.training.gan.trainer import Trainer

SETTINGS = TrainingSettings(
    Shape(16, 128, 16, z_dim=8, w_dim=8, mapping_layers=2), batch=16, tick=2, path_weight=2.0, augmented=True
)


@pytest.fixture(scope="module")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    drawn = np.random.default_rng(0).integers(0, 256, (40, 16, 16, 3), np.uint8)
    folder = tmp_path_factory.mktemp("together") / "set"
    save_set(((str(i), one) for i, one in enumerate(drawn)), 16, folder, "noise", LeftOut())
    return folder


@pytest.fixture(scope="module")
def order(pictures: Path, tmp_path_factory: pytest.TempPathFactory) -> Order:
    return Order(pictures, tmp_path_factory.mktemp("two"), SETTINGS, 16 * 6, "cpu")


def state(folder: Path) -> dict:
    kept = Checkpoints(folder / "checkpoints").newest()
    assert kept is not None
    return kept["trainer"]


def test_processes_share_a_batch_without_a_picture_twice() -> None:
    set_ = np.random.default_rng(0).integers(0, 256, (40, 16, 16, 3), np.uint8)
    plain = replace(SETTINGS, mirrored=False)
    whole = Trainer(plain, set_, torch.device("cpu"))._real()
    shares = []
    for rank in range(2):
        one = Trainer(plain, set_, torch.device("cpu"))
        one._ranks, one._own_batch = Ranks(rank, 2), 8
        shares.append(one._real())
    assert torch.equal(torch.stack(shares, 1).flatten(0, 1), whole)
    assert not torch.equal(*shares)


def agrees(rank: int, numbers: list[int], place: str) -> None:
    """A process of two, which ends with 1 where they disagree."""
    device = torch.device("cpu")
    with meeting(Ranks(rank, 2), place, device) as ranks:
        ranks.agree(7, device)
        try:
            ranks.agree(numbers[rank], device)
        except DoppelgangerError:
            os._exit(1)
    os._exit(0)  # as together.py ends its own


def test_different_checkpoints_are_noticed(tmp_path: Path) -> None:
    ALONE.agree(7, torch.device("meta"))  # whose numbers nobody can read; Apple's devices have no float64
    for numbers, codes in (([0, 2], [1, 1]), ([2, 2], [0, 0])):
        place = (tmp_path / str(numbers)).as_uri()
        context = multiprocessing.get_context("spawn")
        processes = [context.Process(target=agrees, args=(rank, numbers, place)) for rank in range(2)]
        for one in processes:
            one.start()
        for one in processes:
            one.join()
        assert [one.exitcode for one in processes] == codes


@pytest.fixture(scope="module")
def two(order: Order) -> dict:
    """The state after six steps of two processes."""
    heard: list[Event] = []
    last = launch(order, 2, heard.append)
    assert last is not None and last["steps"] == 6
    assert [event.done for event in heard if event.stage == "training"] == [16, 32, 48, 64, 80, 96]
    return state(order.out)


def test_two_are_one_and_one_goes_on_from_two(order: Order, two: dict, tmp_path: Path) -> None:
    launch(replace(order, out=tmp_path), 1)
    one = state(tmp_path)
    for network in ("generator", "detective", "average"):
        for name, value in one[network].items():
            torch.testing.assert_close(two[network][name], value, rtol=1e-3, atol=1e-4, msg=f"{network} {name}")
    assert torch.equal(two["random"], one["random"]) and two["p"] == pytest.approx(one["p"])
    assert two["path mean"] == pytest.approx(one["path mean"], rel=1e-4)
    losses = [json.loads((out / "history.json").read_text())[-1]["detective loss"] for out in (order.out, tmp_path)]
    assert losses[0] == pytest.approx(losses[1], rel=1e-4)
    shutil.copytree(order.out, tmp_path / "copy")
    launch(replace(order, out=tmp_path / "copy", images=16 * 8), 1)
    assert state(tmp_path / "copy")["steps"] == 8


def test_a_failure_of_one_ends_all_with_its_sentence(order: Order, tmp_path: Path) -> None:
    Run(
        tmp_path, PictureSet.load(order.pictures), replace(SETTINGS, seed=3), torch.device("cpu")
    )  # another run is there
    with pytest.raises(DoppelgangerError, match="other settings"):
        launch(replace(order, out=tmp_path), 2)
    for many, wrong, why in (
        (3, order, "a multiple of 12"),
        (2, replace(order, device="mps"), "not on mps"),
        (2, replace(order, device="cuda"), "CUDA devices, not 2"),
    ):
        with pytest.raises(TogetherError, match=why):
            check(wrong, many)


def begun(pictures: Path, out: Path) -> subprocess.Popen[str]:
    """``gan train`` as typed, when it has kept a checkpoint."""
    typed = ["gan", "train", str(pictures), "--out", str(out), "--device", "cpu", "--gpus", "2", "--images", "900000"]
    command = [sys.executable, "-m", "doppelganger.cli", *typed, "--network", "small", "--batch", "8"]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True, start_new_session=True)
    while process.poll() is None and not list(out.glob("checkpoints/*.pt")):
        time.sleep(0.05)
    return process


def children(process: subprocess.Popen[str]) -> list[int]:
    """Of the two ranks."""
    found = []
    for one in Path("/proc").glob("[0-9]*"):
        try:
            parent = int((one / "stat").read_text().rsplit(")", 1)[1].split()[1])
            if parent == process.pid and b"spawn_main" in (one / "cmdline").read_bytes():
                found.append(int(one.name))
        except OSError:
            continue
    return sorted(found)


def test_one_that_is_killed_ends_all_and_they_go_on_to_the_bit(order: Order, two: dict, tmp_path: Path) -> None:
    def kills(event: Event) -> None:
        if event.done == 48:
            os.kill(max(one.pid or 0 for one in multiprocessing.active_children()), signal.SIGKILL)

    with pytest.raises(DoppelgangerError, match=r"of 2 was ended from outside \(signal 9"):
        launch(replace(order, out=tmp_path), 2, kills)
    assert not multiprocessing.active_children()
    assert state(tmp_path)["steps"] in (2, 4)  # how far the other came meanwhile
    launch(replace(order, out=tmp_path), 2)
    again = state(tmp_path)
    assert again["steps"] == 6
    for network in ("generator", "detective", "average"):
        for name, value in two[network].items():
            assert torch.equal(again[network][name], value), name


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_ctrl_c_ends_all(pictures: Path, tmp_path: Path) -> None:
    small = PictureSet.load(pictures).pictures[:, :8, :8]
    save_set(((str(i), one) for i, one in enumerate(small)), 8, tmp_path / "set", "noise", LeftOut())
    process = begun(tmp_path / "set", tmp_path / "run")
    ranks = children(process)
    os.killpg(process.pid, signal.SIGINT)  # as a terminal does
    said = process.communicate(timeout=60)[1]
    assert process.returncode == 130 and "the same command goes on" in said and "Traceback" not in said, said
    assert len(ranks) == 2 and not any(Path(f"/proc/{rank}").exists() for rank in ranks)
    assert not list(tmp_path.rglob("*.part"))
    assert Checkpoints(tmp_path / "run" / "checkpoints").newest() is not None


def test_under_torchrun_each_takes_its_place(pictures: Path, tmp_path: Path) -> None:
    small = PictureSet.load(pictures).pictures[:, :8, :8]
    save_set(((str(i), one) for i, one in enumerate(small)), 8, tmp_path / "set", "noise", LeftOut())
    ours = ["-m", "doppelganger.cli", "gan", "train", str(tmp_path / "set"), "--out", str(tmp_path / "run"), "--json"]
    torchrun = ["-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2"]
    typed = [sys.executable, *torchrun, *ours, "--device", "cpu", "--batch", "8", "--images", "8"]
    made = subprocess.run(typed, capture_output=True, text=True, timeout=120)
    assert made.returncode == 0, made.stderr
    assert json.loads(made.stdout)["images"] == 512  # one of them speaks

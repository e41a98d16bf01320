"""What the benchmark says of a generator, and of a run that it could not kill."""

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from doppelganger.training.gan.picture_set import LeftOut, save_set

FILE = Path(__file__).parents[3] / "benchmarks" / "gan.py"


@pytest.fixture(scope="module")
def benchmark() -> ModuleType:
    found = importlib.util.spec_from_file_location("gan_benchmark", FILE)
    assert found is not None and found.loader is not None
    module = importlib.util.module_from_spec(found)
    found.loader.exec_module(module)
    return module


def test_recall_and_coverage_by_hand(benchmark: ModuleType) -> None:
    """On a line: fakes at 0, 1, 2, 3 reach as far as their third neighbour, those at the ends 3, those between 2."""
    fakes = np.array([[0.0], [1.0], [2.0], [3.0]], np.float32)
    for place, within in ((-3, True), (-3.1, False), (1.5, True), (6, True), (6.1, False)):
        assert benchmark.recall(fakes, np.array([[place]], np.float32)) == within
    real = np.array([[-3.0], [5.0], [7.0], [20.0]], np.float32)
    assert benchmark.recall(fakes, real) == 0.5
    crowd = np.arange(0, 60, 10, dtype=np.float32)[:, None]  # whose fifth neighbours are 50, 40, 30, 30, 40 and 50 away
    assert benchmark.coverage(np.array([[80.0]], np.float32), crowd) == pytest.approx(1 / 6)


def test_a_trainer_that_ends_by_itself_is_no_killed_one(
    benchmark: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    drawn = np.random.default_rng(0).integers(0, 256, (24, 8, 8, 3), np.uint8)
    pictures = save_set(((str(i), one) for i, one in enumerate(drawn)), 8, tmp_path / "set", "noise", LeftOut())
    monkeypatch.setattr(sys, "executable", "false")
    with pytest.raises(SystemExit, match="by itself"):
        benchmark.kill(pictures, tmp_path / "run", 1)

"""The scripts that made the trained files in the package, each run small."""

import runpy
import sys
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from doppelganger.generators.preview import PreviewHead
from doppelganger.generators.sensitivity import SensitiveDirections
from doppelganger.networks import Networks

TOOLS = Path(__file__).parents[1] / "tools"


def run(name: str, monkeypatch: pytest.MonkeyPatch, *arguments: str) -> None:
    monkeypatch.setattr(sys, "argv", [name, *arguments])
    runpy.run_path(str(TOOLS / name), run_name="__main__")


def test_measured_directions_are_orthonormal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run("measure_sensitivity.py", monkeypatch, str(tmp_path / "out.safetensors"), "--targets", "1")
    basis = load_file(tmp_path / "out.safetensors")["basis"].float()
    shipped = SensitiveDirections.of_mobile_stylegan(torch.device("cpu"))
    assert basis.shape[:2] == (16, 512)
    assert basis.shape[1] + basis.shape[2] == shipped.split_size
    products = basis.mT @ basis
    assert torch.allclose(products, torch.eye(basis.shape[2]).expand_as(products), atol=5e-3)


def test_the_early_exit_can_be_trained(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sizes = ("--targets", "1", "--population", "6", "--steps", "4")
    run("train_preview.py", monkeypatch, str(tmp_path / "out.safetensors"), *sizes)
    networks = Networks(device="cpu")
    shipped: dict[str, torch.Tensor] = networks.differentiable._head.state_dict()
    trained = load_file(tmp_path / "out.safetensors")
    assert {k: v.shape for k, v in trained.items()} == {k: v.shape for k, v in shipped.items()}
    assert all(torch.isfinite(v.float()).all() for v in trained.values())
    assert isinstance(networks.differentiable._head, PreviewHead)

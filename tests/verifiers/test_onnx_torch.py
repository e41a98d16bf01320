from pathlib import Path

import numpy as np
import openvino as ov
import pytest
import torch

from doppelganger.errors import WeightsError
from doppelganger.onnx_torch.graph import read_graph
from doppelganger.onnx_torch.lowering import prelu
from doppelganger.onnx_torch.merging import simplify
from doppelganger.onnx_torch.network import OnnxNetwork
from doppelganger.verifiers.onnx_verifier import OnnxVerifier
from doppelganger.verifiers.panel import Panel
from doppelganger.weights import Store

NAMES = ["SFace", "ArcFace-MBF", "EdgeFace-S"]


def member(panel: Panel, name: str) -> OnnxVerifier:
    (found,) = [m for m in panel.members if m.name == name]
    assert isinstance(found, OnnxVerifier)
    return found


@pytest.mark.parametrize("name", NAMES)
def test_agrees_with_openvino_on_a_batch(panel: Panel, store: Store, name: str) -> None:
    verifier = member(panel, name)
    model = ov.Core().compile_model(str(store.path(verifier.weight)), "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
    crops = np.random.default_rng(1).uniform(-1, 1, (3, 3, 112, 112)).astype(np.float32)
    expected = np.concatenate([model(c[None] * verifier.input_scale + verifier.input_offset)[0] for c in crops])
    with torch.no_grad():
        found = verifier.network()(torch.from_numpy(crops)).numpy()
    assert found.shape == expected.shape
    assert np.abs(expected).max() > 0.5
    np.testing.assert_allclose(found, expected, atol=1e-4)


@pytest.mark.parametrize("name", NAMES)
def test_gradient_is_the_slope_of_the_distance(panel: Panel, name: str) -> None:
    network = member(panel, name).network()
    assert not any(weight.requires_grad for weight in network.parameters())
    crop = torch.rand(1, 3, 112, 112, generator=torch.Generator().manual_seed(2)) * 2 - 1
    target = network(crop * 0.8)
    crop.requires_grad_(True)
    before = (network(crop) - target).norm()
    (gradient,) = torch.autograd.grad(before, crop)
    before = before.detach()
    step = 0.01 * float(before) / float(gradient.norm())  # that should bring it one per cent nearer
    with torch.no_grad():
        after = (network(crop - step * gradient / gradient.norm()) - target).norm()
    assert float(before - after) == pytest.approx(0.01 * float(before), rel=0.1)


@pytest.mark.parametrize(
    ("name", "gone"), [("SFace", "BatchNormalization"), ("ArcFace-MBF", "BatchNormalization"), ("EdgeFace-S", "Erf")]
)
def test_small_operators_are_merged(panel: Panel, store: Store, name: str, gone: str) -> None:
    graph = read_graph(store.path(member(panel, name).weight))
    kinds = [node.kind for node in simplify(graph).nodes]
    assert gone not in kinds
    assert not {"ReduceMean", "ReduceL2", "Sqrt"} & set(kinds)
    if name == "EdgeFace-S":
        assert (kinds.count("LayerNorm"), kinds.count("Gelu"), kinds.count("L2Normalise")) == (26, 18, 6)


def test_the_quick_prelu_has_pytorchs_gradient() -> None:
    generator = torch.Generator().manual_seed(3)
    x, gradient = (torch.randn(2, 5, 7, 6, generator=generator) for _ in range(2))
    slope = torch.tensor([0.25, -0.5, 0.0, 1.5, 1.0])
    x.requires_grad_(True)
    (expected,) = torch.autograd.grad(torch.nn.functional.prelu(x, slope), x, gradient)
    (found,) = torch.autograd.grad(prelu(x, slope), x, gradient)
    torch.testing.assert_close(found, expected)


def test_a_damaged_file_is_named(tmp_path: Path, panel: Panel, store: Store) -> None:
    data = store.path(member(panel, "ArcFace-MBF").weight).read_bytes()
    damaged = tmp_path / "half.onnx"
    damaged.write_bytes(data[: len(data) // 2])
    with pytest.raises(WeightsError, match=r"half\.onnx"):
        OnnxNetwork(damaged)

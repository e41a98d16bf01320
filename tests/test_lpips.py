"""LPIPS against its authors' library, filled with the catalogue's backbones (its heads are its own)."""

import importlib
import sys
from types import ModuleType

import numpy as np
import pytest
import skimage.data
import torch
from safetensors.torch import load_file

from doppelganger.lpips import LPIPS, Backbone
from doppelganger.weights import Store


@pytest.fixture(scope="module")
def library() -> ModuleType:
    """It imports torchvision, whose compiled operators fail to load beside a processor-only PyTorch. None of them is used here:
    those that the import asks for are declared, and declared only."""
    try:
        importlib.import_module("torchvision")
    except RuntimeError:
        for name in [name for name in sys.modules if name.split(".")[0] == "torchvision"]:
            del sys.modules[name]
        for operator in ("nms", "qnms"):
            torch.library.define(
                f"torchvision::{operator}", "(Tensor dets, Tensor scores, float iou_threshold) -> Tensor"
            )
    return importlib.import_module("lpips")


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("backbone", ["alex", "vgg"])
def test_agrees_with_the_published_library(library: ModuleType, store: Store, backbone: Backbone) -> None:
    theirs = library.LPIPS(net=backbone, pnet_rand=True, verbose=False)
    tensors = load_file(store.path(f"lpips-{backbone}"))
    convolutions = [m for m in theirs.net.modules() if isinstance(m, torch.nn.Conv2d)]
    for k, convolution in enumerate(convolutions):
        convolution.weight.data, convolution.bias.data = tensors[f"conv{k}.weight"], tensors[f"conv{k}.bias"]
    pictures = [skimage.data.astronaut(), skimage.data.cat()[:300, :300], skimage.data.astronaut()[:, ::-1]]
    batch = torch.stack(
        [torch.from_numpy(np.ascontiguousarray(p[:256, :256])).permute(2, 0, 1) / 127.5 - 1 for p in pictures]
    )
    with torch.inference_mode():
        expected = theirs(batch[[0, 0, 1]], batch[[1, 2, 1]]).flatten()
        found = LPIPS(backbone, store)(batch[[0, 0, 1]], batch[[1, 2, 1]])
    assert found == pytest.approx(expected, rel=1e-4, abs=1e-6)
    assert found[2] == 0 and found[0] > 0.3

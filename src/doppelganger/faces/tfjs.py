"""Networks as TensorFlow.js publishes them: a manifest that names, shapes and scales the numbers, and a file of bytes."""

import json
from pathlib import Path

import numpy as np
import torch
from torch import Tensor


def read_tensors(manifest: Path, numbers: Path) -> dict[str, Tensor]:
    """Name → float32 tensor, laid out as PyTorch takes it: kernels [out, in, h, w] (depth-wise [channels, 1, h, w]), matrices
    [out, in]. Bytes are scaled back by the manifest's scale and least value."""
    data, at, tensors = numbers.read_bytes(), 0, {}
    for group in json.loads(manifest.read_text("utf-8")):
        for entry in group["weights"]:
            count, scaled = int(np.prod(entry["shape"])), entry.get("quantization")
            kind = np.dtype(np.uint8) if scaled else np.dtype("<f4")
            values = np.frombuffer(data, kind, count, at).astype(np.float32)
            at += count * kind.itemsize
            if scaled:
                values = values * np.float32(scaled["scale"]) + np.float32(scaled["min"])
            tensors[entry["name"]] = _laid_out(entry["name"], torch.from_numpy(values.reshape(entry["shape"])))
    return tensors


def _laid_out(name: str, tensor: Tensor) -> Tensor:
    if tensor.ndim == 4:  # [h, w, in, out]; depth-wise ones [h, w, channels, 1]
        axes = (2, 3, 0, 1) if name.endswith("depthwise_filter") else (3, 2, 0, 1)
        return tensor.permute(*axes).contiguous()
    return tensor.T.contiguous() if tensor.ndim == 2 else tensor

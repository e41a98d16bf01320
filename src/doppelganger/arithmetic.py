"""What makes a network's arithmetic cheaper on the device at hand."""

from typing import TypeVar

import torch
from torch import nn

Module = TypeVar("Module", bound=nn.Module)


def channels_last(module: Module) -> Module:
    """Its filters with channels last, in place: depthwise ones then take half of the time, and nothing is reordered on the way."""
    for parameter in module.parameters():
        if parameter.ndim == 4:
            parameter.data = parameter.data.contiguous(memory_format=torch.channels_last)
    return module


def has_bfloat16(device: torch.device) -> bool:
    """Whether the device multiplies bfloat16 itself; where it is emulated it costs time instead of saving it."""
    if device.type == "cuda":
        return bool(torch.cuda.is_bf16_supported(including_emulation=False))
    if device.type != "cpu":
        return False
    asked = (getattr(torch.cpu, f"_is_{name}_supported", None) for name in ("avx512_bf16", "amx_tile"))
    return any(bool(ask()) for ask in asked if ask is not None)

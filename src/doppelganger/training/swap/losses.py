"""How far a drawn face is from what it should be, counted where it is face."""

import torch.nn.functional as F
from torch import Tensor

_OUTSIDE = 0.1  # weight of what is not face: enough that colours do not jump at the rim
_STRUCTURE, _MASK = 0.5, 0.1  # of the structural term and of the mask, beside the colours' 1
_WINDOW = 7  # pixels of the structural term's window
_C1, _C2 = 0.01**2, 0.03**2  # of values in 0–1


def loss_of(drawn: Tensor, drawn_mask: Tensor, target: Tensor, mask: Tensor) -> Tensor:
    """Mean absolute difference and structural dissimilarity, both weighted by ``mask``, and the mask's own difference; a number.

    As DeepFaceLab has them (DSSIM and differences inside the mask; Perov et al. 2020), with the absolute difference of "deepfakes".
    """
    weight = _OUTSIDE + (1 - _OUTSIDE) * mask
    share = weight / weight.sum((1, 2, 3), keepdim=True).clamp_min(1e-6)
    colours = ((drawn - target).abs().mean(1, keepdim=True) * share).sum((1, 2, 3))
    structure = (dissimilarity(drawn, target) * share).sum((1, 2, 3))
    outline = (drawn_mask - mask).abs().mean((1, 2, 3))
    return (colours + _STRUCTURE * structure + _MASK * outline).mean()


def dissimilarity(a: Tensor, b: Tensor) -> Tensor:
    """(1 − SSIM) / 2 at every pixel, [B, 1, S, S], of [B, 3, S, S] in 0–1, in a square window (Wang et al. 2004, "Image Quality
    Assessment: From Error Visibility to Structural Similarity")."""

    def mean(x: Tensor) -> Tensor:
        return F.avg_pool2d(F.pad(x, [_WINDOW // 2] * 4, mode="reflect"), _WINDOW, 1)

    mean_a, mean_b = mean(a), mean(b)
    spread_a, spread_b = mean(a * a) - mean_a**2, mean(b * b) - mean_b**2
    together = mean(a * b) - mean_a * mean_b
    similar = (2 * mean_a * mean_b + _C1) * (2 * together + _C2)
    similar = similar / ((mean_a**2 + mean_b**2 + _C1) * (spread_a + spread_b + _C2))
    return ((1 - similar) / 2).clamp(0, 1).mean(1, keepdim=True)

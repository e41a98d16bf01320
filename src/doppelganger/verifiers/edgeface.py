"""EdgeFace-S, γ = 0.5 (George et al. 2024, "EdgeFace: Efficient Face Recognition Model for Edge Devices"), 512-d."""

from doppelganger.verifiers.onnx_verifier import OnnxVerifier


class EdgeFace(OnnxVerifier):
    """Takes RGB in [−1, 1]. Its authors publish accuracies, but no threshold: both points are calibrated here."""

    name = "EdgeFace-S"
    licence = "CC BY-NC-SA 4.0"
    weight = "edgeface-s"
    input_scale, input_offset = 1.0, 0.0
    published = None

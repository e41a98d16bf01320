"""SFace (Zhong et al. 2021, "SFace: Sigmoid-constrained hypersphere loss"), MobileFaceNet, 128-d, from OpenCV's zoo."""

from doppelganger.verifiers.onnx_verifier import OnnxVerifier
from doppelganger.verifiers.thresholds import Published


class SFace(OnnxVerifier):
    """Takes RGB 0–255 as it is."""

    name = "SFace"
    licence = "Apache-2.0"
    weight = "sface"
    input_scale, input_offset = 127.5, 127.5
    published = Published(1 - 0.363, "OpenCV's sample face_detect.cpp (cosine 0.363)")

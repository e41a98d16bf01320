"""ArcFace (Deng et al. 2019) on MobileFaceNet, trained on WebFace600K: InsightFace's "w600k_mbf", 512-d."""

from doppelganger.verifiers.onnx_verifier import OnnxVerifier
from doppelganger.verifiers.thresholds import Published


class ArcFace(OnnxVerifier):
    """Takes RGB in [−1, 1]."""

    name = "ArcFace-MBF"
    licence = "InsightFace: non-commercial research"
    weight = "arcface-mbf"
    input_scale, input_offset = 1.0, 0.0
    # None is published for this network. InsightFace's web demo states 0.28 ("they ARE the same person") for its
    # larger sister of the same training set and loss.
    published = Published(
        1 - 0.28,
        "InsightFace's web-demos/src_recognition/main.py (cosine 0.28, stated for the sister network w600k_r50)",
    )

"""Which weights a run needs, known without loading PyTorch: a command says what it will download before anything slow begins."""

GENERATOR = (
    "mobilestylegan-synthesis-xml",
    "mobilestylegan-synthesis-bin",
    "mobilestylegan-mapping-xml",
    "mobilestylegan-mapping-bin",
)
"""The built-in one."""
PLAIN_RUN = (
    *GENERATOR,
    "yunet",
    "mediapipe-face-landmarker",
    "dlib-resnet",
    "dlib-landmarks-5",
    "sface",
    "arcface-mbf",
    "edgeface-s",
    "lpips-alex",
    "lpips-vgg",
    "age",
    "gender",
)
"""For a photo's doppelgänger."""
IN_PHOTO = "bisenet-parsing"
"""Joins them when the face is set back into its photo."""
NEW_BACKGROUND = "modnet"
"""Joins them when the doppelgänger gets a new background."""

EVALUATION = (*PLAIN_RUN, IN_PHOTO, "fid-inception", "second-age-sex-manifest", "second-age-sex-numbers")
"""For `doppelganger evaluate`: parsed regions, the features of FID and a second opinion on age and sex besides."""


FACES = (
    *GENERATOR,
    "yunet",
    "mediapipe-face-landmarker",
    "age",
    "gender",
    IN_PHOTO,
)
"""For `doppelganger face`: the generator, and what reads a face."""


def weights_of_run(in_photo: bool = False, background: bool = False, another: bool = False) -> tuple[str, ...]:
    """Names of the weights in the catalogue. ``another``: whether the run has a generator of its own."""
    plain = [name for name in PLAIN_RUN if not (another and name in GENERATOR)]
    return (*plain, *([IN_PHOTO] if in_photo else []), *([NEW_BACKGROUND] if background else []))

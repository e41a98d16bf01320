"""The doppelgänger's face set back into the photo that the portrait came from.

Only the face is taken, and only where both pictures show face: hair, ears, neck and background stay the photo's own, so
that nothing of the generator's background can show and no outline has to be invented. The colours are brought
together twice: as a whole (Reinhard et al. 2001, "Color Transfer between Images", with median and median deviation),
then along the rim, where the remaining difference is taken out and fades towards the inside. The second step looks at
the rim alone: nothing of how the original face is shaped or shaded inside is carried over.
"""

import cv2
import numpy as np
from numpy.typing import NDArray

from doppelganger.errors import NoFaceError
from doppelganger.faces.alignment import AlignedPortrait, warp
from doppelganger.faces.parsing import FaceParser, Part
from doppelganger.images import RGB, resize, resize_area

Floats = NDArray[np.float32]

FACE = (
    Part.SKIN,
    Part.LEFT_BROW,
    Part.RIGHT_BROW,
    Part.LEFT_EYE,
    Part.RIGHT_EYE,
    Part.GLASSES,
    Part.NOSE,
    Part.MOUTH,
    Part.UPPER_LIP,
    Part.LOWER_LIP,
)
_FEATHER = 0.035  # sides of the aligned picture over which the face fades in, all of it inside the mask
_RIM = 0.06  # how deep the rim reaches whose colours are compared
_SPREAD = 0.06  # deviation of the Gaussian that smooths the rim's difference along the rim and carries it inwards
_FADE = 0.08  # depth at which that difference has faded to 1 / e
_WORK = 256  # the spread difference is smooth: it is computed at this side


def set_back(photo: RGB, portrait: AlignedPortrait, doppelganger: RGB, parser: FaceParser) -> RGB:
    """``photo`` uint8 [H, W, 3] with the face of ``doppelganger`` uint8 [N, N, 3] where ``portrait`` was cut from it.

    Pixels outside the face are the photo's own, bit for bit. Returns uint8 [H, W, 3]. Raises NoFaceError where the two
    pictures share no patch of face.
    """
    side = len(portrait.image)
    doppelganger = resize(doppelganger, side, side)
    ours, theirs = parser.parse(doppelganger), parser.parse(portrait.image)
    alpha = _enlarge(face_alpha(ours, theirs), side)
    if not alpha.any():
        raise NoFaceError("The photo shows too little of the face to set the doppelgänger's into it.")
    skin = _enlarge(((ours == Part.SKIN) & (theirs == Part.SKIN)).astype(np.float32), side) > 0.5
    face = match_colours(doppelganger, portrait.image, alpha, skin)

    return lay(photo, face, alpha, portrait.transform)


def lay(photo: RGB, face: RGB, alpha: Floats, transform: Floats) -> RGB:
    """``photo`` uint8 [H, W, 3] with ``face`` uint8 [S, S, 3] over it, as opaque as ``alpha`` float32 [S, S] in 0–1 says.

    ``transform``: float32 [2, 3], photo pixel → face pixel. Where ``alpha`` is zero the photo stays, bit for bit.
    """
    to_photo = cv2.invertAffineTransform(transform)
    left, top, right, bottom = _box(alpha, to_photo, photo.shape[1], photo.shape[0])
    to_photo[:, 2] -= (left, top)
    size = (right - left, bottom - top)
    warped_face = warp(face, to_photo, *size, border=cv2.BORDER_REPLICATE).astype(np.float32)
    opaque = np.repeat((alpha * 255).round().astype(np.uint8)[:, :, None], 3, axis=2)
    warped_alpha = warp(opaque, to_photo, *size).astype(np.float32) / 255

    result = photo.copy()
    window = result[top:bottom, left:right]
    blended = window + (warped_face - window) * warped_alpha
    window[:] = np.clip(blended.round(), 0, 255)
    return result


def surroundings(photo: RGB, portrait: AlignedPortrait, largest: int = 1024) -> RGB:
    """The part of the photo that the portrait was cut from, upright, its face in the middle, at most ``largest`` pixels wide."""
    side = len(portrait.image)
    corners = (
        np.array([[0, 0, 1], [side, 0, 1], [0, side, 1], [side, side, 1]])
        @ cv2.invertAffineTransform(portrait.transform).T
    )
    limits = [photo.shape[1], photo.shape[0]]
    middle, half = corners.mean(0), np.ptp(corners, axis=0).max() / 2
    # near an edge it is smaller, so that the face stays in the middle, but not so small that it cuts the face
    half = max(0.62 * half, min(half, *middle, *(limits - middle)))
    left, top = np.floor(middle - half).astype(int)
    right, bottom = np.ceil(middle + half).astype(int)
    part = np.ascontiguousarray(photo[max(0, top) : bottom, max(0, left) : right])
    longest = max(part.shape[:2])
    if longest <= largest:
        return part
    return resize_area(part, *(round(n * largest / longest) for n in part.shape[1::-1]))


def face_alpha(ours: NDArray[np.uint8], theirs: NDArray[np.uint8]) -> Floats:
    """float32 [S, S], 0–1: one inside the face that both parsings (uint8 [S, S] of `Part`) agree on, fading to zero
    at its edge and zero outside."""
    both = (np.isin(ours, FACE) & np.isin(theirs, FACE)).astype(np.uint8)
    outlines, _ = cv2.findContours(both, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    if not outlines:
        return np.zeros(both.shape, np.float32)
    whole = np.zeros_like(both)  # the largest patch, its holes filled: a misjudged spot must not pierce the face
    cv2.drawContours(whole, [max(outlines, key=cv2.contourArea)], -1, 1, cv2.FILLED)
    side = whole.shape[0]
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (side // 32 | 1, side // 32 | 1))
    whole = cv2.morphologyEx(whole, cv2.MORPH_OPEN, kernel)  # strands of hair cut thin spikes into the outline
    depth = cv2.distanceTransform(np.pad(whole, 1), cv2.DIST_L2, 5)[1:-1, 1:-1] / (_FEATHER * side)
    ramp = np.clip(depth, 0, 1)
    return np.asarray(ramp * ramp * (3 - 2 * ramp), np.float32)


def match_colours(face: RGB, target: RGB, alpha: Floats, skin: NDArray[np.bool_]) -> RGB:
    """``face`` in the light of ``target``, both uint8 [S, S, 3] aligned; compared where ``skin`` is true in both."""
    lab, wanted = _to_lab(face), _to_lab(target)
    inside = skin & (alpha > 0.5)
    if inside.sum() < 100:
        return face
    middle, spread = _median_and_deviation(lab[inside])
    wanted_middle, wanted_spread = _median_and_deviation(wanted[inside])
    gain = np.clip(wanted_spread / np.maximum(spread, 1e-3), 0.8, 1.25)
    lab = np.asarray((lab - middle) * gain + wanted_middle, np.float32)

    depth = _depth(alpha > 0) / len(alpha)
    rim = (skin & (alpha > 0.02) & (depth < _RIM)).astype(np.float32)
    weight, difference = _shrink(rim), _shrink((wanted - lab) * rim[:, :, None])
    sigma = _SPREAD * _WORK
    weight = cv2.GaussianBlur(weight, (0, 0), sigma)[:, :, None]
    smooth = cv2.GaussianBlur(difference, (0, 0), sigma) / np.maximum(weight, 1e-4)
    smooth = np.clip(cv2.resize(smooth, alpha.shape[::-1], interpolation=cv2.INTER_LINEAR), -15, 15)
    lab += smooth * np.exp(-depth / _FADE)[:, :, None]
    matched = cv2.cvtColor(lab, cv2.COLOR_LAB2RGB)
    return np.asarray(np.clip((matched * 255).round(), 0, 255), np.uint8)


def _to_lab(image: RGB) -> Floats:
    return np.asarray(cv2.cvtColor(image.astype(np.float32) / 255, cv2.COLOR_RGB2LAB), np.float32)


def _median_and_deviation(colours: Floats) -> tuple[Floats, Floats]:
    """Of [N, 3], per channel."""
    middle = np.median(colours, axis=0)
    return middle, np.median(np.abs(colours - middle), axis=0)


def _depth(mask: NDArray[np.bool_]) -> Floats:
    """Distance to the outside in pixels."""
    return np.asarray(cv2.distanceTransform(mask.astype(np.uint8), cv2.DIST_L2, 5), np.float32)


def _enlarge(mask: Floats, side: int) -> Floats:
    return np.asarray(cv2.resize(mask, (side, side), interpolation=cv2.INTER_LINEAR), np.float32)


def _shrink(values: Floats) -> Floats:
    return np.asarray(cv2.resize(values, (_WORK, _WORK), interpolation=cv2.INTER_AREA), np.float32)


def _box(alpha: Floats, to_photo: Floats, width: int, height: int) -> tuple[int, int, int, int]:
    """Left, top, right, bottom of the part of the photo that the mask reaches, with room for interpolation."""
    xs, ys = np.flatnonzero(alpha.any(0)), np.flatnonzero(alpha.any(1))
    if not len(xs):
        return 0, 0, 1, 1
    corners = np.array([[x, y, 1] for x in (xs[0], xs[-1]) for y in (ys[0], ys[-1])]) @ to_photo.T
    left, top = np.clip(np.floor(corners.min(0)) - 3, 0, [width - 1, height - 1]).astype(int)
    right, bottom = np.clip(np.ceil(corners.max(0)) + 4, [left + 1, top + 1], [width, height]).astype(int)
    return int(left), int(top), int(right), int(bottom)

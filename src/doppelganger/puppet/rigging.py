"""Making a rig: from a result, from an invented face, or from any picture of a face.

    latent → keys → common geometry → textures → mesh → rig

A face that the generator knows by its latent gives every key. Of a picture alone there is one key, the picture: mouth and lids are
moved by the mesh, and what lies behind the lips is lent by an invented mouth in the picture's colours.
"""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from doppelganger.background import foreground
from doppelganger.errors import OutputError
from doppelganger.faces.alignment import align
from doppelganger.faces.detector import choose
from doppelganger.faces.parsing import Part
from doppelganger.generators.protocol import Latent
from doppelganger.images import RGB, resize_area
from doppelganger.invented import invented
from doppelganger.keeping import Embeddings
from doppelganger.networks import Networks
from doppelganger.progress import Progress, silent
from doppelganger.puppet.keys import REST, Key, render_keys
from doppelganger.puppet.mesh import FACE_POINTS, build_mesh
from doppelganger.puppet.plate import empty_room, filled, widened_matte
from doppelganger.puppet.retarget import lid_gap
from doppelganger.puppet.rig import MARGIN, SIZE, TEXTURE, Rig, RigError
from doppelganger.puppet.similarity import Floats, fit
from doppelganger.puppet.textures import Layer, layer_of, regions, spread_out
from doppelganger.puppet.topology import INNER_LIPS, LIPS_INNER, LIPS_OUTER, MOUTH_CORNERS
from doppelganger.result import require_made_by
from doppelganger.storage import load
from doppelganger.verifiers.face_of import central_face

_MOUTH = [*LIPS_OUTER, *LIPS_INNER]
_LAYERS = {
    "inside": "open",
    "open": "open",
    "smile": "smile",
    "brows": "brows",
    "oo": "oo",
    "closed_right": "closed",
    "closed_left": "closed",
    "left": "left",
    "right": "right",
    "up": "up",
    "down": "down",
}
"""Layer → the key that it is cut from."""
_HAIR = (Part.HAIR, Part.HAT, Part.BACKGROUND, Part.LEFT_EAR, Part.RIGHT_EAR)
_TURNED = ("left", "right", "up", "down")
_SHADING = 0.06  # deviation, in widths of the face, of the Gaussian below which a difference is shading
DONOR_SEED = 20
"""An invented adult with even teeth, who lends pictures what lies behind the lips."""


def rig_of_latent(
    latent: Latent,
    name: str,
    networks: Networks,
    progress: Progress = silent,
    *,
    source: str = "invented",
    note: str = "",
    reference: Embeddings | None = None,
    away: Sequence[Embeddings] = (),
) -> Rig:
    """A rig of the face that the generator makes of ``latent``. ``reference``, ``away``: see `render_keys`. Raises FaceError."""
    keys = render_keys(latent, networks, progress, reference, away)
    return _rig_of_keys(keys, name, networks, source, note)


def rig_invented(seed: int, name: str, networks: Networks, progress: Progress = silent) -> Rig:
    """A rig of the invented face of a seed."""
    return rig_of_latent(invented(seed, networks.generator), name, networks, progress)


def rig_of_result(folder: Path, name: str, networks: Networks, progress: Progress = silent) -> Rig:
    """A rig of the doppelgänger in a result's folder; at rest it must not be the portrait's person.

    Raises RigError, FaceError; OtherGeneratorError for another generator's result.
    """
    try:
        result = load(folder)
    except OutputError as error:
        raise RigError(f"{folder} is no result of `doppelganger make` ({error}); give its folder.") from error
    require_made_by(networks.another, result)
    latent = result.latents["doppelganger"]
    own = _embeddings(networks.generator.synthesise(latent), networks)
    theirs = _embeddings(result.pictures.portrait, networks)
    return rig_of_latent(latent, name, networks, progress, source="result", reference=own, away=(theirs,))


def rig_of_picture(picture: RGB, name: str, networks: Networks, note: str = "", progress: Progress = silent) -> Rig:
    """A rig of the largest face in a picture, uint8 [H, W, 3]: a photo, a painting. ``note``: whose it is. Raises FaceError."""
    face = choose(networks.detector.detect(picture))
    aligned = align(picture, networks.landmarks.detect(picture, face), 1024).image
    rest = Key(aligned, networks.landmarks.detect(aligned, central_face(networks.detector, aligned)))
    donor = render_keys(invented(DONOR_SEED, networks.generator), networks, progress)
    return _rig_of_keys({REST: rest}, name, networks, "picture", note, donor)


def _rig_of_keys(
    keys: Mapping[str, Key],
    name: str,
    networks: Networks,
    source: str,
    note: str,
    donor: Mapping[str, Key] | None = None,
) -> Rig:
    rest_key = keys[REST]
    stable = networks.landmarks.stable
    rest = _scaled(rest_key.landmarks.points3d)
    opened = _opened(keys, donor, rest, stable)
    mesh, flat = build_mesh(rest, _spread(rest, opened), SIZE)
    side = len(rest_key.image)
    margin = round(MARGIN * side)
    in_texture = _between(flat + MARGIN * SIZE, SIZE * (1 + 2 * MARGIN), TEXTURE)

    alpha = networks.matting.matte(rest_key.image)
    own = _between(mesh.rest[:, :2], SIZE, side)

    def painted(picture: NDArray[np.uint8], points: NDArray[np.float32] | None = None) -> NDArray[np.uint8]:
        at = own if points is None else np.concatenate([points, own[FACE_POINTS:]])
        wider = cv2.copyMakeBorder(picture, *4 * (margin,), cv2.BORDER_REFLECT_101)
        return spread_out(np.asarray(wider, np.uint8), at + margin, in_texture, mesh, TEXTURE)

    person = np.clip(foreground(rest_key.image, alpha).round(), 0, 255).astype(np.uint8)
    wider = (widened_matte(alpha, margin) * 255).round().astype(np.uint8)
    matte = spread_out(np.repeat(wider[..., None], 3, 2), own + margin, in_texture, mesh, TEXTURE)[..., :1]
    base = np.concatenate([painted(person), matte], 2)
    mouth = painted(donor["open"].image, donor["open"].landmarks.points) if donor and "open" in donor else None
    textures = {key: painted(k.image, k.landmarks.points) for key, k in keys.items() if key != REST}
    bare = _bare(rest_key.image, base[..., :3], painted, regions(in_texture, TEXTURE)["face"], networks)
    layers = _layers_of(base[..., :3], textures, regions(in_texture, TEXTURE), mouth)

    head = np.asarray(rest_key.landmarks.pose[:3, :3], np.float64)
    turns = {
        key: abs(getattr(keys[key].landmarks, axis) - getattr(rest_key.landmarks, axis))
        for key, axis in (("left", "yaw"), ("right", "yaw"), ("up", "pitch"), ("down", "pitch"))
        if key in keys
    }
    return Rig(
        name,
        source,
        note,
        mesh,
        in_texture,
        base,
        bare,
        layers,
        empty_room(rest_key.image, alpha, SIZE),
        resize_area(rest_key.image, SIZE, SIZE),
        head / np.linalg.norm(head[:, 0]),
        stable,
        lid_gap(opened.astype(np.float64), INNER_LIPS),
        turns,
        {name: np.asarray(e, np.float32) for name, e in _embeddings(rest_key.image, networks).items()},
    )


def _opened(
    keys: Mapping[str, Key], donor: Mapping[str, Key] | None, rest: NDArray[np.float32], stable: Floats
) -> NDArray[np.float32]:
    """[478, 3]: the face at rest with its mouth as wide open as the key's, or the donor's in its proportions."""
    whose = keys if "open" in keys else donor or {}
    if "open" not in whose:
        return rest
    own_rest = _scaled(whose[REST].landmarks.points3d).astype(np.float64)
    wide = _scaled(whose["open"].landmarks.points3d).astype(np.float64)
    change = fit(own_rest, wide, stable).back(wide) - own_rest
    width = np.linalg.norm(rest[MOUTH_CORNERS[0]] - rest[MOUTH_CORNERS[1]])
    change *= width / np.linalg.norm(own_rest[MOUTH_CORNERS[0]] - own_rest[MOUTH_CORNERS[1]])
    return np.asarray(rest + change, np.float32)


def _spread(rest: NDArray[np.float32], opened: NDArray[np.float32]) -> NDArray[np.float32]:
    """[478, 2]: from the nose down as in the open face, above it at rest."""
    share = np.clip((rest[:, 1] - rest[2, 1]) / (0.15 * (rest[152, 1] - rest[2, 1])), 0, 1)
    share[_MOUTH] = 1
    return np.asarray(rest[:, :2] + share[:, None] * (opened - rest)[:, :2], np.float32)


def _layers_of(
    base: RGB,
    textures: Mapping[str, NDArray[np.uint8]],
    region: dict[str, NDArray[np.float32]],
    donor_mouth: NDArray[np.uint8] | None,
) -> dict[str, Layer]:
    inside = region["inside"]
    region["open"], region["oo"] = region["open"] * (1 - inside), region["oo"] * (1 - inside)
    region["smile"] = region["smile"] * (1 - inside)
    across = np.linspace(0, 1, len(base), dtype=np.float32)[None]
    columns = np.flatnonzero(region["face"].max(0) > 0.5)
    low, high = columns[0] / len(base), columns[-1] / len(base)
    ramp = np.clip((across - low) / (0.5 * (high - low)), 0, 1)
    # a turned head hides the cheek on the side that it is turned to
    region["right"], region["left"] = region["face"] * ramp, region["face"] * ramp[:, ::-1]
    region["up"] = region["down"] = region["face"]
    # features of a turned head never lie quite on those of the head at rest: only its shading is taken
    blur = _SHADING * (high - low) * len(base)
    out = {}
    for layer, key in _LAYERS.items():
        if key in textures:
            shading = blur if layer in _TURNED else 0.0
            out[layer] = layer_of(base, textures[key], region[layer], shading)
    if donor_mouth is not None:
        out["inside"] = layer_of(base, _in_colours_of(donor_mouth, base, region["open"]), inside)
    return out


def _bare(
    image: RGB,
    base: RGB,
    painted: Callable[[NDArray[np.uint8]], NDArray[np.uint8]],
    face: NDArray[np.float32],
    networks: Networks,
) -> Layer:
    """The skin of the face without hair over it: hair and what it shades filled from the skin around."""
    labels = cv2.resize(networks.parser.parse(image), image.shape[1::-1], interpolation=cv2.INTER_NEAREST)
    hair = painted(np.repeat((np.isin(labels, _HAIR) * np.uint8(255))[..., None], 3, 2))[..., 0]
    reach = round(0.02 * len(base)) | 1
    covered = cv2.dilate(hair, np.ones((reach, reach), np.uint8)).astype(np.float32) / 255
    known = ((covered < 0.05) & (face > 0.5)).astype(np.float32)
    skin = filled(base, known)
    return layer_of(base, skin, np.asarray(np.minimum(cv2.GaussianBlur(covered, (0, 0), reach / 3) + 0.02, 1)))


def _in_colours_of(mouth: NDArray[np.uint8], base: RGB, lips: NDArray[np.float32]) -> NDArray[np.uint8]:
    """The donor's mouth as light as the picture's lips and what is around them."""
    around = lips > 0.5
    gain = (base[around].mean(0) + 1) / (mouth[around].mean(0) + 1)
    return np.asarray(np.clip(mouth * np.clip(gain, 0.3, 1.5), 0, 255), np.uint8)


def _embeddings(image: RGB, networks: Networks) -> Embeddings:
    face = central_face(networks.detector, image)
    return {member.name: member.embed(image, face) for member in networks.panel.members}


def _scaled(points: NDArray[np.float32]) -> NDArray[np.float32]:
    """[478, 3] of a 1024² picture in pixels of the rig's."""
    flat = _between(points[:, :2], 1024, SIZE)
    return np.hstack([flat, points[:, 2:] * (SIZE / 1024)]).astype(np.float32)


def _between(points: NDArray[np.float32], size: float, other: float) -> NDArray[np.float32]:
    """[N, 2] of a ``size``² picture in pixels of the same picture at ``other``²; centres of pixels have whole coordinates."""
    return np.asarray((points + 0.5) * (other / size) - 0.5, np.float32)

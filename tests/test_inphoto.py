"""A stranger's face set into NASA's portrait: the face and nothing but the face changes, in the photo's own light."""

import hashlib

import cv2
import numpy as np
import pytest
import skimage.data

from doppelganger.errors import NoFaceError
from doppelganger.faces.alignment import AlignedPortrait, align
from doppelganger.faces.detector import FaceDetector, choose
from doppelganger.faces.landmarks import LandmarkDetector
from doppelganger.faces.parsing import FaceParser, Part
from doppelganger.generators.mobile_stylegan_openvino import MobileStyleGAN
from doppelganger.images import RGB, resize
from doppelganger.inphoto import face_alpha, match_colours, set_back, surroundings
from doppelganger.verifiers.face_of import central_face, largest_face
from doppelganger.weights import Store


class RememberingParser(FaceParser):
    """The real parser, which looks at each picture once only: it is most of this file's time."""

    def __init__(self, store: Store) -> None:
        super().__init__(store)
        self._seen: dict[bytes, np.ndarray] = {}

    def parse(self, aligned: RGB) -> np.ndarray:
        key = hashlib.sha256(aligned.tobytes()).digest()
        if key not in self._seen:
            self._seen[key] = super().parse(aligned)
        return self._seen[key]


@pytest.fixture(scope="module")
def parser() -> FaceParser:
    return RememberingParser(Store())


@pytest.fixture(scope="module")
def photo() -> RGB:
    return np.asarray(skimage.data.astronaut())


@pytest.fixture(scope="module")
def portrait(photo: RGB) -> AlignedPortrait:
    face = choose(FaceDetector(Store()).detect(photo))
    return align(photo, LandmarkDetector(Store()).detect(photo, face))


@pytest.fixture(scope="module")
def stranger() -> RGB:
    generator = MobileStyleGAN(Store())
    latents = generator.sample(1000, seed=5)
    return generator.synthesise(0.5 * (latents[0] + latents.mean(0)))


@pytest.fixture(scope="module")
def result(photo: RGB, portrait: AlignedPortrait, stranger: RGB, parser: FaceParser) -> RGB:
    return set_back(photo, portrait, stranger, parser)


def in_photo(mask: np.ndarray, portrait: AlignedPortrait, photo: RGB) -> np.ndarray:
    """A mask of the 512² parsing, as a bool mask of the photo."""
    large = cv2.resize(mask.astype(np.float32), (1024, 1024))
    back = cv2.invertAffineTransform(portrait.transform)
    return np.asarray(cv2.warpAffine(large, back, photo.shape[1::-1], flags=cv2.INTER_AREA) > 0.5)


def test_only_the_face_changes(
    photo: RGB, portrait: AlignedPortrait, stranger: RGB, parser: FaceParser, result: RGB
) -> None:
    assert result.shape == photo.shape and result.dtype == np.uint8
    changed = (result != photo).any(axis=2)
    alpha = face_alpha(parser.parse(stranger), parser.parse(portrait.image))
    within = cv2.dilate(in_photo(alpha > 0, portrait, photo).astype(np.uint8), np.ones((5, 5)))
    assert not (changed & ~within.astype(bool)).any()
    core = in_photo(alpha == 1, portrait, photo)
    assert changed[core].mean() > 0.97
    labels = parser.parse(portrait.image)
    kept = np.isin(labels, [Part.HAIR, Part.BACKGROUND, Part.CLOTH, Part.NECK, Part.LEFT_EAR, Part.RIGHT_EAR])
    kept_in_photo = in_photo(cv2.erode(kept.astype(np.uint8), np.ones((9, 9))), portrait, photo)
    assert kept_in_photo.sum() > 5000
    assert np.array_equal(result[kept_in_photo], photo[kept_in_photo])


def test_the_face_is_the_strangers(
    photo: RGB, portrait: AlignedPortrait, stranger: RGB, parser: FaceParser, result: RGB
) -> None:
    alpha = face_alpha(parser.parse(stranger), parser.parse(portrait.image))
    core = in_photo(alpha == 1, portrait, photo)
    back = cv2.invertAffineTransform(portrait.transform)
    there = cv2.warpAffine(cv2.GaussianBlur(stranger, (0, 0), 3), back, photo.shape[1::-1])

    def likeness(image: RGB) -> float:
        return float(np.corrcoef(image[core].mean(1), result[core].mean(1))[0, 1])

    assert likeness(there) > 0.9 > likeness(photo)


def test_the_portrait_itself_leaves_the_photo_as_it_was(
    photo: RGB, portrait: AlignedPortrait, parser: FaceParser
) -> None:
    same = set_back(photo, portrait, portrait.image, parser)
    changed = (same != photo).any(axis=2)
    assert changed.sum() > 1000
    assert np.abs(same.astype(int) - photo)[changed].mean() < 2.5


def test_colours_come_from_the_photo(
    photo: RGB, portrait: AlignedPortrait, stranger: RGB, parser: FaceParser, result: RGB
) -> None:
    """A stranger photographed in dim blue light ends in the same light as one photographed in daylight."""
    tinted = np.clip(stranger * np.array([0.6, 0.75, 0.95]), 0, 255).astype(np.uint8)
    alpha = face_alpha(parser.parse(stranger), parser.parse(portrait.image))
    core = in_photo(alpha == 1, portrait, photo)
    again = set_back(photo, portrait, tinted, parser)
    assert np.abs(stranger.astype(int) - tinted).mean() > 20
    assert np.abs(np.median(again[core], axis=0) - np.median(result[core], axis=0)).max() < 8
    for picture in (again, result):
        assert np.abs(np.median(picture[core], axis=0) - np.median(photo[core], axis=0)).max() < 12


def test_nothing_of_the_generators_background_shows(
    photo: RGB, portrait: AlignedPortrait, stranger: RGB, parser: FaceParser, result: RGB
) -> None:
    """With a garish green around the stranger's head, no pixel gets greener than before."""
    labels = cv2.resize(parser.parse(stranger), (1024, 1024), interpolation=cv2.INTER_NEAREST)
    outside = np.isin(labels, [Part.BACKGROUND, Part.HAIR, Part.CLOTH])
    green = np.where(outside[:, :, None], np.array([0, 255, 0], np.uint8), stranger)
    garish = set_back(photo, portrait, green, parser)

    def greenness(image: RGB) -> np.ndarray:
        pixels = image.astype(int)
        return np.asarray(pixels[:, :, 1] - np.maximum(pixels[:, :, 0], pixels[:, :, 2]))

    assert greenness(green).max() > 250
    assert (greenness(garish) > np.maximum(greenness(photo), greenness(result)) + 25).sum() < 5


def test_there_is_no_seam(photo: RGB, portrait: AlignedPortrait, stranger: RGB, parser: FaceParser) -> None:
    """The portrait itself, darkened, with one side darker still, comes back as the photo was, most of all at the rim."""
    alpha = face_alpha(parser.parse(stranger), parser.parse(portrait.image))
    assert max(np.abs(np.diff(alpha, axis=axis)).max() for axis in (0, 1)) < 0.15
    light = np.linspace(0.85, 0.65, 1024)[None, :, None]
    dim = (portrait.image * light).astype(np.uint8)
    there = set_back(photo, portrait, dim, parser)
    change = np.abs(there.astype(int) - photo).max(2)
    changed = change > 0
    rim = changed & ~cv2.erode(changed.astype(np.uint8), np.ones((9, 9))).astype(bool)
    assert np.abs(dim.astype(int) - portrait.image)[300:700, 300:700].mean() > 30
    assert change[rim].mean() < 5
    assert change[changed].mean() < 10


def test_a_face_at_the_edge_of_a_large_photo(
    photo: RGB, portrait: AlignedPortrait, stranger: RGB, parser: FaceParser
) -> None:
    cut = np.ascontiguousarray(resize(photo[70:, 190:], 1288, 1768))  # four times as large; brow and cheek at the edge
    transform = portrait.transform.copy()
    transform[:, 2] += transform[:, :2] @ [190, 70]
    transform[:, 2] += transform[:, :2] @ [0.5 / 4 - 0.5, 0.5 / 4 - 0.5]
    transform[:, :2] /= 4
    there = set_back(cut, AlignedPortrait(portrait.image, transform), stranger, parser)
    changed = (there != cut).any(axis=2)
    assert changed[:, 0].any() and changed.mean() > 0.02
    assert np.array_equal(there[:, 700:], cut[:, 700:])


def test_matching_colours_moves_them_and_keeps_the_detail(portrait: AlignedPortrait, stranger: RGB) -> None:
    everywhere = np.ones((1024, 1024), np.float32)
    matched = match_colours(stranger, portrait.image, everywhere, everywhere > 0)
    middle = np.median(matched.reshape(-1, 3), axis=0)
    wanted = np.median(portrait.image.reshape(-1, 3), axis=0)
    before = np.median(stranger.reshape(-1, 3), axis=0)
    assert np.abs(middle - wanted).mean() < 0.5 * np.abs(before - wanted).mean()
    assert np.corrcoef(matched[:, :, 1].ravel(), stranger[:, :, 1].ravel())[0, 1] > 0.9


def test_where_no_face_is_shared_it_says_so(photo: RGB, portrait: AlignedPortrait, parser: FaceParser) -> None:
    with pytest.raises(NoFaceError, match="too little of the face"):
        set_back(photo, portrait, np.full((1024, 1024, 3), 90, np.uint8), parser)


def test_in_a_group_the_surroundings_are_those_of_the_face_that_was_set_back(
    photo: RGB, portrait: AlignedPortrait
) -> None:
    detector = FaceDetector(Store())
    group = np.hstack([np.pad(photo, ((0, 512), (0, 0), (0, 0))), resize(photo, 1024, 1024)])
    own = detector.detect(photo)[0]
    assert largest_face(detector, group).box[0] > 512, "the other face must be the larger one, or nothing is tested"
    part = surroundings(group, portrait)
    found = central_face(detector, part)
    assert max(part.shape[:2]) <= 1024
    assert found.box[2] == pytest.approx(own.box[2], rel=0.15)
    at = np.array([found.box[0] + found.box[2] / 2, found.box[1] + found.box[3] / 2]) / part.shape[1::-1]
    assert np.abs(at - 0.5).max() < 0.2

"""A folder of photos that a persona wears: photo after photo, each finished one kept at once, so that a stopped run goes on.

    OUT/share/NAME.jpg          the photos with the persona's face: what may leave the house
    OUT/private/wear.json       what the verifiers say of each, and what went wrong
    OUT/private/sheet.jpg       every photo beside what became of it, 120 a sheet; then sheet-2.jpg …
    OUT/private/refused/        what the wearer can be recognised in, or the persona cannot: not to be shared

The originals are only read. Nothing of their metadata is written; the upright pixels alone are.
"""

import hashlib
import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from itertools import takewhile
from pathlib import Path

import numpy as np
from PIL import Image

from doppelganger import __version__
from doppelganger.errors import FaceError, ImageError, OutputError
from doppelganger.images import RGB, encode_jpeg, read_image, resize_area, write_atomically
from doppelganger.keeping import Embeddings
from doppelganger.networks import Networks
from doppelganger.numbering import numbered
from doppelganger.persona.persona import Persona, PersonaError
from doppelganger.persona.wearing import Dresser, WearSettings
from doppelganger.persona.whose import Meant, embeddings_of, whose_face
from doppelganger.progress import Event, Progress, silent
from doppelganger.provenance import SourceType, synthetic_jpeg

PICTURES = frozenset({".jpg", ".jpeg", ".png", ".webp", ".heic", ".heif"})
JPEG_QUALITY = 95
_THUMB, _PAIRS = 360, 3  # pixels of a picture on the sheet, pairs in its row
_A_SHEET = 40 * _PAIRS  # a JPEG's side has 65,500 pixels at most


@dataclass(frozen=True)
class Entry:
    """What became of one photo. ``worn``: path below the output folder, None where nothing was written. ``error``: in words, where
    it failed. ``face``: whose. ``persona``, ``wearer``: verifier → distance over its threshold (identity, privacy), 1 is the
    border. ``same``, ``recognised``: verifiers that say it is the persona, and the wearer."""

    photo: str
    digest: str
    """Of the photo and of what was asked, so that a photo that has changed is done anew."""
    worn: str | None = None
    accepted: bool = False
    error: str | None = None
    face: str = ""
    persona: Mapping[str, float] | None = None
    wearer: Mapping[str, float] | None = None
    same: Sequence[str] = ()
    recognised: Sequence[str] = ()
    held_out: Sequence[str] = ()
    pose_error: float | None = None
    """Degrees."""
    expression: float | None = None
    """Correlation of the 52 coefficients."""


class WornPhotos:
    """What is in an output folder already, and what is added to it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.file = folder / "private" / "wear.json"
        self.entries: dict[str, Entry] = {}
        if self.file.exists():
            try:
                kept = json.loads(self.file.read_text("utf-8"))["photos"]
                self.entries = {one["photo"]: Entry(**one) for one in kept}
            except (ValueError, KeyError, TypeError) as error:
                raise PersonaError(f"{self.file} is damaged; delete it to begin anew.") from error

    def has(self, name: str, digest: str) -> bool:
        """Whether this photo is done, and what was made of it is still there."""
        entry = self.entries.get(name)
        if entry is None or entry.digest != digest:
            return False
        return entry.worn is None or (self.folder / entry.worn).exists()

    def add(self, entry: Entry, picture: RGB | None = None) -> None:
        """Keep an entry, and write its picture to the path that it names."""
        before = self.entries.get(entry.photo)
        if picture is not None and entry.worn is not None:
            data = synthetic_jpeg(picture, JPEG_QUALITY, SourceType.COMPOSITE)
            write_atomically(self.folder / entry.worn, data)
        if before is not None and before.worn not in (None, entry.worn):
            (self.folder / str(before.worn)).unlink(missing_ok=True)
        self.entries[entry.photo] = entry
        photos = [asdict(self.entries[name]) for name in sorted(self.entries)]
        write_atomically(self.file, json.dumps({"photos": photos}, indent=1, ensure_ascii=False).encode())

    def sheets(self, photos: Sequence[Path]) -> None:
        """Write the sheets, photo beside worn, of those that are done; those of an earlier, larger folder go."""
        entries = [(photo, self.entries.get(photo.name)) for photo in photos]
        done = [(photo, self.folder / e.worn) for photo, e in entries if e is not None and e.worn is not None]
        files = numbered(self.folder / "private" / "sheet.jpg")
        for k in range(0, len(done), _A_SHEET):
            write_atomically(next(files), encode_jpeg(_sheet(done[k : k + _A_SHEET])))
        for old in takewhile(Path.exists, files):
            old.unlink()


def photos_in(folder: Path) -> list[Path]:
    """The pictures of a folder by name, not of those below it. Raises PersonaError where there are none."""
    if not folder.is_dir():
        raise PersonaError(f"{folder} is not a folder; give one with your photos in it.")
    found = sorted(file for file in folder.iterdir() if file.suffix.lower() in PICTURES and file.is_file())
    if not found:
        raise PersonaError(f"{folder} holds no pictures (JPEG, PNG, WebP or HEIC).")
    return found


def wear_folder(
    persona: Persona,
    folder: Path,
    out: Path,
    networks: Networks,
    who: Path | None = None,
    settings: WearSettings | None = None,
    progress: Progress = silent,
    dresser: Dresser | None = None,
) -> WornPhotos:
    """Put the persona on every photo of a folder. Photos that are done already are passed over; one that fails is noted, and the
    others go on.

    ``who``: a picture of the owner, by which their face is found in groups; else each photo's largest face is taken. ``dresser``:
    the persona's, where there is one already.
    Raises PersonaError (no photos), ImageError and FaceError (of ``who``), OutputError.
    """
    photos = photos_in(folder)
    if out.resolve() == folder.resolve():
        raise OutputError(
            "The photos' own folder cannot be the output's: originals are left as they are; choose another."
        )
    settings = settings or WearSettings()
    owner = embeddings_of(read_image(who), networks, who.name) if who is not None else None
    asked = _asked(persona, owner, settings)
    worn_photos = WornPhotos(out)
    names = _names(photos)
    for k, photo in enumerate(photos):
        digest = _digest(photo, asked)
        if not worn_photos.has(photo.name, digest):
            try:
                image = read_image(photo, photo.name)
                meant = whose_face(image, networks, owner, photo.name)
            except (FaceError, ImageError) as error:
                worn_photos.add(Entry(photo.name, digest, error=str(error)))
            else:
                dresser = dresser or Dresser(persona, networks, settings)
                worn_photos.add(*_put_on(dresser, image, meant, Entry(photo.name, digest), names[photo], progress))
        progress(Event("wearing", k + 1, len(photos), photo.name))
    worn_photos.sheets(photos)
    return worn_photos


def _put_on(
    dresser: Dresser, image: RGB, meant: Meant, entry: Entry, name: str, progress: Progress
) -> tuple[Entry, RGB | None]:
    """The entry of one photo filled in, and the picture that belongs to it."""
    try:
        worn = dresser.wear(image, meant.index, entry.photo, progress)
    except FaceError as error:
        return replace(entry, error=str(error)), None
    filled = replace(
        entry,
        worn=f"{'share' if worn.accepted else 'private/refused'}/{name}.jpg",
        accepted=worn.accepted,
        face=meant.because,
        persona=dict(worn.seen.distances),
        wearer=dict(worn.seen.apart[0]),
        same=worn.same,
        recognised=worn.recognised,
        held_out=worn.held_out,
        pose_error=worn.pose_error,
        expression=worn.expression,
    )
    return filled, worn.image


def _asked(persona: Persona, owner: Embeddings | None, settings: WearSettings) -> bytes:
    """What the result hangs on, besides the photo."""
    described = [__version__, repr(settings)]
    arrays = [persona.latent, *((owner or {})[name] for name in sorted(owner or {}))]
    return json.dumps(described).encode() + b"".join(np.ascontiguousarray(a).tobytes() for a in arrays)


def _digest(photo: Path, asked: bytes) -> str:
    try:
        data = photo.read_bytes()
    except OSError:
        data = b""  # read_image will say what is wrong with it
    return hashlib.sha256(asked + data).hexdigest()[:32]


def _names(photos: Sequence[Path]) -> dict[Path, str]:
    """A name for each result: the photo's without its ending, unless two share it."""
    stems = Counter(photo.stem.lower() for photo in photos)
    return {photo: photo.stem if stems[photo.stem.lower()] == 1 else photo.name.replace(".", "-") for photo in photos}


def _sheet(pairs: Sequence[tuple[Path, Path]]) -> RGB:
    """Photo beside worn, one at least."""
    tiles = [np.hstack([_square(read_image(one)) for one in pair]) for pair in pairs]
    across = min(_PAIRS, len(tiles))
    tiles += [np.full_like(tiles[0], 255)] * (-len(tiles) % across)
    return np.vstack([np.hstack(tiles[k : k + across]) for k in range(0, len(tiles), across)])


def _square(image: RGB) -> RGB:
    """A picture on a white square of the sheet's size."""
    scale = _THUMB / max(image.shape[:2])
    small = resize_area(image, max(1, round(image.shape[1] * scale)), max(1, round(image.shape[0] * scale)))
    tile = Image.new("RGB", (_THUMB, _THUMB), "white")
    tile.paste(Image.fromarray(small), ((_THUMB - small.shape[1]) // 2, (_THUMB - small.shape[0]) // 2))
    return np.asarray(tile)

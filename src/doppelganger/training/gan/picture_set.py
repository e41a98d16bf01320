"""A set of pictures to learn from: one array of squares of one side, and what was left out of it.

pictures.npy   uint8 [N, S, S, 3], read as it is needed        set.json   side, sources, what was left out and why
sheet.jpg      up to a hundred of them
"""

import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from doppelganger.errors import ImageError, OutputError
from doppelganger.images import RGB, encode_jpeg, read_image, resize_area, write_atomically
from doppelganger.training.gan.sheet import sheet
from doppelganger.training.gan.stacking import stacked
from doppelganger.training.swap.errors import ConsentError

FEWEST = 16
"""Pictures below which there is nothing to learn from."""
NEAR = 3
"""Bits of 64 in which the gradients of two pictures may differ for them to be taken for one."""
SHOWN = 100
Heard = Callable[[int, int], None]
"""Hears how many pictures are done, of how many."""


@dataclass
class LeftOut:
    """Names of pictures that are not in the set, by why."""

    unreadable: list[str] = field(default_factory=list)
    too_small: list[str] = field(default_factory=list)
    duplicates: dict[str, str] = field(default_factory=dict)
    """Of which other it is a copy."""


@dataclass(frozen=True)
class PictureSet:
    """As ``prepare`` left it."""

    folder: Path
    pictures: NDArray[np.uint8]
    """[N, S, S, 3], a memory map."""
    about: dict[str, Any]

    @property
    def side(self) -> int:
        """S."""
        return int(self.pictures.shape[1])

    @property
    def digest(self) -> str:
        """SHA-256 of all pixels: a run goes on with no other set."""
        return str(self.about["sha256"])

    @property
    def consent(self) -> str:
        """Whose pictures these are and that they agreed; empty for invented faces, and in sets from before it was asked for."""
        return str(self.about.get("consent", ""))

    @classmethod
    def load(cls, folder: Path) -> "PictureSet":
        """Raises ImageError with one sentence."""
        try:
            about = json.loads((folder / "set.json").read_text("utf-8"))
            pictures = np.load(folder / "pictures.npy", mmap_mode="r", allow_pickle=False)
            fits = pictures.dtype == np.uint8 and pictures.ndim == 4 and len(pictures) >= FEWEST and "sha256" in about
        except (OSError, ValueError, TypeError) as error:
            raise _no_set(folder) from error
        if not fits or pictures.shape[1:] != (pictures.shape[1], pictures.shape[1], 3):
            raise _no_set(folder)
        return cls(folder, pictures, about)


def from_folder(folder: Path, side: int, left: LeftOut, heard: Heard) -> Iterator[tuple[str, RGB]]:
    """The pictures under ``folder`` as squares, by name: the middle is cut out and reduced by area; noted in ``left`` what is no
    picture or smaller than ``side``. Raises ImageError where the folder is missing."""
    if not folder.is_dir():
        raise ImageError(f"There is no folder {folder}; give one with pictures.")
    files = sorted(path for path in folder.rglob("*") if path.is_file() and not path.name.startswith("."))
    for done, path in enumerate(files, 1):
        name = str(path.relative_to(folder))
        try:
            image = read_image(path)
        except ImageError:
            left.unreadable.append(name)
        else:
            if min(image.shape[:2]) < side:
                left.too_small.append(name)
            else:
                yield name, resize_area(middle(image), side, side)
        heard(done, len(files))


def middle(image: RGB) -> RGB:
    """The largest square in the middle."""
    height, width = image.shape[:2]
    square = min(height, width)
    top, left = (height - square) // 2, (width - square) // 2
    return image[top : top + square, left : left + square]


def require_consent(consent: str) -> str:
    """The statement, stripped. Raises ConsentError for an empty one."""
    if len(consent.split()) < 2:
        raise ConsentError(
            "Say with --consent whose pictures these are and that the people in them agreed, for instance "
            '--consent "My family, who agreed on 3 May 2026", or that nobody is in them.'
        )
    return consent.strip()


def require_new(out: Path) -> None:
    """Raises OutputError where there is a set already: asked before the work."""
    if (out / "set.json").exists():
        raise OutputError(f"{out} has a set already; choose another folder with --out.")


def save_set(
    squares: Iterable[tuple[str, RGB]], side: int, out: Path, source: str, left: LeftOut, consent: str = ""
) -> PictureSet:
    """Keep the first of every group of near copies, and write the set. Raises ImageError where too few are left, or OutputError."""
    require_new(out)
    names: list[str] = []
    hashes = np.empty((0, 64), bool)
    with stacked(out / "pictures.npy", side) as stack:
        for name, square in squares:
            own = gradients(square)
            apart = (hashes != own).sum(1)
            if len(apart) and apart.min() <= NEAR:
                left.duplicates[name] = names[int(apart.argmin())]
                continue
            names.append(name)
            stack.add(square)
            hashes = np.concatenate([hashes, own[None]])
        if len(names) < FEWEST:
            raise ImageError(
                f"{source} has {len(names)} different pictures of at least {side} pixels, and fewer than {FEWEST} teach "
                f"nothing ({len(left.unreadable)} could not be read, {len(left.too_small)} are too small, "
                f"{len(left.duplicates)} are copies)."
            )
    pictures = np.load(out / "pictures.npy", mmap_mode="r")
    about = {
        "side": side,
        "count": len(names),
        "source": source,
        "consent": consent,
        "sha256": stack.digest,
        "pictures": names,
        "left out": {"unreadable": left.unreadable, "too small": left.too_small, "copies": left.duplicates},
    }
    chosen = np.random.default_rng(0).permutation(len(pictures))[:SHOWN]
    write_atomically(out / "sheet.jpg", encode_jpeg(sheet(pictures[np.sort(chosen)])))
    write_atomically(out / "set.json", (json.dumps(about, indent=1, ensure_ascii=False) + "\n").encode())
    return PictureSet.load(out)


def gradients(square: RGB) -> NDArray[np.bool_]:
    """[64]: in an 8 × 9 thumbnail, whether a place is brighter than the one on its left: N. Krawetz's difference hash, 2013."""
    thumbnail = resize_area(square, 9, 8).astype(np.float64).mean(2)
    return np.asarray(thumbnail[:, 1:] > thumbnail[:, :-1]).ravel()


def _no_set(folder: Path) -> ImageError:
    return ImageError(f"{folder} is not a set of pictures; make one with `doppelganger gan prepare`.")

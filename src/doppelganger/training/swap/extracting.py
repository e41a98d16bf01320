"""From a person's photos and videos to their face set, the whole of it.

files ─ faces ─ measured ─▶ sorted (right person, sharp, new) ─▶ set + what was set aside + coverage
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from doppelganger.errors import NoFaceError, TooYoungError
from doppelganger.faces.attributes import AgeSexEstimator
from doppelganger.images import RGB
from doppelganger.keeping import Embeddings
from doppelganger.networks import Networks
from doppelganger.persona.making import ADULT
from doppelganger.progress import Event, Progress, silent
from doppelganger.report.sheets import grid
from doppelganger.training.swap.coverage import coverage_picture
from doppelganger.training.swap.face import SetFace
from doppelganger.training.swap.faceset import Aside, FaceSet, require_consent, require_new, save
from doppelganger.training.swap.sorting import sort
from doppelganger.training.swap.sources import Unread, faces_of, files_of

_COLUMNS, _SIDE, _MOST = 10, 96, 400  # of the sheet of what was set aside


@dataclass(frozen=True)
class Extracted:
    """``faces``: as saved in ``folder``. ``aside``: reason → how many. ``unread``: files that gave nothing."""

    folder: Path
    faces: FaceSet
    aside: dict[str, int]
    unread: tuple[Unread, ...]


def extract(
    sources: Sequence[Path],
    folder: Path,
    consent: str,
    networks: Networks,
    who: Embeddings | None = None,
    most: int = 2000,
    progress: Progress = silent,
) -> Extracted:
    """Make a face set of photos, videos and folders of them. ``who``: embeddings of the person meant, by the panel; without them
    it is the person most faces are of. ``most``: faces of the set, and frames of one video.

    Raises ConsentError, ImageError, NoFaceError where nothing is left, TooYoungError for a set of a child, OutputError.
    """
    consent = require_consent(consent)
    require_new(folder.absolute())
    files = files_of(sources)
    ages = AgeSexEstimator(networks.store)
    found: list[SetFace] = []
    unread: list[Unread] = []
    for k, file in enumerate(files, 1):
        for one in faces_of(file, networks, ages, most):
            if isinstance(one, Unread):
                unread.append(one)
            else:
                found.append(one)
        progress(Event("extracting", k, len(files)))
    kept, aside = sort(found, networks.panel.members, who, most)
    if not kept:
        raise NoFaceError(_nothing_left(aside))
    if float(np.median([face.age for face in kept])) < ADULT:
        raise TooYoungError("This looks like a child; swaps are made of grown-ups alone.")
    faces = FaceSet(folder.name, consent, tuple(kept))
    pictures = {"coverage.png": coverage_picture([faces])}
    if aside:
        pictures["aside.jpg"] = contact_sheet(aside)
    saved = save(faces, aside, pictures, folder)
    return Extracted(saved, faces, dict(Counter(one.reason for one in aside)), tuple(unread))


def contact_sheet(aside: Sequence[Aside]) -> RGB:
    """What was set aside, by reason, with the file that it came from; the first 400."""
    ordered = sorted(aside, key=lambda one: one.reason)[:_MOST]
    cells = [(one.reason, one.face.image) for one in ordered]
    return grid([cells[k : k + _COLUMNS] for k in range(0, len(cells), _COLUMNS)], _SIDE)


def _nothing_left(aside: Sequence[Aside]) -> str:
    if not aside:
        return "No face was found in any of the files; give photos and videos in which one sees the person well."
    reasons = ", ".join(f"{count} {reason}" for reason, count in Counter(a.reason for a in aside).most_common())
    return f"None of the {len(aside)} faces found can be used ({reasons}); give more pictures, or another --who."

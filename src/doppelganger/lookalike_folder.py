"""Look-alikes as a folder: ``share/`` what may leave the house, ``private/`` what holds the portrait.

share/lookalike-01.png …       1024², marked synthetic, the likest first
private/contact-sheet.jpg      the portrait, then all of them        private/lookalikes.json, latents.safetensors
"""

import json
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from safetensors.numpy import save as save_arrays

from doppelganger.errors import OutputError
from doppelganger.images import RGB, write_atomically
from doppelganger.lookalikes import LookAlike
from doppelganger.numbering import numbered_folder
from doppelganger.provenance import SourceType, synthetic_jpeg, synthetic_png
from doppelganger.report.sheets import grid

COLUMNS, SIDE = 5, 256
"""Of the contact sheet: pictures a row, pixels a picture."""


def save(found: Sequence[LookAlike], portrait: RGB, folder: Path) -> Path:
    """Write them, ranked as they come; returns the folder, numbered where the name is taken. Raises OutputError."""
    folder = folder.absolute()
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=f".{folder.name}-", suffix=".part", dir=folder.parent) as workplace:
            whole = Path(workplace) / "lookalikes"
            (whole / "share").mkdir(parents=True)
            (whole / "private").mkdir(mode=0o700)
            for k, one in enumerate(found, 1):
                write_atomically(whole / "share" / f"lookalike-{k:02d}.png", synthetic_png(one.seen.image))
            write_atomically(whole / "private" / "contact-sheet.jpg", contact_sheet(found, portrait))
            latents = {f"lookalike-{k:02d}": np.ascontiguousarray(one.latent) for k, one in enumerate(found, 1)}
            write_atomically(whole / "private" / "latents.safetensors", save_arrays(latents))
            text = json.dumps(to_json(found), indent=2, ensure_ascii=False, allow_nan=False)
            write_atomically(whole / "private" / "lookalikes.json", text.encode())
            return whole.rename(next(name for name in numbered_folder(folder) if not name.exists()))
    except OSError as error:
        raise OutputError(
            f"The look-alikes could not be written to {folder} ({error.strerror}); choose another folder, or make room."
        ) from error


def to_json(found: Sequence[LookAlike]) -> dict[str, Any]:
    """Everything but pictures and latents."""
    return {
        "lookalikes": [
            {
                "file": f"share/lookalike-{k:02d}.png",
                "seed": one.seed,
                "lpips": round(one.lpips, 4),
                "distance to the portrait over the privacy threshold, smallest of all views": one.seen.apart[0],
                "held_out": list(one.held_out),
                "shared": {
                    name: {"portrait": _plain(ours), "face": _plain(theirs)}
                    for name, (ours, theirs) in one.shares.items()
                }
                | {"hair": {"portrait": one.hair[0], "face": one.hair[1]}},
            }
            for k, one in enumerate(found, 1)
        ]
    }


def contact_sheet(found: Sequence[LookAlike], portrait: RGB) -> bytes:
    """The portrait, then the look-alikes, as a JPEG marked as holding synthetic faces beside a real one."""
    cells = [("portrait", portrait)]
    cells += [(f"{k}: LPIPS {one.lpips:.2f}", one.seen.image) for k, one in enumerate(found, 1)]
    rows = [cells[k : k + COLUMNS] for k in range(0, len(cells), COLUMNS)]
    return synthetic_jpeg(grid(rows, SIDE), source=SourceType.COMPOSITE)


def _plain(value: float) -> float | None:
    return None if np.isnan(value) else round(float(value), 4)

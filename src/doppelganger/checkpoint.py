"""A stopped projection kept in a folder, so that the same run can go on where it was.

Only latents are kept, never pictures. Whoever has saved the result calls ``forget``.
"""

import hashlib
import hmac
import json
import secrets
from pathlib import Path

import numpy as np
from safetensors import SafetensorError
from safetensors.numpy import load, save

from doppelganger import __version__
from doppelganger.images import RGB, write_atomically
from doppelganger.projection import Projection, ProjectionSettings


class Checkpoint:
    """The state of one projection: a photo's face, settings and generator name it, so another run never picks it up.

    The name is a digest keyed with random bytes that lie beside it: it cannot be looked up for a known photo.
    """

    def __init__(
        self, folder: Path, image: RGB, settings: ProjectionSettings, face: int | None, generator: str = ""
    ) -> None:
        """``generator``: the SHA-256 of another one than the built-in."""
        self._key_file = folder / "key"
        try:
            self._key = self._key_file.read_bytes()
        except OSError:
            self._key = secrets.token_bytes(16)
        described = json.dumps([__version__, repr(settings), face, generator]).encode()
        digest = hmac.new(self._key, described + image.tobytes(), hashlib.sha256).hexdigest()
        self._file = folder / f"projection-{digest[:16]}.safetensors"

    def load(self) -> Projection | None:
        """What was kept, or None; a damaged file counts as none."""
        try:
            arrays = load(self._file.read_bytes())
        except (OSError, SafetensorError):
            return None
        return Projection(
            arrays["v"], (arrays["first"], arrays["second"]), list(arrays["path"]), [float(x) for x in arrays["losses"]]
        )

    def save(self, state: Projection) -> None:
        """Keep the state. A kill while it is written leaves the one before."""
        self._file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        if not self._key_file.exists():
            write_atomically(self._key_file, self._key)
        first, second = state.moments
        arrays = {
            "v": state.v,
            "first": first,
            "second": second,
            "path": np.stack(state.path),
            "losses": np.array(state.losses),
        }
        write_atomically(self._file, save(arrays))


def forget(folder: Path) -> None:
    """Delete every run that is kept in ``folder``, and the folder if nothing else is in it."""
    for file in (*folder.glob("projection-*.safetensors"), folder / "key"):
        file.unlink(missing_ok=True)
    if folder.is_dir() and not any(folder.iterdir()):
        folder.rmdir()

"""A new face while the call goes on: a process of its own, with the least priority, invents it and rigs it.

python -m doppelganger.live.inventing FOLDER SEED
"""

import os
import random
import subprocess
import sys
import tempfile
from pathlib import Path

from doppelganger.errors import DoppelgangerError
from doppelganger.live.shelf import Avatar
from doppelganger.live.wardrobe import avatar_of

ADULT = 20.0
"""Years that an invented face must look like, as the network guesses them."""
_SEEDS = 2**31
_NICE = 19
_TRIES = 20  # faces looked at until one is an adult's


class InventingError(DoppelgangerError):
    """No new face could be made."""


class InventingProcess:
    """An `Inventor`. ``place``: a temporary folder in which the rigs lie; it goes with this object's `close`."""

    def __init__(self, seed: int | None = None) -> None:
        """``seed`` decides which faces are made, one after the other; None: nobody knows."""
        self._temporary = tempfile.TemporaryDirectory(prefix="doppelganger-live-")
        self.place = Path(self._temporary.name)
        self._seeds = random.Random(seed)
        self._process: subprocess.Popen[bytes] | None = None
        self._folder = Path()

    @property
    def at_work(self) -> bool:
        """Whether one is being made, or waits to be taken."""
        return self._process is not None

    def begin(self) -> None:
        """Make one, unless one is being made."""
        if self._process is not None:
            return
        seed = self._seeds.randrange(_SEEDS)
        self._folder = self.place / str(seed)
        command = [sys.executable, "-m", "doppelganger.live.inventing", str(self._folder), str(seed)]
        self._process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )

    def take(self) -> Avatar | None:
        """The finished one, once. Raises InventingError where there is none, RigError."""
        if self._process is None or self._process.poll() is None:
            return None
        code, self._process = self._process.returncode, None
        if code:
            raise InventingError("No new face could be made just now; press Q to try another.")
        return avatar_of(self._folder)

    def close(self) -> None:
        """End what is being made, and delete what was."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
        self._temporary.cleanup()


def invent(folder: Path, seed: int) -> None:
    """Rig the face of the first seed from ``seed`` on that looks like an adult's. Raises InventingError, FaceError, OutputError."""
    from doppelganger.faces.attributes import AgeSexEstimator
    from doppelganger.invented import invented
    from doppelganger.networks import Networks
    from doppelganger.puppet.rigging import rig_invented
    from doppelganger.verifiers.face_of import largest_face

    networks = Networks(device="cpu")
    ages = AgeSexEstimator(networks.store)
    for candidate in range(seed, seed + _TRIES):
        image = networks.generator.synthesise(invented(candidate, networks.generator))
        landmarks = networks.landmarks.detect(image, largest_face(networks.detector, image))
        if ages.estimate(image, landmarks).age >= ADULT:
            rig_invented(candidate, f"Nobody {candidate}", networks).save(folder)
            return
    raise InventingError("None of the faces looked like an adult's.")


if __name__ == "__main__":
    if hasattr(os, "nice"):
        os.nice(_NICE)  # the call comes first
    invent(Path(sys.argv[1]), int(sys.argv[2]))

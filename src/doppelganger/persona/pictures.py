"""A persona's picture by what people call it: a file, its reference, or one of a series; and the latent it was rendered from."""

from dataclasses import dataclass
from pathlib import Path

from safetensors import SafetensorError
from safetensors.numpy import load

from doppelganger.generators.protocol import Latent
from doppelganger.persona.persona import PersonaError

REFERENCE = "reference"


@dataclass(frozen=True)
class Picture:
    """``latent``: where it is known, [39, 512]."""

    file: Path
    latent: Latent | None


def find_picture(folder: Path, called: str, latent: Latent) -> Picture:
    """``called``: a file; "reference"; or a picture of a series, as "holidays/3", or "3" where there is one series only.

    ``folder``, ``latent``: the persona's. Raises PersonaError where it is not there.
    """
    if called == REFERENCE:
        return Picture(folder / "reference.png", latent)
    if Path(called).is_file():
        return Picture(Path(called), _latent_beside(Path(called)))
    series, _, number = called.rpartition("/")
    if number.isdigit():
        found = sorted((folder / "shoots").glob(f"{series or '*'}/{int(number):04d}.png"))
        if len(found) == 1:
            return Picture(found[0], _latent_beside(found[0]))
        if found:
            names = ", ".join(f"{file.parent.name}/{int(number)}" for file in found)
            raise PersonaError(f"Several series have a picture {number}: {names}. Say which.")
    raise PersonaError(
        f"There is no picture {called!r}; give a file, {REFERENCE!r}, or a picture of a series such as holidays/3."
    )


def _latent_beside(file: Path) -> Latent | None:
    """The latent that a series keeps beside its pictures."""
    try:
        return load((file.parent / "latents" / f"{file.stem}.safetensors").read_bytes())["latent"]
    except (OSError, KeyError, SafetensorError):
        return None

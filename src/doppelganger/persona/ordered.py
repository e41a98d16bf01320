"""A persona built to order: from a wish in words, or from a face that `face` made."""

import json
from pathlib import Path

from doppelganger.directions.reader import FaceReader
from doppelganger.networks import Networks
from doppelganger.persona.making import from_latent
from doppelganger.persona.persona import Persona, PersonaError
from doppelganger.progress import Progress, silent
from doppelganger.sculpting.album import read_latent
from doppelganger.sculpting.making import make_face
from doppelganger.sculpting.mirror import Mirror
from doppelganger.sculpting.sentence import understand
from doppelganger.sculpting.wish import wish


def from_wish(
    name: str,
    sentence: str,
    seed: int,
    networks: Networks,
    reader: FaceReader | None = None,
    progress: Progress = silent,
) -> Persona:
    """A face built to order (`sculpting`), straightened. Raises PersonaError for words that are not understood."""
    understood = understand(sentence)
    if understood.unknown:
        raise PersonaError(f"Not understood: {', '.join(understood.unknown)}. docs/faces.md has the vocabulary.")
    made = make_face(wish(understood.asked), seed, Mirror(networks), progress=progress)
    source = {"made": "after a wish", "wish": sentence, "seed": seed}
    return from_latent(name, made.steered.latent, networks, reader, source)


def from_face_file(name: str, record: Path, networks: Networks, reader: FaceReader | None = None) -> Persona:
    """The face of a file that `face` wrote beside a picture. Raises OutputError for another file, PersonaError for an edited photo:
    that is a real person still, and no persona."""
    latent = read_latent(record)
    if Path(json.loads(record.read_text("utf-8")).get("picture", "")).parent != Path():
        raise PersonaError(
            f"{record} is an edited photo of a real person; make their doppelgänger and take that with --from."
        )
    return from_latent(name, latent, networks, reader, {"made": "from a face file"})

"""The worker's part in a persona: the face as the sliders had it, made a persona, and its first series of pictures."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from doppelganger import directions
from doppelganger.images import read_image, resize_area
from doppelganger.invented import invented
from doppelganger.networks import Networks
from doppelganger.persona.folder import load, save
from doppelganger.persona.making import from_latent
from doppelganger.persona.persona import CONSENT, CONSENT_OF_ONE, Persona
from doppelganger.persona.plan import load_set
from doppelganger.persona.series import take_pictures
from doppelganger.progress import Event, Progress
from doppelganger.storage import load as load_result

SET = "holidays"
"""The series of pictures that every persona begins with."""


def make_persona(
    chosen: Mapping[str, Any], source: str | None, target: Path, networks: Networks, report: Progress
) -> None:
    """``chosen``: `schema_personas.NewPersona` as a dictionary. ``source``: folder of the result whose face it is. What a stopped
    run has left in ``target`` is gone on with."""
    count = chosen["pictures"]
    report(Event("shoot", 0, count))
    if target.exists():
        persona = load(target)
    else:
        persona = _persona_of(chosen, source, networks)
        save(persona, target)
    series, taken = target / "shoots" / SET, 0

    def shown(event: Event) -> None:
        """Pictures count, not the searches within them; the face in work is seen on the way, the picture when it is taken."""
        nonlocal taken
        face = event.face
        if event.stage == "shoot":
            taken, picture = event.done, series / f"{event.done:04d}.png"
            face = resize_area(read_image(picture), 256, 256) if picture.exists() else None
        report(Event("shoot", taken, count, face=face))

    take_pictures(persona, load_set(SET), series, count, networks, progress=shown)


def _persona_of(chosen: Mapping[str, Any], source: str | None, networks: Networks) -> Persona:
    """One of somebody's own result says so in its note of consent, and is not turned: it stays as it is known."""
    face, strengths = chosen["face"], {name: value for name, value in chosen["strengths"].items() if value}
    made: dict[str, Any] = {"made": "in the Studio", "strengths": strengths}
    if source is None:
        base = invented(face["seed"], networks.generator)
        made["seed"] = face["seed"]
    else:
        base = load_result(Path(source)).latents[face["of"]]
        made["of"] = face["of"]
    latent = directions.apply(base, strengths)
    consent = CONSENT if source is None else CONSENT_OF_ONE
    return from_latent(chosen["name"], latent, networks, source=made, straighten=source is None, consent=consent)

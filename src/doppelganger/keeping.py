"""Keeping: the face nearest to an edited one that verifiers still, or again, take for a given person.

    minimise   likeness(face, edited face)   subject to   dᵥ(face, reference) ≤ g·τᵥ                  for each searched verifier v
                                             and          dᵥ(face, other) ≥ τ'ᵥ + m·(σᵥ − τ'ᵥ)        for whoever it must not be

τᵥ is the verifier's threshold at the identity point, τ'ᵥ and σᵥ its privacy threshold and mean distance between strangers. An edit
(a turned head, twenty years more) changes what recognisers go by as well as what it is meant to. Here the search of `nearest` runs
the other way: it moves the same scales of StyleSpace, but holds the likeness to the *edited* picture, so pose, age, expression
and hair stay, and takes back only what made it another person. A verifier held out of the search is the honest witness.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from doppelganger.faces.attributes import chip_transform
from doppelganger.generators.protocol import Latent
from doppelganger.images import RGB
from doppelganger.likeness import lpips_at
from doppelganger.nearest import NearestSettings, Searched, search
from doppelganger.networks import Networks
from doppelganger.progress import Progress, silent
from doppelganger.trait import apparent_sex
from doppelganger.verifiers.face_of import central_face
from doppelganger.verifiers.panel import VERIFIERS
from doppelganger.verifiers.protocol import Embedding, OperatingPoint
from doppelganger.verifiers.thresholds import calibration
from doppelganger.verifiers.views import Views

Embeddings = Mapping[str, Embedding]
"""Verifier's name → embedding of one face."""


@dataclass(frozen=True)
class KeepSettings:
    """How to keep."""

    held_out: tuple[str, ...] = ("edgeface",)
    """Short names of the verifiers that the search may not see; () for none."""
    goal: float = 0.5
    """The distance to the reference that is searched for, over the identity threshold."""
    disturbed: bool = False
    """Whether the full-size face is judged under every disturbance, too; that takes two seconds a round."""
    search: NearestSettings = field(
        default_factory=lambda: NearestSettings(steps=10, extra_steps=5, rounds=3, margin=0.5, headroom=0.2)
    )
    """Fewer steps than `nearest` needs: an edit is nearer to its goal. The margin is for those who must not be met; the headroom,
    for all, is what the full-size face must clear its borders by, or the search goes on: its steps look at previews."""

    @property
    def searched(self) -> tuple[str, ...]:
        """Short names of the verifiers that the search sees."""
        return tuple(name for name in VERIFIERS if name not in self.held_out)


@dataclass(frozen=True)
class Seen:
    """A face before the whole panel. ``distances``: verifier → distance to the reference over the identity threshold, the largest
    of the views; 1 is the border. ``apart``: for everybody who must not be met, verifier → distance over the privacy threshold,
    the smallest of the views. ``embeddings``: of the undisturbed picture."""

    image: RGB
    embeddings: Embeddings
    distances: dict[str, float]
    apart: tuple[dict[str, float], ...] = ()

    @property
    def same(self) -> bool:
        """Every verifier says *same* as the reference, and *different* from all who must not be met."""
        return max(self.distances.values(), default=0) <= 1 and all(min(one.values()) > 1 for one in self.apart)


@dataclass(frozen=True)
class Kept:
    """``latent``: [39, 512]. ``accepted``: the searched verifiers say what was asked; ``held_out`` names the others, whose word is
    in ``face``, too. ``lpips``: what it cost, to the edited picture (AlexNet, 256²); 0 where nothing had to be done."""

    latent: Latent
    face: Seen
    before: Seen
    """The edited face as it came."""
    accepted: bool
    held_out: tuple[str, ...]
    steps: int
    lpips: float


def keep(
    edited: Latent,
    reference: Embeddings | None,
    networks: Networks,
    settings: KeepSettings | None = None,
    progress: Progress = silent,
    *,
    away: Sequence[Embeddings] = (),
    seed: int = 0,
) -> Kept:
    """Give an edited face, w [512], w+ [16, 512] or with scales [39, 512], its person back.

    ``reference``: the person's embeddings by the whole panel; None where the face may be anybody but those in ``away``, whom it
    must not be and who are heeded in the same search.
    Raises NoFaceError where no face is found in the edited picture.
    """
    settings = settings or KeepSettings()
    members = {m.name: m for m in networks.members(settings.searched)}
    held_out = tuple(m.name for m in networks.panel.members if m.name not in members)
    constraints = constraints_of(reference, away, networks, settings)
    start = whole_latent(edited, networks)
    looked: dict[bytes, Seen] = {}

    def look(latent: Latent) -> Seen:
        key = latent.tobytes()
        if key not in looked:
            image = networks.generator.synthesise(latent)
            looked[key] = see_beside(image, reference, networks, away=away, disturbed=settings.disturbed)
        return looked[key]

    def judged(latent: Latent) -> dict[str, float]:
        seen = look(latent)
        inside = {c.key: seen.distances[c.name] for c in constraints if not c.role}
        others = [(_role(k), one) for k, one in enumerate(seen.apart)]
        return inside | {c.key: one[c.name] for role, one in others for c in constraints if c.role == role}

    def transforms(latent: Latent) -> Mapping[str, np.ndarray]:
        image = networks.generator.synthesise(latent)
        face = central_face(networks.detector, image, "the edited picture")
        chip = chip_transform(networks.landmarks.detect(image, face), sex.crop_size)
        return {sex.name: chip, **{name: m.crop_transform(image, face) for name, m in members.items()}}

    before = look(start)
    at_start = judged(start)
    if all(c.clearance(at_start[c.key]) >= settings.search.headroom for c in constraints):
        return Kept(start, before, before, True, held_out, 0, 0.0)
    landmarks = networks.landmarks.detect(before.image, central_face(networks.detector, before.image))
    sex = apparent_sex(before.image, landmarks, networks.apparent_sex, networks.device)
    found = search(
        before.image,
        start,
        constraints,
        networks.generator,
        networks.differentiable,
        networks.space,
        networks.alex,
        transforms,
        judged,
        settings.search,
        networks.device,
        seed,
        progress,
        (sex,),
    )
    face = look(found.w)
    cost = lpips_at(networks.alex, before.image, face.image, 256, networks.device)
    return Kept(found.w, face, before, found.accepted, held_out, found.steps, cost)


def see_beside(
    image: RGB,
    reference: Embeddings | None,
    networks: Networks,
    *,
    away: Sequence[Embeddings] = (),
    disturbed: bool = False,
) -> Seen:
    """What the panel makes of a picture's face, beside the reference and beside others.

    Raises NoFaceError.
    """
    members = networks.panel.members
    views = Views(image, networks.detector)
    clean = views.clean(members)
    shown = [clean, *(views.disturbed(members).values() if disturbed else ())]

    def shares(other: Embeddings, point: OperatingPoint) -> dict[str, list[float]]:
        return {
            m.name: [m.distance(other[m.name], view[m.name]) / m.thresholds[point].value for view in shown]
            for m in members
        }

    return Seen(
        image,
        clean,
        {name: max(found) for name, found in shares(reference, OperatingPoint.IDENTITY).items()} if reference else {},
        tuple({name: min(found) for name, found in shares(one, OperatingPoint.PRIVACY).items()} for one in away),
    )


def whole_latent(latent: Latent, networks: Networks) -> Latent:
    """Any latent as one in StyleSpace, [39, 512], that shows the same face."""
    rows = np.zeros((networks.generator.s_rows, latent.shape[-1]), np.float32)
    rows[: len(latent) if latent.ndim == 2 else networks.generator.w_rows] = latent
    return rows


def _role(k: int) -> str:
    return f"apart {k}"


def constraints_of(
    reference: Embeddings | None, away: Sequence[Embeddings], networks: Networks, settings: KeepSettings
) -> list[Searched]:
    """Near the reference by the identity point, away from the others by the privacy point; of the searched verifiers."""
    constraints = []
    for member in networks.members(settings.searched):
        network, euclidean = networks.gradients_of(member), member.metric == "euclidean"
        limits = {point: member.thresholds[point].value for point in OperatingPoint}
        stranger = calibration()["verifiers"][member.name]["impostor_mean"] / limits[OperatingPoint.PRIVACY]
        if reference is not None:
            constraints.append(
                Searched(
                    member.name,
                    network,
                    member.crop_size,
                    euclidean,
                    limits[OperatingPoint.IDENTITY],
                    reference[member.name],
                    within=settings.goal,
                )
            )
        constraints += [
            Searched(
                member.name,
                network,
                member.crop_size,
                euclidean,
                limits[OperatingPoint.PRIVACY],
                other[member.name],
                stranger,
                role=_role(k),
            )
            for k, other in enumerate(away)
        ]
    return constraints

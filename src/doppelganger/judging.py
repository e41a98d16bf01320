"""What the panel says: of the faces of a path, and of one face, clean and under every disturbance."""

from collections.abc import Sequence
from dataclasses import replace

import torch

from doppelganger.errors import FaceError
from doppelganger.images import RGB, resize_area
from doppelganger.networks import Networks
from doppelganger.progress import Event, Progress
from doppelganger.projection import Projection, to_rgb
from doppelganger.result import FaceRecord
from doppelganger.subject import Subject
from doppelganger.verifiers.protocol import OperatingPoint
from doppelganger.verifiers.views import Views

PATH_RESOLUTION = 256
"""Faces of the continuum are judged at this size; a recogniser's crop of it is 112² or 150²."""
SCAN_STRIDE = 6
"""Steps between two faces of the coarse scan and of the filmstrip. It meets the steps at which projection asks the whole
network (each multiple of 3 from 15 on): those faces are rendered anyway. What it saw in between is a few hundredths of a
threshold off, as much as two steps move, so those faces are rendered for their verdict."""


class PathJudge:
    """Step of the continuum → distance to the portrait by verifier, on faces of 256² pixels."""

    def __init__(self, projected: Projection, subject: Subject, networks: Networks) -> None:
        self._path, self._subject, self._networks = projected.path, subject, networks
        self.pictures = dict(projected.pictures)

    def picture(self, step: int) -> RGB:
        """The face of a step, uint8 [256, 256, 3]; rendered once, if the projection has not, and as that does."""
        if step not in self.pictures:
            networks = self._networks
            if networks.another is None:
                latent = torch.from_numpy(self._path[step]).to(networks.device)
                self.pictures[step] = to_rgb(networks.built_in.glance(latent[None])[0])
            else:
                whole = networks.generator.synthesise(self._path[step])
                self.pictures[step] = resize_area(whole, PATH_RESOLUTION, PATH_RESOLUTION)
        return self.pictures[step]

    def __call__(self, step: int) -> dict[str, float]:
        members = self._networks.panel.members
        found = Views(self.picture(step), self._networks.detector, f"step {step} of the path").clean(members)
        return {m.name: m.distance(self._subject.embeddings[m.name], found[m.name]) for m in members}


def judge_face(
    name: str, views: Views, subject: Subject, networks: Networks, held_out: Sequence[str], disturbed: bool
) -> FaceRecord:
    """The panel's verdicts at the privacy point on photo ↔ face, on request under every disturbance; no likeness yet."""
    members = networks.panel.members
    verdicts = networks.panel.judge(
        subject.embeddings,
        views.clean(members),
        OperatingPoint.PRIVACY,
        disturbed=views.disturbed(members) if disturbed else None,
        held_out=held_out,
    )
    return FaceRecord(name, tuple(verdicts), {})


def thresholds(networks: Networks) -> dict[str, float]:
    """Every verifier's threshold at the privacy point."""
    return {m.name: m.thresholds[OperatingPoint.PRIVACY].value for m in networks.panel.members}


class Watching:
    """A progress callback that passes events on and says how far each verifier takes the faces of the projection for two people.

    Nothing of what is found hangs on it. It costs a detection and an embedding a verifier for every face that comes by.
    """

    def __init__(self, progress: Progress, subject: Subject, networks: Networks) -> None:
        self._progress, self._subject, self._networks = progress, subject, networks
        self._thresholds = thresholds(networks)

    def __call__(self, event: Event) -> None:
        if event.face is not None and event.distances is None:
            event = replace(event, distances=self._distances(event.face))
        self._progress(event)

    def _distances(self, face: RGB) -> dict[str, float] | None:
        members = self._networks.panel.members
        try:
            found = Views(face, self._networks.detector).clean(members)
        except FaceError:  # an early face may not be one yet
            return None
        own = self._subject.embeddings
        return {m.name: m.distance(own[m.name], found[m.name]) / self._thresholds[m.name] for m in members}

"""What is measured on one picture and kept: embeddings under every view, likeness, features. Comparisons come later."""

import json
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import save
from torch import Tensor

from doppelganger.evaluation.appearance import Appearance, AppearanceJudge
from doppelganger.evaluation.attacks import keep_person
from doppelganger.evaluation.inception import InceptionFeatures
from doppelganger.evaluation.summary import summary
from doppelganger.evaluation.survival import VIEWS
from doppelganger.faces.detector import Face
from doppelganger.findable import perceptual_hash
from doppelganger.images import RGB, resize_area
from doppelganger.likeness import lpips_features
from doppelganger.lpips import LPIPS
from doppelganger.networks import Networks
from doppelganger.subject import Subject

Floats = NDArray[np.float32]
LPIPS_SIZE = 256
FEATURE_SIZE = 256
"""FID is compared at this size, to which the generated faces of the bank were reduced as well."""
LPIPS_ALEX, LPIPS_VGG, SUMMARY = "LPIPS (AlexNet, 256²)", "LPIPS (VGG16, 256²)", "likeness summary (0–1)"


class Measurer:
    """Measures the pictures of any subject with one set of networks."""

    def __init__(self, networks: Networks) -> None:
        self.networks = networks
        self.appearance = AppearanceJudge(networks)
        self.inception = InceptionFeatures(networks.store)
        self.vgg = LPIPS("vgg", networks.store).to(networks.device)

    def of(self, subject: Subject) -> "SubjectMeasurer":
        """For the avatars of this subject."""
        return SubjectMeasurer(self, subject)

    def traces(self, image: RGB, labels: NDArray[np.uint8]) -> dict[str, NDArray[np.generic]]:
        """What finds a picture without a recogniser: perceptual hash and Inception's features, with and without background.

        ``labels``: `Part` of every pixel, as ``FaceParser.parse`` gives them.
        """
        person = keep_person(image, labels)
        out: dict[str, NDArray[np.generic]] = {}
        for suffix, picture in (("", image), (" / person", person)):
            out[f"hash{suffix}"] = perceptual_hash(picture)
            out[f"features{suffix}"] = self.inception.features([resize_area(picture, FEATURE_SIZE, FEATURE_SIZE)])[0]
        return out


@dataclass
class SubjectMeasurer:
    """Measures one portrait and its avatars."""

    by: Measurer
    subject: Subject

    @property
    def _aligned(self) -> RGB:
        return self.subject.portrait.image

    @cached_property
    def _labels(self) -> NDArray[np.uint8]:
        return self.by.networks.parser.parse(self._aligned)

    @cached_property
    def _lpips(self) -> dict[str, tuple[LPIPS, list[Tensor]]]:
        """Both metrics with the portrait's features."""
        device = self.by.networks.device
        metrics = {LPIPS_ALEX: self.by.networks.alex, LPIPS_VGG: self.by.vgg}
        return {name: (m, lpips_features(m, self._aligned, LPIPS_SIZE, device)) for name, m in metrics.items()}

    @cached_property
    def _appearance(self) -> Appearance:
        return self.by.appearance.measure(self._aligned, "the aligned portrait", self._labels)

    @cached_property
    def _place(self) -> Face | None:
        """Where the face is in the aligned portrait."""
        return next(iter(self.by.networks.detector.detect(self._aligned)), None)

    def portrait(self) -> bytes:
        """As safetensors: "embedding VERIFIER" [D] of the photo's face, and the aligned portrait's traces."""
        own = {f"embedding {name}": e for name, e in self.subject.embeddings.items()}
        return save({**own, **self.by.traces(self._aligned, self._labels)})

    def avatar(self, image: RGB, name: str) -> bytes:
        """As safetensors: "embedding VERIFIER / VIEW" [D], the traces, and the likeness as JSON in the metadata.

        Where the detector finds no face in a view that keeps its geometry, the attacker is granted the place where the portrait's
        face was; a view without either has no embedding, and nobody can be recognised in it.
        """
        networks = self.by.networks
        labels = networks.parser.parse(image)
        tensors: dict[str, NDArray[np.generic]] = dict(self.by.traces(image, labels))
        for view in VIEWS:
            picture = view.apply(image)
            faces = networks.detector.detect(picture)
            face = faces[0] if faces else self._place if view.keeps_place else None
            for member in networks.panel.members if face is not None else ():
                tensors[f"embedding {member.name} / {view.name}"] = member.embed(picture, face)
        measures = {
            name: float(metric.distance(own, lpips_features(metric, image, LPIPS_SIZE, networks.device)))
            for name, (metric, own) in self._lpips.items()
        }
        measures |= self.by.appearance.compare(self._appearance, self.by.appearance.measure(image, name, labels))
        measures[SUMMARY] = summary(measures)
        return save(tensors, {"likeness": json.dumps(measures)})

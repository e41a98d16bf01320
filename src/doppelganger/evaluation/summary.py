"""One number for likeness: 1 is the same picture, 0 a face that is as unlike as a stranger's in everything measured.

Every measure is divided by its median between strangers, clipped at 1, averaged within its group, and the groups are averaged
with equal weights: geometry, pose, expression, age and sex, colours, beauty drift and LPIPS count a seventh each. The medians are
of the pairs of 24 aligned portraits and of 24 faces of the generator (truncation 0.7), 276 pairs each (fewer where a region is
missing), the smaller of the two, rounded. So the scales need no taste; the equal weights do, which is why the table prints the
measures, too. No people were asked: it orders methods, it is not a probability that somebody is fooled.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from doppelganger.evaluation import appearance


@dataclass(frozen=True)
class Scale:
    """``stranger``: median of |value| between two people who have nothing to do with each other."""

    group: str
    measure: str
    """The measure's name, or what it begins with: LPIPS names end with the backbone's picture size."""
    stranger: float


SCALES = (
    Scale("geometry", appearance.SHAPE, 0.048),
    Scale("pose", appearance.POSE, 8.2),
    Scale("expression", appearance.EXPRESSION, 0.076),
    Scale("age and sex", appearance.AGE, 19.0),
    Scale("age and sex", appearance.SEX_SECOND, 1.0),
    Scale("colours", appearance.SKIN_COLOUR, 9.7),
    Scale("colours", appearance.HAIR_COLOUR, 12.0),
    Scale("colours", appearance.EYE_COLOUR, 8.4),
    Scale("beauty drift", appearance.SMOOTHNESS, 3.5),
    Scale("beauty drift", appearance.SYMMETRY, 0.004),
    Scale("LPIPS", "LPIPS (AlexNet", 0.51),
    Scale("LPIPS", "LPIPS (VGG16", 0.59),
)
"""See the module's head; the sex is a yes or no."""


def summary(measures: Mapping[str, float]) -> float:
    """Likeness, 0–1, of what `appearance.compare` returned, with LPIPS values among it or not.

    A measure that is NaN was destroyed and counts as a stranger's. One that is left out does not count, nor does a group of
    which nothing is there. NaN when nothing at all is.
    """
    groups: dict[str, list[float]] = {}
    for scale in SCALES:
        for name, value in measures.items():
            if name.startswith(scale.measure):
                off = 1 - value if scale.measure == appearance.SEX_SECOND else abs(value) / scale.stranger
                groups.setdefault(scale.group, []).append(1.0 if np.isnan(off) else min(off, 1.0))
    return 1 - float(np.mean([np.mean(values) for values in groups.values()])) if groups else float("nan")

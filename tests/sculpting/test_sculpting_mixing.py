"""Two faces in one, and from one to the next."""

import numpy as np
import pytest

from doppelganger.sculpting.choosing import truncated
from doppelganger.sculpting.mirror import Mirror
from doppelganger.sculpting.mixing import child, mix, rows_of
from doppelganger.sculpting.morph import between


def test_coarse_from_one_and_fine_from_the_other(mirror: Mirror) -> None:
    a, b = truncated(mirror, 2, 31)
    mixed = mix(a, b, 7)
    np.testing.assert_array_equal(mixed[:7], rows_of(a)[:7])
    np.testing.assert_array_equal(mixed[7:], rows_of(b)[7:])
    first, second, both = (mirror.look(latent) for latent in (a, b, mixed))
    assert first and second and both
    # pose and features of the first
    assert both.reading["yaw"] == pytest.approx(first.reading["yaw"], abs=4)
    # colours of the second: nearer to its picture's mean colour than to the first's
    mean = [look.picture.reshape(-1, 3).mean(0) for look in (first, second, both)]
    assert np.linalg.norm(mean[2] - mean[1]) < np.linalg.norm(mean[2] - mean[0])


def test_a_child_lies_between_and_as_far_out_as_its_parents(mirror: Mirror) -> None:
    a, b = truncated(mirror, 2, 32)
    mean = mirror.networks.generator.w_mean
    one, same, other = (child(a, b, seed, mean) for seed in (1, 1, 2))
    np.testing.assert_array_equal(one, same)
    assert not np.array_equal(one, other)
    parents = min(np.linalg.norm(a - mean), np.linalg.norm(b - mean))
    assert np.linalg.norm(one - mean, axis=1).min() >= 0.84 * parents
    alone = child(a, a, 3, mean)
    np.testing.assert_allclose(alone, rows_of(a), atol=1e-5)


def test_a_morph_begins_and_ends_at_its_faces() -> None:
    a, b, c = (np.full(512, float(i), np.float32) for i in range(3))
    frames = between([a, b, c], 10)
    assert len(frames) == 21
    for frame, face in ((0, a), (10, b), (20, c)):
        np.testing.assert_array_equal(frames[frame], rows_of(face))
    middle = [float(frame.mean()) for frame in frames]
    assert middle == sorted(middle)
    steps = np.diff(middle[:11])
    assert steps[0] < steps[4]  # slow at the faces
    looped = between([a, b], 5, loop=True)
    assert len(looped) == 10
    np.testing.assert_array_equal(looped[5], rows_of(b))

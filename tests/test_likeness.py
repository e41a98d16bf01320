import numpy as np
import pytest
import torch
from skimage import data

from doppelganger.likeness import OCTAVES, PATCH, lpips_at, shape_distance, skin_texture
from doppelganger.lpips import LPIPS
from doppelganger.weights import Store


@pytest.fixture(scope="module")
def alex():
    return LPIPS("alex", Store())


def test_lpips_is_zero_for_the_same_and_grows_with_the_damage(alex):
    face = data.astronaut()[:256, 96:352]
    rng = np.random.default_rng(0)
    noisy = [np.clip(face + rng.normal(0, s, face.shape), 0, 255).astype(np.uint8) for s in (5, 40)]
    a, b, c = (lpips_at(alex, face, other, 256, torch.device("cpu")) for other in (face, *noisy))
    assert a == 0
    assert 0 < b < c


@pytest.mark.parametrize("backbone", ["alex", "vgg"])
def test_lpips_is_symmetric_and_matches_its_formula(backbone):
    metric = LPIPS(backbone, Store())
    x, y = torch.rand(2, 1, 3, 64, 64, generator=torch.Generator().manual_seed(0)) * 2 - 1
    with torch.no_grad():
        assert torch.allclose(metric(x, y), metric(y, x))
        expected = 0.0
        for head, a, b in zip(metric.heads, metric.features(x), metric.features(y), strict=True):
            unit = [f / head.clamp(min=1e-12) for f in (a, b)]  # undo the folded root: channels of unit length
            lengths = unit[0].where(head > 1e-6, torch.zeros(())).square().sum(1)
            assert (lengths < 1 + 1e-3).all()
            difference = (unit[0] - unit[1]).where(head > 1e-6, torch.zeros(()))
            expected += float((difference.square() * head.square()).sum(1).mean())
        assert float(metric(x, y)) == pytest.approx(expected, rel=1e-3)


def test_shape_distance_ignores_similarity_but_not_shape():
    rng = np.random.default_rng(0)
    mesh = rng.normal(0, 100, (478, 2))
    angle = 0.3
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    assert shape_distance(mesh, mesh @ turn.T * 1.7 + 20) == pytest.approx(0, abs=1e-9)
    moved = mesh.copy()
    moved[0] += 100
    eyes = np.linalg.norm(mesh[33] - mesh[263])
    assert shape_distance(mesh, moved) == pytest.approx(100 * np.sqrt(2 / 478) / eyes, rel=0.05)
    assert shape_distance(mesh, mesh * [-1, 1]) > 0.1, "a mirror image is another shape"


def test_skin_texture_reads_the_octave_of_a_grating():
    points = np.full((478, 2), 512.0)
    x = np.arange(1024)
    readings = []
    for cycles in (6, 12, 24, 48):
        wave = 128 + 50 * np.sin(2 * np.pi * cycles * x / PATCH)
        image = np.repeat(np.tile(wave, (1024, 1))[:, :, None], 3, 2).round().astype(np.uint8)
        readings.append(skin_texture(image, points))
    assert [int(np.argmax(r)) for r in readings] == list(range(len(OCTAVES)))

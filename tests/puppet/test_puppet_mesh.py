import numpy as np
from scipy.spatial import ConvexHull

from doppelganger.puppet.mesh import FACE_POINTS, build_mesh
from doppelganger.puppet.rig import Rig
from doppelganger.puppet.topology import LIPS_INNER, OVAL


def edges(triangles: np.ndarray) -> set[tuple[int, int]]:
    return {tuple(sorted((int(t[a]), int(t[b])))) for t in triangles for a, b in ((0, 1), (1, 2), (2, 0))}


def test_the_outline_is_made_of_edges(rig: Rig) -> None:
    every = edges(rig.mesh.triangles)
    outline = {tuple(sorted(pair)) for pair in zip(OVAL, (*OVAL[1:], OVAL[0]), strict=True)}
    assert outline <= every


def test_the_mesh_covers_the_picture_and_more_without_overlap(rig: Rig) -> None:
    a, b, c = (rig.mesh.rest[rig.mesh.triangles[:, k], :2].astype(np.float64) for k in range(3))
    ab, ac = b - a, c - a
    areas = np.abs(ab[:, 0] * ac[:, 1] - ab[:, 1] * ac[:, 0]) / 2
    hull = ConvexHull(rig.mesh.rest[FACE_POINTS:, :2])
    assert hull.min_bound.max() < -60 and hull.max_bound.min() > 512 + 60
    assert abs(areas.sum() / hull.volume - 1) < 0.01


def test_what_lies_behind_the_lips_is_a_layer_of_its_own(rig: Rig) -> None:
    behind = rig.mesh.triangles[rig.mesh.layer == 1]
    assert len(behind) > 30
    mouth = [t for t in behind.tolist() if set(t) <= set(LIPS_INNER)]
    assert len(mouth) == len(LIPS_INNER) - 2  # a polygon's triangulation


def test_the_head_turns_and_the_shoulders_do_not(rig: Rig) -> None:
    mesh = rig.mesh
    assert (mesh.turning[:FACE_POINTS] == 1).all()
    chin = mesh.rest[152, 1]
    around = mesh.rest[FACE_POINTS:]
    assert (mesh.turning[FACE_POINTS:][around[:, 1] < chin] == 1).all()
    height = chin - mesh.rest[10, 1]
    assert (mesh.turning[FACE_POINTS:][around[:, 1] > chin + 0.5 * height] == 0).all()


def test_the_skull_curves_back(rig: Rig) -> None:
    mesh = rig.mesh
    rebuilt, flat = build_mesh(mesh.rest[:FACE_POINTS], mesh.rest[:FACE_POINTS, :2], 512)
    assert len(flat) == len(mesh.rest)
    face = rebuilt.rest[list(OVAL), 2].mean()
    assert rebuilt.rest[FACE_POINTS:, 2].mean() > face

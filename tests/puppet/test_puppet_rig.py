import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from doppelganger.errors import OutputError
from doppelganger.images import RGB
from doppelganger.networks import Networks
from doppelganger.puppet.puppet import Puppet
from doppelganger.puppet.retarget import Pose
from doppelganger.puppet.rig import ARRAYS, RECORD, Rig, RigError, delete, is_rig
from doppelganger.puppet.rigging import rig_of_picture, rig_of_result
from doppelganger.puppet.showing import sheet
from doppelganger.puppet.tracker import Tracker
from doppelganger.verifiers.protocol import OperatingPoint


def test_a_rig_is_the_same_after_its_folder_was_moved(rig: Rig, tmp_path: Path) -> None:
    moved = rig.save(tmp_path / "a").rename(tmp_path / "b")
    back = Rig.load(moved)
    assert (back.name, back.source, back.note, back.open_gap) == (rig.name, rig.source, rig.note, rig.open_gap)
    assert (back.base == rig.base).all() and (back.plate == rig.plate).all() and (back.still == rig.still).all()
    assert back.layers.keys() == rig.layers.keys()
    assert all((back.layers[k].difference == rig.layers[k].difference).all() for k in rig.layers)
    assert (back.mesh.triangles == rig.mesh.triangles).all()
    assert back.turns == rig.turns
    assert back.embeddings.keys() == rig.embeddings.keys() and len(back.embeddings) == 4


def test_its_still_says_that_it_is_synthetic(rig_folder: Path) -> None:
    with Image.open(rig_folder / "still.png") as still:
        assert "trainedAlgorithmicMedia" in str(still.info["XML:com.adobe.xmp"])


def test_it_overwrites_nothing(rig: Rig, rig_folder: Path) -> None:
    with pytest.raises(OutputError, match="is there already"):
        rig.save(rig_folder)


def test_nothing_is_left_where_writing_fails(rig: Rig, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError, match="could not be written"):
        rig.save(tmp_path / "file" / "rig")
    assert [p.name for p in tmp_path.iterdir()] == ["file"]


def test_other_folders_are_no_rigs(rig: Rig, tmp_path: Path) -> None:
    with pytest.raises(RigError, match="no rig that can be read"):
        Rig.load(tmp_path)
    folder = rig.save(tmp_path / "r")
    whole = (folder / ARRAYS).read_bytes()
    (folder / ARRAYS).write_bytes(whole[: len(whole) // 2])
    with pytest.raises(RigError, match="no rig that can be read"):
        Rig.load(folder)
    record = json.loads((folder / RECORD).read_text())
    (folder / RECORD).write_text(json.dumps({**record, "schema": 99}))
    with pytest.raises(RigError, match="version 99"):
        Rig.load(folder)


def test_deleting_takes_all_of_it_and_nothing_else(rig: Rig, tmp_path: Path) -> None:
    folder = rig.save(tmp_path / "r")
    with pytest.raises(RigError, match="nothing was deleted"):
        delete(tmp_path)
    delete(folder)
    assert not folder.exists() and not is_rig(folder)


def test_at_rest_the_head_looks_straight_ahead_with_its_mouth_shut(rig: Rig, networks: Networks) -> None:
    motion = Tracker(networks.detector, networks.landmarks).look(rig.still).motion
    assert motion is not None
    yaw, pitch, _ = motion.angles
    assert abs(yaw) < 4 and abs(pitch) < 4
    assert np.linalg.norm(motion.points[13] - motion.points[14]) < 0.05 * np.linalg.norm(
        motion.points[33] - motion.points[263]
    )


def test_drawn_at_rest_it_is_its_still(rig: Rig) -> None:
    """Through the common geometry and back: what is lost is what two resamplings cost."""
    rest = rig.mesh.rest[:478].astype(np.float64)
    drawn = Puppet(rig).draw(Pose(rest, np.eye(3), np.zeros(2), 1.0, {}))
    error = np.abs(drawn.astype(float) - rig.still)
    assert error.mean() < 4
    low, high = rest[:, :2].min(0).astype(int), rest[:, :2].max(0).astype(int)
    assert error[low[1] : high[1], low[0] : high[0]].mean() < 4


def test_the_sheet_shows_five_different_pictures(rig: Rig) -> None:
    picture = sheet(rig)
    parts = np.split(picture.astype(float), 5, axis=1)
    assert all(np.abs(a - b).mean() > 0.3 for k, a in enumerate(parts) for b in parts[:k])


def test_any_picture_can_be_rigged(astronaut: RGB, networks: Networks) -> None:
    rig = rig_of_picture(astronaut, "Eileen", networks, "NASA's portrait of Eileen Collins, public domain")
    assert rig.source == "picture" and "NASA" in rig.note
    assert set(rig.layers) == {"inside"}  # a mouth is lent; the rest is the picture itself
    face = networks.detector.detect(rig.still)[0]
    photo = networks.detector.detect(astronaut)[0]
    members = networks.panel.members
    same = [
        m.distance(m.embed(rig.still, face), m.embed(astronaut, photo)) <= m.thresholds[OperatingPoint.IDENTITY].value
        for m in members
    ]
    assert all(same)


def test_a_folder_without_a_result_is_refused(tmp_path: Path, networks: Networks) -> None:
    with pytest.raises(RigError, match="no result"):
        rig_of_result(tmp_path, "nobody", networks)

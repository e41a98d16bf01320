import numpy as np
import pytest

from doppelganger.checkpoint import Checkpoint, forget
from doppelganger.projection import Projection, ProjectionSettings

IMAGE = np.arange(300, dtype=np.uint8).reshape(10, 10, 3)


def state(steps):
    rng = np.random.default_rng(steps)
    arrays = [rng.standard_normal((16, 512)).astype(np.float32) for _ in range(steps + 4)]
    return Projection(arrays[0], (arrays[1], arrays[2]), arrays[3:], [float(k) for k in range(steps)])


def test_what_was_kept_comes_back_exactly(tmp_path):
    kept = Checkpoint(tmp_path / "c", IMAGE, ProjectionSettings(), None)
    assert kept.load() is None
    written = state(10)
    kept.save(written)
    again = Checkpoint(tmp_path / "c", IMAGE, ProjectionSettings(), None).load()
    assert np.array_equal(again.v, written.v)
    assert all(np.array_equal(a, b) for a, b in zip(again.moments, written.moments, strict=True))
    assert np.array_equal(np.stack(again.path), np.stack(written.path))
    assert again.losses == written.losses


@pytest.mark.parametrize(
    "other",
    [
        lambda folder: Checkpoint(folder, IMAGE + 1, ProjectionSettings(), None),
        lambda folder: Checkpoint(folder, IMAGE, ProjectionSettings(w_steps=3), None),
        lambda folder: Checkpoint(folder, IMAGE, ProjectionSettings(), 1),
    ],
)
def test_another_photo_face_or_setting_never_picks_it_up(tmp_path, other):
    Checkpoint(tmp_path, IMAGE, ProjectionSettings(), None).save(state(10))
    assert other(tmp_path).load() is None


def test_the_end_leaves_nothing(tmp_path):
    folder = tmp_path / "c"
    kept = Checkpoint(folder, IMAGE, ProjectionSettings(), None)
    kept.save(state(10))
    assert len(list(folder.iterdir())) == 2
    forget(folder)
    assert not folder.exists()


def test_a_damaged_file_counts_as_none(tmp_path):
    kept = Checkpoint(tmp_path, IMAGE, ProjectionSettings(), None)
    kept.save(state(10))
    (file,) = tmp_path.glob("*.safetensors")
    file.write_bytes(file.read_bytes()[:100])
    assert kept.load() is None


def test_two_folders_name_the_same_photo_differently(tmp_path):
    names = set()
    for folder in (tmp_path / "a", tmp_path / "b"):
        Checkpoint(folder, IMAGE, ProjectionSettings(), None).save(state(10))
        names |= {f.name for f in folder.glob("*.safetensors")}
    assert len(names) == 2

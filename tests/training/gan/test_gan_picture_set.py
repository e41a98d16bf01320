"""A set: what is in it, what is left out and why."""

import hashlib
import io
import json
import resource
import tracemalloc
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors import safe_open

from doppelganger.errors import ImageError, OutputError
from doppelganger.generators.stylegan2 import Shape
from doppelganger.images import RGB, encode_jpeg, encode_png, resize_area
from doppelganger.training.gan.picture_set import LeftOut, PictureSet, from_folder, require_consent, save_set
from doppelganger.training.gan.run import Run
from doppelganger.training.gan.settings import TrainingSettings
from doppelganger.training.swap.errors import ConsentError


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    """Twenty different ones in two folders, one of them again as a smaller JPEG, one small, one that is none."""
    folder = tmp_path / "photos"
    (folder / "more").mkdir(parents=True)
    rng = np.random.default_rng(0)
    for i in range(20):
        coarse = rng.integers(0, 256, (6, 8, 3), np.uint8)
        picture = coarse.repeat(8, 0).repeat(8, 1)  # 48 × 64
        (folder / ("more" if i > 9 else ".") / f"{i:02}.png").write_bytes(encode_png(picture))
    (folder / "zz-copy.jpg").write_bytes(encode_jpeg(resize_area(picture, 44, 33), 90))
    (folder / "zz-small.png").write_bytes(encode_png(picture[:10]))
    (folder / "zz-text.txt").write_text("no picture")
    return folder


def made(photos: Path, out: Path) -> tuple[PictureSet, LeftOut]:
    left = LeftOut()
    heard: list[tuple[int, int]] = []
    squares = from_folder(photos, 16, left, lambda done, total: heard.append((done, total)))
    kept = save_set(squares, 16, out, "photos", left)
    assert heard[-1] == (23, 23)
    return kept, left


def test_a_folder_becomes_a_set(photos: Path, tmp_path: Path) -> None:
    kept, left = made(photos, tmp_path / "set")
    assert kept.pictures.shape == (20, 16, 16, 3) and kept.side == 16
    assert left == LeftOut(["zz-text.txt"], ["zz-small.png"], {"zz-copy.jpg": "more/19.png"})
    assert kept.about["left out"]["copies"] == {"zz-copy.jpg": "more/19.png"}
    again = PictureSet.load(tmp_path / "set")
    assert again.digest == kept.digest and np.array_equal(again.pictures, kept.pictures)
    assert (tmp_path / "set" / "sheet.jpg").is_file()
    with pytest.raises(OutputError, match="has a set already"):
        made(photos, tmp_path / "set")


def noise(count: int, side: int) -> Iterator[tuple[str, RGB]]:
    rng = np.random.default_rng(0)
    for i in range(count):
        yield str(i), rng.integers(0, 256, (side, side, 3), np.uint8)


def test_the_file_is_what_numpy_writes_of_all_at_once(tmp_path: Path) -> None:
    for count, side in ((16, 8), (130, 16)):
        whole, buffer = np.stack([square for _, square in noise(count, side)]), io.BytesIO()
        np.save(buffer, whole)
        kept = save_set(noise(count, side), side, tmp_path / str(side), "noise", LeftOut())
        assert (tmp_path / str(side) / "pictures.npy").read_bytes() == buffer.getvalue()
        assert kept.digest == hashlib.sha256(whole.tobytes()).hexdigest()
    assert not list(tmp_path.rglob("*.part"))


def test_a_set_is_larger_than_the_memory_it_takes(tmp_path: Path) -> None:
    tracemalloc.start()
    try:
        save_set(noise(800, 64), 64, tmp_path / "set", "noise", LeftOut())
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 800 * 64 * 64 * 3 / 2  # most of it the sheet of a hundred


def test_a_stop_or_a_full_disk_leaves_nothing(tmp_path: Path) -> None:
    def stopped() -> Iterator[tuple[str, RGB]]:
        yield from noise(20, 16)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        save_set(stopped(), 16, tmp_path / "set", "noise", LeftOut())
    assert not list(tmp_path.iterdir())
    (tmp_path / "mine").mkdir()
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    try:
        resource.setrlimit(resource.RLIMIT_FSIZE, (5_000, before[1]))  # room for the first six
        with pytest.raises(OutputError, match="make room"):
            save_set(noise(20, 16), 16, tmp_path / "mine", "noise", LeftOut())
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert [*tmp_path.rglob("*")] == [tmp_path / "mine"]


def test_too_few_and_what_is_no_set_are_refused(photos: Path, tmp_path: Path) -> None:
    for file in (photos / "more").iterdir():
        file.unlink()
    with pytest.raises(ImageError, match=r"10 different pictures.*1 are too small"):
        left = LeftOut()
        (photos / "zz-copy.jpg").unlink()
        save_set(from_folder(photos, 16, left, lambda *_: None), 16, tmp_path / "set", "photos", left)
    assert not (tmp_path / "set").exists()
    with pytest.raises(ImageError, match="no folder"):
        list(from_folder(tmp_path / "none", 16, LeftOut(), lambda *_: None))
    (tmp_path / "bad").mkdir()
    np.save(tmp_path / "bad" / "pictures.npy", np.zeros((20, 16, 8, 3), np.uint8))
    (tmp_path / "bad" / "set.json").write_text('{"sha256": ""}')
    for folder in (tmp_path, tmp_path / "bad"):
        with pytest.raises(ImageError, match="not a set"):
            PictureSet.load(folder)


def test_consent_is_asked_for_and_goes_with_the_set_its_run_and_its_generator(photos: Path, tmp_path: Path) -> None:
    with pytest.raises(ConsentError, match="--consent"):
        require_consent(" yes ")
    said = require_consent(" My family, who agreed ")
    left = LeftOut()
    squares = list(from_folder(photos, 16, left, lambda *_: None))
    old = save_set(squares, 16, tmp_path / "old", "photos", left)
    new = save_set(squares, 16, tmp_path / "new", "photos", left, said)
    record = json.loads((tmp_path / "old" / "set.json").read_text())
    del record["consent"]  # a set from before
    (tmp_path / "old" / "set.json").write_text(json.dumps(record))
    assert PictureSet.load(tmp_path / "old").consent == "" == old.consent and new.consent == "My family, who agreed"

    settings = TrainingSettings(Shape(16, 128, 16, z_dim=8, w_dim=8, mapping_layers=2), batch=4, tick=1)
    Run(tmp_path / "run", new, settings, torch.device("cpu")).train(4)
    kept = json.loads((tmp_path / "run" / "run.json").read_text())
    assert kept["consent"] == said
    with safe_open(tmp_path / "run" / "generator.safetensors", "pt") as file:
        assert file.metadata()["doppelganger.consent"] == said
    for gone in ("path_weight", "mixed"):  # a run from before goes on
        del kept["settings"][gone]
    del kept["consent"]
    (tmp_path / "run" / "run.json").write_text(json.dumps(kept))
    Run(tmp_path / "run", PictureSet.load(tmp_path / "new"), settings, torch.device("cpu")).train(8)

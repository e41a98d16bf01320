"""A result's folder: what lies where, that it comes back, and that it is whole or not there."""

import json
import os
import shutil
import signal
import stat
import subprocess
import sys
from dataclasses import fields
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from doppelganger import storage
from doppelganger.errors import OutputError
from doppelganger.images import read_image
from doppelganger.result import Pictures
from report.sample import bare_result, sample_result

TESTS = Path(__file__).parent


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> storage.ResultFolder:
    """A bare result's folder, not to be changed."""
    return storage.save(bare_result(), tmp_path_factory.mktemp("saved") / "out")


def same_pictures(a: Pictures, b: Pictures) -> None:
    for field in fields(Pictures):
        if field.name != "in_photo":
            np.testing.assert_array_equal(getattr(a, field.name), getattr(b, field.name), err_msg=field.name)


def test_a_saved_result_comes_back(tmp_path: Path) -> None:
    result = sample_result()
    loaded = storage.load(storage.save(result, tmp_path / "out").root)
    assert (loaded.faces, loaded.borders, loaded.provenance) == (result.faces, result.borders, result.provenance)
    assert (loaded.seconds, loaded.warnings, loaded.path.lpips) == (result.seconds, result.warnings, result.path.lpips)
    same_pictures(loaded.pictures, result.pictures)
    assert loaded.path.filmstrip.keys() == result.path.filmstrip.keys()
    for step, frame in result.path.filmstrip.items():
        np.testing.assert_array_equal(loaded.path.filmstrip[step], frame)
    assert loaded.latents.keys() == result.latents.keys()
    for name, latent in result.latents.items():
        assert loaded.latents[name].dtype == np.float32
        np.testing.assert_array_equal(loaded.latents[name], latent)
    assert loaded.pictures.in_photo is not None and result.pictures.in_photo is not None
    gap = loaded.pictures.in_photo.astype(float) - result.pictures.in_photo
    assert np.abs(gap).mean() < 2  # through a JPEG


def test_a_bare_result_comes_back(tmp_path: Path) -> None:
    result = bare_result()
    folder = storage.save(result, tmp_path / "out")
    loaded = storage.load(folder.root)
    same_pictures(loaded.pictures, result.pictures)
    assert loaded.pictures.in_photo is None and loaded.warnings == result.warnings and loaded.borders == result.borders
    assert sorted(p.name for p in folder.share.iterdir()) == ["doppelganger.jpg", "doppelganger.png"]


def test_share_holds_only_what_may_leave_the_house(tmp_path: Path) -> None:
    folder = storage.save(sample_result(600), tmp_path / "deep" / "out")
    assert sorted(p.name for p in folder.root.iterdir()) == ["private", "share"]
    assert sorted(p.name for p in folder.share.iterdir()) == ["doppelganger.jpg", "doppelganger.png", "in-photo.jpg"]
    assert read_image(folder.doppelganger).shape == (600, 600, 3)
    assert read_image(folder.upload).shape == (512, 512, 3)
    assert list((tmp_path / "deep").iterdir()) == [folder.root]  # nothing of the work is left beside it
    if os.name == "posix":
        assert stat.S_IMODE(folder.private.stat().st_mode) == 0o700


def test_made_pictures_say_so_and_the_portrait_says_nothing(tmp_path: Path) -> None:
    folder = storage.save(sample_result(), tmp_path / "out")
    pictures = [p for p in folder.root.rglob("*") if p.suffix in (".png", ".jpg")]
    assert len(pictures) == 3 + 4 + 6
    for path in pictures:
        marked = b"rainedAlgorithmicMedia" in path.read_bytes()
        assert marked == (path != folder.picture("portrait")), path
        with Image.open(path) as picture:
            assert not picture.getexif()
    assert b"compositeWithTrainedAlgorithmicMedia" in folder.in_photo.read_bytes()


def test_result_json_is_for_programs(tmp_path: Path) -> None:
    result = sample_result()
    record = json.loads(storage.save(result, tmp_path / "out").json.read_text(encoding="utf-8"))
    assert record["schema"] == storage.SCHEMA_VERSION
    doppelganger = next(face for face in record["faces"] if face["name"] == "doppelgänger")
    assert doppelganger["different"] is True and all(v["different"] for v in doppelganger["verdicts"])
    assert (
        doppelganger["verdicts"][3]["under_disturbances"]["blur"]
        == result.faces[2].verdicts[3].under_disturbances["blur"]
    )


def test_numpy_numbers_become_plain_ones_and_nan_is_refused() -> None:
    assert json.loads(storage.dump({"a": np.float32(0.5), "b": np.int64(3), "c": np.bool_(True)})) == {
        "a": 0.5,
        "b": 3,
        "c": True,
    }
    with pytest.raises(ValueError, match="not JSON compliant"):
        storage.dump({"a": float("nan")})


def test_an_existing_result_is_never_touched(tmp_path: Path) -> None:
    result = bare_result()
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "mine.txt").write_text("mine")
    (tmp_path / "out-2").write_text("a file")
    assert storage.save(result, tmp_path / "out").root == tmp_path / "out-3"
    assert storage.save(result, tmp_path / "out").root == tmp_path / "out-4"
    assert [p.name for p in (tmp_path / "out").iterdir()] == ["mine.txt"]


def test_the_working_directory_is_not_pulled_from_under_the_shell(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    inode = (tmp_path / "here").stat().st_ino
    assert storage.save(bare_result(), Path()).root == tmp_path / "here-2"
    assert (tmp_path / "here").stat().st_ino == inode


FULL_DISK = """
import resource, sys
from pathlib import Path
sys.path.insert(0, {tests!r})
from report.sample import sample_result
from doppelganger import storage
from doppelganger.errors import OutputError
result = sample_result(400)
resource.setrlimit(resource.RLIMIT_FSIZE, ({limit}, {limit}))
try:
    storage.save(result, Path({folder!r}))
except OutputError as error:
    print(error)
    sys.exit(error.exit_code)
"""


@pytest.mark.skipif(os.name != "posix", reason="needs a limit on the size of files")
@pytest.mark.parametrize("limit", [1_000, 20_000, 100_000])
def test_no_room_halfway_leaves_nothing(tmp_path: Path, limit: int) -> None:
    folder = tmp_path / "out"
    script = FULL_DISK.format(tests=str(TESTS), folder=str(folder), limit=limit)
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert done.returncode == OutputError.exit_code, done.stderr
    assert str(folder) in done.stdout and done.stdout.count("\n") == 1 and ".part" not in done.stdout
    assert list(tmp_path.iterdir()) == []


KILLED = """
import os, signal, sys
from pathlib import Path
sys.path.insert(0, {tests!r})
from report.sample import bare_result
from doppelganger import storage
storage.render = lambda result: os.kill(os.getpid(), signal.SIGKILL)
storage.save(bare_result(), Path({folder!r}))
"""


@pytest.mark.skipif(os.name != "posix", reason="needs SIGKILL")
def test_killed_halfway_no_result_is_there(tmp_path: Path) -> None:
    folder = tmp_path / "out"
    script = KILLED.format(tests=str(TESTS), folder=str(folder))
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, check=False)
    assert done.returncode == -signal.SIGKILL
    (left,) = tmp_path.iterdir()
    assert left.name.startswith(".out-") and left.name.endswith(".part")
    assert stat.S_IMODE(left.stat().st_mode) == 0o700
    assert storage.save(bare_result(), folder).root == folder


def test_ctrl_c_halfway_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(result: object) -> str:
        raise KeyboardInterrupt

    monkeypatch.setattr(storage, "render", interrupted)
    with pytest.raises(KeyboardInterrupt):
        storage.save(bare_result(), tmp_path / "out")
    assert list(tmp_path.iterdir()) == []


def test_a_place_that_cannot_hold_it_is_known_before_the_work(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError, match="could not be written") as caught:
        storage.require_writable(tmp_path / "file" / "out")
    assert str(tmp_path / "file" / "out") in str(caught.value)
    storage.require_writable(tmp_path / "out")
    assert [p.name for p in tmp_path.iterdir()] == ["file"]


@pytest.mark.skipif(os.name != "posix" or os.geteuid() == 0, reason="the superuser may write everywhere")
def test_a_read_only_folder_is_a_sentence(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    try:
        with pytest.raises(OutputError, match="Permission denied"):
            storage.save(bare_result(), tmp_path / "out")
    finally:
        tmp_path.chmod(0o700)


@pytest.mark.parametrize("harm", ["json", "latents", "portrait", "cut", "newer"])
def test_a_damaged_folder_is_a_sentence(saved: storage.ResultFolder, tmp_path: Path, harm: str) -> None:
    folder = storage.ResultFolder(shutil.copytree(saved.root, tmp_path / "out"))
    record = json.loads(folder.json.read_text(encoding="utf-8"))
    match harm:
        case "json":
            folder.json.write_text("{")
        case "latents":
            folder.latents.write_bytes(folder.latents.read_bytes()[:100])
        case "portrait":
            folder.picture("portrait").unlink()
        case "cut":
            del record["faces"][0]["verdicts"][0]["threshold"]
            folder.json.write_text(json.dumps(record))
        case "newer":
            folder.json.write_text(json.dumps(record | {"schema": 99}))
    with pytest.raises(OutputError) as caught:
        storage.load(folder.root)
    assert str(folder.root) in str(caught.value) and "\n" not in str(caught.value)


def test_what_is_no_result_is_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="not a whole result"):
        storage.load(tmp_path / "nothing")


def test_a_folder_may_be_moved(tmp_path: Path) -> None:
    folder = storage.save(bare_result(), tmp_path / "out")
    folder.root.rename(tmp_path / "moved")
    assert storage.load(tmp_path / "moved").faces == bare_result().faces
    assert str(tmp_path).encode() not in (tmp_path / "moved" / "private" / "report.html").read_bytes()

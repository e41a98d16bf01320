"""Films of a generator that paints plain squares."""

from pathlib import Path

import numpy as np
import pytest

from doppelganger.errors import OutputError
from doppelganger.images import RGB

av = pytest.importorskip("av", reason="the studio extra is not installed")

PATH = np.zeros((2, 16, 512), np.float32)


class Painter:
    def synthesise(self, w: np.ndarray) -> RGB:
        return np.full((64, 64, 3), 120, np.uint8)


def film(target: Path, size: int = 64) -> None:
    from doppelganger.film import continuum_film

    continuum_film(PATH, target, Painter(), size=size)  # type: ignore[arg-type]


def test_an_odd_side_loses_a_pixel_and_missing_folders_are_made(tmp_path: Path) -> None:
    film(tmp_path / "new" / "odd.mp4", 63)
    with av.open(str(tmp_path / "new" / "odd.mp4")) as opened:
        assert (opened.streams.video[0].width, opened.streams.video[0].height) == (62, 62)


def test_what_cannot_be_written_is_one_sentence_and_leaves_nothing(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "file").write_text("")
    for target in (tmp_path / "folder", tmp_path / "file" / "film.mp4"):
        with pytest.raises(OutputError, match="could not be written"):
            film(target)
    assert sorted(one.name for one in tmp_path.rglob("*")) == ["file", "folder"]


def test_what_the_encoder_refuses_is_one_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(*_: object, **__: object) -> None:
        raise av.error.ExternalError(-542398533, "Generic error in an external library")

    monkeypatch.setattr(av.VideoFrame, "from_ndarray", refused, raising=True)
    with pytest.raises(OutputError, match="Generic error"):
        film(tmp_path / "film.mp4")
    assert list(tmp_path.iterdir()) == []

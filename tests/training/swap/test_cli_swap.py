"""``swap match`` and ``swap convert`` as somebody types them."""

import json
from pathlib import Path

import pytest
from swapping_sets import CONSENT, People

from doppelganger.cli.bar import ProgressBar
from doppelganger.cli.main import run
from doppelganger.images import encode_png, read_image, resize_area
from doppelganger.training.swap.run_folder import RunFolder
from filming import write_video


def test_match_says_of_what_its_quality_is_made(
    extracted_pair: tuple[Path, Path], capsys: pytest.CaptureFixture[str]
) -> None:
    ada, bea = map(str, extracted_pair)
    assert run(["swap", "match", ada, bea, ada, "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    best = said["candidates"][0]
    assert best["name"] == extracted_pair[0].name
    assert set(best["foretold"]) == {"number", "sharpness", "resolution", "coverage", "light"}
    assert best["weakest"] == "number"
    assert 0 < best["quality"] < 1
    assert "not been held against trained swaps" in said["note"]
    assert run(["swap", "match", ada, bea]) == 0
    shown = capsys.readouterr().out
    assert "not been held against trained swaps" in shown
    assert "the weakest part is its" in shown


def test_a_run_goes_on_as_it_was_begun_or_not_at_all(
    extracted_pair: tuple[Path, Path], swap_run: RunFolder, capsys: pytest.CaptureFixture[str]
) -> None:
    order = ["swap", "train", *map(str, extracted_pair), "-o", str(swap_run.root), "--steps", "1"]
    before = swap_run.about()
    assert run([*order, "--preset", "standard"]) == 3
    assert f"begun with --preset {before.preset.name}" in capsys.readouterr().err
    assert run([*order, "--batch", "9"]) == 3
    assert f"begun with --batch {before.preset.batch}" in capsys.readouterr().err
    assert run([*order, "--seed", str(before.seed), "--batch", str(before.preset.batch), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["run"] == str(swap_run.root)


def test_a_photo_and_a_film_with_their_pages(
    people: People,
    swap_run: RunFolder,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("ada.png").write_bytes(encode_png(people.a[2]))
    Path("scene.png").write_bytes(encode_png(people.a[0]))
    convert = ["swap", "convert", str(swap_run.root), "scene.png", "--who", "ada.png", "--device", "cpu", "--json"]
    assert run([*convert, "--preview", "page.txt"]) == 2
    assert "must end in .html" in capsys.readouterr().out
    assert run([*convert, "-o", "out.png", "--preview", "page.html"]) == 0
    assert json.loads(capsys.readouterr().out)["preview"] == "page.html"
    page = Path("page.html").read_text("utf-8")
    assert page.count('<figure class="moment">') == 1
    assert page.count(CONSENT) == 2
    assert read_image(Path("out.png")).shape == people.a[0].shape

    write_video(Path("talk.mp4"), [resize_area(people.a[k], 256, 256) for k in (0, 1, 0)])
    film = [word if word != "scene.png" else "talk.mp4" for word in convert] + ["-o", "out.mp4", "--preview", "b.html"]
    bar = ProgressBar.__call__

    def stop(self: ProgressBar, event: object) -> None:
        bar(self, event)  # type: ignore[arg-type]
        if getattr(event, "stage", "") == "converting" and getattr(event, "done", 0) == 2:
            raise KeyboardInterrupt

    monkeypatch.setattr(ProgressBar, "__call__", stop)
    assert run(film) == 130
    assert "the same command goes on" in capsys.readouterr().out
    monkeypatch.setattr(ProgressBar, "__call__", bar)
    assert run(film) == 0
    said = json.loads(capsys.readouterr().out)
    assert (said["frames"], said["swapped"], said["kept"]) == (3, 3, 2)
    assert Path("b.html").read_text("utf-8").count('<figure class="moment">') == 3
    assert not list(tmp_path.glob("*unfinished*"))

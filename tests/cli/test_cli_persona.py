import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from doppelganger.cli.main import run
from doppelganger.cli.persona import _beside
from doppelganger.generators.protocol import Latent
from doppelganger.keeping import Seen
from doppelganger.lookalikes import LookAlike
from doppelganger.persona.apart import APART
from doppelganger.persona.folder import save
from doppelganger.persona.persona import CONSENT, Persona
from doppelganger.subject import Subject


def said(capsys: pytest.CaptureFixture[str]) -> dict:
    return json.loads(capsys.readouterr().out)


def test_a_persona_begins_is_shown_listed_and_deleted(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = tmp_path / "ada"
    assert run(["persona", "new", str(folder), "--seed", "3", "--device", "cpu", "--json"]) == 0
    made = said(capsys)
    assert made["folder"] == str(folder) and made["name"] == "ada" and made["provenance"]["seed"] == 3
    assert run(["persona", "show", str(folder)]) == 0
    assert CONSENT[:40] in capsys.readouterr().out
    assert run(["persona", "list", str(tmp_path), "--json"]) == 0
    assert said(capsys)["personas"] == [{"folder": str(folder), "name": "ada"}]
    assert run(["persona", "delete", str(folder), "--yes"]) == 0
    assert "ada is gone" in capsys.readouterr().out and not folder.exists()
    assert run(["persona", "list", str(tmp_path)]) == 0
    assert "No persona" in capsys.readouterr().out


def test_personas_in_a_folder_are_different_people(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["persona", "new", str(tmp_path / "ada"), "--seed", "5", "--device", "cpu", "--json"]) == 0
    assert said(capsys)["most like"] is None
    assert run(["persona", "new", str(tmp_path / "ben"), "--device", "cpu", "--json"]) == 0
    ben = said(capsys)
    assert ben["most like"]["name"] == "ada" and ben["most like"]["ratio"] >= APART
    assert run(["persona", "new", str(tmp_path / "eve"), "--seed", "5", "--device", "cpu"]) == 0
    assert "much like ada, at 0.00" in capsys.readouterr().out
    (tmp_path / "eve" / "persona.safetensors").unlink()  # nobody any more
    assert [one.name for one in _beside(tmp_path / "new")] == ["ada", "ben"]


@pytest.mark.parametrize(
    ("arguments", "code", "sentence"),
    [
        (["new", "x", "--from", "y", "--seed", "1"], 2, "Choose --from"),
        (["show", "nowhere"], 2, "no persona"),
        (["delete", "nowhere", "--yes"], 2, "nothing was deleted"),
        (["new", "."], 6, "already"),
        (["shoot", "nowhere"], 2, "no persona"),
    ],
)
def test_mistakes_are_sentences(
    arguments: list[str],
    code: int,
    sentence: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    assert run(["persona", *arguments, "--json"]) == code
    assert sentence in said(capsys)["error"]


def test_a_mistake_in_a_set_is_said_before_anything_is_taken(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], nobody: Persona
) -> None:
    folder = save(nobody, tmp_path / "nobody")
    (tmp_path / "mine.yaml").write_text("vary:\n  yawn: [0, 1]\n", "utf-8")
    assert run(["persona", "shoot", str(folder), "--set", str(tmp_path / "mine.yaml")]) == 2
    assert "mine.yaml, line 2: there is no direction 'yawn'" in capsys.readouterr().err
    assert not (folder / "shoots").exists()


def test_with_json_nothing_is_deleted_unless_it_is_said(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], nobody: Persona
) -> None:
    folder = save(nobody, tmp_path / "nobody")
    assert run(["persona", "delete", str(folder), "--json"]) == 2
    assert "--yes" in said(capsys)["error"] and (folder / "persona.json").is_file()
    assert run(["persona", "delete", str(folder), "--json", "--yes"]) == 0
    assert said(capsys)["name"] == "nobody" and not folder.exists()


def test_stopped_look_alikes_are_kept_shown_and_named(
    astronaut_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def stopped(subject: Subject, closest: Latent, *_: object, **__: object) -> Iterator[LookAlike]:
        seen = Seen(subject.portrait.image, {}, {}, ({"dlib": 1.2},))
        shares = {"age": (30.0, 31.0), "yaw": (0.0, 1.0)}
        yield LookAlike(1, closest, seen, (), shares, ("brown", "brown"), 0.2)
        raise KeyboardInterrupt

    monkeypatch.setattr("doppelganger.lookalikes.look_alikes", stopped)
    out = tmp_path / "alike"
    words = ["lookalikes", str(astronaut_file), "--steps", "10", "--count", "3", "--device", "cpu", "--out", str(out)]
    assert run(words) == 130
    shown = capsys.readouterr()
    sentence = f"Stopped; 1 of 3 look-alikes were found and are kept in {out}."
    assert shown.err.strip().endswith(sentence) and "01" in shown.out
    assert (out / "share" / "lookalike-01.png").is_file()
    assert list((tmp_path / ".alike.partial").glob("projection-*")), "the projection is gone"
    assert run([*words, "--json"]) == 130
    assert said(capsys)["error"] == sentence.replace(str(out), f"{out}-2")


def test_look_alikes_of_what_is_no_picture(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "me.jpg").write_bytes(b"no")
    assert run(["lookalikes", str(tmp_path / "me.jpg")]) == 3
    assert capsys.readouterr().err.strip().endswith(".")


@pytest.fixture
def nobody() -> Persona:
    """A persona without a face, for what never looks at it."""
    import numpy as np

    blank = np.zeros((1024, 1024, 3), np.uint8)
    return Persona(
        "nobody", np.zeros((39, 512), np.float32), blank, {}, {}, {}, {"age": 30.0, "female": 1.0}, {}, CONSENT, {}
    )

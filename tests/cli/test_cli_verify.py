import json
from pathlib import Path

import pytest

from doppelganger.cli.main import run


def verdicts(capsys: pytest.CaptureFixture[str]) -> dict:
    return json.loads(capsys.readouterr().out)


def test_a_photo_is_the_same_person_as_itself_to_every_verifier(
    astronaut_file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["verify", str(astronaut_file), str(astronaut_file), "--json"]) == 0
    said = verdicts(capsys)
    assert len(said["verdicts"]) == 8 and len({row["verifier"] for row in said["verdicts"]}) == 4
    assert all(row["distance"] == pytest.approx(0, abs=1e-6) and row["verdict"] == "same" for row in said["verdicts"])
    assert said["panel"] == {"privacy": "same", "identity": "same"}
    assert all(row["source"] for row in said["verdicts"])


def test_a_stranger_is_somebody_else_to_every_verifier_and_identity_is_the_stricter_point(
    astronaut_file: Path, stranger_file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["verify", str(astronaut_file), str(stranger_file), "--json"]) == 0
    said = verdicts(capsys)
    assert said["panel"] == {"privacy": "different", "identity": "different"}
    by_point = {(row["verifier"], row["point"]): row for row in said["verdicts"]}
    for verifier in {row["verifier"] for row in said["verdicts"]}:
        privacy, identity = by_point[verifier, "privacy"], by_point[verifier, "identity"]
        assert privacy["distance"] == identity["distance"] > privacy["threshold"] > identity["threshold"]


def test_people_read_a_table_with_the_panel_last(
    astronaut_file: Path, stranger_file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["verify", str(astronaut_file), str(stranger_file)]) == 0
    lines = capsys.readouterr().out.strip().splitlines()
    assert len([line for line in lines if line.split()[0] in ("dlib", "SFace", "ArcFace-MBF", "EdgeFace-S")]) == 4
    assert lines[-1].split() == ["panel", "different", "different"]

import json
import runpy
import sys
from pathlib import Path
from typing import Any

import pytest

from doppelganger.faces.detector import Face
from doppelganger.images import RGB, encode_png
from doppelganger.verifiers.panel import Panel
from doppelganger.verifiers.protocol import OperatingPoint
from doppelganger.verifiers.thresholds import Published, calibration, thresholds_of

NAMES = ["dlib", "SFace", "ArcFace-MBF", "EdgeFace-S"]


@pytest.mark.parametrize("name", NAMES)
def test_calibrated_on_enough_faces(name: str) -> None:
    row = calibration()["verifiers"][name]
    assert row["faces"] >= 1000
    assert row["pairs"] == row["faces"] * (row["faces"] - 1) // 2
    table = row["distance_at_far"]
    assert list(table) == ["1e-2", "1e-3", "1e-4", "1e-5"]
    assert sorted(table.values(), reverse=True) == list(table.values())
    assert row["impostor_min"] < table["1e-4"] < table["1e-2"] < row["impostor_mean"]


def test_every_member_has_both_points_with_their_source(panel: Panel) -> None:
    assert [member.name for member in panel.members] == NAMES
    for member in panel.members:
        privacy, identity = (member.thresholds[point] for point in OperatingPoint)
        assert privacy.value > identity.value > 0
        assert identity.far == 1e-4
        for threshold in (privacy, identity):
            assert threshold.source.startswith(("published: ", "calibrated: FAR 1e-"))
            assert member.licence


def test_privacy_forgives_at_least_as_much_as_the_originals_tolerance(panel: Panel) -> None:
    dlib_member = panel.members[0]
    assert dlib_member.thresholds[OperatingPoint.PRIVACY].value >= 0.6
    sface = panel.members[1]
    assert sface.thresholds[OperatingPoint.PRIVACY].value >= 1 - 0.363


@pytest.mark.parametrize("name", NAMES)
def test_privacy_takes_whichever_forgives_more(name: str) -> None:
    row = calibration()["verifiers"][name]
    measured = row["distance_at_far"]["1e-3"]
    strict, lax = (thresholds_of(name, Published(measured + d, "a paper")) for d in (-0.01, 0.01))
    assert strict[OperatingPoint.PRIVACY].value == measured
    assert strict[OperatingPoint.PRIVACY].far == 1e-3
    assert strict[OperatingPoint.PRIVACY].source.startswith("calibrated: FAR 1e-3")
    assert lax[OperatingPoint.PRIVACY].value == pytest.approx(measured + 0.01)
    assert lax[OperatingPoint.PRIVACY].source == "published: a paper"
    assert thresholds_of(name, None)[OperatingPoint.IDENTITY] == lax[OperatingPoint.IDENTITY]


@pytest.mark.parametrize("name", NAMES)
def test_identity_takes_whichever_is_stricter(name: str) -> None:
    measured = calibration()["verifiers"][name]["distance_at_far"]["1e-4"]
    strict, lax = (thresholds_of(name, Published(measured + d, "a paper")) for d in (-0.01, 0.01))
    assert strict[OperatingPoint.IDENTITY].value == pytest.approx(measured - 0.01)
    assert strict[OperatingPoint.IDENTITY].source == "published: a paper"
    assert strict[OperatingPoint.IDENTITY].far == calibration()["verifiers"][name]["far_at_published"]
    assert lax[OperatingPoint.IDENTITY].value == measured
    assert lax[OperatingPoint.IDENTITY].far == 1e-4
    assert lax[OperatingPoint.IDENTITY].source.startswith("calibrated: FAR 1e-4")
    assert lax[OperatingPoint.PRIVACY].value > lax[OperatingPoint.IDENTITY].value


def calibrate(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], *arguments: str) -> dict[str, Any]:
    script = Path(__file__).parents[2] / "benchmarks" / "calibrate_thresholds.py"
    monkeypatch.setattr(sys, "argv", [script.name, *arguments])
    runpy.run_path(str(script), run_name="__main__")
    result: dict[str, Any] = json.loads(capsys.readouterr().out)
    return result


def test_calibration_on_a_folder_with_several_pictures_a_person(
    people: list[tuple[RGB, Face]],
    panel: Panel,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Two pictures of one person in a sub-folder, the second only cropped; two others in the folder itself."""
    first, second, third = (image for image, _ in people[:3])
    files = {"a/1.png": first, "a/2.png": first[40:-40, 40:-40], "b.png": second, "c.png": third}
    for name, image in files.items():
        file = tmp_path / "photos" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(encode_png(image))
    (tmp_path / "photos" / "notes.txt").write_text("no picture")

    result = calibrate(monkeypatch, capsys, "--folder", str(tmp_path / "photos"), "--disturbed", "0")
    assert result["population"] == "4 pictures of 3 people in photos"
    for member in panel.members:
        row = result["verifiers"][member.name]
        assert (row["faces"], row["pairs"]) == (4, 5)  # of the six pairs one is genuine
        assert row["distance_at_far"] == {}  # five pairs say nothing about one in a hundred
        # so the pairs are judged at the points that the package holds
        assert row["operating_points"] == {point: member.thresholds[point].value for point in OperatingPoint}
        genuine = row["genuine_pairs"]
        assert (genuine["n"], genuine["people"]) == (1, 1)
        assert genuine["max"] < row["impostor_min"]
        for point in OperatingPoint:
            accepted = genuine[f"accepted_{point}"]
            assert accepted["value"] == (genuine["max"] <= member.thresholds[point].value)
            assert accepted["low"] <= accepted["value"] <= accepted["high"]
        assert genuine["accepted_privacy"]["value"] == 1

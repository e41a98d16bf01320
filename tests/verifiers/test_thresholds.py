import pytest

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

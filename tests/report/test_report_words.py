"""The sentence above the pictures says what was measured, whoever agrees or doubts."""

import pytest
from sample import sample_result, verdicts

from doppelganger.report import words
from doppelganger.result import FaceRecord, Verdict

OUT, IN, ALMOST = 1.1, 0.9, 1.001  # ALMOST: only a disturbance gives it away


@pytest.mark.parametrize(
    ("ratios", "held_out", "sentence"),
    [
        (
            (OUT, OUT, OUT, OUT),
            ("EdgeFace-S",),
            "Every searched recogniser, and EdgeFace-S, which the search never saw, take these for two people.",
        ),
        (
            (OUT, OUT, OUT, IN),
            ("EdgeFace-S",),
            "Every searched recogniser takes these for two people; EdgeFace-S, which the search never saw, takes them for one.",
        ),
        (
            (OUT, OUT, OUT, IN),
            ("ArcFace-MBF", "EdgeFace-S"),
            "Every searched recogniser takes these for two people; so does ArcFace-MBF; "
            "EdgeFace-S, which the search never saw, takes them for one.",
        ),
        (
            (OUT, OUT, OUT, OUT),
            ("SFace", "ArcFace-MBF", "EdgeFace-S"),
            "dlib, the recogniser that was searched, and SFace, ArcFace-MBF and EdgeFace-S, which the search never saw, "
            "take these for two people.",
        ),
        (
            (OUT, OUT, OUT, OUT),
            (),
            "Every recogniser takes these for two people; the search saw all of them, so none is an independent witness.",
        ),
        (
            (IN, OUT, OUT, OUT),
            ("EdgeFace-S",),
            "dlib takes these for one person; SFace, ArcFace-MBF and EdgeFace-S take these for two.",
        ),
        ((IN, IN, IN, IN), ("EdgeFace-S",), "dlib, SFace, ArcFace-MBF and EdgeFace-S take these for one person."),
    ],
)
def test_headline(ratios: tuple[float, ...], held_out: tuple[str, ...], sentence: str) -> None:
    assert words.headline(FaceRecord("doppelgänger", verdicts(ratios, True, held_out), {})) == sentence


def test_headline_names_the_disturbance_that_gives_the_face_away() -> None:
    verdict = Verdict("dlib", "privacy", 0.61, 0.6, False, {"blur": 0.63, "jpeg 75": 0.58})
    assert (
        words.headline(FaceRecord("doppelgänger", (verdict,), {})) == "dlib (after jpeg 75) takes these for one person."
    )


def test_worst_is_the_clean_picture_where_every_disturbance_helps() -> None:
    assert words.worst(Verdict("dlib", "privacy", 0.61, 0.6, False, {"blur": 0.63})) == ("clean", 0.61)


def test_likeness_compares_with_the_closest_match() -> None:
    sentence = words.likeness(sample_result())
    assert "0.052" in sentence and "0.041" in sentence and "LPIPS (AlexNet, 256²)" in sentence

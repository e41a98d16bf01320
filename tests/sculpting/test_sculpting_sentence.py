"""What is understood of a sentence, and what is handed back."""

from pathlib import Path

import pytest

from doppelganger.sculpting.sentence import VOCABULARY, understand
from doppelganger.sculpting.traits import TRAITS
from doppelganger.sculpting.wish import wish


@pytest.mark.parametrize(
    ("sentence", "asked"),
    [
        (
            "a bald man of sixty with glasses, laughing",
            {"sex": "male", "age": 60, "bald": "yes", "glasses": "yes", "smile": 0.9, "teeth": "yes", "mouth": "open"},
        ),
        ("A 45-year-old red-haired woman.", {"sex": "female", "age": 45, "hair": "red"}),
        ("a girl of twelve", {"sex": "female", "age": 12}),
        ("girl, aged forty-two", {"sex": "female", "age": 42}),
        ("a man in his early fifties", {"sex": "male", "age": 52}),
        ("a man in his 30s", {"sex": "male", "age": 35}),
        ("an old woman without glasses", {"sex": "female", "age": 70, "glasses": "no"}),
        ("a woman with no make-up, long hair", {"sex": "female", "makeup": "no", "hair-length": "long"}),
        ("long curly black hair", {"hair-length": "long", "curl": "curly", "hair": "black"}),
        ("a man, not smiling, turned to the left", {"sex": "male", "smile": 0.05, "yaw": 20}),
        ("dark skin and blue eyes", {"skin": "dark", "eye-colour": "blue"}),
        ("", {}),
    ],
)  # fmt: skip
def test_what_is_said_is_what_is_asked(sentence: str, asked: dict[str, object]) -> None:
    understood = understand(sentence)
    assert understood.asked == asked
    assert understood.unknown == ()


def test_unknown_words_are_said_in_their_order() -> None:
    understood = understand("A melancholy woman with green hair riding a bicycle")
    assert understood.asked == {"sex": "female"}
    assert understood.unknown == ("melancholy", "green", "riding", "bicycle")


def test_a_word_inside_another_is_not_a_word() -> None:
    assert understand("a womanly manhole, oldest greyhound").asked == {}


def test_the_whole_vocabulary_can_be_asked() -> None:
    for phrase, asked in VOCABULARY.items():
        assert set(asked) <= set(TRAITS)
        assert wish(asked).bounds.keys() == asked.keys(), phrase
        assert understand(phrase).asked == asked
        assert understand(phrase).unknown == ()


def test_the_page_has_every_trait_and_phrase() -> None:
    page = (Path(__file__).parents[2] / "docs" / "faces.md").read_text(encoding="utf-8")
    rows = [line for line in page.splitlines() if line.startswith("| ")]
    for trait in TRAITS.values():
        (row,) = [row for row in rows if row.startswith(f"| `{trait.name}` |")]
        assert trait.says in row and all(f"`{word}`" in row for word in trait.words)
    phrases = {phrase.strip() for row in rows for phrase in row.strip("| ").split(" | ")[-1].split(",")}
    assert set(VOCABULARY) <= phrases

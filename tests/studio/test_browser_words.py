"""The page's texts are apart from its code, and whole in every language."""

import json
import re
from importlib import resources
from typing import Any

PAGE = resources.files("doppelganger.studio").joinpath("page")
CODES = (
    "not-a-picture too-large too-many-pixels no-face face-too-small profile too-young not-found busy rate token forbidden gone "
    "trouble"
)


def leaves(branch: Any, path: str = "") -> dict[str, str]:
    """Path → text of everything in a file of texts."""
    if isinstance(branch, str):
        return {path: branch}
    pairs = branch.items() if isinstance(branch, dict) else enumerate(branch)
    return {name: text for key, value in pairs for name, text in leaves(value, f"{path}.{key}".lstrip(".")).items()}


def texts(language: str) -> dict[str, str]:
    return leaves(json.loads(PAGE.joinpath("strings", f"{language}.json").read_text(encoding="utf-8")))


def code() -> str:
    return "\n".join(file.read_text(encoding="utf-8") for file in PAGE.iterdir() if file.name.endswith(".js"))


def test_both_languages_say_everything() -> None:
    english, german = texts("en"), texts("de")
    assert english.keys() == german.keys()
    holes = {
        language: {path: sorted(set(re.findall(r"\{\w+\}", text))) for path, text in said.items()}
        for language, said in (("en", english), ("de", german))
    }
    assert holes["en"] == holes["de"]
    assert all(
        text.strip() or path.startswith("live.short") for said in (english, german) for path, text in said.items()
    )


def test_every_text_that_the_code_asks_for_is_there() -> None:
    english = texts("en")
    asked = set(re.findall(r'\b(?:t|branch)\(\s*"([\w.-]+)"', code()))
    assert len(asked) > 100
    missing = {key for key in asked if key not in english and not any(path.startswith(f"{key}.") for path in english)}
    assert missing == set()


def test_every_refusal_has_a_sentence() -> None:
    for language in ("en", "de"):
        said = texts(language)
        for word in CODES.split():
            assert said[f"error.{word}"].endswith((".", "?"))


def test_no_text_hides_in_the_code() -> None:
    """No two words in a row outside the files of texts, but for what is sent, styled or said to a developer."""
    strings = re.findall(r'h\("[\w]+", \{[^{}]*\}, "([^"]+)"', code())
    assert [text for text in strings if re.search(r"[A-Za-z]{3,} [a-z]{2,}", text)] == []
    assert "innerHTML" not in code() and 'setAttribute("style"' not in code()

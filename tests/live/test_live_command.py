"""What the command says before a call begins."""

from pathlib import Path

import pytest

from doppelganger.cli.main import run


@pytest.mark.parametrize(
    ("arguments", "code", "sentence"),
    [
        ([], 2, "Give the avatars to wear"),
        (["ada", "--server", "wss://elsewhere"], 2, "give either AVATAR or --server"),
        (["ada", "--record", "call.mp4"], 2, "belong to --desktop"),
        (["no-such-folder"], 1, "There is no avatar in no-such-folder"),
        (["."], 1, "make one with `doppelganger rig`"),
    ],
    ids=["nobody", "both", "desktop", "missing", "empty"],
)
def test_what_cannot_begin_ends_in_a_sentence(
    arguments: list[str], code: int, sentence: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys
) -> None:
    monkeypatch.chdir(tmp_path)
    assert run(["live", "--no-open", "--port", "0", *arguments]) == code
    assert sentence in " ".join(capsys.readouterr().err.split())

"""What the command says before a call begins."""

from pathlib import Path
from typing import Never

import pytest

from doppelganger.cli.main import run
from doppelganger.live.remote.address import RemoteError
from doppelganger.live.remote.client import RemoteReenactor


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


@pytest.mark.parametrize(
    ("arguments", "used"),
    [
        (["wss://elsewhere"], "environment"),
        (["wss://elsewhere", "--token", "option"], "option"),
        (["wss://elsewhere#token=link"], None),
    ],
    ids=["environment", "option", "link"],
)
def test_the_token_may_stay_off_the_command_line(
    arguments: list[str], used: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    taken: list[str | None] = []

    def connect(url: str, token: str | None, **options: object) -> Never:
        taken.append(token)
        raise RemoteError("Far enough.")

    monkeypatch.setattr(RemoteReenactor, "connect", connect)
    monkeypatch.setenv("DOPPELGANGER_TOKEN", "environment")
    assert run(["live", "--no-open", "--server", *arguments]) == 1
    assert taken == [used]

"""The parts that need no server: turns, pace, buckets, hosts, the database, the words that must agree with the library's."""

import os
import sqlite3
import subprocess
import sys
import time
from contextlib import ExitStack
from pathlib import Path
from typing import Any, get_args

import pytest

from doppelganger.errors import OutputError
from doppelganger.settings import Settings
from doppelganger.studio import refusals, schema
from doppelganger.studio.access.buckets import Buckets
from doppelganger.studio.access.gate import Gate
from doppelganger.studio.access.hosts import host_name, is_loopback
from doppelganger.studio.access.token import kept_hash, make_token, opens
from doppelganger.studio.database import MIGRATIONS, Database
from doppelganger.studio.house import House
from doppelganger.studio.looker import panel_table
from doppelganger.studio.pace import FIRST_GUESS, Pace
from doppelganger.studio.queue_order import fair_order
from doppelganger.studio.tables.all import tables
from doppelganger.studio.tables.jobs import JobRow
from doppelganger.studio.worker import settings_of
from doppelganger.verifiers.panel import VERIFIERS


def job(name: str, person: str, created: float) -> JobRow:
    rest: dict[str, Any] = dict.fromkeys(
        ("upload", "source", "result", "seconds_left", "error", "code", "begun"), None
    ) | dict.fromkeys(("done", "total", "crashes", "restarts"), 0)
    return JobRow(
        id=name, person=person, kind="make", state="queued", settings={}, stage="", share=0.0, created=created,
        expires=0.0, **rest,
    )  # fmt: skip


def order(*jobs: JobRow, last: dict[str, float] | None = None, running: tuple[str, ...] = ()) -> list[str]:
    return [one.id for one in fair_order(jobs, last or {}, running)]


def test_everybody_has_one_before_anybody_has_two() -> None:
    queue = [
        job("a1", "anna", 1),
        job("a2", "anna", 2),
        job("a3", "anna", 3),
        job("b1", "ben", 4),
        job("c1", "cleo", 5),
    ]
    assert order(*queue) == ["a1", "b1", "c1", "a2", "a3"]
    assert order(*queue, running=("anna",)) == ["b1", "c1", "a1", "a2", "a3"]
    assert order(*queue, last={"anna": 9.0, "ben": 8.0}) == ["c1", "b1", "a1", "a2", "a3"]
    assert order() == []


def test_the_share_never_falls_and_the_pace_is_learnt() -> None:
    pace = Pace()
    run = pace.run("make")
    assert sum(run.weights.values()) == pytest.approx(1)
    assert run.seconds_left is None
    shares = []
    for stage, total in (
        ("weights", 3),
        ("projection", 4),
        ("border", 1),
        ("nearest", 2),
        ("nearest", 4),
        ("judging", 1),
    ):
        for done in range(1, total + 1):
            time.sleep(0.002 if stage == "projection" else 0.001)
            run.advance(stage, done, total)
            shares.append(run.share)
    assert shares == sorted(shares) and shares[-1] == pytest.approx(1)
    pace.learn(run)
    learnt = pace.run("make").weights
    assert learnt != FIRST_GUESS["make"] and sum(learnt.values()) == pytest.approx(1, abs=0.02)


def test_a_job_that_goes_on_is_not_taken_for_a_fast_one() -> None:
    run = Pace().run("make")
    run.advance("projection", 50, 60)
    assert run.share > 0.4 and run.seconds_left is None


def test_buckets_empty_and_fill() -> None:
    buckets = Buckets(2, 0.2)
    assert buckets.empty("a") == 0
    assert [buckets.take("a") == 0 for _ in range(3)] == [True, True, False]
    assert 0 < buckets.empty("a") <= 0.1
    assert buckets.take("b") == 0
    time.sleep(0.15)
    assert buckets.take("a") == 0


def test_the_gate_counts_who_is_inside() -> None:
    gate = Gate(2, 3)
    with ExitStack() as inside:
        for person in ("anna", "anna", "ben"):
            inside.enter_context(gate.passing(person))
        for person in ("anna", "cleo"):
            with pytest.raises(refusals.Refusal), gate.passing(person):
                raise AssertionError("let through")
    with gate.passing("anna"), gate.passing("cleo"):
        pass


@pytest.mark.parametrize(
    ("header", "name"),
    [
        ("localhost:8765", "localhost"),
        ("LocalHost.", "localhost"),
        ("127.0.0.1", "127.0.0.1"),
        ("[::1]:80", "::1"),
        ("[::1]", "::1"),
        ("", None),
        ("a:b", None),
        ("[::1", None),
        ("[::1]x", None),
        ("::1", None),
        ("a:1:2", None),
    ],
)
def test_host_headers(header: str, name: str | None) -> None:
    assert host_name(header) == name


def test_what_is_loopback() -> None:
    assert all(is_loopback(host) for host in ("127.0.0.1", "127.9.9.9", "::1", "localhost"))
    assert not any(is_loopback(host) for host in ("0.0.0.0", "::", "192.168.1.5", "example.org", ""))


def test_a_token_is_kept_as_its_hash(tmp_path: Path) -> None:
    house = House(tmp_path / "data")
    house.occupy()
    assert kept_hash(house.token) is None
    token, token_hash = make_token(house.token)
    assert kept_hash(house.token) == token_hash and opens(token, token_hash)
    assert not opens("", token_hash) and not opens(None, token_hash) and not opens(token_hash, token_hash)
    assert token not in house.token.read_text() and house.token.stat().st_mode & 0o077 == 0
    house.leave()


def test_a_folder_has_one_server(tmp_path: Path) -> None:
    house = House(tmp_path / "data")
    house.occupy()
    other = "import sys; from pathlib import Path; from doppelganger.studio.house import House; House(Path(sys.argv[1])).occupy()"
    ran = subprocess.run([sys.executable, "-c", other, str(house.root)], capture_output=True, encoding="utf-8")
    assert ran.returncode == 1 and "Another Studio uses" in ran.stderr
    house.leave()
    with pytest.raises(OutputError, match="cannot be used"):
        House(Path("/dev/null/data")).occupy()


def test_another_token_shuts_out_who_came_by_the_first(tmp_path: Path) -> None:
    database = Database(tmp_path / "a.sqlite3")
    first, second, none = (tables(database, door).people for door in ("one", "two", None))
    person, cookie = first.welcome()
    assert first.known_by(cookie) == person
    assert second.known_by(cookie) is None and none.known_by(cookie) is None
    assert cookie.encode() not in (tmp_path / "a.sqlite3").read_bytes() + (tmp_path / "a.sqlite3-wal").read_bytes()
    database.close()


def test_the_database_knows_its_version(tmp_path: Path) -> None:
    for _ in range(2):
        database = Database(tmp_path / "a.sqlite3")
        assert database.count("PRAGMA user_version") == len(MIGRATIONS)
        database.close()
    assert (tmp_path / "a.sqlite3").stat().st_mode & 0o077 == 0


def test_together_is_all_or_nothing(tmp_path: Path) -> None:
    database = Database(tmp_path / "a.sqlite3")
    people = tables(database, None).people
    with pytest.raises(sqlite3.IntegrityError), database.together():
        people.welcome()
        database.write("INSERT INTO people VALUES (NULL, NULL, NULL, NULL, NULL)")
    assert people.everybody() == set()
    database.close()


def test_the_words_agree_with_the_librarys() -> None:
    assert get_args(schema.Recogniser) == tuple(VERIFIERS)
    assert [row["short"] for row in panel_table()] == list(VERIFIERS)


def test_settings_as_the_page_chose_them() -> None:
    chosen = {"face": 1, "margin": 0.5, "held_out": ["dlib"], "seed": 4, "background": "#102030", "steps": None}
    settings = settings_of(chosen)
    assert settings.projection == Settings().projection and settings.nearest.margin == 0.5
    assert (settings.face, settings.held_out, settings.seed, settings.background) == (1, ("dlib",), 4, "#102030")
    for steps in (12, 60, 400):
        assert settings_of({**chosen, "steps": steps}).projection.steps == steps
    assert settings_of({**chosen, "steps": 12}).nearest.steps < settings.nearest.steps
    assert settings_of({**chosen, "steps": 400}).nearest == settings.nearest


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="only Linux can be told")
def test_decoding_may_take_only_so_much_memory() -> None:
    code = (
        "from doppelganger.studio.looker import at_most\n"
        "with at_most(50_000_000):\n"
        "    small = bytearray(10_000_000)\n"
        "    try: large = bytearray(200_000_000)\n"
        "    except MemoryError: print('refused')\n"
        "large = bytearray(200_000_000)"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, encoding="utf-8", check=True)
    assert ran.stdout.strip() == "refused"


def test_the_server_loads_no_network() -> None:
    code = (
        "import sys; import doppelganger.studio.serve; "
        "heavy = {'torch', 'openvino', 'cv2', 'dlib', 'safetensors.torch'} & set(sys.modules); assert not heavy, heavy"
    )
    subprocess.run([sys.executable, "-c", code], check=True, env={**os.environ, "PYTHONWARNINGS": "ignore"})


def test_the_helpers_report_to_nobody() -> None:
    """OpenVINO sends an event to its makers when it is imported, unless it is kept from it."""
    code = (
        "import sys, types; from doppelganger.studio import helping; probe = types.ModuleType('probe'); "
        "probe.main = lambda: __import__('openvino'); sys.modules['probe'] = probe; helping.main('probe'); "
        "from openvino.tools.ovc import telemetry_utils; assert 'stub' in telemetry_utils.tm.__name__, telemetry_utils.tm"
    )
    subprocess.run([sys.executable, "-c", code], check=True)

"""Bad lines, dead servers, full servers: the call goes on, and what it shows is the avatar."""

import time
from collections.abc import Callable
from itertools import pairwise
from typing import Never

import pytest
from bad_line import BadLine
from driving import PATIENCE, Driver, Seen, is_avatar
from replica import Replica

from doppelganger.images import RGB
from doppelganger.live.remote import line
from doppelganger.live.remote.address import RemoteError
from doppelganger.live.remote.client import PATIENCE as AT_MOST
from doppelganger.live.remote.client import RemoteReenactor
from doppelganger.puppet.motion import Motion
from doppelganger.puppet.performance import HELD_SECONDS

Connect = Callable[..., RemoteReenactor]
AFTER_RECOVERY = 2.0
"""Seconds without a fresh picture that are allowed once the cause is gone."""


def all_avatar(seen: list[Seen], still: RGB) -> bool:
    return all(is_avatar(one.image, still) for one in seen)


def test_a_killed_server_comes_back(
    replica: Callable[..., Replica], driver: Connect, stills: dict[str, RGB], at_rest: Motion
) -> None:
    server = replica()
    remote = driver(server.url, avatar="ben")
    there = Driver(remote, at_rest)
    there.drive_until(lambda seen: seen.shown is not None)
    server.kill()
    lost = there.drive(HELD_SECONDS + 1)
    assert all_avatar(lost, stills["ben"]) and lost[-1].shown is None, "the last picture, then the still"
    assert remote.trouble and "cannot be reached" in remote.trouble
    server.start()
    back = time.monotonic()
    seen = there.drive_until_fresh()
    assert seen[-1].at - back < AFTER_RECOVERY
    assert all_avatar(seen, stills["ben"]) and remote.trouble is None


def test_delay_and_loss(
    replica: Callable[..., Replica],
    bad_line: Callable[..., BadLine],
    driver: Connect,
    stills: dict[str, RGB],
    at_rest: Motion,
) -> None:
    line = bad_line(replica().port, delay=0.2, loss=0.1)
    remote = driver(line.url)
    there = Driver(remote, at_rest)
    there.drive_until(lambda seen: seen.shown is not None)
    begun = remote.round_trip.count
    seen = there.drive(6)
    assert line.lost > 0 and all_avatar(seen, stills["ada"])
    assert all(one.shown is not None for one in seen), "no second without a picture"
    assert remote.round_trip.count - begun > 30, "several are under way at a time"
    assert remote.round_trip.median >= 0.4
    gaps = [later.at - earlier.at for earlier, later in pairwise(seen)]
    assert max(gaps) < AT_MOST + 1, "nobody waited for the network"
    line.cut()
    cut = time.monotonic()
    assert there.drive_until_fresh()[-1].at - cut < AFTER_RECOVERY


def test_a_tunnel(
    replica: Callable[..., Replica],
    bad_line: Callable[..., BadLine],
    driver: Connect,
    stills: dict[str, RGB],
    at_rest: Motion,
) -> None:
    """Nothing comes through and nothing says so; then everything at once."""
    line = bad_line(replica().port)
    remote = driver(line.url)
    there = Driver(remote, at_rest)
    there.drive_until(lambda seen: seen.shown is not None)
    line.stall(True)
    lost = there.drive(4)
    assert all_avatar(lost, stills["ada"]) and lost[-1].shown is None and remote.trouble
    line.stall(False)
    back = time.monotonic()
    seen = there.drive_until_fresh()
    assert seen[-1].at - back < AFTER_RECOVERY and all_avatar(seen, stills["ada"])


def test_late_motions_are_passed_over(replica: Callable[..., Replica], driver: Connect, at_rest: Motion) -> None:
    """A server far slower than the camera shows what the driver did last, not what they did long ago."""
    remote = driver(replica(seconds=0.3).url)
    there = Driver(remote, at_rest)
    there.drive_until(lambda seen: seen.shown is not None)
    seen = there.drive(3)
    for one in seen[-25:]:
        assert one.shown is not None and one.asked - one.shown < 40, (
            "25 steps a second, 0.6 of one for what is under way"
        )


def test_two_drivers_get_the_same_share(replica: Callable[..., Replica], driver: Connect, at_rest: Motion) -> None:
    server = replica(seconds=0.05, limits={"sessions": 2})
    one, other = driver(server.url), driver(server.url)
    with pytest.raises(RemoteError, match="places"):
        driver(server.url)
    two = [Driver(remote, at_rest) for remote in (one, other)]
    end = time.monotonic() + 4
    while time.monotonic() < end:
        for each in two:
            each.drive(0.04)
    counts = sorted(remote.round_trip.count for remote in (one, other))
    assert counts[0] > 10 and counts[1] < 1.5 * counts[0]
    other.close()
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        try:
            driver(server.url)
            return
        except RemoteError:
            time.sleep(0.1)
    raise AssertionError("the place was never free again")


def test_a_resting_driver_gives_the_place_back_and_returns(
    replica: Callable[..., Replica], driver: Connect, at_rest: Motion
) -> None:
    remote = driver(replica(limits={"idle_seconds": 0.5}).url)
    there = Driver(remote, at_rest)
    there.drive_until(lambda seen: seen.shown is not None)
    deadline = time.monotonic() + PATIENCE
    while remote.trouble is None and time.monotonic() < deadline:
        time.sleep(0.05)
    assert remote.trouble and "rests" in remote.trouble
    there.drive_until_fresh()
    assert remote.trouble is None


def test_two_replicas_behind_one_address(
    replica: Callable[..., Replica],
    bad_line: Callable[..., BadLine],
    driver: Connect,
    stills: dict[str, RGB],
    at_rest: Motion,
) -> None:
    """A session stays where it is; when its replica dies, the other goes on, calibrated as before."""
    replicas = [replica(), replica()]
    shared = bad_line(*(one.port for one in replicas))
    remotes = [driver(shared.url, avatar="ben") for _ in range(2)]
    drivers = [Driver(remote, at_rest) for remote in remotes]
    for one in drivers:
        one.drive_until(lambda seen: seen.shown is not None and abs(seen.shown - seen.asked) < 40)
    assert shared.took == [one.port for one in replicas], "each has one of them, and keeps it"

    replicas[0].kill()
    killed = time.monotonic()
    seen = drivers[0].drive_until_fresh()
    assert seen[-1].at - killed < AFTER_RECOVERY and all_avatar(seen, stills["ben"])
    assert shared.took == [replicas[0].port, replicas[1].port, replicas[1].port]
    # at rest is where it was: a replica that had calibrated itself anew would show the middle here
    assert seen[-1].shown is not None and abs(seen[-1].shown - seen[-1].asked) < 40
    drivers[1].drive_until_fresh()


def test_a_mistake_of_the_program_ends_the_line_with_a_sentence(
    replica: Callable[..., Replica], driver: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    def mistaken(jpeg: bytes) -> Never:
        raise ZeroDivisionError

    monkeypatch.setattr(line, "decode", mistaken)
    with pytest.raises(RemoteError, match="mistake of the program"):
        driver(replica().url)

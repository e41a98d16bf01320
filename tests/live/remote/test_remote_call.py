"""An avatar rendered by a server: what comes back, and what leaves the machine."""

from collections.abc import Callable

import numpy as np
import pytest
from bad_line import BadLine
from drawn import moved
from driving import Driver, is_avatar, to_the_right
from replica import Replica

from doppelganger.images import RGB
from doppelganger.live.remote.address import RemoteError
from doppelganger.live.remote.client import RemoteReenactor
from doppelganger.live.remote.wardrobe import avatars_of
from doppelganger.live.remote.wire import MOTION_BYTES
from doppelganger.puppet.motion import Motion
from doppelganger.puppet.protocol import Reenactor

Connect = Callable[..., RemoteReenactor]


def test_what_the_driver_does_comes_back_as_the_avatar(
    replica: Callable[..., Replica], driver: Connect, stills: dict[str, RGB], at_rest: Motion
) -> None:
    remote: Reenactor = driver(replica().url, avatar="ben")
    assert isinstance(remote, RemoteReenactor)
    assert (remote.name, remote.avatars) == ("ben", ("ada", "ben"))
    assert is_avatar(remote.still, stills["ben"]) and not is_avatar(remote.still, stills["ada"])
    there = Driver(remote, at_rest)
    last = there.drive_until(lambda seen: seen.shown is not None and abs(seen.shown - seen.asked) < 1)[-1]
    assert is_avatar(last.image, stills["ben"])
    trips = remote.round_trip
    assert trips.count > 0 and 0 < trips.server < trips.median <= trips.p95

    remote.choose("ada")
    assert remote.name == "ada"
    there.drive_until(lambda seen: seen.shown is not None and is_avatar(seen.image, stills["ada"]))
    assert is_avatar(remote.still, stills["ada"])
    with pytest.raises(RemoteError, match="ada, ben"):
        remote.choose("eve")


def test_a_call_wears_the_servers_avatars_over_one_connection(
    replica: Callable[..., Replica], driver: Connect, stills: dict[str, RGB], at_rest: Motion
) -> None:
    remote = driver(replica(limits={"sessions": 1}).url, avatar="ben")
    avatars = avatars_of(remote)
    assert [avatar.name for avatar in avatars] == ["ben", "ada"]
    assert all(is_avatar(avatar.picture, stills[avatar.name]) for avatar in avatars)
    worn: list[Reenactor] = [avatar.wear() for avatar in avatars]
    for which in (0, 1, 0):
        worn[which].calibrate(at_rest)
        for step in range(1, 3000):
            image = worn[which].render(to_the_right(at_rest, 10 * which), step / 25)
            assert is_avatar(image, stills[avatars[which].name]), "never the one before"
            if moved(image) == pytest.approx(10 * which, abs=1):
                break
        assert moved(image) == pytest.approx(10 * which, abs=1)


def test_rest_is_where_the_driver_says_it_is(replica: Callable[..., Replica], driver: Connect, at_rest: Motion) -> None:
    remote = driver(replica().url)
    there = Driver(remote, at_rest)
    there.drive_until(lambda seen: seen.shown is not None)
    remote.calibrate(to_the_right(at_rest, -50))
    there.drive_until(lambda seen: seen.shown is not None and abs(seen.shown - seen.asked - 50) < 1)


def test_the_first_motion_is_rest_where_nobody_says_so(
    replica: Callable[..., Replica], driver: Connect, at_rest: Motion
) -> None:
    remote = driver(replica().url)
    for step in range(1, 3000):
        image = remote.render(to_the_right(at_rest, 30 if step == 1 else 70), step / 25)
        if moved(image) is not None and abs(moved(image) or 0) > 1:
            break
    assert moved(image) == pytest.approx(40, abs=1)


def test_another_cameras_clock_may_begin_anew(
    replica: Callable[..., Replica], driver: Connect, at_rest: Motion
) -> None:
    remote = driver(replica().url)
    Driver(remote, at_rest).drive_until(lambda seen: remote.round_trip.count > 10)
    again = Driver(remote, at_rest)  # whose time is 0 once more
    again.drive_until_fresh()


def test_only_motion_goes_up(
    replica: Callable[..., Replica], bad_line: Callable[..., BadLine], driver: Connect, at_rest: Motion
) -> None:
    line = bad_line(replica().port)
    remote = driver(line.url)
    assert not remote.can_swap
    there = Driver(remote, at_rest)
    frames = len(there.drive_until(lambda seen: remote.round_trip.count >= 30))
    with pytest.raises(RemoteError, match="only motion is sent"):
        remote.swap(np.zeros((512, 512, 3), np.uint8), at_rest, 1e6)
    messages = unmasked(bytes(line.up))
    assert b"\xff\xd8\xff" not in b"".join(messages) and b"\xff\xd8\xff" in line.down
    hello, *motions = messages
    assert b'"uplink":"motion"' in hello and 30 <= len(motions) <= frames + 1  # and one calibration
    assert {len(motion) for motion in motions} == {16 + MOTION_BYTES}


def test_a_swap_sends_the_frame_where_it_may(
    replica: Callable[..., Replica],
    bad_line: Callable[..., BadLine],
    driver: Connect,
    astronaut: RGB,
    at_rest: Motion,
    stills: dict[str, RGB],
) -> None:
    line = bad_line(replica().port)
    remote = driver(line.url, frames=True)
    Driver(remote, at_rest).drive_until(lambda seen: seen.shown is not None)
    before = b"".join(unmasked(bytes(line.up)))
    assert b"\xff\xd8\xff" not in before, "the avatar mode sends motion alone, whatever is allowed"
    for step in range(1, 3000):
        image = remote.swap(astronaut, at_rest, 1e6 + step)
        if not is_avatar(image, stills["ada"]):
            break
    assert b"\xff\xd8\xff" in b"".join(unmasked(bytes(line.up)))
    x, y = at_rest.points[1, :2].astype(int)
    assert np.abs(image[:60].astype(int) - astronaut[:60]).mean() < 6, "the room is the driver's"
    assert (
        np.abs(image[y - 20 : y + 20, x - 20 : x + 20].astype(int) - astronaut[y - 20 : y + 20, x - 20 : x + 20]).mean()
        > 10
    )


def test_no_frame_of_the_room_is_left_when_the_mode_changes(
    replica: Callable[..., Replica], driver: Connect, astronaut: RGB, at_rest: Motion, stills: dict[str, RGB]
) -> None:
    remote = driver(replica(seconds=0.2).url, frames=True)  # longer than anybody waits
    for step in range(1, 3000):
        if not is_avatar(remote.swap(astronaut, at_rest, step), stills["ada"]):
            break
    for step in range(5):
        assert is_avatar(remote.render(at_rest, 1e6 + step), stills["ada"])


def unmasked(sent: bytes) -> list[bytes]:
    """The messages in a client's bytes (RFC 6455, section 5.2), control frames left out."""
    _, _, rest = sent.partition(b"\r\n\r\n")
    out: list[bytes] = []
    while len(rest) >= 6:
        opcode, size, at = rest[0] & 15, rest[1] & 127, 2
        for marker, width in ((126, 2), (127, 8)):
            if rest[1] & 127 == marker:
                size, at = int.from_bytes(rest[2 : 2 + width], "big"), 2 + width
        mask, body = rest[at : at + 4], rest[at + 4 : at + 4 + size]
        if len(body) < size:
            break
        plain = (
            (np.frombuffer(body, np.uint8) ^ np.resize(np.frombuffer(mask, np.uint8), size)).tobytes() if size else b""
        )
        if opcode in (1, 2):
            out.append(plain)
        rest = rest[at + 4 + size :]
    return out

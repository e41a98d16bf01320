"""A call from frame to frame: what goes out in every state, and what each action changes."""

from collections.abc import Callable

import numpy as np
import pytest

from doppelganger.errors import DoppelgangerError
from doppelganger.images import RGB
from doppelganger.live.actions import BINDINGS, Action, action_of
from doppelganger.live.framing import Framing
from doppelganger.live.session import Session
from doppelganger.live.shelf import Avatar, Shelf, worn
from doppelganger.puppet.performance import Gate, Mode
from doppelganger.puppet.tracker import Tracker

Puppets = Callable[[], list]
Track = Callable[[], Tracker]


@pytest.fixture
def session(puppets: Puppets, track: Track) -> Session:
    two = puppets()
    return Session(Shelf(lambda: [worn(one) for one in two]), track)


def alike(image: RGB, other: RGB) -> bool:
    """The same but for the trembling of what is measured in two looks at one face."""
    return bool(np.abs(image.astype(int) - other).mean() < 3)


def beside(frame: RGB, other: RGB) -> RGB:
    """The frame with a second person in it."""
    out = frame.copy()
    face = other[100:420, 120:400]
    out[100:420, 350:630] = face
    return out


def test_a_face_moves_the_avatar_and_nothing_of_the_camera_goes_out(session: Session, driver: RGB) -> None:
    shown = session.step(driver, 0.0)
    assert shown.gate is Gate.OPEN and shown.motion is not None
    assert np.array_equal(shown.image, session.avatar.picture)  # the first motion is the reference
    moved = session.step(np.roll(driver, 12, axis=1), 0.04)
    assert moved.gate is Gate.OPEN
    assert not np.array_equal(moved.image, shown.image)


def test_without_a_face_the_last_frame_stands_and_then_the_still(session: Session, driver: RGB) -> None:
    empty = np.full_like(driver, 90)
    session.step(driver, 0.0)
    last = session.step(np.roll(driver, 12, axis=1), 0.1)
    held = session.step(empty, 0.5)
    assert held.gate is Gate.NO_FACE and np.array_equal(held.image, last.image)
    still = session.step(empty, 1.3)
    assert still.gate is Gate.NO_FACE and np.array_equal(still.image, session.avatar.picture)
    assert session.step(driver, 1.4).gate is Gate.OPEN


def test_off_shows_the_still_and_never_the_camera_in_either_mode(session: Session, driver: RGB) -> None:
    for mode in Mode:
        session.mode = mode
        session.do(Action.ON_OFF)
        for k in range(3):
            shown = session.step(np.roll(driver, 5 * k, axis=1), 0.1 * k)
            assert shown.gate is Gate.STILL and np.array_equal(shown.image, session.avatar.picture)
        assert session.motion is not None  # the person can still line themselves up
        session.do(Action.ON_OFF)
        assert session.step(driver, 1.0).gate is Gate.OPEN


def test_a_second_person_in_a_swapped_picture_is_never_shown(session: Session, driver: RGB, puppets: Puppets) -> None:
    session.mode = Mode.SWAP
    good = session.step(driver, 0.0)
    assert good.gate is Gate.OPEN and good.image.shape == driver.shape
    company = beside(driver, puppets()[1].still)
    held = session.step(company, 0.1)
    assert held.gate is Gate.OTHERS and np.array_equal(held.image, good.image)
    later = session.step(company, 2.0)
    assert later.gate is Gate.OTHERS and np.array_equal(later.image, session.avatar.picture)


def test_mirroring_the_output_mirrors_held_frames_and_the_still_too(session: Session, driver: RGB) -> None:
    session.do(Action.MIRROR_OUTPUT)
    mirrored = session.avatar.picture[:, ::-1]
    assert np.array_equal(session.step(driver, 0.0).image, mirrored)
    assert np.array_equal(session.step(np.zeros_like(driver), 0.1).image, mirrored)
    session.do(Action.ON_OFF)
    assert np.array_equal(session.step(driver, 0.2).image, mirrored)


def test_avatars_by_number_and_one_after_another(session: Session, driver: RGB) -> None:
    session.step(driver, 0.0)
    reference = session.shelf.wear(0).reference  # type: ignore[attr-defined]
    session.do(Action.AVATAR_2)
    assert session.avatar.name == "Ben"
    assert session.shelf.wear(1).reference is reference  # type: ignore[attr-defined]
    assert alike(session.step(driver, 0.1).image, session.shelf.avatars[1].picture)
    session.do(Action.NEXT)
    assert session.place == 0
    session.do(Action.PREVIOUS)
    assert session.place == 1
    session.do(Action.AVATAR_1)
    assert session.place == 0
    session.do(Action.AVATAR_9)  # the last one, as Avatarify does
    assert session.place == 1


def test_an_avatar_that_cannot_be_opened_leaves_the_old_one_on(puppets: Puppets, track: Track, driver: RGB) -> None:
    def broken() -> None:
        raise DoppelgangerError("This rig is damaged.")

    first = puppets()[0]
    damaged = Avatar("Dan", first.still, broken)  # type: ignore[arg-type]
    session = Session(Shelf(lambda: [worn(first), damaged]), track)
    session.do(Action.NEXT)
    assert session.notice == "This rig is damaged." and session.place == 0
    assert session.step(driver, 0.0).gate is Gate.OPEN


def test_an_avatar_that_cannot_be_put_on_a_video_goes_back_to_its_own_picture(
    session: Session, driver: RGB, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> RGB:
        raise DoppelgangerError("Only motion is sent.")

    monkeypatch.setattr(session.shelf.wear(0), "swap", refuse)
    session.do(Action.MODE)
    shown = session.step(driver, 0.0)
    assert np.array_equal(shown.image, session.avatar.picture) and session.notice == "Only motion is sent."
    assert session.mode is Mode.AVATAR and session.step(driver, 0.1).gate is Gate.OPEN


def test_reloading_follows_the_folder_and_keeps_who_is_worn(puppets: Puppets, track: Track) -> None:
    folder = [worn(one) for one in puppets()]
    session = Session(Shelf(lambda: list(folder)), track)
    session.do(Action.NEXT)
    folder.reverse()
    session.do(Action.RELOAD)
    assert session.avatar.name == "Ben" and session.place == 0
    folder.clear()
    session.do(Action.RELOAD)
    assert "doppelganger rig" in session.notice and len(session.shelf.avatars) == 2


class Ready:
    """An inventor whose face is ready when it is asked for."""

    def __init__(self, avatar: Avatar) -> None:
        self.avatar, self.at_work = avatar, False

    def begin(self) -> None:
        self.at_work = True

    def take(self) -> Avatar | None:
        made = self.avatar if self.at_work else None
        self.at_work = False
        return made


def test_an_invented_avatar_joins_the_others_and_is_put_on(puppets: Puppets, track: Track, driver: RGB) -> None:
    first, second = puppets()
    session = Session(Shelf(lambda: [worn(first)]), track, inventor=Ready(worn(second)))
    session.do(Action.INVENT)
    assert session.inventing
    session.step(driver, 0.0)
    assert session.avatar.name == "Ben" and not session.inventing
    session.do(Action.RELOAD)
    assert [avatar.name for avatar in session.shelf.avatars] == ["Ada", "Ben"]


def test_calibration_takes_this_moment_and_says_so_where_there_is_no_face(session: Session, driver: RGB) -> None:
    session.do(Action.CALIBRATE)
    assert "No face" in session.notice
    session.step(driver, 0.0)
    moved = np.roll(driver, 20, axis=1)
    assert not alike(session.step(moved, 0.1).image, session.avatar.picture)
    session.do(Action.CALIBRATE)
    assert session.notice == ""
    assert alike(session.step(moved, 0.2).image, session.avatar.picture)


def test_the_search_takes_a_better_moment_and_leaves_a_worse_one(
    session: Session, driver: RGB, puppets: Puppets
) -> None:
    session.step(driver, 0.0)  # she smiles, her head a little to the side
    session.do(Action.SEARCH_REFERENCE)
    assert session.search is not None and session.search.best is not None
    begun = session.search.best
    session.begin_again()
    session.step(driver, 0.0)
    session.do(Action.SEARCH_REFERENCE)
    session.step(session.avatar.picture, 0.1)  # nothing fits the avatar better than the avatar
    session.performance.tracker.forget()
    session.step(session.avatar.picture, 0.2)
    assert session.search is not None and session.search.best is not None
    assert session.search.best > max(begun, 90)
    best = session.search.best
    session.performance.tracker.forget()
    session.step(driver, 0.3)
    assert session.search.best == best and session.search.now is not None and session.search.now < best
    session.do(Action.SEARCH_REFERENCE)
    assert session.search is None


def test_the_camera_zooms_and_pans_within_its_picture_and_comes_back(session: Session, driver: RGB) -> None:
    session.do(Action.LEFT)
    assert session.settings.framing == Framing()  # there is nothing beside the whole picture
    for _ in range(6):
        session.do(Action.ZOOM_IN)
    session.do(Action.ZOOM_IN_FINE)
    assert session.settings.framing.side == pytest.approx(0.69)
    session.do(Action.RIGHT)
    session.do(Action.UP_FINE)
    assert (session.settings.framing.x, session.settings.framing.y) == pytest.approx((0.52, 0.496))
    assert session.settings.framing.crop(driver).shape == (331, 442, 3)
    assert session.settings.framing.crop(driver, full_size=True).shape == driver.shape
    for _ in range(40):
        session.do(Action.ZOOM_IN)
        session.do(Action.DOWN)
    framing = session.settings.framing
    assert framing.side == pytest.approx(0.1) and framing.y == pytest.approx(0.95)
    session.do(Action.RESET_CAMERA)
    assert session.settings.framing == Framing()
    assert session.step(driver, 0.0).gate is Gate.OPEN


def test_the_preview_shows_the_overlay_the_points_and_a_mirror(session: Session, driver: RGB) -> None:
    assert session.preview() is None
    session.step(driver, 0.0)
    mirrored = session.preview()
    session.do(Action.MIRROR_PREVIEW)
    plain = session.preview()
    assert plain is not None and mirrored is not None
    assert np.array_equal(plain, driver) and np.array_equal(mirrored, driver[:, ::-1])
    for _ in range(12):
        session.do(Action.OVERLAY_MORE)
    assert session.settings.overlay == 1
    covered = session.preview()
    assert covered is not None
    assert np.array_equal(covered[:, :80], driver[:, :80]) and not np.array_equal(covered[:, 80:560], driver[:, 80:560])
    for _ in range(12):
        session.do(Action.OVERLAY_LESS)
    session.do(Action.LANDMARKS)
    dotted = session.preview()
    assert dotted is not None and (dotted != driver).any(axis=2).sum() > 400
    assert alike(session.step(driver, 0.1).image, session.avatar.picture)  # none of it goes out


def test_times_are_counted_by_part(session: Session, driver: RGB) -> None:
    for k in range(4):
        session.step(driver, k / 25)
        session.meter.frame()
    times = session.meter.times
    assert times.fps > 0 and times.pre > 0 and times.model > 0 and times.post == 0


def test_every_action_but_the_window_s_own_changes_the_session(session: Session, driver: RGB) -> None:
    session.step(driver, 0.0)
    for _ in range(4):
        session.do(Action.ZOOM_IN)
    session.do(Action.OVERLAY_MORE)
    for action in Action:
        if action in (Action.FULL_SCREEN, Action.AVATAR_1, Action.CALIBRATE, Action.RELOAD, Action.INVENT):
            continue
        session.wear(0 if action is not Action.PREVIOUS else 1)
        before = session.place, session.settings, session.mode, session.search, session.ended
        session.do(action)
        assert (session.place, session.settings, session.mode, session.search, session.ended) != before, action
        session.do(Action.ZOOM_IN)


def test_every_action_has_one_key_and_capitals_without_a_meaning_are_caps_lock() -> None:
    assert {binding.action for binding in BINDINGS} == set(Action)
    assert len({binding.key for binding in BINDINGS}) == len(BINDINGS)
    assert action_of("Z") is Action.RESET_CAMERA and action_of("z") is Action.OVERLAY_LESS
    assert action_of("X") is Action.CALIBRATE and action_of("Escape") is Action.QUIT
    assert action_of("y") is None and action_of("Enter") is None

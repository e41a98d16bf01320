"""Another doppelgänger from a result, and its film: by the real networks on a generated face, with few steps."""

from dataclasses import replace

import av
import numpy as np
import pytest

from doppelganger.again import TAKEN, search_again, take_step
from doppelganger.doppelganger import make
from doppelganger.errors import StepError
from doppelganger.film import FRAMES_A_SECOND, HELD, continuum_film
from doppelganger.nearest import NearestSettings
from doppelganger.projection import ProjectionSettings
from doppelganger.settings import Settings
from doppelganger.storage import load, save
from doppelganger.verifiers.panel import UnknownVerifierError

FEW = Settings(
    projection=ProjectionSettings(w_steps=6, w_plus_steps=6), nearest=NearestSettings(steps=6, extra_steps=3, rounds=2)
)


@pytest.fixture(scope="module")
def made(networks, stranger):
    """A result and the events of its making, watched."""
    events = []
    return make(stranger, FEW, networks, events.append, watched=True), events


@pytest.fixture(scope="module")
def again(made, networks):
    settings = replace(FEW, held_out=("sface", "dlib"), nearest=replace(FEW.nearest, margin=0.1), seed=3)
    return search_again(made[0], settings, networks)


def judged(result, name="doppelgänger"):
    (record,) = (f for f in result.faces if f.name == name)
    return {v.verifier: v for v in record.verdicts}


def test_a_watched_run_shows_faces_and_distances_on_the_way(made):
    _, events = made
    shown = [e for e in events if e.face is not None]
    assert {e.stage for e in shown} == {"projection", "nearest"}
    assert all(e.face.shape == (256, 256, 3) and e.face.dtype == np.uint8 for e in shown)
    assert all(0 < e.lpips < 1 for e in shown)
    last = [e for e in shown if e.stage == "projection"][-1]
    assert len(last.distances) == 4
    assert min(last.distances.values()) > 0
    assert all(len(e.distances) == 3 for e in shown if e.stage == "nearest"), "the held-out one is not asked"


def test_an_unwatched_run_finds_the_same_face(made, networks, stranger):
    events = []
    plain = make(stranger, FEW, networks, events.append)
    assert np.array_equal(plain.pictures.doppelganger, made[0].pictures.doppelganger)
    assert all(e.distances is None for e in events if e.stage == "projection")


def test_searched_again_is_another_face_on_the_same_path(made, again):
    first = made[0]
    assert not np.array_equal(again.pictures.doppelganger, first.pictures.doppelganger)
    assert np.array_equal(again.latents["path"], first.latents["path"])
    assert again.borders == first.borders
    assert {name for name, v in judged(again).items() if v.held_out} == {"dlib", "SFace"}
    assert {name for name, v in judged(again, "closest match").items() if v.held_out} == {"dlib", "SFace"}
    assert judged(again)["dlib"].under_disturbances
    assert again.provenance.settings["nearest.margin"] == 0.1
    assert again.provenance.settings["projection.w_steps"] == 6
    assert again.provenance.seed == 3
    assert again.provenance.salted_digest == first.provenance.salted_digest


def test_a_larger_margin_ends_further_outside(made, networks):
    near, far = (
        search_again(made[0], replace(FEW, nearest=replace(FEW.nearest, margin=m)), networks) for m in (0.0, 2.0)
    )
    distances = [np.mean([v.distance for v in judged(r).values() if not v.held_out]) for r in (near, far)]
    assert distances[0] < distances[1]


def test_the_doppelganger_may_be_a_step_of_the_path(made, networks):
    taken = take_step(made[0], 6, networks)
    assert np.array_equal(taken.latents["doppelganger"], made[0].latents["path"][6])
    assert np.array_equal(taken.pictures.doppelganger, networks.generator.synthesise(made[0].latents["path"][6]))
    assert all(v.held_out for v in judged(taken).values()), "no verifier was asked, so all are witnesses"
    assert taken.provenance.settings["method"] == TAKEN
    assert taken.provenance.settings["step"] == 6


def test_what_was_found_again_is_saved_and_reloaded(again, tmp_path):
    saved = save(again, tmp_path / "again")
    back = load(saved.root)
    assert np.array_equal(back.pictures.doppelganger, again.pictures.doppelganger)
    assert back.faces == again.faces
    assert "share" in saved.doppelganger.parts


@pytest.mark.parametrize("step", [-1, 13])
def test_a_step_that_is_not_there_is_refused(made, networks, step):
    with pytest.raises(StepError, match=f"no step {step}"):
        take_step(made[0], step, networks)


def test_an_unknown_verifier_is_refused_before_anything_is_loaded(made):
    with pytest.raises(UnknownVerifierError, match="no verifier 'facenet'"):
        search_again(made[0], replace(FEW, held_out=("facenet",)))


def test_the_film_runs_from_the_mean_face_to_the_closest_match(made, networks, tmp_path):
    path = made[0].latents["path"]
    target = tmp_path / "continuum.mp4"
    events = []
    continuum_film(path, target, networks.generator, events.append, size=256)
    assert [e.done for e in events] == list(range(1, len(path) + 1))
    with av.open(str(target)) as film:
        (stream,) = film.streams
        assert stream.codec_context.name == "h264"
        assert stream.average_rate == FRAMES_A_SECOND
        assert "synthetic" in film.metadata["comment"]
        frames = [frame.to_ndarray(format="rgb24") for frame in film.decode(stream)]
    assert len(frames) == len(path) - 2 + sum(HELD)
    for frame, w in ((frames[0], path[0]), (frames[-1], path[-1])):
        truth = networks.generator.synthesise(w).reshape(256, 4, 256, 4, 3).mean((1, 3))
        assert np.abs(frame - truth).mean() < 4
    assert [f.name for f in tmp_path.iterdir()] == ["continuum.mp4"]


def test_a_film_that_is_stopped_leaves_nothing(made, networks, tmp_path):
    def stop(event):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        continuum_film(made[0].latents["path"], tmp_path / "film.mp4", networks.generator, stop, size=64)
    assert not list(tmp_path.iterdir())

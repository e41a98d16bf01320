"""A doppelgänger made by another generator: one of random weights for the search alone, and one that makes real faces."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from doppelganger.again import search_again, take_step
from doppelganger.cli.main import run
from doppelganger.doppelganger import make
from doppelganger.errors import OtherGeneratorError
from doppelganger.generators.stylegan2 import Shape, StyleGAN2Network
from doppelganger.generators.stylegan2_generator import StyleGAN2, generator_file
from doppelganger.images import read_image
from doppelganger.nearest import Found, NearestSettings, Searched, search
from doppelganger.networks import LEAST_SIDE, Networks
from doppelganger.persona.making import from_result
from doppelganger.progress import Event
from doppelganger.projection import ProjectionSettings
from doppelganger.puppet.rigging import rig_of_result
from doppelganger.result import Result
from doppelganger.settings import Settings
from doppelganger.storage import load, save
from painted_stylegan import painted, two_faces

CPU = torch.device("cpu")
CROP = np.array([[0.25, 0, 0], [0, 0.25, 0]])
"""Of a 256² picture all, in 64²."""


class Levels(nn.Module):
    """A stand-in for a recogniser, for what a search does with one: a picture's colours in 8 × 8 fields, [B, 192]."""

    def forward(self, crops: Tensor) -> Tensor:
        return nn.functional.avg_pool2d(crops, 8).flatten(1)


def searched(margin: float) -> tuple[Found, NearestSettings, np.ndarray]:
    """On a network of random weights: from a face that is the portrait itself."""
    torch.manual_seed(1)
    network = StyleGAN2Network(Shape(32, 256, 32, z_dim=16, w_dim=16, mapping_layers=2))
    with torch.no_grad():
        for name, weight in network.named_parameters():
            if name.endswith("torgb.weight"):
                weight.mul_(0.15)  # the levels stay within what a picture can hold
    tiny = StyleGAN2(network, "random", "0", CPU)
    networks = Networks(device="cpu", another=tiny)
    generator, see = networks.generator, Levels()
    start = np.tile(tiny.sample(1, 5)[0], (tiny.w_rows, 1))
    portrait = generator.synthesise(start)

    def embedded(w: np.ndarray) -> np.ndarray:
        picture = torch.from_numpy(generator.synthesise(w)).permute(2, 0, 1)[None] / 127.5 - 1
        return see(nn.functional.avg_pool2d(picture, 4))[0].numpy()

    own = embedded(start)
    one = Searched("levels", see, 64, True, 1.0, own, stranger=2.0)
    settings = NearestSettings(margin=margin, disturbed=False)
    found = search(
        portrait,
        start,
        [one],
        generator,
        networks.differentiable,
        networks.space,
        networks.alex,
        lambda _: {"levels": CROP},
        lambda w: {"levels": float(np.linalg.norm(embedded(w) - own))},
        settings,
        CPU,
        seed=0,
    )
    return found, settings, start


def test_the_search_in_w_plus_ends_outside_the_border_and_near_it() -> None:
    found, settings, start = searched(margin=0.2)
    assert found.trace[0]["levels"] < 0.2, "the start must be *same*, or nothing is tested"
    assert found.accepted and 1 + settings.headroom <= found.worst["levels"] < 2
    assert found.w.shape == start.shape and np.abs(found.w - start).max(1).min() > 1e-3, "every row is free"
    further, *_ = searched(margin=1.0)
    assert further.worst["levels"] > found.worst["levels"]
    assert further.trace[-1]["lpips"] > found.trace[-1]["lpips"], "distance is paid for with likeness"


@pytest.fixture(scope="module")
def generator_at(networks: Networks, tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("generator") / "two-faces.safetensors"
    file.write_bytes(generator_file(painted(*two_faces(networks))))
    return file


@pytest.fixture(scope="module")
def other(networks: Networks, generator_at: Path) -> Networks:
    return Networks(networks.store, "cpu", StyleGAN2.of_file(generator_at, CPU))


FEW = Settings(
    projection=ProjectionSettings(w_steps=10, w_plus_steps=5),
    nearest=NearestSettings(steps=12, learning_rate=0.4, margin=0.5),
)
"""The rate is for a network in which two numbers are all that can move."""


@pytest.fixture(scope="module")
def made(other: Networks) -> Result:
    """The portrait is the network's own first face."""
    first = np.zeros(16, np.float32)
    first[0] = 1.25
    return make(other.generator.synthesise(first), FEW, other)


def test_from_the_same_person_to_another(made: Result, other: Networks) -> None:
    closest, doppelganger = (next(f for f in made.faces if f.name == n) for n in ("closest match", "doppelgänger"))
    assert not any(v.different for v in closest.verdicts), "the start must be *same*, or nothing is tested"
    assert all(v.different and v.under_disturbances for v in doppelganger.verdicts if not v.held_out)
    assert not made.warnings or all("border" not in warning for warning in made.warnings)
    assert made.latents["path"].shape == (16, 14, 16) and made.latents["doppelganger"].shape == (14, 16)
    np.testing.assert_array_equal(other.generator.synthesise(made.latents["doppelganger"]), made.pictures.doppelganger)


def test_the_result_says_which_generator_it_came_from(made: Result, other: Networks) -> None:
    assert other.another is not None
    kept = made.provenance
    assert kept.settings["generator"] == "two-faces.safetensors"
    assert kept.settings["generator.sha256"] == other.another.sha256 == kept.weights["two-faces.safetensors"]
    assert "learnt from" in str(kept.settings["generator.licence"])
    assert not any("mobilestylegan" in name or "preview" in name for name in kept.weights)


def test_a_saved_result_goes_on_with_its_own_generator_alone(
    made: Result, other: Networks, networks: Networks, tmp_path: Path
) -> None:
    folder = save(made, tmp_path / "result")
    back = load(folder.root)
    assert "two-faces.safetensors" in folder.report.read_text("utf-8")
    taken = take_step(back, 0, other)
    np.testing.assert_array_equal(taken.pictures.doppelganger, other.generator.synthesise(back.latents["path"][0]))
    for attempt in (
        lambda: search_again(back, FEW, networks),
        lambda: take_step(back, 0, networks),
        lambda: from_result("ada", back, networks),
        lambda: rig_of_result(folder.root, "ada", networks),
    ):
        with pytest.raises(OtherGeneratorError, match=r"made with two-faces\.safetensors.*built-in one"):
            attempt()
    builtin = {key: value for key, value in back.provenance.settings.items() if not key.startswith("generator")}
    with pytest.raises(OtherGeneratorError, match=r"made with the built-in generator.*two-faces"):
        take_step(replace(back, provenance=replace(back.provenance, settings=builtin)), 0, other)


def test_a_stopped_run_goes_on_and_only_with_the_same_generator(
    made: Result, other: Networks, networks: Networks, tmp_path: Path
) -> None:
    assert other.another is not None
    again = Networks(networks.store, "cpu", StyleGAN2(other.another.network, "copy", "another digest", CPU))

    def steps_until(stop: int, of: Networks) -> list[int]:
        seen: list[int] = []

        def watch(event: Event) -> None:
            if event.stage == "projection":
                seen.append(event.done)
                if event.done == stop:
                    raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            make(made.pictures.portrait, FEW, of, watch, tmp_path)
        return seen

    assert steps_until(8, other) == [*range(1, 9)]
    assert steps_until(10, other) == [5, 6, 7, 8, 9, 10], "kept after four; the eighth was under way"
    assert steps_until(1, again) == [1]


def test_make_as_somebody_types_it(
    generator_at: Path, astronaut_file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = ["--out", str(tmp_path / "made"), "--device", "cpu", "--steps", "10", "--json"]
    assert run(["make", str(astronaut_file), "--generator", str(generator_at), *out]) == 0
    said = json.loads(capsys.readouterr().out)
    assert said["provenance"]["settings"]["generator"] == generator_at.name
    assert read_image(said["files"]["doppelganger"]).shape == (256, 256, 3)
    assert len(said["faces"][-1]["verdicts"]) == 4
    assert [path.name for path in tmp_path.iterdir()] == ["made"]
    assert run(["edit", str(tmp_path / "made"), "--age", "+10", "--out", str(tmp_path / "edited")]) == 2
    assert "made with two-faces.safetensors" in " ".join(capsys.readouterr().err.split())


def test_what_makes_no_faces_is_refused(
    astronaut_file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    torch.manual_seed(0)
    file = tmp_path / "tiny.safetensors"
    file.write_bytes(generator_file(StyleGAN2Network(Shape(16, 128, 8, z_dim=12, w_dim=12, mapping_layers=2))))
    order = ["make", str(astronaut_file), "--generator", str(file)]
    assert run([*order, "--device", "abacus"]) == 2
    assert "no device 'abacus'" in capsys.readouterr().err
    order += ["--device", "cpu"]
    assert run([*order, "--out", str(tmp_path / "made")]) == 4
    said = " ".join(capsys.readouterr().err.split())
    assert "No face was found in a picture that tiny.safetensors made (16² pixels)" in said
    assert not (tmp_path / "made").exists()


def test_small_pictures_are_enlarged_to_what_is_judged() -> None:
    torch.manual_seed(0)
    tiny = StyleGAN2(StyleGAN2Network(Shape(32, 128, 8, z_dim=12, w_dim=12, mapping_layers=2)), "tiny", "0", CPU)
    networks = Networks(device="cpu", another=tiny)
    w = tiny.sample(1, 0)[0]
    assert tiny.synthesise(w).shape == (32, 32, 3)
    shown = networks.generator.synthesise_float(w)
    assert shown.shape == (3, LEAST_SIDE, LEAST_SIDE)
    rows = torch.from_numpy(np.tile(w, (tiny.w_rows, 1)))[None]
    np.testing.assert_allclose(networks.differentiable.preview(rows)[0].numpy(), shown, atol=1e-5)

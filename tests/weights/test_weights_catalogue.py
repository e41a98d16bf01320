"""The catalogue and the command line that shows it."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from doppelganger.cli.weights import app
from doppelganger.errors import DigestMismatchError
from doppelganger.weights import CATALOGUE, Member, Store


def test_every_entry_is_complete_and_has_a_place_of_its_own() -> None:
    for name, weight in CATALOGUE.items():
        assert weight.name == name and weight.what and weight.vendor and weight.licence and weight.sources
        assert weight.size > 0 and 2015 <= weight.year < 2027
        digests = [weight.sha256, *(source.archive.sha256 for source in weight.sources if isinstance(source, Member))]
        assert all(len(digest) == 64 and set(digest) <= set("0123456789abcdef") for digest in digests)
    assert len({(weight.folder, weight.file) for weight in CATALOGUE.values()}) == len(CATALOGUE)
    assert len({weight.sha256 for weight in CATALOGUE.values()}) == len(CATALOGUE)


def test_non_commercial_weights_are_marked() -> None:
    marked = {name for name, weight in CATALOGUE.items() if weight.non_commercial}
    generator = {name for name in CATALOGUE if name.startswith("mobilestylegan")}
    assert marked == generator | {"arcface-mbf", "edgeface-s", "bisenet-parsing"}


def test_graph_and_parameters_of_an_openvino_network_lie_beside_each_other() -> None:
    for part in ("synthesis", "mapping"):
        graph, parameters = (CATALOGUE[f"mobilestylegan-{part}-{kind}"] for kind in ("xml", "bin"))
        assert graph.folder == parameters.folder
        assert Path(graph.file).stem == Path(parameters.file).stem


def test_archives_shared_by_weights_count_once(tmp_path: Path) -> None:
    store = Store(tmp_path / "none")
    assert store.download_size(["sface", "yunet"]) == store.download_size(["sface"]) == 79_208_021
    assert store.kept_size(["yunet"]) == CATALOGUE["yunet"].size + CATALOGUE["sface"].size
    assert not (tmp_path / "none").exists()


def test_making_a_store_loads_no_network_library_and_touches_no_disk(tmp_path: Path) -> None:
    program = (
        "import sys; from doppelganger.weights import Store; Store().cached('sface'); "
        "print([name for name in ('requests', 'pypi_simple', 'torch', 'numpy') if name in sys.modules])"
    )
    environment = {**os.environ, "DOPPELGANGER_CACHE": str(tmp_path / "cache")}
    done = subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
    assert not (tmp_path / "cache").exists()


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("DOPPELGANGER_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


def test_list_shows_licences_and_sizes(cache: Path) -> None:
    runner = CliRunner()
    text = runner.invoke(app, ["list"]).output
    for weight in CATALOGUE.values():
        assert weight.name in text and weight.licence in text
    archives = {source.archive for weight in CATALOGUE.values() for source in weight.sources[:1]}
    assert f"Still to download: {sum(archive.size for archive in archives) / 1e6:.1f} MB" in text
    listing = json.loads(runner.invoke(app, ["list", "--json"]).output)
    assert [row["name"] for row in listing["weights"]] == list(CATALOGUE)
    assert not any(row["cached"] for row in listing["weights"])
    assert not cache.exists()


def test_fetch_verify_and_remove_one_weight(cache: Path) -> None:
    runner = CliRunner()
    name = "mediapipe-face-landmarker"
    fetched = runner.invoke(app, ["fetch", name])
    assert fetched.exit_code == 0 and "Downloading 3.3 MB" in fetched.output
    assert json.loads(runner.invoke(app, ["verify", name, "--json"]).output)[0]["state"] == "whole"
    file = cache / "mediapipe" / "face_landmarker.task"
    with file.open("r+b") as stream:
        stream.write(b"?")
    damaged = runner.invoke(app, ["verify"])
    assert isinstance(damaged.exception, DigestMismatchError)
    assert CATALOGUE[name].sha256 in str(damaged.exception) and damaged.output.count("missing") == len(CATALOGUE) - 1
    assert name in runner.invoke(app, ["remove", name]).output
    assert not file.exists()


def test_the_page_about_weights_tells_of_every_weight_as_the_catalogue_does() -> None:
    page = (Path(__file__).parents[2] / "docs" / "weights.md").read_text(encoding="utf-8")
    rows = {line.split("`")[1]: line for line in page.splitlines() if line.startswith("| `")}
    assert CATALOGUE.keys() <= rows.keys()
    for name, weight in CATALOGUE.items():
        assert weight.licence in rows[name] and weight.sha256[:16] in rows[name] and f"{weight.size:,}" in rows[name]
        assert ("| **no** |" in rows[name]) == weight.non_commercial

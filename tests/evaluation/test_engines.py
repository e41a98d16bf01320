"""The real work, on this machine's processes and on a Ray cluster of two nodes, each losing a worker in the middle."""

import builtins
import multiprocessing
import os
import time
from collections import Counter
from typing import Any

import pytest
from safetensors.numpy import load

from doppelganger.evaluation.engine import LocalEngine, local_engine, resumed
from doppelganger.evaluation.methods import BlackBar, Pixelation
from doppelganger.evaluation.work import Blob, CaseTask, Plan
from doppelganger.images import RGB, encode_png, read_image

METHODS = (BlackBar(), Pixelation(8))
FILES = {"portrait.png", "portrait.measured", "bar.png", "bar.json", "bar.measured"} | {
    "pixelation-8.png",
    "pixelation-8.json",
    "pixelation-8.measured",
}


@pytest.fixture(scope="module")
def tasks(stranger: RGB, astronaut: RGB) -> list[CaseTask]:
    pictures = {"stranger": stranger, "astronaut": astronaut, "mirrored": stranger[:, ::-1]}
    return [CaseTask(name, name, encode_png(picture.copy()), METHODS) for name, picture in pictures.items()]


def check(found: dict[str, dict[str, bytes]], finished: list[str], tasks: list[CaseTask]) -> None:
    assert Counter(finished) == Counter(task.folder for task in tasks)
    for task in tasks:
        assert set(found[task.folder]) == FILES
        assert read_image(found[task.folder]["bar.png"]).shape == (1024, 1024, 3)
        assert "embedding SFace" in load(found[task.folder]["portrait.measured"])


def test_a_killed_process_loses_nothing_and_repeats_nothing(tasks: list[CaseTask]) -> None:
    found: dict[str, dict[str, bytes]] = {}
    finished, twice, killed = [], [], False
    for task, blob in LocalEngine(1).run(Plan(), [*tasks[:2], CaseTask("empty", "empty", b"no picture", METHODS)]):
        if blob is None:
            finished.append(task.folder)
            continue
        if blob.name in found.setdefault(task.folder, {}):
            twice.append(blob.name)
        found[task.folder][blob.name] = blob.data
        if blob.name == "bar.json" and not killed:
            killed = True
            (process,) = multiprocessing.active_children()
            process.kill()
    assert killed and not twice
    assert b"not" in found.pop("empty")["bad.json"] and finished.pop() == "empty"
    check(found, finished, tasks[:2])


def test_what_came_back_counts_as_there(tasks: list[CaseTask]) -> None:
    again = resumed(tasks[0], (Blob("bar.png", b"1"), Blob("bar.json", b"2")))
    assert isinstance(again, CaseTask) and again.have == {"bar.png": b"1", "bar.json": b"2"}
    assert local_engine(3).workers == 3 and 1 <= local_engine().workers <= (os.cpu_count() or 1)


def test_a_ray_cluster_loses_a_node_and_no_work(tasks: list[CaseTask], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(builtins, "print", print)  # Ray puts its own in its place; this puts it back
    ray = pytest.importorskip("ray", reason="the extra ray is not installed")
    from ray.cluster_utils import Cluster

    from doppelganger.evaluation.ray_engine import RayEngine

    cluster: Any = Cluster(initialize_head=True, head_node_args={"num_cpus": 1, "include_dashboard": False})
    try:
        second = cluster.add_node(num_cpus=1)
        ray.init(address=cluster.address, log_to_driver=False, logging_level="ERROR")
        nodes = {node["NodeID"] for node in ray.nodes() if node["Alive"]}
        assert len(nodes) == 2
        found: dict[str, dict[str, bytes]] = {}
        finished, removed = [], False
        for task, blob in RayEngine(cluster.address).run(Plan(), tasks):
            if blob is None:
                finished.append(task.folder)
                continue
            found.setdefault(task.folder, {})[blob.name] = blob.data
            if not removed and len(found) == 2:  # both nodes are at work
                removed = True
                cluster.remove_node(second, allow_graceful=False)
        assert removed
        until = time.monotonic() + 120  # the cluster counts a silent node as alive until its health checks have failed
        while len(alive := [node for node in ray.nodes() if node["Alive"]]) > 1 and time.monotonic() < until:
            time.sleep(0.5)
        assert len(alive) == 1
        check(found, finished, tasks)
    finally:
        ray.shutdown()
        cluster.shutdown()

"""One real server for all that can share it, with one finished result."""

from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from serving import Serving, Told, begin, told, upload


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """A test that fails shows what the server said, and where its helpers are."""
    report = yield
    here = getattr(item, "funcargs", {}).get("studio")
    if report.failed and isinstance(here, Serving):
        report.sections.append(("the server", here.story()))
    return report


@pytest.fixture(scope="session")
def studio(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Serving]:
    """The server as `doppelganger studio` starts it; ``url`` and ``data`` say where it is."""
    serving = Serving(tmp_path_factory.mktemp("studio") / "data").start()
    yield serving
    serving.end()


@pytest.fixture
def visitor(studio: Serving) -> httpx.Client:
    """A person who has nothing there yet."""
    return studio.visitor()


@pytest.fixture
def serving(tmp_path: Path) -> Iterator[Callable[..., Serving]]:
    """Starts servers of one's own: options, ``limits`` and ``keep_hours`` as `Serving` takes them."""
    begun: list[Serving] = []

    def start(*options: str, **others: Any) -> Serving:
        begun.append(Serving(tmp_path / f"data-{len(begun)}", options, **others))
        return begun[-1].start()

    yield start
    for one in begun:
        one.end()


@pytest.fixture(scope="session")
def photo(astronaut_file: Path) -> bytes:
    """A portrait's bytes."""
    return astronaut_file.read_bytes()


@dataclass(frozen=True)
class Made:
    """A person with one finished result, and how it came to be."""

    client: httpx.Client
    upload: dict[str, Any]
    job: str
    events: list[Told]
    result: str


@pytest.fixture(scope="session")
def made(studio: Serving, photo: bytes) -> Made:
    """Made once, heard live from the first event to the last. Nobody may delete it."""
    client = studio.visitor()
    sent = upload(client, photo)
    job = begin(client, sent["id"])["id"]
    events = list(told(client, job))
    assert events[-1].data["state"] == "done", events[-1].data
    return Made(client, sent, job, events, events[-1].data["result"])

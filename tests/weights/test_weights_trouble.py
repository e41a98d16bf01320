"""What happens to a download in the real world: cut off, killed, tampered with, raced for, on a full disk, offline."""

import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from toy_packages import Parcel, Server, sha256

from doppelganger.errors import DigestMismatchError, WeightsUnavailableError
from doppelganger.weights import PipSettings, Store

Look = Callable[[Path], set[str]]

# Another process, with the catalogue that it is given: cache folder, index, then the archive's and the member's facts.
FETCH = """
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from doppelganger.errors import DoppelgangerError
from doppelganger.weights import Archive, Member, PipSettings, Store, Weight
cache, index, filename, size, digest, limit = sys.argv[1:7]
archive = Archive("toy.pack", "1.0", filename, int(size), digest)
catalogue = {}
for fact in sys.argv[7:]:
    name, length, member = fact.split(":")
    catalogue[name] = Weight(name, "", "", 2026, "", False, "toy", f"{name}.bin", int(length), member,
                             (Member(archive, f"toy_pack/data/{name}.bin"),))
if int(limit):
    import resource
    resource.setrlimit(resource.RLIMIT_FSIZE, (int(limit), int(limit)))
try:
    for name in catalogue:
        print(Store(Path(cache), catalogue, PipSettings(index_url=index)).path(name))
except DoppelgangerError as error:
    sys.exit(f"{type(error).__name__}: {error}")
"""


def start(parcel: Parcel, cache: Path, settings: PipSettings, limit: int = 0) -> subprocess.Popen[str]:
    facts = [f"{weight.name}:{weight.size}:{weight.sha256}" for weight in parcel.catalogue.values()]
    archive = parcel.archive
    arguments = [str(cache), str(settings.index_url), archive.filename, str(archive.size), archive.sha256, str(limit)]
    return subprocess.Popen(
        [sys.executable, "-c", FETCH, *arguments, *facts], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


def test_a_damaged_cached_file_is_refused_with_both_digests_until_removed(
    tmp_path: Path, parcel: Parcel, wheel_folder: Path
) -> None:
    settings = PipSettings(find_links=(str(wheel_folder),), no_index=True)
    store = Store(tmp_path / "cache", parcel.catalogue, settings)
    file = store.path("two")
    file.write_bytes(parcel.members["two"][:-1] + b"?")
    for same_or_new in (store, Store(tmp_path / "cache", parcel.catalogue, settings)):
        with pytest.raises(DigestMismatchError) as caught:
            same_or_new.path("two")
        assert parcel.catalogue["two"].sha256 in str(caught.value)
        assert sha256(file.read_bytes()) in str(caught.value)
        assert "doppelganger weights remove two" in str(caught.value)
    assert {checkup.name: checkup.state for checkup in store.verify()} == {"one": "whole", "two": "damaged"}
    assert store.remove(["two"]) == ["two"]
    assert store.path("two").read_bytes() == parcel.members["two"]


def test_what_killed_downloads_left_is_removed(tmp_path: Path, parcel: Parcel, wheel_folder: Path) -> None:
    store = Store(tmp_path / "cache", parcel.catalogue, PipSettings(find_links=(str(wheel_folder),), no_index=True))
    of_npm = store.partial / "0123.npm" / "package.tgz"
    of_npm.parent.mkdir(parents=True)
    for left in (of_npm, store.partial / "4567.whl"):
        left.write_bytes(b"half")
    assert store.remove() == []
    assert not of_npm.parent.exists() and not (store.partial / "4567.whl").exists()
    assert store.path("one").read_bytes() == parcel.members["one"]


def test_a_truncated_cached_file_is_refused(tmp_path: Path, parcel: Parcel, wheel_folder: Path) -> None:
    store = Store(tmp_path / "cache", parcel.catalogue, PipSettings(find_links=(str(wheel_folder),)))
    with store.path("one").open("r+b") as stream:
        stream.truncate(1_000_000)
    with pytest.raises(DigestMismatchError, match="damaged"):
        store.path("one")


def test_a_truncated_wheel_in_a_folder_is_refused(
    tmp_path: Path, parcel: Parcel, wheel_folder: Path, kept: Look
) -> None:
    half = parcel.data[: len(parcel.data) // 2]
    (wheel_folder / parcel.archive.filename).write_bytes(half)
    store = Store(tmp_path / "cache", parcel.catalogue, PipSettings(find_links=(str(wheel_folder),), no_index=True))
    with pytest.raises(DigestMismatchError) as caught:
        store.path("one")
    assert sha256(half) in str(caught.value) and parcel.archive.sha256 in str(caught.value)
    assert kept(tmp_path / "cache") == set()


@pytest.mark.parametrize("ranges", [True, False])
def test_a_connection_that_breaks_once_is_gone_on_with(
    tmp_path: Path, parcel: Parcel, server: Server, ranges: bool
) -> None:
    settings = server.publish(parcel.archive, parcel.data)
    server.cut, server.ranges = 1, ranges
    assert Store(tmp_path, parcel.catalogue, settings).path("one").read_bytes() == parcel.members["one"]
    first, second = server.asked(parcel.archive)
    assert first == "" and second.startswith("bytes=1")


def test_a_connection_that_always_breaks_leaves_no_file_and_the_next_run_resumes(
    tmp_path: Path, parcel: Parcel, server: Server, kept: Look
) -> None:
    settings = server.publish(parcel.archive, parcel.data)
    server.cut = 1000
    store = Store(tmp_path, parcel.catalogue, settings)
    with pytest.raises(WeightsUnavailableError, match="the connection ended early"):
        store.path("one")
    assert not store.cached("one")
    assert kept(tmp_path) == {f"partial/{parcel.archive.sha256}.part"}
    server.cut = 0
    server.requests.clear()
    assert store.path("one").read_bytes() == parcel.members["one"]
    assert server.asked(parcel.archive)[0].startswith("bytes=")


def test_a_partial_file_of_other_bytes_is_begun_anew(tmp_path: Path, parcel: Parcel, server: Server) -> None:
    settings = server.publish(parcel.archive, parcel.data)
    store = Store(tmp_path, parcel.catalogue, settings)
    store.partial.mkdir()
    (store.partial / f"{parcel.archive.sha256}.part").write_bytes(b"rubbish" * 1000)
    assert store.path("one").read_bytes() == parcel.members["one"]
    assert server.asked(parcel.archive) == ["bytes=7000-", ""]


@pytest.mark.parametrize("change", [lambda data: data[:-1] + b"?", lambda data: data[:-9], lambda data: data + b"more"])
def test_a_web_archive_of_other_bytes_is_refused(
    tmp_path: Path, parcel: Parcel, server: Server, kept: Look, change: Callable[[bytes], bytes]
) -> None:
    other = change(parcel.data)
    settings = server.publish(parcel.archive, other)
    with pytest.raises((DigestMismatchError, WeightsUnavailableError)) as caught:
        Store(tmp_path, parcel.catalogue, settings).path("one")
    if len(other) > len(parcel.data):  # not read to its end, so it has no digest to tell
        assert f"more than the {len(parcel.data)} bytes" in str(caught.value)
    else:
        assert isinstance(caught.value, DigestMismatchError)
        assert sha256(other) in str(caught.value) and parcel.archive.sha256 in str(caught.value)
    assert kept(tmp_path) == set()


def test_an_index_that_lists_another_digest_is_refused_before_any_download(
    tmp_path: Path, parcel: Parcel, server: Server
) -> None:
    settings = server.publish(parcel.archive, parcel.data, sha256(b"another"))
    with pytest.raises(DigestMismatchError) as caught:
        Store(tmp_path, parcel.catalogue, settings).path("one")
    assert sha256(b"another") in str(caught.value) and parcel.archive.sha256 in str(caught.value)
    assert server.asked(parcel.archive) == []


def test_works_offline_once_filled_and_says_so_when_not(tmp_path: Path, parcel: Parcel, server: Server) -> None:
    settings = server.publish(parcel.archive, parcel.data)
    Store(tmp_path / "full", parcel.catalogue, settings).path("one")
    server.requests.clear()
    again = Store(tmp_path / "full", parcel.catalogue, settings)
    assert [again.path(name).read_bytes() for name in ("one", "two")] == list(parcel.members.values())
    assert server.requests == []
    nowhere = PipSettings(index_url="http://127.0.0.1:9/simple")  # the discard port: nobody listens
    assert Store(tmp_path / "full", parcel.catalogue, nowhere).path("one").exists()
    with pytest.raises(WeightsUnavailableError, match=r"no connection.*Check the network"):
        Store(tmp_path / "empty", parcel.catalogue, nowhere).path("one")


def test_a_killed_process_leaves_no_file_and_no_lock(
    tmp_path: Path, parcel: Parcel, server: Server, kept: Look
) -> None:
    settings = server.publish(parcel.archive, parcel.data)
    server.go_on.clear()
    process = start(parcel, tmp_path, settings)
    assert server.halfway.wait(30)
    process.kill()
    process.communicate()
    server.go_on.set()
    assert kept(tmp_path) <= {f"partial/{parcel.archive.sha256}.part"}
    store = Store(tmp_path, parcel.catalogue, settings)
    assert not store.cached("one")
    assert store.path("one").read_bytes() == parcel.members["one"]
    assert kept(tmp_path) == {"toy/one.bin", "toy/two.bin"}


@pytest.mark.skipif(sys.platform == "win32", reason="Ctrl-C cannot be sent to one process there")
def test_ctrl_c_ends_at_once_and_leaves_no_file(tmp_path: Path, parcel: Parcel, server: Server, kept: Look) -> None:
    settings = server.publish(parcel.archive, parcel.data)
    server.go_on.clear()
    process = start(parcel, tmp_path, settings)
    assert server.halfway.wait(30)
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=30)
    assert "KeyboardInterrupt" in errors
    assert kept(tmp_path) <= {f"partial/{parcel.archive.sha256}.part"}


def test_four_processes_at_once_download_once_and_all_have_it(
    tmp_path: Path, parcel: Parcel, server: Server, kept: Look
) -> None:
    settings = server.publish(parcel.archive, parcel.data)
    server.go_on.clear()  # the first download cannot end before the others have had time to come
    processes = [start(parcel, tmp_path, settings) for _ in range(4)]
    assert server.halfway.wait(30)
    with pytest.raises(subprocess.TimeoutExpired):
        processes[0].wait(1.5)
    server.go_on.set()
    for process in processes:
        output, errors = process.communicate(timeout=60)
        assert process.returncode == 0, errors
        assert output.split() == [str(tmp_path / "toy" / f"{name}.bin") for name in ("one", "two")]
    assert server.asked(parcel.archive) == [""]
    assert (tmp_path / "toy" / "one.bin").read_bytes() == parcel.members["one"]
    assert kept(tmp_path) == {"toy/one.bin", "toy/two.bin"}


@pytest.mark.skipif(sys.platform == "win32", reason="needs a limit on file size, which POSIX systems have")
@pytest.mark.parametrize("from_web", [True, False])
def test_a_full_disk_is_one_sentence_and_leaves_nothing(
    tmp_path: Path, parcel: Parcel, wheel_folder: Path, server: Server, kept: Look, from_web: bool
) -> None:
    settings = server.publish(parcel.archive, parcel.data)
    if not from_web:  # then the disk fills while the member is taken out of the archive
        page = wheel_folder / "toy-pack" / "index.html"
        page.parent.mkdir()
        page.write_text(f'<a href="../{parcel.archive.filename}">{parcel.archive.filename}</a>')
        settings = PipSettings(index_url=wheel_folder.as_uri())
    process = start(parcel, tmp_path / "cache", settings, limit=2_000_000)
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 1
    assert errors.strip().splitlines() == [
        f"CacheWriteError: The disk of the weights cache {tmp_path / 'cache' / 'partial'} is full; free some space, or "
        "set DOPPELGANGER_CACHE to a folder on another disk."
    ]
    assert kept(tmp_path / "cache") == set()


def test_a_cache_that_cannot_be_written_is_one_sentence(tmp_path: Path, parcel: Parcel, wheel_folder: Path) -> None:
    (tmp_path / "file").write_text("in the way")  # permissions would not stop a test that runs as root
    store = Store(tmp_path / "file", parcel.catalogue, PipSettings(find_links=(str(wheel_folder),)))
    with pytest.raises(WeightsUnavailableError, match=r"cannot be written .* set DOPPELGANGER_CACHE"):
        store.path("one")


def test_an_unknown_name_lists_the_known(tmp_path: Path, parcel: Parcel) -> None:
    with pytest.raises(WeightsUnavailableError, match="no weight 'three'; the catalogue has one, two"):
        Store(tmp_path, parcel.catalogue).path("three")


def test_threads_of_one_process_wait_for_each_other_and_say_so(tmp_path: Path, parcel: Parcel, server: Server) -> None:
    settings = server.publish(parcel.archive, parcel.data)
    server.go_on.clear()
    waiting = threading.Event()

    def fetch(_: int) -> bytes:
        heard = waiting.set
        store = Store(tmp_path, parcel.catalogue, settings)
        return store.path("one", lambda event: heard() if event.stage == "waiting" else None).read_bytes()

    with ThreadPoolExecutor(3) as pool:
        results = [pool.submit(fetch, turn) for turn in range(3)]
        assert waiting.wait(30)
        server.go_on.set()
        assert all(result.result(30) == parcel.members["one"] for result in results)
    assert server.asked(parcel.archive) == [""]

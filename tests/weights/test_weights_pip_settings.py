"""The user's pip settings are read as pip reads them."""

import importlib.util
import os
import subprocess
import sys
from pathlib import Path

import pytest

from doppelganger.errors import WeightsUnavailableError
from doppelganger.weights import PipSettings

CONF = """
[global]
index-url = https://mirror.example/simple
extra-index-url =
    https://one.example/simple
    file:///srv/two/simple
find_links = /srv/wheels ~/wheels
trusted-host = one.example two.example:8080
timeout = 60
cert = /etc/company.pem

[install]
index-url = https://install-only.example/simple

[download]
proxy = http://proxy.example:3128
"""


def test_a_configuration_file(tmp_path: Path) -> None:
    conf = tmp_path / "pip.conf"
    conf.write_text(CONF)
    assert PipSettings.read({"PIP_CONFIG_FILE": str(conf)}) == PipSettings(
        index_url="https://mirror.example/simple",
        extra_index_urls=("https://one.example/simple", "file:///srv/two/simple"),
        find_links=("/srv/wheels", "~/wheels"),
        trusted_hosts=("one.example", "two.example:8080"),
        timeout=60.0,
        cert="/etc/company.pem",
        proxy="http://proxy.example:3128",
    )


def test_the_environment_wins_over_files(tmp_path: Path) -> None:
    conf = tmp_path / "pip.conf"
    conf.write_text(CONF)
    settings = PipSettings.read(
        {
            "PIP_CONFIG_FILE": str(conf),
            "PIP_INDEX_URL": "https://env.example/simple",
            "PIP_FIND_LINKS": "/a /b",
            "PIP_NO_INDEX": "1",
            "PIP_CERT": "",
        }
    )
    assert (settings.index_url, settings.find_links, settings.no_index) == (
        "https://env.example/simple",
        ("/a", "/b"),
        True,
    )
    assert settings.cert == "/etc/company.pem"


def test_no_files_at_all() -> None:
    assert PipSettings.read({"PIP_CONFIG_FILE": os.devnull}) == PipSettings()


def test_a_broken_file_is_named(tmp_path: Path) -> None:
    conf = tmp_path / "pip.conf"
    conf.write_text("index-url = without a section")
    with pytest.raises(WeightsUnavailableError, match=r"pip\.conf cannot be read"):
        PipSettings.read({"PIP_CONFIG_FILE": str(conf)})


@pytest.mark.skipif(importlib.util.find_spec("pip") is None, reason="this environment has no pip to compare with")
@pytest.mark.parametrize("named", [True, False], ids=["a file of ours", "whatever this machine has"])
def test_agrees_with_pip_itself(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, named: bool) -> None:
    if named:
        conf = tmp_path / "pip.conf"
        conf.write_text(CONF)
        monkeypatch.setenv("PIP_CONFIG_FILE", str(conf))
        monkeypatch.setenv("PIP_EXTRA_INDEX_URL", "https://env.example/a https://env.example/b")
    command = [sys.executable, "-m", "pip", "config", "list"]
    lines = subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()
    theirs: dict[str, str] = {}
    for section in ("global.", "download.", ":env:."):
        for line in lines:
            key, _, value = line.partition("=")
            if key.startswith(section):
                theirs[key.removeprefix(section)] = value.strip("'\"").replace("\\n", " ")
    ours = PipSettings.read()
    assert ours.index_url == theirs.get("index-url")
    assert list(ours.extra_index_urls) == theirs.get("extra-index-url", "").split()
    assert list(ours.find_links) == theirs.get("find-links", "").split()
    assert (ours.cert, ours.proxy) == (theirs.get("cert"), theirs.get("proxy"))
    if named:
        assert ours.extra_index_urls == ("https://env.example/a", "https://env.example/b")

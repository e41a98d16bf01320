"""One file from the web to the ``partial`` folder: resumed after an interruption, never taken for a whole one."""

from pathlib import Path

import requests

from doppelganger.errors import DigestMismatchError, WeightsUnavailableError
from doppelganger.progress import Event, Progress
from doppelganger.weights.files import CHUNK, CacheWriteError, sha256_of, writing
from doppelganger.weights.index import Web, why

_ATTEMPTS = 4


def download(web: Web, url: str, partial: Path, size: int, sha256: str, label: str, progress: Progress) -> None:
    """Bring ``partial`` to ``size`` bytes from ``url``, going on where an earlier attempt stopped.

    ``progress`` hears bytes of ``size``. Whether as many bytes are also the right ones is the caller's question.

    The errors' sentences leave naming the address to the caller.

    Raises:
        WeightsUnavailableError: no answer, or the connection ended early every time, or the file is too long.
        DigestMismatchError: the file is too short.
        CacheWriteError: the disk is full (the partial file is then removed) or not writable.
    """
    reason = "the connection ended early"
    for _ in range(_ATTEMPTS):
        have = partial.stat().st_size if partial.exists() else 0
        if have > size:
            partial.unlink()
            have = 0
        if have == size:
            return
        try:
            with web.get(url, _headers(have), stream=True) as response:
                resumed = response.status_code == 206 and response.headers.get("Content-Range", "").startswith(
                    f"bytes {have}-"
                )
                _store(response, partial, have if resumed else 0, size, label, progress)
        except requests.HTTPError as error:
            if error.response is not None and error.response.status_code == 416:  # nothing more to be had: begin anew
                partial.unlink(missing_ok=True)
                continue
            raise WeightsUnavailableError(why(error)) from error
        except (requests.exceptions.ChunkedEncodingError, requests.exceptions.ConnectionError) as error:
            early = isinstance(error, requests.exceptions.ChunkedEncodingError)
            reason = "the connection ended early" if early else why(error)
            continue
        except requests.RequestException as error:
            raise WeightsUnavailableError(why(error)) from error
        have = partial.stat().st_size
        if have > size:
            partial.unlink()
            raise WeightsUnavailableError(f"it sends more than the {size} bytes that are expected")
        if have < size and "Content-Length" in response.headers:  # all that was announced came: it is another file
            digest = sha256_of(partial)
            partial.unlink()
            raise DigestMismatchError(
                f"it has {have} bytes with the SHA-256 {digest} where {size} bytes with {sha256} are expected"
            )
    if partial.exists() and partial.stat().st_size == size:
        return
    raise WeightsUnavailableError(reason)


def _headers(have: int) -> dict[str, str]:
    # Without "identity" a server may compress on the way, and byte ranges would count compressed bytes.
    return {"Accept-Encoding": "identity"} | ({"Range": f"bytes={have}-"} if have else {})


def _store(response: requests.Response, partial: Path, have: int, size: int, label: str, progress: Progress) -> None:
    with writing(partial.parent):
        out = partial.open("ab" if have else "wb")
    try:
        with out:
            for chunk in response.iter_content(CHUNK):
                with writing(partial.parent):
                    out.write(chunk)
                    out.flush()
                have += len(chunk)
                progress(Event("download", min(have, size), size, label))
                if have > size:
                    return
    except CacheWriteError:
        partial.unlink(missing_ok=True)
        raise

"""A generator by its place: a file of this machine, or an address on the web, from where it is fetched once."""

import hashlib
from pathlib import Path
from urllib.parse import urlsplit

import requests
import torch

from doppelganger.errors import WeightsUnavailableError
from doppelganger.generators.stylegan2_generator import StyleGAN2
from doppelganger.progress import Event, Progress, silent

LARGEST = 2_000_000_000
"""Bytes fetched at most; the largest published pickle has 382 MB."""
CHUNK = 1 << 20
PATIENCE = 30.0
"""Seconds without an answer."""


def open_generator(place: str, cache: Path, device: torch.device, progress: Progress = silent) -> StyleGAN2:
    """``place``: the path of a published pickle or of a file that training wrote, or the http(s) address of one.

    What an address gave is kept in ``cache``; its bytes are not known beforehand, so its SHA-256 is on the generator for all who
    write it down. Raises WeightsError with one sentence.
    """
    file = _fetched(place, cache, progress) if place.startswith(("http://", "https://")) else Path(place)
    return StyleGAN2.of_file(file, device)


def _fetched(url: str, cache: Path, progress: Progress) -> Path:
    name = Path(urlsplit(url).path).name or "generator.pkl"
    file = cache / f"{hashlib.sha256(url.encode()).hexdigest()[:12]}-{name}"
    if file.is_file():
        return file
    partial = file.with_name(f".{file.name}.part")
    try:
        cache.mkdir(parents=True, exist_ok=True)
        with requests.get(url, stream=True, timeout=PATIENCE) as response, partial.open("wb") as out:
            response.raise_for_status()
            size, have = int(response.headers.get("Content-Length", 0)), 0
            for chunk in response.iter_content(CHUNK):
                out.write(chunk)
                have += len(chunk)
                if have > LARGEST:
                    raise WeightsUnavailableError(f"{url} is larger than {LARGEST // 10**9} GB, which no generator is.")
                progress(Event("download", have, max(size, have), name))
            if have < size:
                raise WeightsUnavailableError(f"{url} ended early; run the same command again.")
        partial.replace(file)
    except requests.RequestException as error:
        raise WeightsUnavailableError(
            f"{url} could not be fetched ({type(error).__name__}); check the address, or fetch the file and give its path."
        ) from error
    except OSError as error:
        raise WeightsUnavailableError(f"{file} could not be written ({error.strerror}); make room there.") from error
    finally:
        partial.unlink(missing_ok=True)
    return file

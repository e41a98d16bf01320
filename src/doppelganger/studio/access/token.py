"""The token that opens a server which others can reach: printed once as a link, kept as a hash."""

import hmac
from pathlib import Path

from doppelganger.studio.house import private_file
from doppelganger.studio.identity import digest, new_secret


def make_token(file: Path) -> tuple[str, str]:
    """A new token and its hash, which replaces an older one in ``file``: who came in by that is out."""
    token = new_secret()
    private_file(file, digest(token).encode())
    return token, digest(token)


def kept_hash(file: Path) -> str | None:
    """Of the token of an earlier start, None where there was none."""
    try:
        text = file.read_text("ascii").strip()
    except (OSError, UnicodeDecodeError):
        return None
    return text if len(text) == 64 else None


def opens(token: str | None, token_hash: str) -> bool:
    """Whether it is the right one."""
    return token is not None and hmac.compare_digest(digest(token), token_hash)

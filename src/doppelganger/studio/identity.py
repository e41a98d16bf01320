"""Ids and secrets."""

import hashlib
import secrets


def new_id() -> str:
    """128 random bits, hex: an address nobody can guess, good as a folder's name everywhere."""
    return secrets.token_hex(16)


def new_secret() -> str:
    """256 random bits, URL-safe: a cookie or a token."""
    return secrets.token_urlsafe(32)


def digest(secret: str) -> str:
    """SHA-256, hex: what is kept of a secret. Without salt or stretching, since the secret itself has 256 random bits."""
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()

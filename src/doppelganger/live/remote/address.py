"""Where a rendering server is, and how to be sure that it is that one."""

import ssl
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from doppelganger.errors import DoppelgangerError
from doppelganger.live.remote.wire import PATH, TOKEN_LETTERS
from doppelganger.studio.access.hosts import is_loopback


class RemoteError(DoppelgangerError):
    """The rendering server cannot be used; the sentence says why."""


@dataclass(frozen=True)
class Address:
    """``url`` without the token, which never goes where logs are kept. ``pinned``: the only certificate that is believed, DER."""

    url: str
    token: str | None
    tls: ssl.SSLContext | None
    pinned: bytes | None
    local: bool
    """Whether it is this machine's own address."""

    @classmethod
    def of(cls, link: str, token: str | None = None, certificate: Path | None = None) -> "Address":
        """``link``: ``wss://host:port``, with or without ``/render`` and ``#token=…``. ``certificate``: PEM; then that one alone is
        believed, whoever signed it. Raises RemoteError."""
        try:
            parts = urlsplit(link)
            host, port = parts.hostname, parts.port
        except ValueError:
            host, port = None, None
        if host is None or parts.scheme not in ("ws", "wss"):
            raise RemoteError("The server's address begins with wss://, as the server printed it.")
        local = is_loopback(host)
        if parts.scheme == "ws" and not local:
            raise RemoteError(
                "Over ws:// anybody on the way could watch and take the token; start the server with --certificate and --key and "
                "use wss://, or come through an ssh tunnel."
            )
        tls, pinned = (None, None) if parts.scheme == "ws" else _tls(certificate)
        fragment = parts.fragment.removeprefix("token=") if parts.fragment.startswith("token=") else None
        token = token or fragment
        if token and len(token) > TOKEN_LETTERS:
            raise RemoteError(
                f"This token has more than {TOKEN_LETTERS} letters, and no server's has; look for a mistake in it."
            )
        shown = f"[{host}]" if ":" in host else host
        path = parts.path if parts.path.strip("/") else PATH
        url = f"{parts.scheme}://{shown}{f':{port}' if port else ''}{path}"
        return cls(url, token, tls, pinned, local)

    def check(self, connection: ssl.SSLObject | ssl.SSLSocket | None) -> None:
        """Before anything is said. Raises RemoteError where another than the pinned certificate was shown."""
        if self.pinned is None:
            return
        if connection is None or connection.getpeercert(binary_form=True) != self.pinned:
            raise RemoteError("The server shows another certificate than the one given; nothing was sent to it.")


def _tls(certificate: Path | None) -> tuple[ssl.SSLContext, bytes | None]:
    if certificate is None:
        return ssl.create_default_context(), None
    try:
        first, end, _ = certificate.read_text("ascii").partition("-----END CERTIFICATE-----")
        pinned = ssl.PEM_cert_to_DER_cert(first[first.index("-----BEGIN") :] + end)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.load_verify_locations(cafile=certificate)
    except (OSError, ValueError) as error:  # ssl.SSLError is an OSError
        raise RemoteError(f"{certificate} is not a certificate in PEM.") from error
    context.check_hostname = False  # the very certificate is compared instead
    context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    return context, pinned

"""``doppelganger live``: wear an avatar in a call."""

import importlib.util
import socket
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from doppelganger.cli.options import announce_download
from doppelganger.cli.studio import MissingExtraError
from doppelganger.puppet.performance import Mode

if TYPE_CHECKING:
    from doppelganger.live.session import Inventor, Session
    from doppelganger.live.shelf import Shelf
    from doppelganger.live.web.config import Config

EXTRA = ("fastapi", "uvicorn", "websockets")
"""What the extra ``live`` brings for the page."""
WEIGHTS = ("yunet", "mediapipe-face-landmarker")
"""What a driver is followed with."""


def live(
    avatars: Annotated[
        list[Path],
        typer.Argument(
            metavar="AVATAR...", help="Rigs, or folders of rigs, as `doppelganger rig` makes them.", show_default=False
        ),
    ],
    mode: Annotated[
        Mode, typer.Option(help="avatar: its own picture and room. swap: its face on your own video.")
    ] = Mode.AVATAR,
    host: Annotated[
        str, typer.Option(help="Address to listen on. Any but this machine's own asks visitors for a token.")
    ] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port to listen on; 0: a free one.")] = 8766,
    certificate: Annotated[
        Path | None, typer.Option(help="Certificate (PEM), for https.", exists=True, dir_okay=False, show_default=False)
    ] = None,
    key: Annotated[
        Path | None, typer.Option(help="Its private key (PEM).", exists=True, dir_okay=False, show_default=False)
    ] = None,
    host_name: Annotated[
        list[str] | None,
        typer.Option(
            help="Name under which browsers reach it; may be repeated. Others are refused.", show_default=False
        ),
    ] = None,
    open_page: Annotated[bool, typer.Option("--open/--no-open", help="Open the page in the browser.")] = True,
) -> None:
    """Wear an avatar in a call: your camera moves it, and others see it instead of you.

    **Examples**

    - `doppelganger live ada ben`
    - `doppelganger live avatars/ --mode swap`

    A page opens in the browser; `?` shows its keys. Only this machine reaches it unless `--host` says otherwise; then a link with a
    token is printed, once. Nothing of the camera is kept. Ctrl-C ends it (exit code 130).
    """
    _require_extra()
    if (certificate is None) != (key is None):
        raise typer.BadParameter("--certificate and --key belong together.")
    from doppelganger.live.inventing import InventingProcess
    from doppelganger.live.shelf import Shelf
    from doppelganger.live.wardrobe import avatars_in
    from doppelganger.live.web.config import Config
    from doppelganger.studio.access.hosts import WILDCARDS, is_loopback
    from doppelganger.studio.config import TLS
    from doppelganger.studio.identity import digest, new_secret
    from doppelganger.studio.serve import listen

    shelf = Shelf(lambda: avatars_in(avatars))
    shown = host_name[0] if host_name else socket.gethostname() if host in WILDCARDS else host
    token = None if is_loopback(host) else new_secret()
    config = Config(
        host,
        digest(token) if token else None,
        (*(host_name or ()), shown),
        TLS(certificate, key) if certificate and key else None,
    )
    inventor = InventingProcess()
    bound = listen(host, port)
    try:
        session = open_session(shelf, mode, inventor)
        address = f"[{shown}]" if ":" in shown else shown
        link = f"http{'s' if key else ''}://{address}:{bound.getsockname()[1]}/{f'#token={token}' if token else ''}"
        _serve(session, config, bound, link, open_page)
    finally:
        bound.close()
        inventor.close()


def open_session(shelf: "Shelf", mode: Mode, inventor: "Inventor | None" = None) -> "Session":
    """A call with the networks that follow a driver, which are fetched now and not while somebody waits."""
    from doppelganger.faces.detector import FaceDetector
    from doppelganger.faces.landmarks import LandmarkDetector
    from doppelganger.live.session import Session
    from doppelganger.puppet.tracker import Tracker
    from doppelganger.weights import Store

    store = Store()
    announce_download(store, WEIGHTS)
    detector, landmarks = FaceDetector(store), LandmarkDetector(store)
    return Session(shelf, lambda: Tracker(detector, landmarks), mode, inventor)


def _serve(session: "Session", config: "Config", bound: socket.socket, link: str, open_page: bool) -> None:
    from doppelganger.live.web.call import Call
    from doppelganger.live.web.serve import serve

    def ready() -> None:
        typer.echo(f"Doppelgänger Live: {link}")
        typer.echo("Your camera's picture is looked at on this machine and not kept. Ctrl-C ends it.")
        if config.token_hash and not config.tls:
            typer.echo("Warning: without --certificate and --key browsers elsewhere do not give the camera.", err=True)
        if open_page:
            typer.launch(link)

    serve(Call(session), config, bound, ready)


def _require_extra() -> None:
    if any(importlib.util.find_spec(package) is None for package in EXTRA):
        raise MissingExtraError(
            "The page needs more packages: pip install 'deepfake-doppelganger[live]', or from a clone of the repository: "
            "python3 start.py run live AVATAR."
        )

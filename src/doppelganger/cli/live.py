"""``doppelganger live``: wear an avatar in a call."""

import importlib.util
import os
import socket
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from doppelganger.cli.options import announce_download
from doppelganger.cli.serve import TOKEN_VARIABLE
from doppelganger.cli.studio import MissingExtraError
from doppelganger.puppet.performance import Mode

if TYPE_CHECKING:
    from doppelganger.live.protocols import Inventor
    from doppelganger.live.remote.client import RemoteReenactor
    from doppelganger.live.session import Session
    from doppelganger.live.shelf import Shelf
    from doppelganger.live.web.config import Config

EXTRA = ("fastapi", "uvicorn", "websockets")
"""What the extra ``live`` brings for the page."""
WEIGHTS = (
    "yunet",
    "mediapipe-face-landmarker",
    "dlib-resnet",
    "dlib-landmarks-5",
    "sface",
    "arcface-mbf",
    "edgeface-s",
)
"""What a driver is followed with, and what the guard recognises them by."""
_PAGE, _SERVER, _DESKTOP = "The page", "Rendered elsewhere", "Without a browser"


def live(
    avatars: Annotated[
        list[Path] | None,
        typer.Argument(
            metavar="[AVATAR]...",
            help="Rigs, or folders of rigs, as `doppelganger rig` makes them.",
            show_default=False,
        ),
    ] = None,
    mode: Annotated[
        Mode, typer.Option(help="avatar: its own picture and room. swap: its face on your own video.")
    ] = Mode.AVATAR,
    host: Annotated[
        str,
        typer.Option(help="Address to listen on. Any but this machine's own asks for a token.", rich_help_panel=_PAGE),
    ] = "127.0.0.1",
    port: Annotated[
        int, typer.Option(min=0, max=65535, help="Port to listen on; 0: a free one.", rich_help_panel=_PAGE)
    ] = 8766,
    certificate: Annotated[
        Path | None,
        typer.Option(
            help="Certificate (PEM), for https.", exists=True, dir_okay=False, show_default=False, rich_help_panel=_PAGE
        ),
    ] = None,
    key: Annotated[
        Path | None,
        typer.Option(
            help="Its private key (PEM).", exists=True, dir_okay=False, show_default=False, rich_help_panel=_PAGE
        ),
    ] = None,
    host_name: Annotated[
        list[str] | None,
        typer.Option(
            help="Name under which browsers reach it; may be repeated. Others are refused.",
            show_default=False,
            rich_help_panel=_PAGE,
        ),
    ] = None,
    open_page: Annotated[
        bool, typer.Option("--open/--no-open", help="Open the page in the browser.", rich_help_panel=_PAGE)
    ] = True,
    server: Annotated[
        str | None,
        typer.Option(
            help="Rendering server (wss://…), as `doppelganger serve` prints it; its avatars are worn.",
            show_default=False,
            rich_help_panel=_SERVER,
        ),
    ] = None,
    token: Annotated[
        str | None,
        typer.Option(
            help=f"Its token, where the address does not hold it. Better in {TOKEN_VARIABLE}: others see what a command is given.",
            show_default=False,
            rich_help_panel=_SERVER,
        ),
    ] = None,
    server_certificate: Annotated[
        Path | None,
        typer.Option(
            help="The only certificate (PEM) to believe it by.",
            exists=True,
            dir_okay=False,
            show_default=False,
            rich_help_panel=_SERVER,
        ),
    ] = None,
    send_frames: Annotated[
        bool,
        typer.Option(
            "--send-frames",
            help="Let swap send your camera's picture there. Without it only motion is ever sent.",
            rich_help_panel=_SERVER,
        ),
    ] = False,
    desktop: Annotated[
        bool, typer.Option("--desktop", help="A window instead of the page.", rich_help_panel=_DESKTOP)
    ] = False,
    camera: Annotated[
        str | None,
        typer.Option(
            help="Index of the camera, or a video in its place. Default: the last one.",
            show_default=False,
            rich_help_panel=_DESKTOP,
        ),
    ] = None,
    virtual_camera: Annotated[
        bool, typer.Option("--virtual-camera", help="Be a camera for call apps.", rich_help_panel=_DESKTOP)
    ] = False,
    virtual_device: Annotated[
        str,
        typer.Option(
            help="Which virtual camera; or a .y4m file. Default: the first.",
            show_default=False,
            rich_help_panel=_DESKTOP,
        ),
    ] = "",
    record: Annotated[
        Path | None,
        typer.Option(help="Keep what others see as a film (.mp4).", show_default=False, rich_help_panel=_DESKTOP),
    ] = None,
    sound: Annotated[
        bool, typer.Option("--sound", help="… with the microphone's sound.", rich_help_panel=_DESKTOP)
    ] = False,
    window: Annotated[
        bool, typer.Option("--window/--no-window", help="Whether there is a window.", rich_help_panel=_DESKTOP)
    ] = True,
) -> None:
    """Wear an avatar in a call: your camera moves it, and others see it instead of you.

    **Examples**

    - `doppelganger live ada ben`
    - `doppelganger live avatars/ --mode swap`
    - `doppelganger live ada --desktop --virtual-camera --record call.mp4`
    - `DOPPELGANGER_TOKEN=… doppelganger live --server wss://gpu.example:8767`

    A page opens in the browser; `?` shows its keys. Only this machine reaches it unless `--host` says otherwise; then a link with a
    token is printed, once. Nothing of the camera is kept, and nothing leaves this machine without `--server`. Ctrl-C ends it.
    """
    if not avatars and server is None:
        raise typer.BadParameter("Give the avatars to wear, or a --server that has some.")
    if avatars and server is not None:
        raise typer.BadParameter("The server's avatars are worn; give either AVATAR or --server.")
    if (certificate is None) != (key is None):
        raise typer.BadParameter("--certificate and --key belong together.")
    if not desktop and (camera is not None or virtual_camera or record is not None):
        raise typer.BadParameter("--camera, --virtual-camera and --record belong to --desktop.")
    if not desktop:
        _require_extra()
    with ExitStack() as ending:
        session = (
            _rendered_there(server, token, server_certificate, send_frames, mode, ending)
            if server is not None
            else _rendered_here(avatars or [], mode, ending)
        )
        if desktop:
            device = virtual_device if virtual_camera else None
            _without_browser(session, camera, device, record, sound, window)
        else:
            _with_page(session, host, port, tuple(host_name or ()), certificate, key, open_page, ending)


def _rendered_here(places: list[Path], mode: Mode, ending: ExitStack) -> "Session":
    from doppelganger.live.inventing import InventingProcess
    from doppelganger.live.shelf import Shelf
    from doppelganger.live.wardrobe import avatars_in

    shelf = Shelf(lambda: avatars_in(places))
    inventor = InventingProcess()
    ending.callback(inventor.close)
    return _session(shelf, mode, ending, inventor=inventor)


def _rendered_there(
    server: str, token: str | None, certificate: Path | None, frames: bool, mode: Mode, ending: ExitStack
) -> "Session":
    from doppelganger.live.remote.client import RemoteReenactor
    from doppelganger.live.remote.wardrobe import avatars_of
    from doppelganger.live.shelf import Shelf

    if token is None and "#token=" not in server:
        token = os.environ.get(TOKEN_VARIABLE)
    remote = RemoteReenactor.connect(server, token, certificate=certificate, frames=frames)
    ending.callback(remote.close)
    return _session(Shelf(lambda: avatars_of(remote)), mode, ending, remote=remote)


def _session(
    shelf: "Shelf",
    mode: Mode,
    ending: ExitStack,
    inventor: "Inventor | None" = None,
    remote: "RemoteReenactor | None" = None,
) -> "Session":
    """With the networks that follow a driver and guard what is shown, which are fetched now and not while somebody waits."""
    from doppelganger.faces.detector import FaceDetector
    from doppelganger.faces.landmarks import LandmarkDetector
    from doppelganger.live.guarding import CallGuard
    from doppelganger.live.session import Session
    from doppelganger.puppet.tracker import Tracker
    from doppelganger.weights import Store

    store = Store()
    announce_download(store, WEIGHTS)
    detector, landmarks = FaceDetector(store), LandmarkDetector(store)
    guard = CallGuard(store, shelf.avatars[0])
    ending.callback(guard.close)
    return Session(shelf, lambda: Tracker(detector, landmarks), mode, inventor, guard, remote)


def _without_browser(
    session: "Session", camera: str | None, device: str | None, record: Path | None, sound: bool, window: bool
) -> None:
    from doppelganger.live.desktop.call import Wishes, call

    index = int(camera) if camera is not None and camera.isdecimal() else None
    video = Path(camera) if camera is not None and index is None else None
    called = call(session, Wishes(index, video, False, window, device, record, sound))
    typer.echo(f"{called.frames} frames shown, {called.fps:.0f} a second; {called.dropped} late ones were dropped.")


def _with_page(
    session: "Session",
    host: str,
    port: int,
    names: tuple[str, ...],
    certificate: Path | None,
    key: Path | None,
    open_page: bool,
    ending: ExitStack,
) -> None:
    from doppelganger.listening import listen
    from doppelganger.live.web.config import Config
    from doppelganger.studio.access.hosts import WILDCARDS, is_loopback
    from doppelganger.studio.config import TLS
    from doppelganger.studio.identity import digest, new_secret

    shown = names[0] if names else socket.gethostname() if host in WILDCARDS else host
    token = None if is_loopback(host) else new_secret()
    tls = TLS(certificate, key) if certificate and key else None
    bound = listen(host, port)
    ending.callback(bound.close)
    address = f"[{shown}]" if ":" in shown else shown
    link = f"http{'s' if tls else ''}://{address}:{bound.getsockname()[1]}/{f'#token={token}' if token else ''}"
    _serve(session, Config(host, digest(token) if token else None, (*names, shown), tls), bound, link, open_page)


def _serve(session: "Session", config: "Config", bound: socket.socket, link: str, open_page: bool) -> None:
    from doppelganger.live.web.call import Call
    from doppelganger.live.web.serve import serve
    from doppelganger.private_link import open_privately

    def ready() -> None:
        typer.echo(f"Doppelgänger Live: {link}")
        typer.echo("Your camera's picture is looked at on this machine and not kept. Ctrl-C ends it.")
        if config.token_hash and not config.tls:
            typer.echo("Warning: without --certificate and --key browsers elsewhere do not give the camera.", err=True)
        if open_page:
            (open_privately if config.token_hash else typer.launch)(link)

    serve(Call(session), config, bound, ready)


def _require_extra() -> None:
    if any(importlib.util.find_spec(package) is None for package in EXTRA):
        raise MissingExtraError(
            "The page needs more packages: pip install 'deepfake-doppelganger[live]', or from a clone of the repository: "
            "python3 start.py run live AVATAR."
        )

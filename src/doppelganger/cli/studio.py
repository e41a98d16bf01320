"""``doppelganger studio``: a page in the browser, served from this machine."""

import importlib.util
import json
import shlex
import socket
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from doppelganger.errors import DoppelgangerError
from doppelganger.studio.config import MOST_HOURS

EXTRA = ("fastapi", "uvicorn", "av")
"""What the extra ``studio`` brings."""


class MissingExtraError(DoppelgangerError):
    """The packages of the Studio are not installed."""


def studio(
    host: Annotated[
        str, typer.Option(help="Address to listen on. Any but this machine's own asks visitors for a token.")
    ] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port to listen on; 0: a free one.")] = 8765,
    data: Annotated[
        Path | None,
        typer.Option(
            help="Folder for pictures, jobs and results. Default: one of your own, which is named at the start.",
            show_default=False,
        ),
    ] = None,
    keep_hours: Annotated[
        float,
        typer.Option(
            min=0.01,
            max=MOST_HOURS,
            help="Everything is deleted after so many hours; what is over its time while no Studio runs, at the next start.",
        ),
    ] = 24,
    token: Annotated[bool, typer.Option("--token", help="Ask for a token on this machine's own address, too.")] = False,
    new_token: Annotated[
        bool, typer.Option("--new-token", help="Make a new token; who came in by the old one is out.")
    ] = False,
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
    device: Annotated[str, typer.Option("--device", help="auto, cpu, cuda or mps, as PyTorch calls them.")] = "auto",
    open_page: Annotated[bool, typer.Option("--open/--no-open", help="Open the page in the browser.")] = True,
    erase: Annotated[
        bool, typer.Option("--erase", help="Delete all that a Studio keeps in the folder, everybody's, and end.")
    ] = False,
    openapi: Annotated[
        bool, typer.Option("--openapi", help="Print the OpenAPI document of its API as JSON, and end.")
    ] = False,
) -> None:
    """Serve the Studio: make a doppelgänger in the browser, see the border, take the face away.

    **Examples**

    - `doppelganger studio`
    - `doppelganger studio --port 9000 --keep-hours 2 --no-open`
    - `doppelganger studio --erase`
    - `doppelganger studio --host 0.0.0.0 --certificate cert.pem --key key.pem --host-name studio.example`

    Only this machine reaches it unless `--host` says otherwise; then a link with a token is printed, once. Pictures are deleted
    when their job has ended, everything else after `--keep-hours`. Ctrl-C ends it (exit code 130); jobs in progress go on at the
    next start. While it does not run, nothing is deleted.
    """
    folder = (data or _usual_folder()).absolute()
    if erase:
        _erase(folder)
        return
    _require_extra()
    from doppelganger.studio.config import TLS, Config

    if openapi:
        from doppelganger.studio.app import create_app

        typer.echo(json.dumps(create_app(Config(folder)).openapi(), indent=2, ensure_ascii=False))
        return
    if device.split(":")[0] not in ("auto", "cpu", "cuda", "mps"):
        raise typer.BadParameter(f"There is no device {device!r}; choose auto, cpu, cuda or mps.")
    if (certificate is None) != (key is None):
        raise typer.BadParameter("--certificate and --key belong together.")
    from doppelganger.listening import listen
    from doppelganger.private_link import open_privately
    from doppelganger.studio.access.hosts import WILDCARDS, is_loopback
    from doppelganger.studio.access.token import kept_hash, make_token
    from doppelganger.studio.house import House
    from doppelganger.studio.serve import serve

    bound = listen(host, port)
    house = House(folder)
    house.occupy()
    try:
        made, token_hash = None, None
        if token or new_token or not is_loopback(host):
            token_hash = None if new_token else kept_hash(house.token)
            if token_hash is None:
                made, token_hash = make_token(house.token)
        tls = TLS(certificate, key) if certificate and key else None
        names = tuple(host_name or ())
        config = Config(house.root, host, port, token_hash, names, keep_hours, tls, device)
        _fetch_networks()
        shown = names[0] if names else socket.gethostname() if host in WILDCARDS else host
        if host in WILDCARDS and not names:
            config = Config(house.root, host, port, token_hash, (shown,), keep_hours, tls, device)
        address = f"[{shown}]" if ":" in shown else shown
        link = f"http{'s' if tls else ''}://{address}:{bound.getsockname()[1]}/{f'#token={made}' if made else ''}"

        def ready() -> None:
            _announce(link, config.keep_hours, house.root)
            if token_hash and not made:
                typer.echo("It asks for the token of the link that was printed once; --new-token makes another.")
            if not tls and not is_loopback(host):
                typer.echo(
                    "Warning: without --certificate and --key, whoever shares the network can read along.", err=True
                )
            if open_page:
                (open_privately if made else typer.launch)(link)

        try:
            serve(config, house, bound, ready)
        finally:
            if any(house.everything()):
                where = f" --data {shlex.quote(str(folder))}" if data else ""
                typer.echo(f"What was made still lies in {folder} and is not deleted before the Studio runs again.")
                typer.echo(f"To delete all of it now: doppelganger studio --erase{where}")
    finally:
        bound.close()
        house.leave()


def _require_extra() -> None:
    if any(importlib.util.find_spec(package) is None for package in EXTRA):
        raise MissingExtraError(
            "The Studio needs more packages: pip install 'deepfake-doppelganger[studio]', or from a clone of the repository: "
            "python3 start.py run studio."
        )


def _erase(folder: Path) -> None:
    from doppelganger.studio.house import House

    house = House(folder)
    if not any(path.exists() for path in house.belongings):
        typer.echo(f"There is nothing of a Studio in {folder}.")
        return
    house.occupy()
    try:
        house.clear()
    finally:
        house.leave()
    typer.echo(f"All that a Studio kept in {folder} is deleted.")


def _usual_folder() -> Path:
    from platformdirs import user_data_path

    return user_data_path("doppelganger", appauthor=False) / "studio"


def _fetch_networks() -> None:
    """Now, with a bar, and not while somebody waits in the browser."""
    from doppelganger.cli.bar import ProgressBar
    from doppelganger.cli.options import announce_download, needed
    from doppelganger.weights import Store

    store = Store()
    wanted = needed(store, in_photo=True, background=True)  # the parser reads invented faces
    if missing := announce_download(store, wanted):
        with ProgressBar(("weights",), Console(stderr=True, highlight=False), missing) as bar:
            for name in wanted:
                store.path(name, bar)


def _announce(link: str, keep_hours: float, folder: Path) -> None:
    hours = f"{keep_hours:g} hour{'' if keep_hours == 1 else 's'}"
    typer.echo(f"Doppelgänger Studio: {link}")
    typer.echo(f"What is made lies in {folder} and is deleted after {hours}; photos go as soon as their job has ended.")
    typer.echo(
        "Ctrl-C ends it; jobs in progress go on at the next start. Until then nothing is deleted, unless by --erase."
    )

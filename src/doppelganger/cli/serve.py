"""``doppelganger serve``: render avatars for laptops, on this machine or on one that ssh reaches."""

import importlib.util
import json
import os
import signal
import socket
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from doppelganger.cli.options import Json
from doppelganger.cli.studio import MissingExtraError

if TYPE_CHECKING:
    from doppelganger.live.remote.ssh import Host

EXTRA = ("fastapi", "uvicorn", "websockets")
"""What the extra ``live`` brings for it."""
TOKEN_VARIABLE = "DOPPELGANGER_TOKEN"
"""Environment variable with a token of one's own choice: for containers, and for replicas that must have the same."""
_SHORTEST_TOKEN = 32


def serve(
    avatars: Annotated[
        list[Path],
        typer.Argument(
            metavar="AVATAR...", help="Rigs, or folders of rigs, as `doppelganger rig` makes them.", show_default=False
        ),
    ],
    host: Annotated[
        str, typer.Option(help="Address to listen on. Any but this machine's own asks for a token.")
    ] = "127.0.0.1",
    port: Annotated[
        int, typer.Option(min=0, max=65535, help="Port to listen on (with --ssh: of this machine); 0: a free one.")
    ] = 8767,
    token: Annotated[bool, typer.Option("--token", help="Ask for a token on this machine's own address, too.")] = False,
    new_token: Annotated[
        bool, typer.Option("--new-token", help="Make a new token; the old one opens nothing any more.")
    ] = False,
    certificate: Annotated[
        Path | None, typer.Option(help="Certificate (PEM), for wss.", exists=True, dir_okay=False, show_default=False)
    ] = None,
    key: Annotated[
        Path | None, typer.Option(help="Its private key (PEM).", exists=True, dir_okay=False, show_default=False)
    ] = None,
    sessions: Annotated[int, typer.Option(min=1, max=100, help="Drivers at a time; others are told to wait.")] = 4,
    workers: Annotated[int, typer.Option(min=1, max=64, help="Threads that render; each takes about a core.")] = 1,
    data: Annotated[
        Path | None,
        typer.Option(
            help="Folder for the token's hash, and nothing else. Default: one of your own.", show_default=False
        ),
    ] = None,
    ssh: Annotated[
        str | None,
        typer.Option(
            metavar="HOST",
            help="Serve on another machine, which your ssh reaches: installed, started, tunnelled to here, and ended with this.",
            show_default=False,
        ),
    ] = None,
    ssh_option: Annotated[
        list[str] | None,
        typer.Option(
            help="Option for ssh as in its configuration, such as Port=2222; may be repeated.", show_default=False
        ),
    ] = None,
    remote_command: Annotated[
        str | None,
        typer.Option(
            help="How `doppelganger` is called on the other machine, where it is installed already.", show_default=False
        ),
    ] = None,
    with_input: Annotated[bool, typer.Option("--with-input", hidden=True)] = False,
    as_json: Json = False,
) -> None:
    """Render avatars for other machines: they send what a face does, 3 kB a frame, and get pictures back.

    **Examples**

    - `doppelganger serve avatars/ --host 0.0.0.0 --certificate cert.pem --key key.pem`
    - `doppelganger serve ada ben --ssh me@gpu.example`

    Wear them on the laptop with `doppelganger live --server` and what is printed. Only this machine reaches it unless `--host`
    says otherwise; then it asks for a token, printed once (`DOPPELGANGER_TOKEN` in the environment: your own). No picture is
    written to disk. Ctrl-C ends it (exit code 130).
    """
    if any(importlib.util.find_spec(package) is None for package in EXTRA):
        raise MissingExtraError(
            "Serving needs more packages: pip install 'deepfake-doppelganger[live]', or from a clone of the repository: "
            "python3 start.py run serve."
        )
    if (certificate is None) != (key is None):
        raise typer.BadParameter("--certificate and --key belong together.")
    if ssh is not None:
        from doppelganger.live.remote.ssh import Host

        _serve_there(Host(ssh, tuple(ssh_option or ())), avatars, port, sessions, remote_command, as_json)
        return
    from doppelganger.listening import listen
    from doppelganger.live.remote.config import Config, Limits, check_cast
    from doppelganger.live.remote.serving import serve as run
    from doppelganger.live.wardrobe import avatars_in
    from doppelganger.studio.access.hosts import WILDCARDS, is_loopback
    from doppelganger.studio.config import TLS

    asked = token or new_token or not is_loopback(host)
    tls = TLS(certificate, key) if certificate and key else None
    shown = tuple(avatars_in(avatars))
    check_cast(shown)
    bound = listen(host, port)
    try:
        made, token_hash = _token(data, new_token) if asked or TOKEN_VARIABLE in os.environ else (None, None)
        config = Config(shown, token_hash, tls, Limits(sessions=sessions, workers=workers))
        name = socket.gethostname() if host in WILDCARDS else f"[{host}]" if ":" in host else host
        link = f"ws{'s' if tls else ''}://{name}:{bound.getsockname()[1]}/render{f'#token={made}' if made else ''}"

        def ready() -> None:
            _announce(link, [avatar.name for avatar in shown], as_json)
            if token_hash and not made and not as_json:
                typer.echo(
                    "It asks for the token that was printed once or is in the environment; --new-token makes another."
                )
            if not tls and not is_loopback(host):
                typer.echo(
                    "Warning: without --certificate and --key, laptops refuse to send their token here.", err=True
                )

        run(config, bound, ready, with_input)
    finally:
        bound.close()


def _serve_there(
    host: "Host", avatars: list[Path], port: int, sessions: int, remote_command: str | None, as_json: bool
) -> None:
    from doppelganger.live.remote.borrowed import borrowed
    from doppelganger.live.remote.config import check_cast
    from doppelganger.live.remote.ssh import installed
    from doppelganger.live.wardrobe import avatars_in, rigs_in

    signal.signal(signal.SIGTERM, signal.default_int_handler)  # killed, it ends as by Ctrl-C: at both ends
    check_cast(avatars_in(avatars))
    rigs = rigs_in(avatars)

    def tell(sentence: str) -> None:
        typer.echo(sentence, err=True)

    if remote_command:
        host.run(f"{remote_command} --version")
    launch = remote_command or installed(host, tell)
    with borrowed(host, rigs, launch, sessions, port) as server:
        _announce(server.link, list(server.avatars), as_json)
        server.wait()


def _token(data: Path | None, new: bool) -> tuple[str | None, str]:
    """The token where it is new, and its hash. Raises typer.BadParameter."""
    from platformdirs import user_data_path

    from doppelganger.live.remote.wire import TOKEN_LETTERS
    from doppelganger.studio.access.token import kept_hash, make_token
    from doppelganger.studio.identity import digest

    if (own := os.environ.get(TOKEN_VARIABLE)) is not None:
        if not _SHORTEST_TOKEN <= len(own) <= TOKEN_LETTERS:
            raise typer.BadParameter(
                f"{TOKEN_VARIABLE} must have {_SHORTEST_TOKEN} to {TOKEN_LETTERS} letters; leave it out to get one."
            )
        return None, digest(own)
    folder = data or user_data_path("doppelganger", appauthor=False) / "serve"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    kept = None if new else kept_hash(folder / "token")
    return (None, kept) if kept else make_token(folder / "token")


def _announce(link: str, names: list[str], as_json: bool) -> None:
    if as_json:
        typer.echo(json.dumps({"link": link, "avatars": names}, ensure_ascii=False))
        return
    typer.echo(f"Rendering server: {link}")
    typer.echo(f"Avatars: {', '.join(names)}.")
    address, _, token = link.partition("#token=")
    given = f"{TOKEN_VARIABLE}={token} " if token else ""
    typer.echo(f"Wear them with: {given}doppelganger live --server '{address}'")
    if token:
        typer.echo(
            f"Or, where nobody else uses the laptop, who could see the token in the list of processes: "
            f"doppelganger live --server '{link}'"
        )
    typer.echo("No picture is written to disk. Ctrl-C ends it.")

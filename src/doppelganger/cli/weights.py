"""``doppelganger weights``: what the networks are, what their licences allow, and what the cache holds of them."""

import json
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, TaskID, TimeRemainingColumn, TransferSpeedColumn
from rich.progress import Progress as Bar

from doppelganger.errors import DigestMismatchError
from doppelganger.progress import Event
from doppelganger.weights import Store

app = typer.Typer(no_args_is_help=True, help="The trained networks: list, fetch, verify, remove, or add your own copy.")

Names = Annotated[list[str] | None, typer.Argument(help="Names as `list` shows them; all if none is given.")]
Json = Annotated[bool, typer.Option("--json", help="Print JSON for programs.")]


def megabytes(size: int) -> str:
    """Bytes as a short text in MB (10^6 bytes)."""
    return f"{size / 1e6:.1f} MB"


@app.command("list")
def list_weights(as_json: Json = False) -> None:
    """Show every network: what it is, whose, its licence, its size, and whether it is in the cache."""
    store = Store()
    if as_json:
        rows = [
            {
                "name": weight.name,
                "what": weight.what,
                "vendor": weight.vendor,
                "year": weight.year,
                "licence": weight.licence,
                "non_commercial": weight.non_commercial,
                "size": weight.size,
                "sha256": weight.sha256,
                "cached": store.cached(weight.name),
            }
            for weight in store.catalogue.values()
        ]
        typer.echo(json.dumps({"folder": str(store.folder), "weights": rows}, indent=2))
        return
    for weight in store.catalogue.values():
        typer.echo(
            f"{weight.name:28} {megabytes(weight.size):>8}  {'cached' if store.cached(weight.name) else 'not cached'}\n"
            f"    {weight.what}. {weight.vendor}, {weight.year}\n"
            f"    Licence: {weight.licence}{' [NON-COMMERCIAL]' if weight.non_commercial else ''}"
        )
    typer.echo(f"Cache: {store.folder}, {megabytes(store.kept_size())} when full.")
    typer.echo(f"Still to download: {megabytes(store.download_size())}.")


@app.command()
def fetch(names: Names = None) -> None:
    """Download what is missing, so that everything works without a network afterwards."""
    store = Store()
    wanted = names or list(store.catalogue)
    size = store.download_size(wanted)
    if size:
        typer.echo(
            f"Downloading {megabytes(size)} of archives, of which {megabytes(store.kept_size(wanted))} are kept in "
            f"{store.folder}."
        )
    with Bar(
        "{task.description}",
        BarColumn(),
        DownloadColumn(),
        TransferSpeedColumn(),
        TimeRemainingColumn(),
        console=Console(stderr=True),
    ) as bar:
        listener = _Listener(bar)
        for name in wanted:
            store.path(name, progress=listener)
    typer.echo(f"{len(wanted)} of {len(wanted)} weights are there.")


@app.command()
def verify(names: Names = None, as_json: Json = False) -> None:
    """Hash every cached file anew and compare it with what the catalogue pins."""
    checkups = Store().verify(names or None)
    if as_json:
        rows = [{**vars(checkup), "file": str(checkup.file)} for checkup in checkups]
        typer.echo(json.dumps(rows, indent=2))
    else:
        for checkup in checkups:
            typer.echo(f"{checkup.state:8} {checkup.name}")
    damaged = [checkup.sentence for checkup in checkups if checkup.state == "damaged"]
    if damaged and as_json:  # the sentences are in it
        raise typer.Exit(DigestMismatchError.exit_code)
    if damaged:
        raise DigestMismatchError("\n".join(damaged))


@app.command()
def remove(names: Names = None) -> None:
    """Delete networks from the cache, and what unfinished downloads left there."""
    removed = Store().remove(names or None)
    typer.echo(f"Removed: {', '.join(removed)}." if removed else "There was nothing to remove.")


@app.command()
def add(
    name: Annotated[str, typer.Argument(help="Name as `list` shows it.")],
    source: Annotated[str, typer.Argument(help="The file or an archive that holds it, or its web address.")],
) -> None:
    """Take a network from a file or an address of your own; it must be the very bytes that the catalogue pins."""
    typer.echo(f"Kept as {Store().add(name, source)}.")


class _Listener:
    """Draws download events: one line for each archive."""

    def __init__(self, bar: Bar) -> None:
        self._bar = bar
        self._tasks: dict[str, TaskID] = {}

    def __call__(self, event: Event) -> None:
        if event.stage != "download":
            self._bar.console.print(event.message)
            return
        if event.message not in self._tasks:
            self._tasks[event.message] = self._bar.add_task(event.message, total=event.total)
        self._bar.update(self._tasks[event.message], completed=event.done)

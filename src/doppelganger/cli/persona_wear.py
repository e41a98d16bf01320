"""``doppelganger persona wear`` and ``place``: a persona on the owner's own photos, and before a given background."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from doppelganger.cli.bar import ProgressBar
from doppelganger.cli.options import Device, Json, announce_download, networks_on
from doppelganger.errors import NoFaceError

if TYPE_CHECKING:
    from doppelganger.networks import Networks
    from doppelganger.persona.own_photos import Entry, WornPhotos

Folder = Annotated[Path, typer.Argument(metavar="NAME", help="The persona's folder.", show_default=False)]


def wear(
    folder: Folder,
    photos: Annotated[Path, typer.Argument(help="A folder of your photos; they are only read.", show_default=False)],
    out: Annotated[
        Path | None,
        typer.Option("-o", "--out", help="Folder of the results. Default: PHOTOS-as-NAME, beside the photos."),
    ] = None,
    who: Annotated[
        Path | None,
        typer.Option(help="A picture of you, by which you are found in groups. Default: each photo's largest face."),
    ] = None,
    device: Device = "auto",
    as_json: Json = False,
) -> None:
    """Put the persona on your own photos: their face, in your pose, expression and light; hair, body and place stay.

    Every finished photo is judged by four recognisers: most must take it for the persona and none for you, or it goes to
    `private/refused` and is not to be shared. Ctrl-C stops it; the same command goes on where it was.

    Example: `doppelganger persona wear ada holidays/ --who me.jpg --out ada-on-holiday`
    """
    from doppelganger.persona.folder import load
    from doppelganger.persona.own_photos import photos_in, wear_folder

    persona, names = load(folder), [photo.name for photo in photos_in(photos)]
    target = (out or photos.absolute().parent / f"{photos.absolute().name}-as-{folder.absolute().name}").absolute()
    with ProgressBar(["wearing"]) as bar:
        worn = wear_folder(persona, photos, target, _networks(device), who, progress=bar)
    entries = [worn.entries[name] for name in names]
    if as_json:
        from dataclasses import asdict

        from doppelganger.storage import dump

        typer.echo(dump({"folder": str(target), "photos": [asdict(entry) for entry in entries]}))
    else:
        _show(worn, entries)
    if not any(entry.accepted for entry in entries):
        if as_json:  # which has said it
            raise typer.Exit(NoFaceError.exit_code)
        raise NoFaceError(f"The persona could be put on none of the {len(entries)} photos; {worn.file} says why.")


def place(
    folder: Folder,
    picture: Annotated[
        str,
        typer.Argument(
            help="A picture of the persona: a file, `reference`, or one of a series, as `holidays/3`.",
            show_default=False,
        ),
    ],
    before: Annotated[Path, typer.Option(help="The background, a picture; it is cut to fit.", show_default=False)],
    out: Annotated[
        Path | None,
        typer.Option(
            "-o",
            "--out",
            help="The PNG to write; one of that name is replaced. Default: here, NAME-before-BACKGROUND.png, numbered "
            "where it exists.",
        ),
    ] = None,
    device: Device = "auto",
    as_json: Json = False,
) -> None:
    """Put the persona before a background of yours, in its light.

    Example: `doppelganger persona place ada holidays/3 --before beach.jpg`
    """
    from doppelganger.images import read_image, write_atomically
    from doppelganger.numbering import free
    from doppelganger.persona.folder import load
    from doppelganger.persona.pictures import find_picture
    from doppelganger.persona.placing import place as place_before
    from doppelganger.provenance import SourceType, synthetic_png

    persona, background = load(folder), read_image(before)
    chosen = find_picture(folder, picture, persona.latent)
    placed = place_before(
        read_image(chosen.file), background, persona.front, _networks(device, background=True), chosen.latent
    )
    target = (out or free(Path(f"{folder.absolute().name}-before-{before.stem}.png"))).absolute()
    write_atomically(target, synthetic_png(placed.image, SourceType.COMPOSITE))
    different = [name for name, share in placed.seen.distances.items() if share > 1]
    if as_json:
        from dataclasses import asdict

        from doppelganger.storage import dump

        record = {"light": asdict(placed.place), "change": asdict(placed.change), "turned": placed.turned}
        typer.echo(dump({"file": str(target), "persona": placed.seen.distances, "same": not different, **record}))
        return
    typer.echo(f"{persona.name} before {before.name}: {target}")
    typer.echo(
        f"Said to be somebody else by {', '.join(different)}."
        if different
        else "Every verifier says it is the persona."
    )


def _networks(device: str, background: bool = False) -> "Networks":
    from doppelganger.weights import Store
    from doppelganger.weights.run import weights_of_run

    store = Store()
    needed = weights_of_run(in_photo=True, background=background)
    announce_download(store, needed)
    for weight in needed:
        store.path(weight)
    return networks_on(device, store)


def _show(worn: "WornPhotos", entries: "list[Entry]") -> None:
    console = Console(highlight=False)
    for entry in entries:
        if entry.error is not None:
            console.print(f"[yellow]{entry.photo}: {entry.error}[/yellow]", soft_wrap=True)
        elif not entry.accepted:
            why = (
                f"{', '.join(entry.recognised)} knows you in it" if entry.recognised else "most do not see the persona"
            )
            console.print(f"[yellow]{entry.photo}: refused, {why}; see {entry.worn}[/yellow]", soft_wrap=True)
        else:
            of = len(entry.persona or ())
            console.print(
                f"{entry.photo}: {entry.worn} ({entry.face}; the persona to {len(entry.same)} of {of})", soft_wrap=True
            )
    done = sum(entry.accepted for entry in entries)
    console.print(f"{done} of {len(entries)} photos, to share: {worn.folder / 'share'}", soft_wrap=True)
    console.print(f"Each beside what became of it, for you alone: {worn.folder / 'private'}", soft_wrap=True)

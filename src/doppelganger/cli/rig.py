"""``doppelganger rig``: prepare an avatar once, so that it can move."""

from pathlib import Path
from typing import Annotated

import typer

from doppelganger.cli.bar import ProgressBar
from doppelganger.cli.options import Device, Json, announce_download, networks_on

STAGES = ("weights", "rigging")
SHEET = "look.png"


def rig(
    source: Annotated[
        Path | None,
        typer.Argument(help="A result of `doppelganger make`, or a picture with a face.", show_default=False),
    ] = None,
    seed: Annotated[
        int | None, typer.Option(min=0, help="Instead of SOURCE: the invented face of this seed.", show_default=False)
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option("-o", "--out", help="Folder to make. Default: here, named after the source.", show_default=False),
    ] = None,
    note: Annotated[
        str,
        typer.Option(
            help="For a picture: whose face it is and that they agreed, or what it is. It is kept in the rig.",
            show_default=False,
        ),
    ] = "",
    device: Device = "auto",
    as_json: Json = False,
) -> None:
    """Prepare an avatar so that it can move: for `doppelganger animate` and `doppelganger live`. Half a minute, once.

    **Examples**

    - `doppelganger rig me-doppelganger -o me-rig`
    - `doppelganger rig --seed 20`
    - `doppelganger rig painting.jpg --note "Girl with a Pearl Earring, Vermeer, about 1665"`

    The rig is a folder: it can be moved, and deleting it deletes all of it. A doppelgänger's rig never shows a face that the four
    verifiers take for the portrait's.
    """
    if (source is None) == (seed is None):
        raise typer.BadParameter("Give a result, a picture, or --seed N; one of them.")
    is_picture = source is not None and not source.is_dir()
    if is_picture and not note.strip():
        raise typer.BadParameter(
            "A picture may show a person: say with --note whose face it is and that they agreed, or what the picture is."
        )
    name = out.name if out else f"{source.stem}-rig" if source is not None else f"face-{seed}-rig"
    folder = (out or Path.cwd() / name).absolute()
    from doppelganger.errors import OutputError
    from doppelganger.weights import Store

    if folder.exists():
        raise OutputError(f"{folder} is there already; choose another name with --out, or delete it first.")
    picture = None
    if is_picture:
        from doppelganger.images import read_image

        assert source is not None
        picture = read_image(source)
    from doppelganger.weights.run import weights_of_run

    store = Store()
    needed = weights_of_run(in_photo=True, background=True)
    with ProgressBar(STAGES, download=announce_download(store, needed)) as bar:
        for weight in needed:
            store.path(weight, bar)
        from doppelganger.images import write_atomically
        from doppelganger.provenance import SourceType, synthetic_png
        from doppelganger.puppet.rigging import rig_invented, rig_of_picture, rig_of_result
        from doppelganger.puppet.showing import sheet

        networks = networks_on(device, store)
        if picture is not None:
            made = rig_of_picture(picture, name, networks, note.strip(), bar)
        elif source is not None:
            made = rig_of_result(source, name, networks, bar)
        else:
            assert seed is not None
            made = rig_invented(seed, name, networks, bar)
        saved = made.save(folder)
        kind = SourceType.COMPOSITE if picture is not None else SourceType.SYNTHETIC
        write_atomically(saved / SHEET, synthetic_png(sheet(made), kind))
    if as_json:
        from doppelganger.storage import dump

        typer.echo(dump({"folder": str(saved), "name": name, "source": made.source, "look": str(saved / SHEET)}))
        return
    typer.echo(f"Rigged: {saved}")
    typer.echo(f"Look at {saved / SHEET}; then `doppelganger live {saved.name}`.")

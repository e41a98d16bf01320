"""``doppelganger make``: one photo to one folder with its doppelgänger and the report."""

from dataclasses import replace
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.table import Table

from doppelganger.cli.another import open_by
from doppelganger.cli.bar import ProgressBar
from doppelganger.cli.options import (
    Another,
    Device,
    FaceIndex,
    Json,
    Out,
    Photo,
    Steps,
    announce_download,
    needed,
    networks_on,
    projection_settings,
)
from doppelganger.errors import BorderNotFoundError

if TYPE_CHECKING:
    from doppelganger.result import Result
    from doppelganger.settings import Settings
    from doppelganger.storage import ResultFolder

PRODUCTS = ("doppelgänger", "in photo")
"""The faces that leave the house."""
STAGES = ("weights", "projection", "border", "nearest", "judging")


class Method(StrEnum):
    """How the face is found."""

    NEAREST = "nearest"
    PATH = "path"


def make(
    photo: Photo,
    out: Out = None,
    face: FaceIndex = None,
    method: Annotated[
        Method,
        typer.Option(
            help="nearest: search the likest face outside every border. "
            "path: the original software's rule, the first face on the way back that one verifier calls different."
        ),
    ] = Method.NEAREST,
    verifier: Annotated[str, typer.Option(help="With `--method path`: dlib, sface, arcface or edgeface.")] = "dlib",
    hold_out: Annotated[
        list[str] | None,
        typer.Option(
            help="Verifier that the search may not see, so that its verdict is the honest one; may be repeated. "
            "`none`: all are searched. Default: edgeface.",
            show_default=False,
        ),
    ] = None,
    margin: Annotated[
        float | None,
        typer.Option(
            min=0,
            max=2,
            help="How far outside: 0 at the border, 1 as far as strangers are from one another on average; more protects from "
            "more recognisers and looks less like you. Default: 1.5.",
            show_default=False,
        ),
    ] = None,
    seed: Annotated[int, typer.Option(help="Same seed, photo and machine: same face.")] = 0,
    in_photo: Annotated[bool, typer.Option("--in-photo", help="Also set the face back into the photo.")] = False,
    background: Annotated[
        str | None,
        typer.Option(
            help="What to put behind the doppelgänger: plain (soft grey), blur (the photo's own, without form), a colour such "
            "as #c8ccd0, or a picture. Default: the photo's own, remade by the generator.",
            show_default=False,
        ),
    ] = None,
    steps: Steps = None,
    generator: Another = None,
    device: Device = "auto",
    open_report: Annotated[bool, typer.Option("--open", help="Open the report in the browser at the end.")] = False,
    as_json: Json = False,
) -> None:
    """Make the doppelgänger of a photo: a folder with what to share, what to keep, and a report.

    **Examples**

    - `doppelganger make me.jpg`
    - `doppelganger make team.jpg --face 2 --out third-from-largest`
    - `doppelganger make me.jpg --hold-out dlib --hold-out sface --json`
    - `doppelganger make me.jpg --background plain`
    - `doppelganger make me.jpg --method path --verifier dlib`
    - `doppelganger make me.jpg --generator ffhq.pkl`

    Ctrl-C stops it; the same command then goes on where it was. Exit code 7: a face was saved, but the search could not
    bring it outside every border, or it is inside one again before its new background or set back into the photo.
    """
    console = Console(stderr=True, highlight=False)
    from doppelganger.images import read_image

    image = read_image(photo)  # what is wrong with the photo is said before anything slow begins
    from doppelganger.background import backdrop
    from doppelganger.checkpoint import forget
    from doppelganger.storage import require_writable, save, to_json

    if background is not None:
        backdrop(background)

    folder = (out or Path.cwd() / f"{photo.stem}-doppelganger").absolute()
    require_writable(folder)
    from doppelganger.weights import Store

    another = open_by(generator, device) if generator is not None else None
    store = Store()
    missing = announce_download(store, needed(store, in_photo, background is not None, another is not None))
    partial = folder.with_name(f".{folder.name}.partial")
    with ProgressBar(STAGES, console, missing) as bar:
        from doppelganger.faces.detector import FaceDetector, choose

        store.path("yunet", bar)
        choose(FaceDetector(store).detect(image), face, photo.name)
        from doppelganger.doppelganger import make as make_doppelganger

        settings = _settings(seed, face, method, verifier, hold_out, margin, in_photo, background, steps)
        try:
            result = make_doppelganger(photo, settings, networks_on(device, store, another), bar, partial)
        except KeyboardInterrupt:
            if partial.exists():
                console.print(f"What was found so far is in {partial}; delete that to forget it.", soft_wrap=True)
            raise
        saved = save(result, folder)
        forget(partial)
    if as_json:
        from doppelganger.storage import dump

        typer.echo(dump({"folder": str(saved.root), "files": _files(saved, result), **to_json(result)}))
    else:
        _show(result, saved)
    for warning in result.warnings:
        console.print(f"[yellow]{warning}[/yellow]", soft_wrap=True)
    if open_report:
        typer.launch(saved.report.as_uri())
    judged = [v for record in result.faces if record.name in PRODUCTS for v in record.verdicts]
    if method is Method.NEAREST and not all(v.different or v.held_out for v in judged):
        raise typer.Exit(BorderNotFoundError.exit_code)


def _settings(
    seed: int,
    face: int | None,
    method: Method,
    verifier: str,
    hold_out: list[str] | None,
    margin: float | None,
    in_photo: bool,
    background: str | None,
    steps: int | None,
) -> "Settings":
    from doppelganger.settings import Settings

    settings = Settings(
        seed=seed,
        face=face,
        method=method.value,
        path_verifier=verifier,
        in_photo=in_photo,
        background=background,
        projection=projection_settings(steps),
    )
    if hold_out is not None:
        settings = replace(settings, held_out=tuple(name for name in hold_out if name != "none"))
    if margin is not None:
        settings = replace(settings, nearest=replace(settings.nearest, margin=margin))
    return settings


def _files(saved: "ResultFolder", result: "Result") -> dict[str, str]:
    files = {"doppelganger": saved.doppelganger, "upload": saved.upload, "report": saved.report, "result": saved.json}
    if result.pictures.in_photo is not None:
        files["in_photo"] = saved.in_photo
    return {name: str(path) for name, path in files.items()}


def _show(result: "Result", saved: "ResultFolder") -> None:
    console = Console(highlight=False)
    heads = ("face", "verifier", "distance", "least when disturbed", "same up to", "says", "")
    table = Table(*heads, box=None, pad_edge=False)
    for record in result.faces:
        for verdict in record.verdicts if record.name in PRODUCTS else ():
            table.add_row(
                record.name,
                verdict.verifier,
                f"{verdict.distance:.3f}",
                f"{min(verdict.under_disturbances.values(), default=verdict.distance):.3f}",
                f"{verdict.threshold:.3f}",
                "[green]different[/green]" if verdict.different else "[yellow]same[/yellow]",
                "held out" if verdict.held_out else "",
            )
    console.print(table)
    console.print(f"Your doppelgänger, to share: {saved.doppelganger}", soft_wrap=True)
    console.print(f"The report, for you alone:   {saved.report}", soft_wrap=True)

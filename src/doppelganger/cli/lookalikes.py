"""``doppelganger lookalikes``: different people of a portrait's kind."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.table import Table

from doppelganger.cli.bar import ProgressBar
from doppelganger.cli.options import (
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
from doppelganger.errors import BorderNotFoundError, StoppedError

if TYPE_CHECKING:
    from doppelganger.lookalikes import LookAlike

STAGES = ("weights", "projection", "lookalikes")


def lookalikes(
    photo: Photo,
    count: Annotated[int, typer.Option(min=1, max=100, help="How many.")] = 6,
    out: Out = None,
    face: FaceIndex = None,
    seed: Annotated[int, typer.Option(min=0, help="Another seed, other people.")] = 0,
    steps: Steps = None,
    device: Device = "auto",
    as_json: Json = False,
) -> None:
    """Find different people who share age, sex, skin, hair, pose and expression with a portrait.

    None of them is the portrait to any of four verifiers, under any disturbance, nor another of them. The likest comes first.
    Ctrl-C keeps those that are found, and the projection: the same command then searches anew, into another folder.

    Example: `doppelganger lookalikes me.jpg --count 8`

    Exit code 7: fewer were found than were asked for.
    """
    from doppelganger.images import read_image

    image = read_image(photo)
    from doppelganger.storage import require_writable

    folder = (out or Path.cwd() / f"{photo.stem}-lookalikes").absolute()
    require_writable(folder)
    from doppelganger.weights import Store

    store = Store()
    names = needed(store, in_photo=True)
    missing = announce_download(store, names)
    partial = folder.with_name(f".{folder.name}.partial")
    found: list[LookAlike] = []
    stopped = False
    with ProgressBar(STAGES, download=missing) as bar:
        from doppelganger.checkpoint import Checkpoint, forget
        from doppelganger.doppelganger import project_subject
        from doppelganger.lookalike_folder import save, to_json
        from doppelganger.lookalikes import look_alikes, ranked
        from doppelganger.subject import see

        networks = networks_on(device, store)
        for name in names:
            store.path(name, bar)
        subject = see(image, networks, face, photo.name)
        settings = projection_settings(steps)
        projected = project_subject(subject, networks, settings, bar, Checkpoint(partial, image, settings, face))
        try:
            for one in look_alikes(subject, projected.closest, count, networks, seed=seed, progress=bar):
                found.append(one)
        except KeyboardInterrupt:
            if not found:  # the projection is kept, and the same command goes on from it
                raise
            stopped = True
        finally:  # whatever ends the search
            if found:
                saved = save(ranked(found), subject.portrait.image, folder)
        if not stopped:
            forget(partial)
    if stopped:
        if not as_json:
            _show(ranked(found), saved)
        raise StoppedError(f"Stopped; {len(found)} of {count} look-alikes were found and are kept in {saved}.")
    if not found:
        raise BorderNotFoundError("No look-alike was found outside every border; try another seed.")
    if as_json:
        from doppelganger.storage import dump

        typer.echo(dump({"folder": str(saved), **to_json(ranked(found))}))
    else:
        _show(ranked(found), saved)
    if len(found) < count:
        raise typer.Exit(BorderNotFoundError.exit_code)


def _show(found: "list[LookAlike]", saved: Path) -> None:
    console = Console(highlight=False)
    table = Table(
        "look-alike", "LPIPS", "nearest verifier, in thresholds", "age", "yaw", "hair", box=None, pad_edge=False
    )
    for k, one in enumerate(found, 1):
        (ours, theirs), (our_yaw, their_yaw) = one.shares["age"], one.shares["yaw"]
        table.add_row(
            f"{k:02d}",
            f"{one.lpips:.3f}",
            f"{min(one.seen.apart[0].values()):.2f}",
            f"{theirs:.0f} (yours {ours:.0f})",
            f"{their_yaw:.0f}° ({our_yaw:.0f}°)",
            f"{one.hair[1]} ({one.hair[0]})",
        )
    console.print(table)
    console.print(
        f"To share: {saved / 'share'}. With your portrait, for you alone: {saved / 'private'}", soft_wrap=True
    )

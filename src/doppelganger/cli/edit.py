"""``doppelganger edit``: older, smiling, turned, made up, and who that still is."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from doppelganger.cli.bar import ProgressBar
from doppelganger.cli.options import (
    Device,
    FaceIndex,
    Json,
    Out,
    Steps,
    announce_download,
    networks_on,
    projection_settings,
)
from doppelganger.cli.traits import Traits, with_traits

if TYPE_CHECKING:
    from doppelganger.images import RGB
    from doppelganger.networks import Networks
    from doppelganger.sculpting.editing import Edited

STAGES = ("weights", "projection", "steering")
Subject = Annotated[
    Path,
    typer.Argument(help="A photo, or the folder of a result of `make`, whose projection is used.", show_default=False),
]


@with_traits
def edit(
    traits: Traits,
    photo: Subject,
    hold: Annotated[
        bool, typer.Option("--keep/--no-keep", help="Hold on to the person as far as the edit allows.")
    ] = True,
    out: Out = None,
    face: FaceIndex = None,
    steps: Steps = None,
    device: Device = "auto",
    as_json: Json = False,
) -> None:
    """Edit a portrait: the traits of `face`, as values or as changes (`--age +20`, `--smile +0.4`; `--yaw =-20` for the value
    itself).

    The face is projected, changed, read and corrected; then the search that made it another person is turned round, so that the
    recognisers take it for the same again. What they say is said. `share/edited.png` is the face; `private/` has before and
    after.

    Example: `doppelganger edit me.jpg --age +20 --smile 1`
    """
    if not traits:
        raise typer.BadParameter("Say what to change, for example --age +20.")
    from doppelganger.sculpting.wish import wish
    from doppelganger.storage import require_writable

    wish(traits)  # what cannot be asked is said before anything slow begins
    folder = (out or Path.cwd() / f"{photo.stem}-edited").absolute()
    require_writable(folder)
    from doppelganger.weights import Store
    from doppelganger.weights.run import FACES, weights_of_run

    store = Store()
    partial = folder.with_name(f".{folder.name}.partial")
    names = [name for name in dict.fromkeys((*weights_of_run(), *FACES)) if name in store.catalogue]
    missing = announce_download(store, names)
    with ProgressBar(STAGES, download=missing) as bar:
        for name in names:
            store.path(name, bar)
        edited, portrait = _edit(photo, traits, hold, networks_on(device, store), face, steps, bar, partial)
    from doppelganger.checkpoint import forget
    from doppelganger.sculpting.album import keep_edit
    from doppelganger.sculpting.editing import about_edit

    about = about_edit(edited)
    saved = keep_edit(folder, portrait, edited.before[1].image, edited.picture, edited.latent, about)
    forget(partial)
    about = {"folder": str(saved), **about}
    if as_json:
        from doppelganger.storage import dump

        typer.echo(dump(about))
    else:
        _show(about, saved)


def _edit(
    photo: Path,
    traits: Traits,
    hold: bool,
    networks: "Networks",
    face: int | None,
    steps: int | None,
    bar: ProgressBar,
    partial: Path,
) -> "tuple[Edited, RGB]":
    """The edit, and the aligned portrait before it."""
    from doppelganger.sculpting.editing import EditSettings, edit
    from doppelganger.sculpting.mirror import Mirror

    if photo.is_dir():
        from doppelganger.result import require_made_by
        from doppelganger.storage import load
        from doppelganger.subject import of_aligned

        result = load(photo)
        require_made_by(None, result)
        subject, latent = of_aligned(result.pictures.portrait, networks), result.latents["closest"]
    else:
        from doppelganger.checkpoint import Checkpoint
        from doppelganger.doppelganger import project_subject
        from doppelganger.images import read_image
        from doppelganger.subject import see

        image, projection = read_image(photo), projection_settings(steps)
        subject, kept = see(image, networks, face, photo.name), Checkpoint(partial, image, projection, face)
        latent = project_subject(subject, networks, projection, bar, kept).closest
    settings = EditSettings() if hold else EditSettings(keeping=None)
    return edit(latent, subject.embeddings, traits, Mirror(networks), settings, bar), subject.portrait.image


def _show(about: dict[str, Any], saved: Path) -> None:
    console = Console(highlight=False)
    table = Table("recogniser", "before the edit", "edited, nobody held", "edited", "says", box=None, pad_edge=False)
    for name, distance in about["over the identity threshold"]["edited"].items():
        before, naive = (about["over the identity threshold"][key][name] for key in ("before", "naive"))
        word = "[green]same[/green]" if distance <= 1 else "[yellow]different[/yellow]"
        table.add_row(name, f"{before:.2f}", f"{naive:.2f}", f"{distance:.2f}", word)
    console.print(table)
    console.print("Distances over the identity threshold: up to 1 a recogniser says same person.")
    for trait, said in about["missed"].items():
        console.print(f"[yellow]Not reached, {trait}: {said}.[/yellow]", soft_wrap=True)
    console.print(f"The edited face: {saved / 'share' / 'edited.png'}", soft_wrap=True)
    console.print(f"Before and after: {saved / 'private' / 'before-after.png'}", soft_wrap=True)

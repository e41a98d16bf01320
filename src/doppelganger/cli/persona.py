"""``doppelganger persona``: one person who does not exist, kept the same over many pictures."""

from contextlib import suppress
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from doppelganger.cli.bar import ProgressBar
from doppelganger.cli.options import Device, Json, announce_download, networks_on

if TYPE_CHECKING:
    from doppelganger.networks import Networks
    from doppelganger.persona.persona import Persona

app = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode="markdown",
    context_settings={"help_option_names": ["-h", "--help"]},
    help="A person who does not exist, kept the same over many pictures. A persona is a folder: move it, open it, delete it.",
)
Folder = Annotated[Path, typer.Argument(help="The persona's folder.", show_default=False)]


@app.command("new")
def new(
    name: Annotated[
        Path, typer.Argument(metavar="NAME", help="The persona's name: a folder to make.", show_default=False)
    ],
    seed: Annotated[
        int | None,
        typer.Option(
            min=0,
            help="The person of this seed. Default: the first whom no verifier takes for a persona that lies beside NAME.",
            show_default=False,
        ),
    ] = None,
    face: Annotated[
        str | None,
        typer.Option(
            help='A JSON file that `face` wrote beside a picture, or a wish in words: "a woman of thirty with red hair".',
            show_default=False,
        ),
    ] = None,
    source: Annotated[
        Path | None,
        typer.Option(
            "--from", help="A folder that `make` wrote: its doppelgänger becomes the persona.", show_default=False
        ),
    ] = None,
    device: Device = "auto",
    as_json: Json = False,
) -> None:
    """Make a persona: a face that nobody has, with what is needed to show it again and again.

    **Examples**

    - `doppelganger persona new ada --seed 7`
    - `doppelganger persona new ada --face "a woman of forty, smiling" --seed 7`
    - `doppelganger persona new me-elsewhere --from me-doppelganger`
    """
    if source is not None and (seed is not None or face is not None):
        raise typer.BadParameter("Choose --from, or --seed and --face.")
    from doppelganger.errors import OutputError
    from doppelganger.persona.apart import APART, from_seed_apart, nearest
    from doppelganger.persona.folder import save, to_json

    if name.exists():
        raise OutputError(f"{name} is there already; choose another name, or delete it first.")
    networks = _networks(device)
    others = _beside(name)
    if source is not None:
        persona = _from_result(name.name, source, networks)
    elif face is None and seed is None:
        with ProgressBar(["seeds"]) as bar:
            persona = from_seed_apart(name.name, others, networks, progress=bar)
    else:
        persona = _new_face(name.name, face, seed or 0, networks)
    folder = save(persona, name)
    like = nearest(persona.anchor, others, networks.panel.members)
    if as_json:
        _print({"folder": str(folder), "most like": like and asdict(like), **to_json(persona)})
        return
    _show(persona, folder)
    if like is not None and like.ratio < APART:
        typer.echo(
            f"{like.verifier} finds them much like {like.name}, at {like.ratio:.2f} of its usual threshold (below {APART:g}, "
            "pictures of the two may be taken for one person). For two people, choose another face."
        )


@app.command("list")
def list_(
    folder: Annotated[Path, typer.Argument(help="Where to look.")] = Path(),
    as_json: Json = False,
) -> None:
    """The personas that lie in a folder (here, where none is named)."""
    from doppelganger.persona.folder import load, personas_in

    found = personas_in(folder)
    if as_json:
        _print({"personas": [{"folder": str(path), "name": load(path).name} for path in found]})
        return
    table = Table("persona", "age", "made", "series", box=None, pad_edge=False)
    for path in found:
        persona = load(path)
        series = ", ".join(sorted(one.parent.name for one in path.glob("shoots/*/shoot.json"))) or "none"
        made = f"{persona.provenance.get('made', '')}, {str(persona.provenance.get('created', ''))[:10]}"
        table.add_row(str(path), f"{persona.likeness['age']:.0f}", made, series)
    Console(highlight=False).print(table if found else f"No persona lies in {folder.absolute()}.")


@app.command("show")
def show(folder: Folder, as_json: Json = False) -> None:
    """What a persona is: their likeness, their consent note, where they come from."""
    from doppelganger.persona.folder import load, to_json

    persona = load(folder)
    if as_json:
        _print({"folder": str(folder.absolute()), **to_json(persona)})
    else:
        _show(persona, folder.absolute())


@app.command("shoot")
def shoot(
    folder: Folder,
    picture_set: Annotated[
        str,
        typer.Option(
            "--set", help="A YAML file that says what varies (docs/persona.md), or the name of one that is shipped."
        ),
    ] = "holidays",
    count: Annotated[int, typer.Option(min=1, max=1000, help="How many pictures.")] = 30,
    seed: Annotated[int, typer.Option(min=0, help="Which values and looks meet.")] = 0,
    search_all: Annotated[
        bool,
        typer.Option("--search-all", help="Let the search see all four verifiers; none is left as a witness then."),
    ] = False,
    out: Annotated[
        Path | None,
        typer.Option(
            "-o", "--out", help="Folder of the series. Default: shoots/SET in the persona.", show_default=False
        ),
    ] = None,
    device: Device = "auto",
    as_json: Json = False,
) -> None:
    """Take pictures of a persona: pose, expression, age, hair and light vary, the person does not.

    Every picture is checked against the persona's reference picture by four verifiers at their strict point; where one says
    *different*, less is asked, and what was missed is said. Ctrl-C stops it; the same command goes on where it was.

    Example: `doppelganger persona shoot ada --set holidays --count 30`
    """
    from doppelganger.persona.folder import load
    from doppelganger.persona.plan import load_set

    persona, chosen = load(folder), load_set(picture_set)
    target = (out or folder / "shoots" / chosen.name).absolute()
    from doppelganger.persona.series import take_pictures
    from doppelganger.persona.shooting import ShootSettings

    settings = ShootSettings()
    if search_all:
        settings = replace(settings, keep=replace(settings.keep, held_out=()))
    with ProgressBar(["shoot"]) as bar:
        series = take_pictures(persona, chosen, target, count, _networks(device), seed, settings, bar)
    if as_json:
        _print({"folder": str(target), **series.record})
    else:
        _show_series(series.record, target, series.sheet)


@app.command("delete")
def delete(
    folder: Folder,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    as_json: Json = False,
) -> None:
    """Delete a persona with all their pictures, and say what was removed.

    Files are removed, not overwritten: what a disk keeps of removed files, and copies elsewhere, are beyond this program.
    """
    from doppelganger.persona.folder import delete as delete_persona

    if not yes:
        if as_json:
            raise typer.BadParameter(
                f"With --json nobody is asked; say --yes to delete {folder} with everything in it."
            )
        typer.confirm(f"Delete {folder} with everything in it?", abort=True)
    removed = delete_persona(folder)
    if as_json:
        _print({"name": removed.name, "folder": str(removed.folder), "files": removed.files, "bytes": removed.size})
    else:
        typer.echo(f"{removed.name} is gone: {removed.files} files, {removed.size / 1e6:.1f} MB, in {removed.folder}.")


def _networks(device: str) -> "Networks":
    from doppelganger.weights import Store
    from doppelganger.weights.run import weights_of_run

    store = Store()
    needed = weights_of_run(in_photo=True)
    announce_download(store, needed)
    for weight in needed:
        store.path(weight)
    return networks_on(device, store)


def _beside(name: Path) -> "list[Persona]":
    """The personas in the folder that NAME is to lie in; damaged ones are nobody to be taken for."""
    from doppelganger.persona.folder import load, personas_in
    from doppelganger.persona.persona import PersonaError

    found = []
    for path in personas_in(name.absolute().parent):
        with suppress(PersonaError):
            found.append(load(path))
    return found


def _from_result(name: str, source: Path, networks: "Networks") -> "Persona":
    from doppelganger.persona.making import from_result
    from doppelganger.storage import load

    return from_result(name, load(source), networks)


def _new_face(name: str, face: str | None, seed: int, networks: "Networks") -> "Persona":
    if face is None:
        from doppelganger.persona.making import from_seed

        return from_seed(name, seed, networks)
    from doppelganger.persona.ordered import from_face_file, from_wish

    if Path(face).suffix == ".json":
        return from_face_file(name, Path(face), networks)
    return from_wish(name, face, seed, networks)


def _print(record: dict[str, Any]) -> None:
    from doppelganger.storage import dump

    typer.echo(dump(record))


def _show(persona: "Persona", folder: Path) -> None:
    console = Console(highlight=False)
    likeness = persona.likeness
    sex = "a woman" if likeness["female"] > 0.5 else "a man"
    console.print(f"{persona.name}: {sex} of about {likeness['age']:.0f}, {persona.provenance.get('made', '')}.")
    console.print(persona.consent, soft_wrap=True)
    console.print(f"Reference picture: {folder / 'reference.png'}", soft_wrap=True)


def _show_series(record: Any, folder: Path, sheet: Path) -> None:
    console = Console(highlight=False)
    varied, pictures = record["variety"], record["pictures"]
    console.print(
        f"{len(pictures)} pictures; every verifier says it is {record['persona']} in {record['same as the reference']:.0%} of them."
    )
    spans = {name: ends[1] - ends[0] for name, ends in varied["spans"].items()}
    console.print(
        f"They span {spans['yaw']:.0f}° of yaw, {spans['pitch']:.0f}° of pitch and {spans['age']:.0f} years; "
        f"{len(varied['expressions'])} expressions, {len(varied['hair'])} looks of hair."
    )
    for picture in pictures:
        if picture["missed"] or not picture["same"]:
            said = [] if picture["same"] else ["A verifier calls it somebody else."]
            console.print(
                f"[yellow]{picture['number']:04d}: {' '.join([*picture['missed'], *said])}[/yellow]", soft_wrap=True
            )
    console.print(f"Contact sheet: {sheet}", soft_wrap=True)
    console.print(f"Everything asked, measured and judged: {folder / 'shoot.json'}", soft_wrap=True)

"""``doppelganger face``: faces to order, and what can be made of two or more."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.table import Table
from typer.core import TyperGroup

from doppelganger.cli.another import mix_by, morph_by, new_by
from doppelganger.cli.bar import ProgressBar
from doppelganger.cli.options import Another, Json, announce_download, networks_on
from doppelganger.cli.traits import Traits, with_traits
from doppelganger.progress import Event

if TYPE_CHECKING:
    from doppelganger.images import RGB
    from doppelganger.sculpting.mirror import Mirror
    from doppelganger.sculpting.wish import Wish

NEW = "new"


class FaceGroup(TyperGroup):
    """``face …`` is ``face new …``, unless its first word is another of its commands."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Put the word in where it was left out."""
        if args and args[0] not in self.commands and args[0] not in ctx.help_option_names:
            args = [NEW, *args]
        return super().parse_args(ctx, args)


app = typer.Typer(
    cls=FaceGroup,
    no_args_is_help=True,
    rich_markup_mode="markdown",
    context_settings={"help_option_names": ["-h", "--help"]},
    help='Faces to order, as in `face "a bald man of sixty with glasses"`; mixes, children and morphs of faces.',
)

OutFolder = Annotated[
    Path,
    typer.Option(
        "-o", "--out", help="Folder for the pictures and their JSON files; other faces in it stay as they are."
    ),
]
Face = Annotated[
    str, typer.Argument(help="The JSON file that `face` wrote beside a picture, or a seed.", show_default=False)
]
Seed = Annotated[int, typer.Option("--seed", min=0, help="The same seed and wish give the same face.")]


@app.command(NEW)
@with_traits
def new(
    traits: Traits,
    sentence: Annotated[
        str, typer.Argument(help='A wish in words: "a bald man of sixty with glasses, laughing".', show_default=False)
    ] = "",
    seed: Seed = 0,
    count: Annotated[int, typer.Option("--count", min=1, max=10_000, help="How many, from this seed on.")] = 1,
    out: OutFolder = Path("faces"),
    generator: Another = None,
    as_json: Json = False,
) -> None:
    """Make faces to order (`face new …` or just `face …`).

    Each is rendered, read and corrected until the readings are as asked, and what could not be reached is said. Beside every
    picture a JSON file says what was asked and measured and holds the face itself, for `face mix` and others.

    Example: `doppelganger face --sex female --age 45 --hair red --glasses --smile 0.7 --yaw -20 --seed 7`
    """
    if generator is not None:
        if sentence or traits:
            raise typer.BadParameter(
                "Wishes are steered in the built-in generator alone; with --generator give seeds only."
            )
        new_by(generator, seed, count, out, as_json)
        return
    from doppelganger.sculpting.sentence import understand
    from doppelganger.sculpting.wish import wish

    understood = understand(sentence)
    if understood.unknown:
        words = ", ".join(f'"{word}"' for word in understood.unknown)
        Console(stderr=True, highlight=False).print(
            f"[yellow]Not understood and left out: {words}. docs/faces.md has the vocabulary.[/yellow]", soft_wrap=True
        )
    wanted = wish({**understood.asked, **traits})
    records: list[dict[str, Any]] = []
    with _mirror() as (mirror, bar):
        from doppelganger.sculpting.album import keep_sheets

        def faces() -> "Iterator[tuple[str, RGB]]":
            for i in range(count):
                record, picture = _make(wanted, seed + i, mirror, out, bar, i, count)
                records.append(record)
                missed = f" missed {', '.join(record['missed'])}" if record["missed"] else ""
                yield f"{record['seed']}{missed}", picture

        sheets = [str(sheet) for sheet in keep_sheets(out, faces())]
    if as_json:
        told = {"unknown words": list(understood.unknown), "faces": records, "sheets": sheets}
        _print({"folder": str(out.absolute()), **told})
    else:
        _show(records, out, sheets)


@app.command()
def mix(
    coarse: Face,
    fine: Face,
    row: Annotated[
        int,
        typer.Option(
            "--row", min=0, max=16, help="First of the 16 rows that come from the second face: 3, 5 or 7 say much."
        ),
    ] = 7,
    out: OutFolder = Path("faces"),
    generator: Another = None,
    as_json: Json = False,
) -> None:
    """Head, pose and features of one face, colours and texture of another.

    Example: `doppelganger face mix faces/face-7.json 12`
    """
    if generator is not None:
        mix_by(generator, coarse, fine, row, out, as_json)
        return
    with _mirror() as (mirror, bar):
        from doppelganger.sculpting.mixing import mix as mixed

        latent = mixed(_latent(coarse, mirror), _latent(fine, mirror), row)
        about = _keep(mirror, latent, out, f"mix-{_name(coarse)}-{_name(fine)}", {"mix of": [coarse, fine], "row": row})
        bar(Event("steering", 1, 1))
    _tell(about, as_json)


@app.command()
def child(
    first: Face,
    second: Face,
    age: Annotated[float, typer.Option("--age", min=6, max=78, help="Years, as strangers would guess.")] = 9.0,
    sex: Annotated[
        str | None, typer.Option("--sex", help="female or male; default: as it comes.", show_default=False)
    ] = None,
    seed: Seed = 0,
    out: OutFolder = Path("faces"),
    as_json: Json = False,
) -> None:
    """What would their child look like? A mix of two pictures, steered to an age; genetics it is not.

    Example: `doppelganger face child faces/face-7.json faces/face-9.json --age 9`
    """
    with _mirror() as (mirror, bar):
        from doppelganger.errors import FaceError
        from doppelganger.sculpting.mixing import child as mixed
        from doppelganger.sculpting.steering import steer
        from doppelganger.sculpting.wish import wish

        wanted = wish({"age": age} | ({"sex": sex} if sex else {}))
        parents = (_latent(first, mirror), _latent(second, mirror))
        steered = steer(mixed(*parents, seed, mirror.networks.generator.w_mean), wanted, mirror, progress=bar)
        if steered is None:
            raise FaceError("No face that could be read came of these two; try another --seed.")
        about = {"child of": [first, second], "seed": seed, "asked": dict(wanted.asked), "missed": dict(steered.missed)}
        about = _keep(mirror, steered.latent, out, f"child-{_name(first)}-{_name(second)}-{seed}", about)
        bar(Event("steering", 1, 1))
    _tell(about, as_json)


@app.command()
def morph(
    faces: Annotated[
        list[str], typer.Argument(help="Two faces or more: JSON files of `face`, or seeds.", show_default=False)
    ],
    seconds: Annotated[float, typer.Option("--seconds", min=0.2, max=60, help="From each face to the next.")] = 3.0,
    loop: Annotated[bool, typer.Option("--loop", help="And from the last back to the first.")] = False,
    size: Annotated[int, typer.Option("--size", min=64, max=1024, help="Side in pixels.")] = 512,
    out: Annotated[
        Path | None,
        typer.Option(
            "-o",
            "--out",
            help="The film to write, an .mp4; one of that name is replaced. Default: here, morph.mp4, numbered where it exists.",
            show_default=False,
        ),
    ] = None,
    generator: Another = None,
    as_json: Json = False,
) -> None:
    """A film of one face turning into the next (needs the package's extra `studio`).

    Example: `doppelganger face morph 3 faces/face-7.json 12 --loop --out three.mp4`
    """
    if len(faces) < 2:
        raise typer.BadParameter("A morph needs two faces or more.")
    if find_spec("av") is None:
        raise typer.BadParameter("A film needs PyAV; install the package's extra `studio`, or `pip install av`.")
    from doppelganger.numbering import free

    film = out or free(Path("morph.mp4"))
    if generator is not None:
        morph_by(generator, faces, seconds, loop, size, film, as_json)
        return
    with _mirror() as (mirror, bar):
        from doppelganger.film import FRAMES_A_SECOND, continuum_film
        from doppelganger.sculpting.morph import between

        latents = between([_latent(face, mirror) for face in faces], max(2, round(seconds * FRAMES_A_SECOND)), loop)
        continuum_film(
            latents, film, mirror.networks.generator, lambda e: bar(Event("steering", e.done, e.total)), size
        )
    _tell({"film": str(film), "faces": faces, "frames": len(latents)}, as_json)


@contextmanager
def _mirror() -> "Iterator[tuple[Mirror, ProgressBar]]":
    """Networks that render and read, and a bar over the work."""
    from doppelganger.weights import Store
    from doppelganger.weights.run import FACES

    store = Store()
    names = [name for name in FACES if name in store.catalogue]
    missing = announce_download(store, names)
    with ProgressBar(("weights", "steering"), download=missing) as bar:
        for i, name in enumerate(names):
            store.path(name, bar)
            bar(Event("weights", i + 1, len(names)))
        from doppelganger.sculpting.mirror import Mirror

        yield Mirror(networks_on("cpu", store)), bar


def _make(
    wanted: "Wish", seed: int, mirror: "Mirror", out: Path, bar: ProgressBar, done: int, total: int
) -> "tuple[dict[str, Any], RGB]":
    """One face, written as soon as it is there, or found from before; its record and its picture."""
    from doppelganger.images import read_image
    from doppelganger.sculpting.album import about_made, keep_face, made_before
    from doppelganger.sculpting.making import make_face

    name = f"face-{seed}"
    before = made_before(out, name, seed, wanted)
    if before is not None:  # of a run that was stopped, or of the same one
        kept, about = before
        return {**about, "picture": str(kept.picture), "file": str(kept.record)}, read_image(kept.picture)

    def heard(event: Event) -> None:
        bar(Event("steering", 100 * done + round(100 * event.done / max(event.total, 1)), 100 * total))

    begun = time.monotonic()
    made = make_face(wanted, seed, mirror, progress=heard)
    about = about_made(made, time.monotonic() - begun)
    kept = keep_face(out, name, made.steered.picture, made.steered.latent, about)
    return {**about, "picture": str(kept.picture), "file": str(kept.record)}, made.steered.picture


def _keep(mirror: "Mirror", latent: Any, out: Path, name: str, about: dict[str, Any]) -> dict[str, Any]:
    from doppelganger.sculpting.album import keep_face

    kept = keep_face(out, name, mirror.networks.generator.synthesise(latent), latent, about)
    return {"picture": str(kept.picture), "file": str(kept.record), **about}


def _latent(face: str, mirror: "Mirror") -> Any:
    """Of a file, or of a seed as `face` would begin it without a wish."""
    if face.isdigit():
        from doppelganger.sculpting.choosing import truncated

        return truncated(mirror, 1, int(face))[0]
    from doppelganger.sculpting.album import read_latent

    return read_latent(Path(face).with_suffix(".json"))


def _name(face: str) -> str:
    return Path(face).stem.removeprefix("face-")


def _tell(about: dict[str, Any], as_json: bool) -> None:
    if as_json:
        _print(about)
        return
    typer.echo(about.get("picture") or about["film"])
    for trait, said in about.get("missed", {}).items():
        typer.echo(f"Not reached, {trait}: {said}.", err=True)


def _print(record: dict[str, Any]) -> None:
    from doppelganger.storage import dump

    typer.echo(dump(record))


def _show(records: list[dict[str, Any]], out: Path, sheets: list[str]) -> None:
    console = Console(highlight=False)
    table = Table("seed", "age", "sex", "hair", "yaw", "smile", "not reached", box=None, pad_edge=False)
    for record in records:
        read = record["measured"]
        sex = "female" if read["female"] > 0.5 else "male"
        numbers = (f"{read['age']:.0f}", sex, read["hair"], f"{read['yaw']:.0f}°", f"{read['smile']:.2f}")
        table.add_row(str(record["seed"]), *numbers, "; ".join(record["missed"].values()))
    console.print(table)
    console.print(f"The faces, each with its JSON file: {out.absolute()}", soft_wrap=True)
    if sheets:
        console.print(f"Side by side: {', '.join(sheets)}", soft_wrap=True)

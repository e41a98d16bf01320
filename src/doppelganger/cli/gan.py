"""``doppelganger gan``: train a generator of one's own against its detective."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from doppelganger.cli.bar import ProgressBar
from doppelganger.cli.options import Device, Json, announce_download
from doppelganger.progress import Event

if TYPE_CHECKING:
    from collections.abc import Iterator

    from doppelganger.images import RGB

app = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode="markdown",
    context_settings={"help_option_names": ["-h", "--help"]},
    help="Train a generator of your own: it learns from pictures, and from a detective that tells its fakes.",
)

RunFolder = Annotated[Path, typer.Argument(help="The folder of a run.", show_default=False)]


@app.command()
def prepare(
    folder: Annotated[
        Path | None, typer.Argument(help="A folder with pictures, looked through to the bottom.", show_default=False)
    ] = None,
    invented: Annotated[
        int | None,
        typer.Option(
            "--invented", min=16, max=100_000, help="Or so many faces of nobody, made by the built-in generator."
        ),
    ] = None,
    resolution: Annotated[int, typer.Option("--resolution", help="Side in pixels: 8, 16, 32 … 1024.")] = 32,
    out: Annotated[Path, typer.Option("-o", "--out", help="Folder for the set.")] = Path("set"),
    as_json: Json = False,
) -> None:
    """Make a set to learn from: squares of one side, without copies, and a sheet to look at.

    Example: `doppelganger gan prepare photos/ --resolution 64 --out set` or `doppelganger gan prepare --invented 2000`
    """
    if (folder is None) == (invented is None):
        raise typer.BadParameter("Give a folder with pictures, or --invented.")
    if resolution not in (8, 16, 32, 64, 128, 256, 512, 1024):
        raise typer.BadParameter("The side is a power of two from 8 to 1024.")
    from doppelganger.training.gan.picture_set import LeftOut, from_folder, save_set

    left = LeftOut()
    with ProgressBar(("preparing",)) as bar:

        def heard(done: int, total: int) -> None:
            bar(Event("preparing", done, total))

        if folder is not None:
            made = save_set(from_folder(folder, resolution, left, heard), resolution, out, str(folder), left)
        else:
            squares = _invented(invented or 0, resolution, bar)
            made = save_set(squares, resolution, out, f"{invented} invented faces", left)
    about = {key: value for key, value in made.about.items() if key != "pictures"}
    if as_json:
        _print({"folder": str(out.absolute()), **about})
        return
    typer.echo(f"{about['count']} pictures of {resolution} × {resolution} in {out}; look at {out / 'sheet.jpg'}.")
    for why, names in about["left out"].items():
        if names:
            typer.echo(f"Left out, {why}: {len(names)} (named in {out / 'set.json'}).")


@app.command()
def train(
    pictures: Annotated[Path, typer.Argument(help="A set that `gan prepare` made.", show_default=False)],
    out: Annotated[
        Path, typer.Option("-o", "--out", help="Folder of the run; where it holds one, that goes on.")
    ] = Path("run"),
    images: Annotated[
        int, typer.Option("--images", min=1, help="Until so many pictures were shown in all; more is better.")
    ] = 100_000,
    network: Annotated[
        str | None,
        typer.Option(
            "--network",
            help="small, auto, config-e, config-f, stylegan2, paper256, paper512 or paper1024. Default: small up to 64 pixels.",
            show_default=False,
        ),
    ] = None,
    batch: Annotated[int, typer.Option("--batch", min=4, max=1024, help="Pictures a step, a multiple of 4.")] = 16,
    mirrored: Annotated[bool, typer.Option(help="Show every other picture as in a mirror.")] = True,
    augmented: Annotated[
        bool, typer.Option(help="Change pictures as much as the detective learns them by heart.")
    ] = True,
    seed: Annotated[int, typer.Option("--seed", min=0)] = 0,
    device: Device = "auto",
    as_json: Json = False,
) -> None:
    """Train, or go on with a run: stop it when you like, the same command goes on from its last checkpoint.

    Example: `doppelganger gan train set --out run --images 100000`, then `doppelganger face --seed 1 --generator
    run/generator.safetensors`
    """
    if batch % 4:
        raise typer.BadParameter("--batch is a multiple of 4.")
    from doppelganger.networks import pick_device
    from doppelganger.training.gan.picture_set import PictureSet
    from doppelganger.training.gan.run import GENERATOR, Run
    from doppelganger.training.gan.settings import LARGEST_SMALL, SMALL, TrainingSettings, shape_named

    data = PictureSet.load(pictures)
    try:
        shape = shape_named(network or (SMALL if data.side <= LARGEST_SMALL else "auto"), data.side)
    except ValueError as error:
        raise typer.BadParameter(f"There is no --network {network}; `--help` names them.") from error
    settings = TrainingSettings(shape, seed, batch, mirrored, augmented)
    run = Run(out, data, settings, pick_device(device))
    with ProgressBar(("training",)) as bar:
        said: set[str] = set()

        def heard(event: Event) -> None:
            if event.message in said:
                return
            if event.message:
                said.add(event.message)
            bar(event)

        run.train(images, heard)
    last = run.history[-1]
    if as_json:
        _print({"run": str(out.absolute()), "generator": str((out / GENERATOR).absolute()), **last})
        return
    typer.echo(
        f"{last['images']} pictures; the detective gives fakes {last['fake believed']:.0%}, real ones "
        f"{last['real believed']:.0%}. The generator: {out / GENERATOR}. Look: doppelganger gan look {out}"
    )


@app.command()
def look(run: RunFolder, as_json: Json = False) -> None:
    """Tell a run as a page, also while it trains: the fakes improving beside what the detective believed of them.

    Example: `doppelganger gan look run`
    """
    from doppelganger.images import write_atomically
    from doppelganger.training.gan.story import story

    page = run / "story.html"
    write_atomically(page, story(run).encode())
    _print({"page": str(page.absolute())}) if as_json else typer.echo(page)


def _invented(count: int, side: int, bar: ProgressBar) -> "Iterator[tuple[str, RGB]]":
    """Faces by seed, a second each."""
    from doppelganger.generators.mobile_stylegan_openvino import MobileStyleGAN
    from doppelganger.images import resize_area
    from doppelganger.invented import invented
    from doppelganger.weights import Store
    from doppelganger.weights.run import PLAIN_RUN

    store = Store()
    needed = [name for name in PLAIN_RUN if name.startswith("mobilestylegan")]
    announce_download(store, needed)
    for name in needed:
        store.path(name, bar)
    generator = MobileStyleGAN(store)
    for seed in range(count):
        picture = generator.synthesise(invented(seed, generator))
        generator.forget()
        yield f"face {seed}", resize_area(picture, side, side)
        bar(Event("preparing", seed + 1, count))


def _print(record: dict[str, Any]) -> None:
    from doppelganger.storage import dump

    typer.echo(dump(record))

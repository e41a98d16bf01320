"""``doppelganger gan``: train a generator of one's own against its detective."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from doppelganger.cli.bar import ProgressBar
from doppelganger.cli.options import Device, Json, announce_download, require_device
from doppelganger.errors import StoppedError
from doppelganger.progress import Event

if TYPE_CHECKING:
    from doppelganger.weights import Store

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
    consent: Annotated[
        str,
        typer.Option(
            help="Whose pictures these are and that the people in them agreed; kept in the set, its runs and generators.",
            show_default=False,
        ),
    ] = "",
    as_json: Json = False,
) -> None:
    """Make a set to learn from: squares of one side, without copies, and a sheet to look at.

    Example: `doppelganger gan prepare photos/ --resolution 64 --out set --consent "My family, who agreed on 3 May 2026"` or
    `doppelganger gan prepare --invented 2000` (after Ctrl-C the same command goes on)
    """
    if (folder is None) == (invented is None):
        raise typer.BadParameter("Give a folder with pictures, or --invented.")
    if resolution not in (8, 16, 32, 64, 128, 256, 512, 1024):
        raise typer.BadParameter("The side is a power of two from 8 to 1024.")
    from doppelganger.training.gan.picture_set import LeftOut, from_folder, require_consent, require_new, save_set

    if folder is not None:
        consent = require_consent(consent)
    require_new(out)
    left = LeftOut()
    with ProgressBar(("preparing",)) as bar:

        def heard(done: int, total: int) -> None:
            bar(Event("preparing", done, total))

        if folder is not None:
            squares_of = from_folder(folder, resolution, left, heard)
            try:
                made = save_set(squares_of, resolution, out, str(folder), left, consent)
            except KeyboardInterrupt:
                raise StoppedError("Stopped; the same command begins anew.") from None
        else:
            store = _generator_store(bar)
            from doppelganger.training.gan.inventing import Unfinished, maker, squares

            kept = Unfinished(out, resolution)
            faces = squares(invented or 0, maker(store, resolution), kept, heard)
            made = save_set(faces, resolution, out, f"{invented} invented faces", left, consent)
            kept.forget()
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
    batch: Annotated[
        int | None,
        typer.Option(
            "--batch",
            min=4,
            max=1024,
            help="Pictures a step, a multiple of 4. Default: 16 for the small network, else by side and --gpus.",
            show_default=False,
        ),
    ] = None,
    mirrored: Annotated[bool, typer.Option(help="Show every other picture as in a mirror.")] = True,
    augmented: Annotated[
        bool, typer.Option(help="Change pictures as much as the detective learns them by heart.")
    ] = True,
    path_length: Annotated[
        bool | None,
        typer.Option(
            "--path-length/--no-path-length",
            help="Have equal steps in W change pictures equally. Default: for all networks but small.",
            show_default=False,
        ),
    ] = None,
    mixed: Annotated[
        bool | None,
        typer.Option(
            "--mixed/--no-mixed", help="Compute the four largest sides in bfloat16. Default: no.", show_default=False
        ),
    ] = None,
    fid_every: Annotated[
        int, typer.Option("--fid-every", min=0, help="Measure FID and KID every so many pictures shown; 0: never.")
    ] = 0,
    fid_count: Annotated[
        int, typer.Option("--fid-count", min=16, help="Of so many pictures on either side, at most the set's.")
    ] = 1000,
    gpus: Annotated[int, typer.Option("--gpus", min=1, max=64, help="CUDA devices; with --device cpu, processes.")] = 1,
    seed: Annotated[int, typer.Option("--seed", min=0)] = 0,
    device: Device = "auto",
    as_json: Json = False,
) -> None:
    """Train, or go on with a run: stop it when you like, the same command goes on from its last checkpoint.

    Network, batch, path length and mixed precision of a run that goes on are its own where they are not given again.

    Example: `doppelganger gan train set --out run --images 100000`, then `doppelganger face --seed 1 --generator
    run/generator.safetensors`
    """
    if batch is not None and batch % 4:
        raise typer.BadParameter("--batch is a multiple of 4.")
    require_device(device)
    from dataclasses import replace

    from doppelganger.networks import pick_device
    from doppelganger.training.gan.launching import Order, launch, processes_of
    from doppelganger.training.gan.picture_set import PictureSet
    from doppelganger.training.gan.run import GENERATOR, settings_of
    from doppelganger.training.gan.settings import Wishes

    data = PictureSet.load(pictures)
    try:
        wishes = Wishes(network, batch, path_length, mixed)
        settings = wishes.settings(data.side, processes_of(gpus), settings_of(out))
    except ValueError as error:
        raise typer.BadParameter(f"There is no --network {network}; `--help` names them.") from error
    settings = replace(settings, seed=seed, mirrored=mirrored, augmented=augmented)
    order = Order(pictures, out, settings, images, str(pick_device(device)), fid_every, fid_count)
    with ProgressBar(("training",), download=_measuring_download(fid_every)) as bar:
        said: set[str] = set()

        def heard(event: Event) -> None:
            if event.message in said:
                return
            if event.message:
                said.add(event.message)
            bar(event)

        last = launch(order, gpus, heard)
    if last is None:  # one of several processes, not the one that speaks
        return
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


def _generator_store(bar: ProgressBar) -> "Store":
    """The store, with the built-in generator in it."""
    from doppelganger.weights import Store
    from doppelganger.weights.run import PLAIN_RUN

    store = Store()
    needed = [name for name in PLAIN_RUN if name.startswith("mobilestylegan")]
    announce_download(store, needed)
    for name in needed:
        store.path(name, bar)
    return store


def _measuring_download(fid_every: int) -> int:
    """Bytes of the network that FID and KID are defined on, where they are asked for and it is not there."""
    if not fid_every:
        return 0
    from doppelganger.weights import Store

    return announce_download(Store(), ["fid-inception"])


def _print(record: dict[str, Any]) -> None:
    from doppelganger.storage import dump

    typer.echo(dump(record))

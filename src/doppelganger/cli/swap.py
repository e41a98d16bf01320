"""``doppelganger swap``: faces of two people, a network trained on them, and scenes of one with the face of the other."""

import importlib.util
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from doppelganger.cli.bar import ProgressBar
from doppelganger.cli.options import Device, Json, announce_download, networks_on
from doppelganger.cli.studio import MissingExtraError
from doppelganger.errors import StoppedError

if TYPE_CHECKING:
    from doppelganger.keeping import Embeddings
    from doppelganger.networks import Networks
    from doppelganger.training.swap.extracting import Extracted
    from doppelganger.training.swap.run_folder import RunFolder
    from doppelganger.training.swap.trainer import Told, Trained
    from doppelganger.weights import Store

app = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode="markdown",
    help="Train a swap of two faces: `extract` both, `match` candidates, `train`, `convert`. With the consent of both people.",
)
RECOGNISERS = ("dlib-resnet", "dlib-landmarks-5", "sface", "arcface-mbf", "edgeface-s")
SEEING = ("yunet", "mediapipe-face-landmarker", "bisenet-parsing", *RECOGNISERS)

Who = Annotated[
    Path | None,
    typer.Option("--who", help="A picture of the person meant, the largest face in it.", show_default=False),
]


@app.command()
def extract(
    sources: Annotated[
        list[Path], typer.Argument(help="Photos, videos, and folders of them, of one person.", show_default=False)
    ],
    out: Annotated[Path, typer.Option("-o", "--out", help="Folder to make: the face set.", show_default=False)],
    consent: Annotated[
        str,
        typer.Option(help="Whose face it is and that they agreed; it is kept in the set.", show_default=False),
    ] = "",
    who: Who = None,
    most: Annotated[int, typer.Option(min=4, help="Faces of the set at most, and frames of one video.")] = 2000,
    as_json: Json = False,
) -> None:
    """Photos and videos of a person → their face set, a folder to look through.

    Other people, blurred, tiny and turned faces and duplicates are set aside, with a sheet of them; `coverage.png` shows what
    the set holds of every turn of the head and expression. Of a video the frames are taken in which pose and expression are new.

    Example: `doppelganger swap extract holidays/ talk.mp4 -o ada-set --consent "Ada Example, who agreed on 3 May 2026"`
    """
    require_av()
    from doppelganger.training.swap.faceset import require_consent, require_new

    require_consent(consent)
    require_new(out.absolute())
    store = _store()
    names = (*SEEING, "age", "gender")
    with ProgressBar(("weights", "extracting"), download=announce_download(store, names)) as bar:
        networks = fetched_networks(store, names, bar)
        from doppelganger.training.swap.extracting import extract as make

        made = make(sources, out, consent, networks, embeddings_in(who, networks), most, bar)
    if as_json:
        print_json(_about(made))
        return
    console = Console(highlight=False)
    console.print(f"{len(made.faces.faces)} faces in {made.folder}", soft_wrap=True)
    for reason, count in made.aside.items():
        console.print(f"  set aside, {reason}: {count}")
    for one in made.unread:
        console.print(f"  {one.source}: {one.why}", soft_wrap=True)
    for sentence in _about(made)["lacks"]:
        console.print(sentence)
    console.print(
        f"Look at {made.folder / 'faces'}, and at what was set aside; delete what does not belong.", soft_wrap=True
    )


@app.command()
def coverage(
    sets: Annotated[list[Path], typer.Argument(help="One face set, or two: A and B.", show_default=False)],
    out: Annotated[Path, typer.Option("-o", "--out", help="The picture (.png).")] = Path("coverage.png"),
    as_json: Json = False,
) -> None:
    """Draw what one or two sets hold of every turn and expression, and say what is missing.

    Example: `doppelganger swap coverage ada-set bea-set -o coverage.png`
    """
    if len(sets) > 2:
        raise typer.BadParameter("Give one face set or two.")
    from doppelganger.images import encode_png, write_atomically
    from doppelganger.training.swap.coverage import coverage_picture, lacks, missing_for
    from doppelganger.training.swap.faceset import load

    loaded = [load(folder) for folder in sets]
    sentences = [sentence for one in loaded for sentence in lacks(one)]
    if len(loaded) == 2:
        sentences += missing_for(loaded[0], loaded[1]) + missing_for(loaded[1], loaded[0])
    write_atomically(out, encode_png(coverage_picture(loaded)))
    if as_json:
        print_json({"picture": str(out), "lacks": sentences})
        return
    for sentence in sentences:
        typer.echo(sentence)
    typer.echo(f"Look at {out}.")


@app.command()
def match(
    person: Annotated[Path, typer.Argument(help="The face set of the person in the scenes.", show_default=False)],
    candidates: Annotated[list[Path], typer.Argument(help="Face sets to choose from.", show_default=False)],
    as_json: Json = False,
) -> None:
    """Of several people, whose face suits this person's scenes best: head, skin, and how good the swap is likely to become.

    The predicted quality is made of the number of faces, their sharpness, their resolution, the poses and expressions of the
    scenes that they cover, and the light that they share. It has not been held against trained swaps.

    Example: `doppelganger swap match ada-set bea-set cleo-set`
    """
    from doppelganger.training.swap.faceset import load
    from doppelganger.training.swap.foretelling import NOTE
    from doppelganger.training.swap.matching import match as rank

    ranked = rank(load(person), [load(folder) for folder in candidates])
    if as_json:
        from dataclasses import asdict

        found = [{**asdict(one), "quality": one.foretold.quality, "weakest": one.foretold.weakest} for one in ranked]
        print_json({"candidates": found, "note": NOTE})
        return
    parts = ("number", "sharpness", "resolution", "coverage", "light")
    table = Table("candidate", "score", "head", "skin", "quality", *parts, box=None, pad_edge=False)
    for one in ranked:
        shares = (f"{getattr(one.foretold, part):.0%}" for part in parts)
        quality = f"{one.foretold.quality:.0%}"
        table.add_row(one.name, f"{one.score:.2f}", f"{one.head:.3f}", f"{one.skin:.1f}", quality, *shares)
    console = Console(highlight=False)
    console.print(table)
    console.print(
        "Head in eye distances, skin in CIELAB: smaller is nearer. Quality is the geometric mean of what follows it."
    )
    for one in ranked:
        console.print(f"{one.name}: the weakest part is its {one.foretold.weakest}.")
    console.print(NOTE)


@app.command()
def train(
    a: Annotated[Path, typer.Argument(help="Face set of A.", show_default=False)],
    b: Annotated[Path, typer.Argument(help="Face set of B.", show_default=False)],
    out: Annotated[
        Path,
        typer.Option("-o", "--out", help="Folder of the run; one that exists is gone on with.", show_default=False),
    ],
    preset: Annotated[
        str | None,
        typer.Option(
            help="quick (64²), standard (128²) or high (256², for a GPU). Of a new run; default: quick.",
            show_default=False,
        ),
    ] = None,
    minutes: Annotated[
        float | None, typer.Option(min=0.01, help="Stop after so many minutes; the same command goes on.")
    ] = None,
    steps: Annotated[int | None, typer.Option(min=1, help="Stop at so many steps in all.")] = None,
    batch: Annotated[
        int | None,
        typer.Option(min=1, max=512, help="Faces of each person a step; fewer need less memory. Of a new run."),
    ] = None,
    start_from: Annotated[
        Path | None,
        typer.Option(
            "--start-from",
            help="A run of the same two people to begin with (standard goes on from quick), or of others: its encoder.",
            show_default=False,
        ),
    ] = None,
    seed: Annotated[int | None, typer.Option(min=0, help="Of a new run; default: 0.", show_default=False)] = None,
    device: Device = "auto",
    as_json: Json = False,
) -> None:
    """One encoder, two decoders, until you stop it: Ctrl-C keeps everything, the same command goes on.

    `preview.png` in the run's folder shows A, A→A, A→B, B, B→B, B→A, `losses.png` the losses; both are new every minute.

    Example: `doppelganger swap train ada-set bea-set -o ada-bea --preset quick --minutes 30`
    """
    from dataclasses import replace

    from doppelganger.training.swap.presets import PRESETS

    if preset is not None and preset not in PRESETS:
        raise typer.BadParameter(f"There is no preset {preset!r}; choose from {', '.join(PRESETS)}.")
    chosen = PRESETS[preset or "quick"]
    from doppelganger.training.swap.faceset import load
    from doppelganger.training.swap.run_folder import RunFolder
    from doppelganger.training.swap.trainer import Ending, Trainer

    torch_device = networks_on(device, _store()).device
    folder = RunFolder(out)
    resumed = folder.trained
    if resumed:
        _require_as_begun(folder, preset, batch, seed)
    trainer = Trainer(folder, load(a), load(b), replace(chosen, batch=batch or chosen.batch), torch_device, seed or 0)
    if start_from is not None and not trainer.step:
        trainer.start_from(RunFolder(start_from))
    console = Console(stderr=True, highlight=False)
    console.print(
        f"{'Going on at step ' + str(trainer.step) if resumed else 'A new run'}: {trainer.preset.name}, "
        f"{trainer.preset.side}², {torch_device.type}{', bfloat16' if trainer.mixed else ''}. Ctrl-C stops it; nothing is lost."
    )
    made = trainer.train(Ending(steps, minutes), told=_Teller(console))
    _show_trained(made, folder.root, as_json)
    if made.stopped and as_json:
        raise typer.Exit(StoppedError.exit_code)  # the record has said it
    if made.stopped:
        raise StoppedError(f"Stopped at step {made.step}; the same command goes on from there.")


def _require_as_begun(folder: "RunFolder", preset: str | None, batch: int | None, seed: int | None) -> None:
    """Raises RunError where a run that is gone on with has another of these."""
    from doppelganger.training.swap.errors import RunError

    about = folder.about()
    asked = {
        "--preset": (preset, about.preset.name),
        "--batch": (batch, about.preset.batch),
        "--seed": (seed, about.seed),
    }
    for option, (wanted, own) in asked.items():
        if wanted is not None and wanted != own:
            raise RunError(
                f"The run in {folder.root} was begun with {option} {own}; leave {option} out to go on with it, or begin another "
                "in another folder."
            )


class _Teller:
    """A line on the terminal that is written over; without one, a line at every checkpoint."""

    def __init__(self, console: Console) -> None:
        self._console = console

    def __call__(self, told: "Told") -> None:
        from doppelganger.cli.bar import spoken

        left = "" if told.left is None else f", {spoken(told.left)} left"
        line = f"step {told.step}, losses {told.losses[0]:.4f} and {told.losses[1]:.4f}, {told.pace:.1f} steps/s{left}"
        if self._console.is_terminal:
            self._console.print(line.ljust(78), end="\r")
        elif told.saved:
            self._console.print(line)


def _show_trained(made: "Trained", folder: Path, as_json: bool) -> None:
    if as_json:
        print_json(
            {
                "run": str(folder),
                "step": made.step,
                "losses": [round(loss, 6) for loss in made.losses],
                "seconds": round(made.seconds, 1),
                "stopped": made.stopped,
            }
        )
        return
    typer.echo(f"{made.step} steps, losses {made.losses[0]:.4f} and {made.losses[1]:.4f}: {folder}")
    typer.echo(f"Look at {folder / 'preview.png'}.")


def _about(made: "Extracted") -> dict[str, Any]:
    from doppelganger.training.swap.coverage import lacks

    return {
        "folder": str(made.folder),
        "faces": len(made.faces.faces),
        "aside": made.aside,
        "unread": {one.source: one.why for one in made.unread},
        "lacks": lacks(made.faces),
    }


def _store() -> "Store":
    from doppelganger.weights import Store

    return Store()


def fetched_networks(store: "Store", names: Sequence[str], bar: ProgressBar, device: str = "cpu") -> "Networks":
    """Networks, those of ``names`` that are not on the disk fetched first."""
    for name in names:
        store.path(name, bar)
    return networks_on(device, store)


def embeddings_in(who: Path | None, networks: "Networks") -> "Embeddings | None":
    """Of the largest face in the picture ``who``; None without one."""
    if who is None:
        return None
    from doppelganger.images import read_image
    from doppelganger.persona.whose import embeddings_of

    return embeddings_of(read_image(who), networks, who.name)


def require_av() -> None:
    """Raises MissingExtraError with what to install."""
    if importlib.util.find_spec("av") is None:
        raise MissingExtraError(
            "Swaps need more packages: pip install 'deepfake-doppelganger[live]', or from a clone of the repository: "
            "python3 start.py run swap …"
        )


def print_json(record: dict[str, Any]) -> None:
    """The only thing on stdout."""
    from doppelganger.storage import dump

    typer.echo(dump(record))

"""``doppelganger animate``: a driving video moves an avatar."""

import importlib.util
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console

from doppelganger.cli.bar import ProgressBar
from doppelganger.cli.options import Json, announce_download
from doppelganger.cli.studio import MissingExtraError
from doppelganger.errors import StoppedError

if TYPE_CHECKING:
    from doppelganger.video.animate import Animated
    from doppelganger.video.reference import Choice

STAGES = ("weights", "animating")
WEIGHTS = ("yunet", "mediapipe-face-landmarker")
RECOGNISERS = ("dlib-resnet", "dlib-landmarks-5", "sface", "arcface-mbf", "edgeface-s")


def animate(
    avatar: Annotated[Path, typer.Argument(help="A rig's folder, made by `doppelganger rig`.", show_default=False)],
    driver: Annotated[Path, typer.Argument(help="A video of one face, seen from the front.", show_default=False)],
    out: Annotated[
        Path | None,
        typer.Option("-o", "--out", help="The film (.mp4). Default: here, named after the video and the avatar."),
    ] = None,
    mode: Annotated[
        str, typer.Option("--mode", help="avatar: its own picture and background; swap: its face on the video.")
    ] = "avatar",
    reference: Annotated[
        str,
        typer.Option(
            "--reference",
            help="When the driver is at rest: auto (the calmest frame of the first seconds), first, or seconds.",
        ),
    ] = "auto",
    size: Annotated[
        int, typer.Option("--size", min=64, max=2048, help="Side of the avatar's picture in pixels.")
    ] = 512,
    beside: Annotated[bool, typer.Option("--beside", help="The driver to the left, with their own face.")] = False,
    guard: Annotated[
        bool, typer.Option("--guard", help="Have recognisers judge a frame of every second; what they refuse is held.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Move an avatar by a video: every frame at its own time, the sound kept.

    Where no face is seen the last picture stands, and after a second the avatar's still: the driver's face is never shown.

    Example: `doppelganger animate ada-rig talk.mp4 -o ada-talks.mp4`
    """
    if mode not in ("avatar", "swap"):
        raise typer.BadParameter(f"There is no mode {mode!r}; choose avatar or swap.")
    choice = _choice(reference)
    target = (out or Path.cwd() / f"{driver.stem}-{avatar.resolve().name}.mp4").absolute()
    if target.suffix.lower() != ".mp4":
        raise typer.BadParameter(f"{target.name} must end in .mp4.")
    if importlib.util.find_spec("av") is None:
        raise MissingExtraError(
            "Films need more packages: pip install 'deepfake-doppelganger[live]', or from a clone of the repository: "
            "python3 start.py run animate AVATAR DRIVER."
        )
    from doppelganger.weights import Store

    store = Store()
    names = (*WEIGHTS, *RECOGNISERS) if guard else WEIGHTS
    with ProgressBar(STAGES, download=announce_download(store, names)) as bar:
        for name in names:
            store.path(name, bar)
        from doppelganger.faces.detector import FaceDetector
        from doppelganger.faces.landmarks import LandmarkDetector
        from doppelganger.puppet.guard import Judge
        from doppelganger.puppet.performance import Mode
        from doppelganger.puppet.puppet import Puppet
        from doppelganger.puppet.rig import Rig
        from doppelganger.puppet.tracker import Tracker
        from doppelganger.verifiers.panel import Panel, verifiers
        from doppelganger.video import animate as film

        rig, detector = Rig.load(avatar), FaceDetector(store)
        tracker = Tracker(detector, LandmarkDetector(store))
        judge = Judge(Panel(verifiers(store, detector)), detector, rig.embeddings) if guard else None
        try:
            made = film.animate(driver, Puppet(rig), tracker, target, Mode(mode), choice, size, beside, judge, bar)
        except KeyboardInterrupt:
            raise StoppedError("Stopped; nothing was written, since a film is written whole or not at all.") from None
    if as_json:
        from doppelganger.storage import dump

        typer.echo(dump(about(made)))
    else:
        _show(made)


def about(made: "Animated") -> dict[str, Any]:
    """As JSON; fractions as people write them."""
    return {
        "film": str(made.film),
        "frames": made.frames,
        "frames promised": made.promised,
        "held": {gate.value: count for gate, count in made.held.items()},
        "seconds": float(made.seconds),
        "rate": str(made.rate) if made.rate else None,
        "reference at": float(made.reference),
        "sound": made.sound,
        "judged": made.looks,
        "took": round(made.took, 2),
    }


def _choice(text: str) -> "Choice":
    if text == "auto":
        return "auto"
    if text == "first":
        return "first"
    try:
        seconds = float(text)
    except ValueError:
        seconds = -1.0
    if not 0 <= seconds < float("inf"):
        raise typer.BadParameter(f"--reference takes auto, first or seconds, not {text!r}.")
    return seconds


def _show(made: "Animated") -> None:
    console = Console(highlight=False)
    rate = made.frames / made.took
    console.print(f"{made.frames} frames in {made.took:.0f} s, {rate:.1f} a second; sound: {made.sound}.")
    for gate, count in made.held.items():
        console.print(f"[yellow]Held for {count} frames: {gate}.[/yellow]")
    if made.promised > made.frames:
        console.print(f"[yellow]The video promised {made.promised} frames; the others cannot be decoded.[/yellow]")
    console.print(f"The film: {made.film}", soft_wrap=True)

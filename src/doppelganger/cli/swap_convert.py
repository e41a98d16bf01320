"""``doppelganger swap convert``: photos and films of one person of a run with the face of the other."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from doppelganger.cli.bar import ProgressBar
from doppelganger.cli.options import Device, Json, announce_download
from doppelganger.cli.swap import SEEING, embeddings_in, fetched_networks, print_json, require_av
from doppelganger.errors import StoppedError

if TYPE_CHECKING:
    from doppelganger.training.swap.comparing import Moments
    from doppelganger.training.swap.run_folder import RunAbout


def convert(
    run: Annotated[Path, typer.Argument(help="Folder of a run.", show_default=False)],
    scene: Annotated[Path, typer.Argument(help="A photo or a video of A (or of B, with --to a).", show_default=False)],
    who: Annotated[
        Path,
        typer.Option(
            "--who", help="A picture of the person whose face is swapped; all others stay.", show_default=False
        ),
    ],
    out: Annotated[
        Path | None,
        typer.Option("-o", "--out", help="The result: .jpg or .png, .mp4. Default: here, named after both."),
    ] = None,
    to: Annotated[str, typer.Option("--to", help="Whose face is put on: a or b, as the run was trained.")] = "b",
    side_by_side: Annotated[bool, typer.Option("--beside", help="The scene as it was to the left.")] = False,
    preview: Annotated[
        Path | None,
        typer.Option(help="Also a page (.html) of a few moments before and after, under a slider.", show_default=False),
    ] = None,
    device: Device = "auto",
    as_json: Json = False,
) -> None:
    """A photo or a video with the other person's face: same pose, expression, light, times and sound; marked as synthetic.

    A film that was stopped, by Ctrl-C or a kill, goes on by the same command where it was.

    Example: `doppelganger swap convert ada-bea talk.mp4 --who ada.jpg -o talk-bea.mp4 --preview talk-bea.html`
    """
    if to not in ("a", "b"):
        raise typer.BadParameter(f"There is no person {to!r} in a run; choose a or b.")
    require_av()
    from doppelganger.training.swap.sources import VIDEOS
    from doppelganger.weights import Store

    is_video = scene.suffix.lower() in VIDEOS
    target = (out or Path.cwd() / f"{scene.stem}-{run.resolve().name}{'.mp4' if is_video else '.jpg'}").absolute()
    allowed = (".mp4",) if is_video else (".jpg", ".jpeg", ".png")
    if target.suffix.lower() not in allowed:
        raise typer.BadParameter(f"{target.name} must end in {' or '.join(allowed)}.")
    if preview is not None and preview.suffix.lower() not in (".html", ".htm"):
        raise typer.BadParameter(f"{preview.name} must end in .html: it is a page.")
    store = Store()
    with ProgressBar(("weights", "converting"), download=announce_download(store, SEEING)) as bar:
        networks = fetched_networks(store, SEEING, bar, device)
        from doppelganger.training.swap.comparing import Moments
        from doppelganger.training.swap.converting import convert_photo, convert_video
        from doppelganger.training.swap.run_folder import RunFolder
        from doppelganger.training.swap.swapping import FaceSwapper
        from doppelganger.training.swap.trainer import trained_network

        network, about, step = trained_network(RunFolder(run), networks.device)
        swapper = FaceSwapper(network, to, about.preset.side, networks.parser, networks.device)
        person = embeddings_in(who, networks)
        assert person is not None
        moments = None if preview is None else Moments()
        record: dict[str, Any] = {"out": str(target), "step": step}
        try:
            if is_video:
                film = convert_video(
                    scene, swapper, person, networks, target, side_by_side, moments=moments, progress=bar
                )
                record |= {
                    "frames": film.frames,
                    "swapped": film.swapped,
                    "kept": film.frames - film.drawn,
                    "seconds": float(film.seconds),
                    "sound": film.sound,
                    "took": round(film.took, 1),
                }
            else:
                convert_photo(scene, swapper, person, networks, target, side_by_side, moments)
        except KeyboardInterrupt:
            left = (
                f"what was drawn is kept beside {target}, and the same command goes on."
                if is_video
                else "nothing was written."
            )
            raise StoppedError(f"Stopped; {left}") from None
    counted = f"the person in {record['swapped']} of {record['frames']} frames" if is_video else ""
    if preview is not None and moments is not None:
        _write_preview(preview, scene.name, moments, about, to, counted)
        record["preview"] = str(preview)
    if as_json:
        print_json(record)
        return
    typer.echo(f"Converted{': ' if counted else ''}{counted}. {target}")
    if preview is not None:
        typer.echo(f"Before and after: {preview}")


def _write_preview(page: Path, scene: str, moments: "Moments", about: "RunAbout", to: str, counted: str) -> None:
    from doppelganger.images import write_atomically
    from doppelganger.training.swap.comparing import comparison_page

    face = {"a": about.a, "b": about.b}[to]
    facts = [f"{scene}: {counted}."] if counted else []
    facts += [f"{name}: {consent}" for name, consent in zip((about.a, about.b), about.consents, strict=True)]
    write_atomically(page, comparison_page(f"{scene} with the face of {face}", moments.chosen(), facts).encode())

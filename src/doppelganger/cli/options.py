"""Arguments that several commands share."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from doppelganger.generators.stylegan2_generator import StyleGAN2
    from doppelganger.networks import Networks
    from doppelganger.projection import ProjectionSettings
    from doppelganger.weights import Store

Photo = Annotated[Path, typer.Argument(help="A photo with a face: JPEG, PNG, WebP or HEIC.", show_default=False)]
Out = Annotated[
    Path | None,
    typer.Option("-o", "--out", help="Folder to make; numbered where it exists. Default: here, named after the photo."),
]
FaceIndex = Annotated[
    int | None, typer.Option("--face", min=0, help="Which face of a group photo, 0 the largest. Default: the largest.")
]
Steps = Annotated[
    int | None, typer.Option("--steps", min=10, max=10_000, help="Steps of the projection; more come closer, slowly.")
]
Device = Annotated[str, typer.Option("--device", help="auto, cpu, cuda or mps, as PyTorch calls them.")]
Another = Annotated[
    str | None,
    typer.Option(
        "--generator",
        help="Another StyleGAN2: a file of `gan train`, or a published pickle (path or address). Default: the built-in one.",
        show_default=False,
    ),
]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON object on stdout, and nothing else there.")]


def require_device(device: str) -> None:
    """Raises typer.BadParameter where there is no such device."""
    import torch

    kind = device.split(":")[0]
    if kind not in ("auto", "cpu", "cuda", "mps"):
        raise typer.BadParameter(f"There is no device {device!r}; choose auto, cpu, cuda or mps.")
    missing = (kind == "cuda" and not torch.cuda.is_available()) or (
        kind == "mps" and not torch.backends.mps.is_available()
    )
    if missing:
        raise typer.BadParameter(f"PyTorch finds no {kind} device on this machine; use --device cpu.")


def networks_on(device: str, store: "Store", another: "StyleGAN2 | None" = None) -> "Networks":
    """The networks on a device that is there, with the built-in generator or another one. Raises typer.BadParameter."""
    from doppelganger.networks import Networks

    require_device(device)
    networks = Networks(store, device, another)
    if device == "auto" and networks.device.type == "cpu":
        typer.echo("No GPU that PyTorch can use was found; this runs on the processor, a minute or two.", err=True)
    return networks


def projection_settings(steps: int | None) -> "ProjectionSettings":
    """The default phases, or the same shape with ``steps`` in all."""
    from doppelganger.projection import ProjectionSettings

    default = ProjectionSettings()
    if steps is None:
        return default
    w_steps = round(default.w_steps * steps / default.steps)
    return ProjectionSettings(w_steps=w_steps, w_plus_steps=steps - w_steps)


def needed(store: "Store", in_photo: bool = False, background: bool = False, another: bool = False) -> list[str]:
    """The weights of a run, as far as the store has a catalogue of them; known without loading PyTorch."""
    from doppelganger.weights.run import weights_of_run

    return [name for name in weights_of_run(in_photo, background, another) if name in store.catalogue]


def announce_download(store: "Store", names: Sequence[str]) -> int:
    """Say on stderr what will be fetched, if anything; returns the bytes."""
    size = store.download_size(names)
    if size:
        kept = f"of which {store.kept_size(names) / 1e6:.0f} MB stay in {store.folder}"
        typer.echo(f"First the networks: {size / 1e6:.0f} MB to download, {kept}.", err=True)
    return size

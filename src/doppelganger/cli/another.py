"""``--generator``: faces by seed, mixes and morphs of another StyleGAN2 than the one that is built in."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from doppelganger.cli.bar import ProgressBar
from doppelganger.cli.options import require_device

if TYPE_CHECKING:
    from doppelganger.generators.protocol import Latent
    from doppelganger.generators.stylegan2_generator import StyleGAN2


def new_by(place: str, seed: int, count: int, out: Path, as_json: bool) -> None:
    """The faces of ``count`` seeds."""
    generator = open_by(place)
    made = [
        _keep(generator, _latent(str(s), generator), out, f"face-{s}", {"seed": s}) for s in range(seed, seed + count)
    ]
    if as_json:
        _print({"folder": str(out.absolute()), "faces": made})
    else:
        typer.echo("\n".join(record["picture"] for record in made))


def mix_by(place: str, coarse: str, fine: str, row: int, out: Path, as_json: bool) -> None:
    """Rows below ``row`` of one face, the rest of another."""
    from doppelganger.sculpting.mixing import mix

    generator = open_by(place)
    if row > generator.w_rows:
        raise typer.BadParameter(f"{generator.name} has {generator.w_rows} rows; choose --row 0 to {generator.w_rows}.")
    latent = mix(_latent(coarse, generator), _latent(fine, generator), row, generator.w_rows)
    about = _keep(generator, latent, out, f"mix-{_name(coarse)}-{_name(fine)}", {"mix of": [coarse, fine], "row": row})
    _print(about) if as_json else typer.echo(about["picture"])


def morph_by(place: str, faces: list[str], seconds: float, loop: bool, size: int, out: Path, as_json: bool) -> None:
    """A film from face to face."""
    from doppelganger.film import FRAMES_A_SECOND, continuum_film
    from doppelganger.progress import Event
    from doppelganger.sculpting.morph import between

    generator = open_by(place)
    stops = [_latent(face, generator) for face in faces]
    latents = between(stops, max(2, round(seconds * FRAMES_A_SECOND)), loop, generator.w_rows)
    with ProgressBar(("steering",)) as bar:
        continuum_film(latents, out, generator, lambda e: bar(Event("steering", e.done, e.total)), size)
    about = {"film": str(out), "faces": faces, "frames": len(latents)}
    _print(about) if as_json else typer.echo(about["film"])


def open_by(place: str, device: str = "cpu") -> "StyleGAN2":
    """The generator that ``--generator`` names, fetched where it is an address, on a device that is there."""
    from doppelganger.generators.opening import open_generator
    from doppelganger.networks import pick_device
    from doppelganger.weights import Store

    require_device(device)
    with ProgressBar(("weights",)) as bar:
        return open_generator(place, Store().folder / "generators", pick_device(device), bar)


def _latent(face: str, generator: "StyleGAN2") -> "Latent":
    from doppelganger.invented import invented
    from doppelganger.sculpting.album import read_latent

    return invented(int(face), generator) if face.isdigit() else read_latent(Path(face).with_suffix(".json"), generator)


def _keep(generator: "StyleGAN2", latent: "Latent", out: Path, name: str, about: dict[str, Any]) -> dict[str, Any]:
    from doppelganger.sculpting.album import keep_face
    from doppelganger.sculpting.mixing import rows_of

    rows = rows_of(latent, generator.w_rows)
    about = {"generator": {"name": generator.name, "sha256": generator.sha256}, **about}
    kept = keep_face(out, name, generator.synthesise(rows), rows, about)
    return {"picture": str(kept.picture), "file": str(kept.record), **about}


def _name(face: str) -> str:
    return Path(face).stem.removeprefix("face-")


def _print(record: dict[str, Any]) -> None:
    from doppelganger.storage import dump

    typer.echo(dump(record))

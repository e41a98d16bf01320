"""``doppelganger verify``: what every verifier says about two faces."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from doppelganger.cli.bar import ProgressBar
from doppelganger.cli.options import Json, announce_download

if TYPE_CHECKING:
    from doppelganger.result import Verdict

NETWORKS = ("yunet", "dlib-resnet", "dlib-landmarks-5", "sface", "arcface-mbf", "edgeface-s")


def verify(
    a: Annotated[Path, typer.Argument(help="A photo with a face.", show_default=False)],
    b: Annotated[Path, typer.Argument(help="Another one.", show_default=False)],
    face_a: Annotated[int | None, typer.Option(min=0, help="Which face of A, 0 the largest.")] = None,
    face_b: Annotated[int | None, typer.Option(min=0, help="Which face of B, 0 the largest.")] = None,
    as_json: Json = False,
) -> None:
    """Ask every verifier whether two photos show the same person.

    Each answers at two operating points: **privacy** says *same* readily (what you must beat to stay unknown),
    **identity** is strict (what to ask when a wrong *same* does harm). The panel says *different* only when every
    verifier does. The exit code does not depend on the verdict.

    Example: `doppelganger verify me.jpg me-doppelganger/share/doppelganger.png`
    """
    from doppelganger.images import read_image

    pictures = [(path, index, read_image(path)) for path, index in ((a, face_a), (b, face_b))]
    from doppelganger.weights import Store

    store = Store()
    missing = announce_download(store, NETWORKS)
    with ProgressBar(("weights",), download=missing) as bar:
        for name in NETWORKS:
            store.path(name, bar)
        from doppelganger.faces.detector import FaceDetector, choose
        from doppelganger.verifiers.panel import Panel, different, verifiers
        from doppelganger.verifiers.protocol import OperatingPoint

        detector = FaceDetector(store)
        panel = Panel(verifiers(store, detector))
        one, other = (
            panel.embed(image, choose(detector.detect(image), index, path.name)) for path, index, image in pictures
        )
        verdicts = {point: panel.judge(one, other, point) for point in OperatingPoint}
    thresholds = {member.name: member.thresholds for member in panel.members}
    rows: list[dict[str, Any]] = [
        {
            "verifier": verdict.verifier,
            "point": str(point),
            "distance": verdict.distance,
            "threshold": verdict.threshold,
            "far": thresholds[verdict.verifier][point].far,
            "source": thresholds[verdict.verifier][point].source,
            "verdict": word(verdict.different),
        }
        for point, judged in verdicts.items()
        for verdict in judged
    ]
    panel_says = {str(point): word(different(judged)) for point, judged in verdicts.items()}
    if as_json:
        typer.echo(json.dumps({"a": str(a), "b": str(b), "verdicts": rows, "panel": panel_says}, indent=2))
    else:
        _show(verdicts, panel_says)


def word(is_different: bool) -> str:
    """The verdict as the project says it."""
    return "different" if is_different else "same"


def _show(verdicts: "dict[Any, list[Verdict]]", panel_says: dict[str, str]) -> None:
    from rich.console import Console
    from rich.table import Table

    table = Table(box=None, pad_edge=False)
    for heading in ("verifier", "distance", *(f"{point}: same up to" for point in verdicts), *verdicts):
        table.add_column(str(heading))
    for judged in zip(*verdicts.values(), strict=True):
        limits = (f"{verdict.threshold:.3f}" for verdict in judged)
        words = (word(verdict.different) for verdict in judged)
        table.add_row(judged[0].verifier, f"{judged[0].distance:.3f}", *limits, *words)
    table.add_row(
        "panel", "", *("" for _ in verdicts), *(f"[bold]{panel_says[str(point)]}[/bold]" for point in verdicts)
    )
    Console(highlight=False).print(table)

"""``doppelganger evaluate``: does it protect? Every method on every portrait of a folder, before recognisers it never saw."""

from collections.abc import Sequence
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from doppelganger.cli.bar import ProgressBar
from doppelganger.cli.options import Device, Json, announce_download
from doppelganger.errors import DoppelgangerError
from doppelganger.progress import Event

if TYPE_CHECKING:
    from doppelganger.evaluation.engine import Engine
    from doppelganger.evaluation.methods import Method

LABELS = {
    "bank": "drawing faces of nobody",
    "cases": "portraits: avatars made and measured",
    "k-same": "averages of people",
    "attack": "searching avatars back",
}


class EngineName(StrEnum):
    """Where the work is done."""

    LOCAL = "local"
    RAY = "ray"


def evaluate(
    folder: Annotated[Path, typer.Argument(help="Portraits: one picture a person, or a sub-folder a person.")],
    out: Annotated[
        Path | None,
        typer.Option("-o", "--out", help="Folder of the results; the same one goes on. Default: named after FOLDER."),
    ] = None,
    quick: Annotated[
        bool, typer.Option("--quick", help="Ours, the original's rule and pixelation only, one recogniser held out.")
    ] = False,
    method: Annotated[
        list[str] | None,
        typer.Option(
            "--method", help="Only methods whose name begins so, such as nearest or pixelation; may be repeated."
        ),
    ] = None,
    bank: Annotated[
        int | None,
        typer.Option(
            min=0, help="Generated faces: look-alikes, distractors, measure of realism. Default: 400, none for --quick."
        ),
    ] = None,
    attack: Annotated[
        bool | None,
        typer.Option(
            "--attack/--no-attack", help="Also search our avatars back (a projection each). Default: not for --quick."
        ),
    ] = None,
    engine: Annotated[EngineName, typer.Option(help="local: this machine's cores. ray: a cluster.")] = EngineName.LOCAL,
    address: Annotated[
        str | None, typer.Option(help="Of the Ray cluster, auto or host:port. Default: begin one here.")
    ] = None,
    workers: Annotated[
        int | None, typer.Option(min=1, help="Local processes. Default: as cores and memory allow.")
    ] = None,
    device: Device = "auto",
    as_json: Json = False,
) -> None:
    """Measure protection and likeness of every method on a folder of portraits, and write table, pictures and page.

    **Examples**

    - `doppelganger evaluate portraits --quick`
    - `doppelganger evaluate portraits --out measured`
    - `doppelganger evaluate portraits --engine ray --address auto`

    Ctrl-C stops it; the same command goes on where it was. The portraits and avatars stay in the results' folder: it
    holds biometric data, and deleting it deletes all of it.
    """
    from doppelganger.evaluation.people import portraits_in

    portraits = portraits_in(folder)
    require_extra()
    from doppelganger.evaluation.methods import BANK_FACES, Nearest, all_methods, quick_methods
    from doppelganger.evaluation.report import report
    from doppelganger.evaluation.run import EvaluationFolder, cases_of, run
    from doppelganger.evaluation.suspects import attack_back
    from doppelganger.settings import Settings
    from doppelganger.storage import require_writable
    from doppelganger.verifiers.panel import verifiers
    from doppelganger.weights import Store
    from doppelganger.weights.run import EVALUATION

    faces = bank if bank is not None else 0 if quick else BANK_FACES
    chosen = chosen_methods(quick_methods() if quick else all_methods(faces), method)
    settings = Settings()
    target = (out or Path.cwd() / f"{folder.resolve().name}-evaluation").absolute()
    require_writable(target)
    results = EvaluationFolder(target, settings)
    store = Store()
    with ProgressBar(("weights",), download=announce_download(store, EVALUATION)) as bar:
        for name in EVALUATION:
            store.path(name, bar)
    works_on = engine_of(engine, workers, address, len(portraits), device)
    default = Nearest(settings.held_out)
    ours = default.name if default in chosen else None
    attacked = ours if (attack if attack is not None else not quick) else None
    cases = cases_of(portraits)
    folders = [case.folder for case in cases.values()]
    with Bars() as bars:
        run(cases, results, chosen, works_on, settings, faces, bars, device)
        if attacked:
            attack_back(results, attacked, folders, works_on, settings, bars, device)
    members = verifiers(store)
    result = report(results, chosen, members, faces, attacked, store, folders)
    if as_json:
        from doppelganger.evaluation.export import plain
        from doppelganger.storage import dump

        typer.echo(dump(plain({"folder": str(target), **result})))
    else:
        show(result, target)


def require_extra() -> None:
    """Raises DoppelgangerError where the optional packages are not installed."""
    from importlib.util import find_spec

    missing = [name for name in ("scipy", "skimage", "matplotlib", "pyarrow") if find_spec(name) is None]
    if missing:
        raise DoppelgangerError(
            f'{", ".join(missing)} are missing; install the extra: pip install "deepfake-doppelganger[evaluation]".'
        )


def chosen_methods(methods: "Sequence[Method]", names: list[str] | None) -> "tuple[Method, ...]":
    """Those whose name begins with one of ``names``; all without any. Raises typer.BadParameter for a name that fits none."""
    if not names:
        return tuple(methods)
    for name in names:
        if not any(m.name.startswith(name) for m in methods):
            raise typer.BadParameter(f"No method begins with {name!r}; there are {', '.join(m.name for m in methods)}.")
    return tuple(m for m in methods if m.name.startswith(tuple(names)))


def engine_of(name: EngineName, workers: int | None, address: str | None, portraits: int, device: str) -> "Engine":
    """The engine asked for."""
    if name is EngineName.RAY:
        from doppelganger.evaluation.ray_engine import RayEngine

        return RayEngine(address)
    from doppelganger.evaluation.engine import local_engine

    return local_engine(workers, portraits, device)


class Bars:
    """A bar a stage on stderr, as a progress callback and a context."""

    def __init__(self) -> None:
        self._bars = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            console=Console(stderr=True),
        )
        self._tasks: dict[str, Any] = {}

    def __enter__(self) -> "Bars":
        self._bars.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._bars.stop()

    def __call__(self, event: Event) -> None:
        """Hear an event; a stage without work is not shown."""
        if not event.total:
            return
        if event.stage not in self._tasks:
            label = LABELS.get(event.stage, event.stage)
            self._tasks[event.stage] = self._bars.add_task(label, total=event.total)
        self._bars.update(self._tasks[event.stage], completed=event.done)


def show(result: dict[str, Any], target: Path) -> None:
    """The few columns that fit a terminal, and where the rest is."""
    table = Table(
        "method",
        "held out:\nTAR at FAR 1e-3",
        "rank-1",
        "searched:\nTAR at FAR 1e-3",
        "LPIPS",
        "|age|",
        box=None,
        pad_edge=False,
    )

    def rate(recognition: dict[str, Any], name: str) -> str:
        if name not in recognition:
            return "–"
        found = recognition[name]
        return f"{100 * found['value']:.1f} % ({100 * found['low']:.0f}–{100 * found['high']:.0f}, n {found['n']})"

    def median(entry: dict[str, Any], measure: str, form: str) -> str:
        found = (entry["likeness"].get(measure) or {}).get("median")
        return form.format(found["value"]) if found else "–"

    for row, entry in result["rows"].items():
        held, seen = entry["held out"]["clean"], entry["searched"]["clean"]
        table.add_row(
            row,
            rate(held, "TAR at FAR 1e-3"),
            rate(held, "rank-1"),
            rate(seen, "TAR at FAR 1e-3"),
            median(entry, "LPIPS (AlexNet, 256²)", "{:.3f}"),
            median(entry, "age difference (years)", "{:.1f}"),
        )
    console = Console(highlight=False)
    console.print(f"{result['portraits']} portraits of {result['people']} people; 95 % intervals over people.\n")
    console.print(table)
    for name, why in result["unusable"].items():
        console.print(f"Not usable: {name}. {why}", soft_wrap=True)
    console.print(f"\nLook at {target / 'index.html'}; all figures: {target / 'evaluation.json'}", soft_wrap=True)

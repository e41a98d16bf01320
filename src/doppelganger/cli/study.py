"""``doppelganger study`` and ``doppelganger study-analyse``: a page to ask people with, and what their answers say."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.table import Table

from doppelganger.cli.options import Json
from doppelganger.study.design import Among

if TYPE_CHECKING:
    from doppelganger.study.analysis import Analysis
    from doppelganger.study.intervals import Estimate, Rate


def study(
    folder: Annotated[
        Path,
        typer.Argument(
            help="What `doppelganger evaluate` made, a result of `doppelganger make`, or a folder of such results.",
            show_default=False,
        ),
    ],
    out: Annotated[
        Path | None,
        typer.Option("-o", "--out", help="Folder to make; numbered where it exists. Default: FOLDER-study, here."),
    ] = None,
    methods: Annotated[
        str | None, typer.Option(help="Methods to ask about, with commas between. Default: all in FOLDER.")
    ] = None,
    trials: Annotated[int, typer.Option(min=8, max=500, help="Questions to one participant, about.")] = 48,
    choices: Annotated[int, typer.Option(min=2, max=9, help="Faces of a closest-of-N question.")] = 4,
    among: Annotated[
        Among,
        typer.Option(
            help="people: one avatar of the portrait among avatars of others, all of one method. "
            "methods: avatars of the portrait, each of another method."
        ),
    ] = Among.PEOPLE,
    seed: Annotated[int, typer.Option(min=0, help="Same seed and pictures: same study.")] = 0,
    contact: Annotated[str | None, typer.Option(help="Whom participants may ask, shown on the first screen.")] = None,
    simulated: Annotated[
        int, typer.Option("--simulate", min=0, max=10_000, help="Also draw answers of so many people, for a rehearsal.")
    ] = 0,
    as_json: Json = False,
) -> None:
    """Make an offline page that asks people: the same person or not, and who is closest?

    The page is one file without a network connection. What its pictures are is in `private/key.json` alone: keep that from
    participants. **The page shows real portraits**: hand it out only if the people in them agreed.

    Example: `doppelganger study evaluation --methods nearest-edgeface,pixelation`, then
    `doppelganger study-analyse answers-*.csv --key evaluation-study/private/key.json`
    """
    from doppelganger.study.design import Role, design
    from doppelganger.study.page import render
    from doppelganger.study.simulate import invented, simulate
    from doppelganger.study.stimuli import find_cases, of_methods
    from doppelganger.study.storage import save

    cases = find_cases(folder)
    if methods is not None:
        cases = of_methods(cases, [name for part in methods.split(",") if (name := part.strip())])
    drawn = design(cases, trials, choices, among, seed)
    page = render(drawn, cases, contact)
    answers = simulate(drawn, simulated, invented(drawn, seed), seed) if simulated else []
    at = save(out or Path(f"{folder.resolve().name}-study"), drawn, page, answers)
    form = drawn.forms[0]
    catch = sum(drawn.trials[trial].role in (Role.CATCH_SAME, Role.CATCH_DIFFERENT) for trial in form.pairs)
    portraits = len({drawn.case(trial) for trial in drawn.trials})
    if as_json:
        record = {
            "study": drawn.study,
            "page": str(at.page),
            "key": str(at.key),
            "simulated": str(at.simulated) if answers else None,
            "methods": drawn.methods,
            "portraits": portraits,
            "pairs": len(form.pairs) - catch,
            "catch": catch,
            "closest": len(form.closest),
            "forms": len(drawn.forms),
        }
        typer.echo(json.dumps(record, indent=2))
        return
    typer.echo(
        f"{at.page}: {len(form.pairs) - catch} same / different, {catch} catch and {len(form.closest)} closest-of-{choices} "
        f"questions a participant, {portraits} portraits, methods {', '.join(drawn.methods)}."
    )
    if len(form.pairs) + len(form.closest) < trials:
        typer.echo(f"That is fewer than the {trials} asked for: there are no more different ones.", err=True)
    typer.echo(f"{at.key}: what the pictures are. Keep it from participants.")
    if answers:
        typer.echo(f"{at.simulated}: SIMULATED answers, for a rehearsal of the analysis alone.")
    typer.echo("The page shows real portraits: give it to participants only, and only if the people in them agreed.")


def analyse(
    files: Annotated[list[Path], typer.Argument(help="CSV files that the page saved.", show_default=False)],
    key: Annotated[
        Path | None, typer.Option(help="The study's private/key.json. Default: key.json beside the first file.")
    ] = None,
    max_failed: Annotated[
        float, typer.Option(min=0, max=1, help="Share of catch trials that a participant may fail; fix it beforehand.")
    ] = 0.25,
    out: Annotated[
        Path | None,
        typer.Option("-o", "--out", help="Folder for the JSON and the pictures. Default: beside the first file."),
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="Of the bootstrap.")] = 0,
    as_json: Json = False,
) -> None:
    """What the answers of a study say, per method, with intervals; writes analysis.json, .svg and .png.

    Example: `doppelganger study-analyse answers/*.csv --key my-study/private/key.json`
    """
    from doppelganger.images import write_atomically
    from doppelganger.study.analysis import WARNING, analyse
    from doppelganger.study.answers import read_answers
    from doppelganger.study.key import read
    from doppelganger.study.picture import draw

    design = read(key or files[0].parent / "key.json")
    result = analyse(read_answers(files, design), design, max_failed, seed)
    record = ({"warning": WARNING} if result.simulated else {}) | asdict(result)
    text = json.dumps(record, indent=2, ensure_ascii=False, allow_nan=False)
    place = out or files[0].parent
    name = "analysis-simulated" if result.simulated else "analysis"
    write_atomically(place / f"{name}.json", text.encode())
    for form in ("svg", "png"):
        write_atomically(place / f"{name}.{form}", draw(result, form))
    if as_json:
        typer.echo(text)
        return
    _show(result)
    typer.echo(f"Written: {place / name}.json, .svg, .png")


def _show(result: "Analysis") -> None:
    from doppelganger.study.analysis import WARNING

    console = Console(highlight=False)
    if result.simulated:
        console.print(f"[bold red]{WARNING}[/bold red]")
    console.print(
        f"{result.kept} of {result.participants} participants, {result.portraits} portraits. Left out: "
        f"{result.failed_catch_trials} who failed more than {result.max_failed:.0%} of the catch trials, "
        f"{result.answered_no_catch_trial} who stopped before any. {result.knew} knew somebody shown."
    )
    table = Table(box=None, pad_edge=False)
    chance = f"closest of {round(1 / result.chance)}"
    for heading in ("", "“same”", "n", "d′", chance, "n"):
        table.add_column(heading)
    for method in result.methods:
        table.add_row(method.method, *_rate(method.same), _estimate(method.d_prime), *_rate(method.closest))
    ceiling = _estimate(result.catch_d_prime)
    table.add_row("[dim]same picture", *_rate(result.catch_same), ceiling, "", "")
    table.add_row("[dim]two people", *_rate(result.catch_different), "", "", "")
    console.print(table)
    console.print(
        f"Intervals: {result.level:.0%}, over participants and portraits ({result.replicates} pigeonhole bootstraps; "
        f"Clopper–Pearson where all agree, marked *). Chance of closest-of-{round(1 / result.chance)}: {result.chance:.0%}."
    )
    if result.simulated:
        console.print(f"[bold red]{WARNING}[/bold red]")


def _rate(rate: "Rate | None") -> tuple[str, str]:
    from doppelganger.study.intervals import EXACT

    if rate is None:
        return "–", "0"
    mark = "*" if rate.by == EXACT else ""
    return f"{rate.share:.0%} \\[{rate.low:.0%}–{rate.high:.0%}]{mark}", str(rate.answers)


def _estimate(estimate: "Estimate | None") -> str:
    return "–" if estimate is None else f"{estimate.value:.1f} \\[{estimate.low:.1f}–{estimate.high:.1f}]"

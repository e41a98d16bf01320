"""The commands put together, and the help that one meets first."""

from typing import Annotated

import typer

from doppelganger import __version__
from doppelganger.cli import (
    animate,
    border,
    edit,
    evaluate,
    face,
    gan,
    live,
    lookalikes,
    make,
    persona,
    persona_wear,
    rig,
    serve,
    studio,
    study,
    swap,
    swap_convert,
    verify,
    weights,
)

app = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode="markdown",
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog=(
        "Exit codes: **0** done · **1** other trouble · **2** wrong usage · **3** the picture or video cannot be read · "
        "**4** no usable face · **5** a network's weights are missing or damaged · **6** the result cannot be written · "
        "**7** no face outside the border was found · **8** a camera cannot be used · **130** stopped by Ctrl-C."
    ),
)
app.command("make")(make.make)
app.command("verify")(verify.verify)
app.command("border")(border.border)
app.add_typer(face.app, name="face")
app.command("edit")(edit.edit)
app.add_typer(gan.app, name="gan")
app.command("animate")(animate.animate)
app.command("lookalikes")(lookalikes.lookalikes)
app.command("rig")(rig.rig)
app.command("studio")(studio.studio)
app.command("serve")(serve.serve)
app.command("live")(live.live)
app.command("evaluate")(evaluate.evaluate)
app.command("study")(study.study)
app.command("study-analyse")(study.analyse)
persona.app.command("wear")(persona_wear.wear)
persona.app.command("place")(persona_wear.place)
app.add_typer(persona.app, name="persona")
swap.app.command("convert")(swap_convert.convert)
app.add_typer(swap.app, name="swap")
app.add_typer(weights.app, name="weights")


def _version(asked: bool) -> None:
    if asked:
        typer.echo(__version__)
        raise typer.Exit


@app.callback()
def doppelganger(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """From one portrait, a face that people take for you and machines take for somebody else.

    Begin with `doppelganger make me.jpg` and open the report that it names.

    With `--json` a command prints one JSON object and nothing else on stdout; a failure is then
    `{"error": …, "exit_code": …}`. The networks are fetched when first needed (`doppelganger weights list` shows them,
    with their licences); afterwards nothing needs the internet, and your photo never leaves this machine.
    """

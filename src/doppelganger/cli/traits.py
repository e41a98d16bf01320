"""The options that ask traits of a face, for every command that takes them. What each means is `sculpting.traits`' business."""

import functools
import inspect
from collections.abc import Callable, Mapping
from typing import Annotated, Any

import typer

Traits = dict[str, str | float]

FLAGS = ("glasses", "beard", "bald", "fringe", "makeup", "teeth", "shine")
"""Asked by ``--glasses``, or ``--no-glasses``."""
OTHERS: Mapping[str, str] = {
    "sex": "female or male, as strangers would guess.",
    "age": "Years, as strangers would guess.",
    "hair": "black, brown, blond, red or grey.",
    "hair-length": "long or short.",
    "curl": "curly or straight.",
    "smile": "0, none, to 1, the broadest.",
    "mouth": "open or closed.",
    "eyes": "wide or narrow.",
    "brows": "raised or frowning.",
    "gaze": "left, right, up, down or ahead; the person's own left.",
    "yaw": "Degrees that the head is turned to the person's left, -35 to 35.",
    "pitch": "Degrees that the head is bent down, -18 to 20.",
    "skin": "light, medium or dark.",
    "eye-colour": "blue or brown.",
    "lips": "full or thin.",
    "complexion": "clear or uneven.",
    "nose": "wide or narrow.",
    "face": "wide or narrow.",
    "light": "left, right, above, below or even; the person's own left.",
    "background": "light or dark.",
}
"""Asked by ``--age 45``; name → help."""
_FLAG_HELP = {
    "bald": "A bare head.",
    "fringe": "Hair over the forehead.",
    "teeth": "Teeth seen.",
    "shine": "Shine on the skin.",
}


def with_traits(command: Callable[..., None]) -> Callable[..., None]:
    """The command with an option for each trait; those that were given arrive as its argument ``traits``."""

    @functools.wraps(command)
    def asked(**given: Any) -> None:
        traits: Traits = {}
        for name in [*OTHERS, *FLAGS]:
            value = given.pop(_parameter(name))
            if value is not None:
                traits[name] = ("yes" if value else "no") if name in FLAGS else value
        command(traits=traits, **given)

    own = inspect.signature(command).parameters.values()
    options = [_option(name) for name in [*OTHERS, *FLAGS]]
    parameters = [*(p.replace(kind=p.KEYWORD_ONLY) for p in own if p.name != "traits"), *options]
    asked.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    asked.__annotations__ = {p.name: p.annotation for p in parameters}
    return asked


def _option(name: str) -> inspect.Parameter:
    if name in FLAGS:
        flag = typer.Option(
            f"--{name}/--no-{name}", help=_FLAG_HELP.get(name, ""), show_default=False, rich_help_panel="Traits"
        )
        annotation: Any = Annotated[bool | None, flag]
    else:
        annotation = Annotated[
            str | None, typer.Option(f"--{name}", help=OTHERS[name], rich_help_panel="Traits", show_default=False)
        ]
    return inspect.Parameter(_parameter(name), inspect.Parameter.KEYWORD_ONLY, default=None, annotation=annotation)


def _parameter(name: str) -> str:
    return f"trait_{name.replace('-', '_')}"

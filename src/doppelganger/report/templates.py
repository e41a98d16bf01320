"""How pages are filled in: everything is escaped, and a name that nobody gave is a mistake."""

from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template


def template(file: Path) -> Template:
    """A page's template. What lies beside it can be included by name."""
    environment = Environment(
        loader=FileSystemLoader(file.parent),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template(file.name)

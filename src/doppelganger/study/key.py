"""The key of a study as a file: what every identifier stands for. It stays with whoever analyses, never in the page."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

from doppelganger.study.design import Among, Design, Form, Picture, Role, Shown, Trial
from doppelganger.study.errors import StudyError

SCHEMA_VERSION = 1
"""Of the key file; raised when a reader of the old form would misread the new one."""


def to_json(design: Design) -> str:
    """The key file's text."""
    return json.dumps({"schema": SCHEMA_VERSION, "study": design.study, **asdict(design)}, indent=1, ensure_ascii=False)


def read(path: Path) -> Design:
    """The study of a key file. Raises StudyError with one sentence where it is missing, damaged or changed."""
    try:
        record = json.loads(path.read_text(encoding="utf-8"))
        if record["schema"] != SCHEMA_VERSION:
            raise StudyError(f"{path} has version {record['schema']}, this program reads {SCHEMA_VERSION}; update it.")
        design = _parse(record)
    except OSError as error:
        raise StudyError(f"{path} cannot be read ({error.strerror}); give the study's key with --key.") from error
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise StudyError(f"{path} is not the key of a study; give private/key.json of the study's folder.") from error
    if design.study != record["study"]:
        raise StudyError(f"{path} was changed after the study was made; use the key as it was written.")
    return design


def _parse(record: dict[str, Any]) -> Design:
    return Design(
        record["seed"],
        Among(record["among"]),
        record["choices"],
        {name: Picture(Shown(p["shown"]), p["case"], p["method"]) for name, p in record["pictures"].items()},
        {
            name: Trial(Role(t["role"]), t["reference"], tuple(t["others"]), t["method"])
            for name, t in record["trials"].items()
        },
        tuple(Form(tuple(form["pairs"]), tuple(form["closest"])) for form in record["forms"]),
    )

"""What goes over the wire about personas; the rest is in `schema`."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated

from pydantic import BaseModel, Field

from doppelganger.studio.schema import WHOLE, Asked, Id
from doppelganger.studio.schema_faces import Invented, OfResult, SaysSame, Strengths

Name = Annotated[str, Field(min_length=1, max_length=40, pattern=r"^[^\x00-\x1f\x7f]+$")]
MOST_PICTURES = 60


class NewPersona(Asked):
    """Make a face a persona, and take its first series of pictures."""

    name: Name
    face: Invented | OfResult
    strengths: Annotated[Strengths, Field(default_factory=Strengths)]  # type: ignore[valid-type]
    pictures: Annotated[int, Field(ge=1, le=MOST_PICTURES, description="Of the series `holidays`"), WHOLE]


class PersonaOut(BaseModel):
    """A persona in a list."""

    id: Id
    name: str
    created: datetime
    expires: datetime
    thumbnail: str
    pictures: int
    same: Annotated[int, Field(description="Pictures that every recogniser takes for the same person")]


class PersonaList(BaseModel):
    personas: list[PersonaOut]


class PersonaPicture(BaseModel):
    """A picture of the series. Strict thresholds, against the reference picture."""

    number: int
    same: bool
    verdicts: list[SaysSame]
    yaw: float | None
    pitch: float | None
    age: float | None
    expression: str
    hair: str
    held: Annotated[float, Field(description="Share of what was asked that keeps the person")]
    missed: list[str]


class PersonaDetail(BaseModel):
    """All that the contact sheet shows."""

    id: Id
    name: str
    created: datetime
    expires: datetime
    consent: str
    age: float | None
    female: float | None
    pictures: list[PersonaPicture]
    same: int
    pairs_same: Annotated[float | None, Field(description="Share of pairs that every recogniser takes for one person")]
    spans: Annotated[dict[str, tuple[float, float]], Field(description="Attribute → smallest, largest")]


class PersonaDownload(StrEnum):
    """What can be taken away."""

    SHEET = "contact-sheet.jpg"
    ZIP = "persona.zip"

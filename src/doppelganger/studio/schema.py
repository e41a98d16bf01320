"""What goes over the wire, as pydantic models: they check what comes in and are the OpenAPI document."""

from datetime import UTC, datetime
from enum import IntEnum, StrEnum
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from doppelganger.studio.refusals import Code


def _whole(value: Any) -> Any:
    """JSON knows one kind of number: 3.0 is the integer 3 there."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


WHOLE = BeforeValidator(_whole)
"""For integers in a body; behind the limits, which would not be in the document otherwise."""
Why = Literal["face-too-small", "profile"]
Recogniser = Literal["dlib", "sface", "arcface", "edgeface"]
"""Short names; a test holds them against the panel."""
Id = Annotated[str, Field(max_length=64, description="128 random bits")]
Margin = Annotated[float, Field(ge=0, le=2, description="0: at the border; 1: as far as strangers are on average")]
Seed = Annotated[int, Field(ge=0, le=2**32 - 1), WHOLE]
HeldOut = Annotated[
    list[Recogniser],
    Field(max_length=3, description="Recognisers that the search may not see"),
]
Share = Annotated[float, Field(ge=0, le=1)]
Step = Annotated[int, Field(ge=0, le=10_000)]


class Asked(BaseModel):
    """What a page sends."""

    model_config = ConfigDict(extra="forbid", strict=True)


class Visit(Asked):
    """Coming in."""

    token: Annotated[str, Field(max_length=200)] | None = None


class NewJob(Asked):
    """Make a doppelgänger of a face of an upload."""

    upload: Id
    face: Annotated[int, Field(ge=0, le=1000, description="Counted from the largest"), WHOLE]
    margin: Margin
    held_out: HeldOut
    seed: Seed
    background: Annotated[str, Field(pattern="^(plain|blur|#[0-9a-fA-F]{6})$")] | None
    keep_photo: Annotated[bool, Field(description="Do not delete the upload when its job has ended")]
    consent: Annotated[Literal[True], Field(description="This is the visitor's own face, or its owner has agreed")]
    steps: (
        Annotated[int, Field(ge=12, le=400, description="Of the projection; fewer are a quick look"), WHOLE] | None
    ) = None


class NewSearch(Asked):
    """Search again from a result."""

    margin: Margin
    held_out: HeldOut
    seed: Seed


class NewTake(Asked):
    """Take a face of the path."""

    step: Annotated[int, Field(ge=0, le=10_000), WHOLE]


class Empty(BaseModel):
    """Nothing more to say."""


class Trouble(BaseModel):
    """Every answer that is not what was asked for."""

    error: Annotated[str, Field(description="A sentence for a person")]
    code: Code


class VerifierOut(BaseModel):
    short: str
    name: str
    threshold: float


class LimitsOut(BaseModel):
    bytes: int
    pixels: int
    uploads: Annotated[int, Field(description="An hour")]
    jobs: Annotated[int, Field(description="Queued and running at a time")]
    keep_hours: float


class DefaultsOut(BaseModel):
    margin: float
    held_out: list[str]
    seed: int
    background: str | None


class MarginsOut(BaseModel):
    least: float
    most: float


class About(BaseModel):
    """What this Studio is."""

    version: str
    token_needed: bool
    signed_in: bool
    verifiers: list[VerifierOut]
    limits: LimitsOut
    defaults: DefaultsOut
    margins: MarginsOut
    licences: str


class FaceOut(BaseModel):
    """A face; the coordinates are shares of the picture."""

    index: int
    left: Share
    top: Share
    width: Share
    height: Share
    fit: bool
    why: Why | None


class UploadOut(BaseModel):
    id: Id
    width: int
    height: int
    faces: list[FaceOut]
    expires: datetime


class Job(BaseModel):
    id: Id
    kind: Literal["make", "again", "take", "film", "persona"]
    state: Literal["queued", "running", "stopped", "done", "failed"]
    position: Annotated[int | None, Field(description="Jobs before it")]
    stage: str
    done: int
    total: int
    share: Share
    seconds_left: float | None
    error: Trouble | None
    result: Annotated[Id | None, Field(description="Or the persona that it made")]
    created: datetime
    expires: datetime


class JobList(BaseModel):
    jobs: list[Job]


class ResultOut(BaseModel):
    """A result in a list."""

    id: Id
    created: datetime
    expires: datetime
    headline: str
    thumbnail: str
    different: Annotated[int, Field(description="Recognisers that say: somebody else")]
    verifiers: int
    lpips: float | None


class ResultList(BaseModel):
    results: list[ResultOut]


class Worst(BaseModel):
    name: Annotated[str, Field(description="A disturbance, or clean")]
    distance: float


class VerdictOut(BaseModel):
    verifier: str
    distance: float
    threshold: float
    different: bool
    held_out: bool
    worst: Worst | None


class FaceRecordOut(BaseModel):
    name: str
    different: bool
    verdicts: list[VerdictOut]
    likeness: dict[str, float]


class FlipOut(BaseModel):
    inside: int
    outside: int


class BorderOut(BaseModel):
    verifier: str
    threshold: float | None
    flips: list[FlipOut]
    scanned: Annotated[list[tuple[int, float]], Field(description="[step, distance]")]


class Has(BaseModel):
    border: bool
    in_photo: bool
    film: bool


class ResultDetail(BaseModel):
    """All that is known about a result."""

    id: Id
    created: datetime
    expires: datetime
    method: str
    margin: float | None
    held_out: list[str]
    searched: list[str]
    faces: list[FaceRecordOut]
    borders: list[BorderOut]
    steps: int
    filmstrip: list[int]
    lpips: list[float]
    headline: str
    warnings: list[str]
    seconds: dict[str, float]
    parent: Id | None
    has: Has


class Compared(BaseModel):
    distance: float
    same: bool


class RecognisedVerdict(BaseModel):
    verifier: str
    threshold: float
    portrait: Compared
    doppelganger: Compared


class Recognised(BaseModel):
    """Another picture against portrait and doppelgänger; its largest face counts."""

    faces: int
    verdicts: list[RecognisedVerdict]


class Picture(StrEnum):
    """The large pictures of a result."""

    PORTRAIT = "portrait"
    CLOSEST = "closest"
    DOPPELGANGER = "doppelganger"
    BORDER_INSIDE = "border-inside"
    BORDER_OUTSIDE = "border-outside"


class Size(IntEnum):
    """Side in pixels."""

    SMALL = 256
    MIDDLE = 512
    FULL = 1024


class Download(StrEnum):
    """What can be taken away."""

    PNG = "doppelganger.png"
    JPEG = "doppelganger.jpg"
    SQUARE = "square.jpg"
    ROUND = "round.png"
    ZIP = "result.zip"
    FILM = "continuum.mp4"


def at(seconds: float) -> datetime:
    """Seconds since 1970 → UTC."""
    return datetime.fromtimestamp(seconds, UTC)


def troubles(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """The error answers of a route, for the OpenAPI document; these can meet every one."""
    meanings = {
        400: "The request cannot be understood",
        401: "The cookie is missing, or the token is wrong",
        403: "The request comes from another site, or asks another host",
        404: "Not there, or another person's",
        408: "The body took too long",
        409: "Not in this state",
        410: "It is not there any more",
        413: "Too large",
        415: "Not a picture that can be read",
        422: "Something in it is not valid",
        429: "Too often, or too much at once",
        500: "A mistake of the program",
        503: "The machine cannot do that now",
    }
    return {
        status: {"model": Trouble, "description": meanings[status]} for status in sorted({403, 429, 500, *statuses})
    }

"""What goes over the wire about invented faces and sliders; the rest is in `schema`."""

from typing import Annotated, Literal, cast

from pydantic import BaseModel, ConfigDict, Field, create_model

from doppelganger.studio.schema import WHOLE, Asked, Id, Seed
from doppelganger.studio.sliders import sliders

Side = Annotated[Literal[256, 512, 1024], WHOLE]


class Invented(Asked):
    """A face that the generator makes of a number."""

    seed: Seed


class OfResult(Asked):
    """A face of one's own result."""

    result: Id
    of: Literal["closest", "doppelganger"]


_STRENGTHS = {
    slider.name: (
        Annotated[float, Field(ge=slider.valid_range[0], le=slider.valid_range[1], description=slider.says)],
        0.0,
    )
    for slider in sliders()
}
Strengths: type[BaseModel] = create_model(  # type: ignore[call-overload]
    "Strengths",
    __config__=ConfigDict(extra="forbid", strict=True),
    __doc__="How far along each direction.",
    **_STRENGTHS,
)


class Wanted(Asked):
    """A face, changed."""

    face: Annotated[Invented | OfResult, Field(description="What the directions are added to")]
    strengths: Annotated[Strengths, Field(default_factory=Strengths)]  # type: ignore[valid-type]
    patient: Annotated[
        bool, Field(description="Wait behind whoever drags a slider, and leave room for the job that runs")
    ] = False

    def changes(self) -> dict[str, float]:
        """Direction → strength, of those that change something."""
        return {name: value for name, value in cast(BaseModel, self.strengths).model_dump().items() if value}


class WantedPicture(Wanted):
    """And how it is to be sent."""

    size: Annotated[Side, Field(description="Side in pixels; the whole network is rendered in any case")] = 256
    form: Literal["jpeg", "png"] = "jpeg"


class DirectionOut(BaseModel):
    """Between the ends of ``identity`` the recognisers take the face for the same person, where nothing else is changed."""

    name: str
    says: str
    unit: Literal["degrees", "years", "deviations"]
    valid: tuple[float, float]
    identity: tuple[float, float]
    weak: bool


class DirectionList(BaseModel):
    directions: list[DirectionOut]


class Attributes(BaseModel):
    """What is read from the picture; networks guess it as a stranger would."""

    age: float
    female: Annotated[float, Field(ge=0, le=1)]
    hair: Literal["black", "brown", "blond", "red", "grey", "none"]
    glasses: bool
    beard: bool
    smile: Annotated[float, Field(ge=0, le=1)]
    yaw: Annotated[float, Field(description="Degrees, to the person's left")]
    pitch: Annotated[float, Field(description="Degrees, downwards")]


class SaysSame(BaseModel):
    """A recogniser's word."""

    verifier: str
    distance: float
    threshold: float
    same: bool


class Read(BaseModel):
    """What networks say of a face. ``attributes`` is null where they can read none, lists of verdicts are empty where they
    find none or were not asked."""

    attributes: Attributes | None
    same: Annotated[
        list[SaysSame], Field(description="Whether it is still the unchanged face's person, by the strict thresholds")
    ]
    portrait: Annotated[
        list[SaysSame], Field(description="Of a result: whether it is the portrait's person, by the privacy thresholds")
    ]
    job_under_way: Annotated[bool, Field(description="The machine works on a search as well; patient wishes wait")]

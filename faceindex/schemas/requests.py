"""The decisions that a client of the REST API asks for; each has its ``kind``, and names what it is about.

A known person is given by key, which no renaming changes. Faces, clusters and photos are given by number.
"""

from typing import Annotated, Literal, Self, TypeAlias

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

PersonKey = Annotated[str, StringConstraints(pattern="^[0-9a-f]{32}$")]
"""The key of a person, which stays the same when the person is renamed."""

MOST = 10_000
"""Faces, clusters or photos in one request."""

Number = Annotated[int, Field(strict=True, ge=0, lt=1 << 63)]
"""A number of the library; neither ``true`` nor a text is one."""

Real = Annotated[float, Field(strict=True, allow_inf_nan=False)]

Numbers = Annotated[tuple[Number, ...], Field(max_length=MOST)]
SomeNumbers = Annotated[tuple[Number, ...], Field(min_length=1, max_length=MOST)]

SomePersons = Annotated[tuple[PersonKey, ...], Field(min_length=1, max_length=MOST)]


class Request(BaseModel):
    """What a client asks for; a field that is not known is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class WhomRequest(Request):
    """Names somebody: a known ``person`` by key, or a ``name``, which may be new."""

    person: PersonKey | None = None
    name: str | None = None

    @model_validator(mode="after")
    def _one_of_both(self) -> Self:
        if (self.person is None) == (self.name is None):
            raise ValueError("give a person by key, or a name")
        return self


class ConfirmRequest(Request):
    """Confirm that faces, or with ``every`` all recognised faces, show a person."""

    kind: Literal["confirm"]
    person: PersonKey
    faces: Numbers = ()
    every: bool = False


class RejectRequest(Request):
    """Say that faces, and all faces of clusters, do not show a person."""

    kind: Literal["reject"]
    person: PersonKey
    faces: Numbers = ()
    clusters: Numbers = ()


class MoveRequest(WhomRequest):
    """Say whom faces, and all faces of clusters, show, whoever they were assigned to before."""

    kind: Literal["move"]
    faces: Numbers = ()
    clusters: Numbers = ()


class MergeRequest(Request):
    """Make ``others`` one person with ``person``, whose name is kept."""

    kind: Literal["merge"]
    person: PersonKey
    others: SomePersons


class ApartRequest(Request):
    """Say that two persons are two."""

    kind: Literal["apart"]
    person: PersonKey
    other: PersonKey


class SplitRequest(Request):
    """Move some faces of a person to a new person."""

    kind: Literal["split"]
    person: PersonKey
    faces: SomeNumbers
    name: str


class IgnoreRequest(Request):
    """Say that faces, and all faces of clusters, show strangers."""

    kind: Literal["ignore"]
    faces: Numbers = ()
    clusters: Numbers = ()


class NotAFaceRequest(Request):
    """Say that detections are no faces."""

    kind: Literal["not-a-face"]
    faces: SomeNumbers


class RenameRequest(Request):
    """Give a person another name."""

    kind: Literal["rename"]
    person: PersonKey
    name: str


class HideRequest(Request):
    """Leave persons out of lists and answers, or show them again."""

    kind: Literal["hide"]
    persons: SomePersons
    hidden: bool = True


class PortraitRequest(Request):
    """Choose the face by which a person is shown."""

    kind: Literal["portrait"]
    person: PersonKey
    face: Number


class BornRequest(Request):
    """Say when a person was born: a year, a month or a day in ISO 8601; null takes it back."""

    kind: Literal["born"]
    person: PersonKey
    date: str | None


class DrawRequest(WhomRequest):
    """Say that a photo shows a person's face where none was found.

    The box is in pixels of the upright, full-size photo: left, top, width, height; in a film it is of a
    ``moment``, in seconds from the start.
    """

    kind: Literal["draw"]
    photo: Number
    box: tuple[Real, Real, Real, Real]
    moment: Real | None = None


class AddToPhotoRequest(WhomRequest):
    """Say that a person is in photos, without saying where."""

    kind: Literal["add-to-photo"]
    photos: SomeNumbers


class RemoveFromPhotoRequest(Request):
    """Say that a person who was added to photos is not in them."""

    kind: Literal["remove-from-photo"]
    person: PersonKey
    photos: SomeNumbers


OfOnePerson: TypeAlias = (
    ConfirmRequest
    | RejectRequest
    | MergeRequest
    | ApartRequest
    | SplitRequest
    | RenameRequest
    | PortraitRequest
    | BornRequest
    | RemoveFromPhotoRequest
)
"""Decisions about a known ``person``."""

DecisionRequest: TypeAlias = Annotated[
    OfOnePerson
    | MoveRequest
    | IgnoreRequest
    | NotAFaceRequest
    | HideRequest
    | DrawRequest
    | AddToPhotoRequest,
    Field(discriminator="kind"),
]
"""Any decision that can be asked for."""

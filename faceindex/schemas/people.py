"""The JSON of people and of decisions about them: ``people``, and the last line of ``cluster``."""

from typing import Annotated, Literal

from pydantic import BeforeValidator

from faceindex.schemas.base import Box, Digest, InFilm, Moment, PathText, PersonName, Schema, at
from faceindex.schemas.faces import PersonFaceSchema

FaceIds = Annotated[tuple[int, ...], BeforeValidator(lambda faces: [each.face_id for each in faces])]
"""The numbers of faces of the library."""


class PersonSchema(Schema):
    """A person in the list of people."""

    person: str = at("person.name")
    key: str = at("person.key")
    hidden: bool = at("person.hidden")
    born: str | None = at("person.born")
    confirmed: int
    recognised: int
    missing: int
    exemplars: int
    added: int


class RegroupedSchema(Schema):
    """The changes of a regrouping."""

    event: Literal["regrouped"] = "regrouped"
    recognised: int
    newly_recognised: int
    no_longer_recognised: int
    joined: int
    founded: int
    merged: int
    moved: int
    clusters: int
    clustered: int
    unclustered: int


class UngroupedSchema(Schema):
    """Faces without a name that are in no cluster, by cause; the last four are estimates by ``compared``."""

    event: Literal["ungrouped"] = "ungrouped"
    similarity: float
    reliable: int
    least_quality: float
    compared: int
    undescribed: int
    uncompared: int
    poor: int
    strangers: int
    conflicting: int
    probable: int
    alone: int


class OverruledSchema(Schema):
    """Faces of which decisions say something else now; ``said`` is what was said before, of ``person``."""

    faces: tuple[int, ...] = at("face_ids")
    said: str
    person: str | None
    now: str | None
    decision: int | None = at("decision_id")


class RenamedSchema(Schema):
    """A person who is listed by another name now; ``merged`` if it is part of the person of that name."""

    before: str | None
    now: str | None
    merged: bool


class DecidedSchema(Schema):
    """A decision and its effects; counts of recognised faces are null where it can change none.

    ``decisions`` are the numbers of all that were made together, ``decision`` the first of them.
    """

    event: Literal["decided"] = "decided"
    decision: int = at("decision.id")
    decisions: tuple[int, ...] = at("numbers")
    kind: str = at("decision.act.kind")
    faces: int
    photos: int
    recognised: int | None = at("regrouped.recognised", None)
    newly_recognised: int | None = at("regrouped.newly_recognised", None)
    no_longer_recognised: int | None = at("regrouped.no_longer_recognised", None)
    poor_faces: FaceIds = at("poor")
    overruled: tuple[OverruledSchema, ...] = at("effects.overruled")
    renamed: tuple[RenamedSchema, ...] = at("effects.renamed")


class FaceKeySchema(Schema):
    """A face as decisions store it: the content of a photo, and a box in it."""

    digest: Digest
    box: Box
    moment: InFilm = at("box")


class LoggedSchema(Schema):
    """A decision as the log shows it; ``undoes`` and ``undone_by`` are numbers of other decisions.

    ``by`` is what it was made by; null if that was not recorded. ``photos`` are digests of contents.
    """

    decision: int = at("decision.id")
    uid: str = at("decision.uid")
    made_at: Moment = at("decision.made_at")
    by: str | None = at("decision.source")
    kind: str = at("decision.act.kind")
    person: str | None = at("person_name")
    other: str | None = at("other_name")
    name: str | None = at("decision.act.name", None)
    date: str | None = at("decision.act.date", None)
    undoes: int | None
    faces: tuple[FaceKeySchema, ...] = at("decision.act.faces", ())
    photos: tuple[Digest, ...] = at("decision.act.photos", ())
    active: bool
    undone_by: int | None


class UndoneSchema(Schema):
    """A decision that was taken back; ``undo`` is the number of the undo itself, to be undone likewise.

    ``about`` is the decision that a chain of undos is about, and ``holds`` says whether it holds again.
    ``undos`` are the numbers of all undos that were made together.
    """

    event: Literal["undone"] = "undone"
    decision: int = at("logged.decision.id")
    undo: int = at("logged.undone_by")
    undos: tuple[int, ...] = at("numbers")
    about: int | None = at("about.decision.id", None)
    holds: bool | None = at("about.active", None)
    renamed: tuple[RenamedSchema, ...]


class ImportedSchema(Schema):
    """Counts of an import, and what the imported decisions changed of what was said before."""

    event: Literal["imported"] = "imported"
    added: int
    known: int
    redacted: int
    overruled: tuple[OverruledSchema, ...] = at("effects.overruled")
    renamed: tuple[RenamedSchema, ...] = at("effects.renamed")


class SuggestionSchema(Schema):
    """Something for a person to review, the command that decides it, and the one that decides otherwise."""

    kind: str
    person: PersonName
    other: PersonName
    cluster: int | None = at("cluster_id")
    faces: tuple[int, ...] = at("face_ids")
    similarity: float | None
    command: str
    otherwise: str


class LeftOutSchema(Schema):
    """A photo that could not be used for enrolment."""

    event: Literal["left-out"] = "left-out"
    photo: PathText
    reason: str


class EnrolledSchema(Schema):
    """The result of an enrolment."""

    event: Literal["enrolled"] = "enrolled"
    people: int
    faces: int
    poor_faces: FaceIds = at("poor")
    decisions: tuple[int, ...]
    overruled: tuple[OverruledSchema, ...]


class ErasedSchema(Schema):
    """A person who was forgotten; files in ``left`` may still hold data of them."""

    event: Literal["forgotten"] = "forgotten"
    person: str = at("name")
    faces: int
    decisions: int
    left: tuple[PathText, ...] = at("purged.left")
    let_go: int


class ForgetPlanSchema(Schema):
    """What forgetting a person would do, in counts of faces; some to be erased may be in no photo."""

    event: Literal["would-forget"] = "would-forget"
    person: PersonName
    faces: int
    let_go: Annotated[int, BeforeValidator(len)]
    without_photo: int


class ForgottenFaceSchema(PersonFaceSchema):
    """A face that would be erased with its person, or stay without one."""

    event: Literal["would-erase", "would-let-go"]

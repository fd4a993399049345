"""The JSON of questions about photos: ``who``, ``why``, ``verify``, ``find`` and ``celebrity``."""

from operator import attrgetter
from typing import Annotated, Any, Self

from pydantic import BeforeValidator

from faceindex.asking.celebrity import Guess
from faceindex.asking.why import Explanation
from faceindex.film_times import Seen, when_seen
from faceindex.schemas.base import (
    Box,
    Digest,
    InFilm,
    Landmarks,
    Moment,
    PathText,
    PersonName,
    Schema,
    at,
    named,
    of_film,
)
from index.recognition.gallery import FaceLikeness
from index.values import TimeSpan


class MatchSchema(Schema):
    """A face of the library that is similar to one that was asked about."""

    face_id: int = at("face.face_id")
    photo: PathText = at("face.photo")
    missing: bool = at("face.missing")
    box: Box = at("face.box")
    similarity: float
    person: PersonName
    confirmed: bool
    moment: InFilm = at("face")


class AskedFaceSchema(Schema):
    """A face of a photo that was asked about, and its person."""

    box: Box = at("described.face.box")
    confidence: float = at("described.face.confidence")
    quality: float = at("described.quality.score")
    landmarks: Landmarks = at("described.face.landmarks")
    person: Annotated[PersonName, named(probable=False)] = at("identity")
    probable: Annotated[PersonName, named(probable=True)] = at("identity")
    certainty: str = at("identity.certainty")
    hidden: bool = at("identity.person.hidden", False)
    similarity: float | None
    probability: float | None = at("identity.probability")
    runner_up: PersonName = at("identity.runner_up")
    margin: float | None = at("identity.margin")
    matches: tuple[MatchSchema, ...]
    moment: InFilm = at("described")
    drawn: bool
    described: bool = at("described.is_described")


class _PhotoSchema(Schema):
    photo: PathText = at("photo.file.path")
    width: int = at("photo.size.width")
    height: int = at("photo.size.height")
    note: str | None = at("photo.note")


class FilmPersonSchema(Schema):
    """Somebody whom a film shows, and the places of their faces in ``AnswerSchema.faces``, from 1."""

    person: Annotated[PersonName, named(probable=False)] = at("identity")
    probable: Annotated[PersonName, named(probable=True)] = at("identity")
    certainty: str = at("identity.certainty")
    faces: tuple[int, ...] = at("numbers")


class AnswerSchema(_PhotoSchema):
    """A photo or film that was asked about; ``duration`` is that of a film, in seconds."""

    faces: tuple[AskedFaceSchema, ...]
    duration: float | None = of_film("photo.film.duration")
    people: tuple[FilmPersonSchema, ...] | None = of_film("people")


class TemplateSchema(Schema):
    """A template that a face was compared with; ``years`` are the first and the last of its faces."""

    years: tuple[int, int] | None = at("template.years")
    faces: int = at("template.faces")
    similarity: float


class CandidateSchema(Schema):
    """A person that a face was compared with."""

    person: PersonName
    similarity: float
    rejected: bool
    templates: tuple[TemplateSchema, ...] = at("likeness.templates")
    nearest: tuple[FaceLikeness, ...] = at("likeness.nearest")


class FaceDecisionSchema(Schema):
    """A decision that names the face."""

    id: int = at("decision.id")
    made_at: Moment = at("decision.made_at")
    kind: Annotated[str, BeforeValidator(lambda act: type(act).__name__.lower())] = at("decision.act")
    person: PersonName = at("person_name")
    active: bool


class _PlaceInPhotoSchema(Schema):
    photo: PathText = at("explanation.photo.file.path")
    face: int = at("explanation.number")
    face_id: int | None = at("explanation.stored.face_id")


class SiblingSchema(Schema):
    """Another file of the same photo, and whether it is read, or why it is not."""

    path: PathText = at("other")
    kind: str


class ExplanationSchema(AskedFaceSchema, _PlaceInPhotoSchema):
    """The explanation of a face's identity."""

    quality_reasons: tuple[str, ...] = at("described.quality.reasons")
    accept: float = at("explanation.thresholds.accept")
    review: float = at("explanation.thresholds.review")
    least_margin: float = at("explanation.margin")
    provenance: str = at("explanation.thresholds.provenance")
    candidates: tuple[CandidateSchema, ...] = at("explanation.candidates")
    decisions: tuple[FaceDecisionSchema, ...] = at("explanation.decisions")
    rule: str = at("explanation.rule")
    taken_at: Moment | None = at("explanation.photo.taken_at")
    taken_from: str | None = at("explanation.photo.taken_from")
    siblings: tuple[SiblingSchema, ...] = at("explanation.siblings")

    @classmethod
    def of(cls, explanation: Explanation, /, **fields: Any) -> Self:
        """Make a model of a face and its explanation."""
        return super().of(explanation.face, explanation=explanation, **fields)


class VerificationSchema(Schema):
    """The comparison of two faces."""

    same: bool
    similarity: float
    probability: float | None
    threshold: float = at("thresholds.accept")
    faces: tuple[Annotated[Box, BeforeValidator(attrgetter("face.box"))], ...]
    model: str
    moments: tuple[Seen | None, ...] | None = of_film("moments")

    @classmethod
    def of(cls, found: Any, /, **fields: Any) -> Self:
        """Make a model; ``moments`` are those of the faces, if one is of a film."""
        moments = tuple(map(when_seen, found.faces))
        return super().of(found, moments=moments if any(moments) else None, **fields)


class FoundPhotoSchema(Schema):
    """A photo of the persons asked for; ``probable``: somebody of them is only probably in it.

    ``moments`` say when a film shows all of them at once.
    """

    photo: PathText = at("path")
    digest: Digest
    taken_at: Moment | None
    probable: bool
    moments: tuple[TimeSpan, ...] | None = of_film("moments")
    taken_from: str | None
    photo_id: int


class GuessedFaceSchema(Schema):
    """A face, and the celebrities that it may show."""

    box: Box = at("described.face.box")
    confidence: float = at("described.face.confidence")
    quality: float = at("described.quality.score")
    celebrities: tuple[Guess, ...] = at("guesses")


class LookalikesSchema(_PhotoSchema):
    """The celebrities that the faces of one photo may show."""

    faces: tuple[GuessedFaceSchema, ...]

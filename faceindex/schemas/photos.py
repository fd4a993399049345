"""The JSON of a photo of the library."""

from typing import Annotated

from pydantic import BeforeValidator

from faceindex.schemas.base import Digest, Moment, PathText, PersonName, Schema, at, named
from faceindex.schemas.faces import PersonFaceSchema

Names = Annotated[tuple[str, ...], BeforeValidator(lambda persons: [each.name for each in persons])]


class PhotoCopySchema(Schema):
    """Another file with the content of a photo."""

    photo_id: int
    photo: PathText = at("path")
    missing: bool


class PhotoFaceSchema(PersonFaceSchema):
    """A face of a photo, and who it is; ``probable`` names who it only probably is."""

    probable: Annotated[PersonName, named(probable=True)] = at("identity")
    certainty: str = at("identity.certainty")
    probability: float | None = at("identity.probability")


class PhotoSchema(Schema):
    """A photo or film of the library; ``duration`` is that of a film, or of the film behind a photo.

    ``without_box`` names the persons who are in it by a decision that names no face. A photo that never could
    be read has neither digest nor size.
    """

    photo_id: int = at("record.photo_id")
    photo: PathText = at("record.path")
    digest: Digest | None = at("record.digest")
    width: int | None = at("record.size.width", None)
    height: int | None = at("record.size.height", None)
    bytes: int = at("record.file_bytes")
    taken_at: Moment | None = at("record.taken_at")
    taken_from: str | None = at("record.taken_from")
    missing: bool = at("record.missing")
    duration: float | None = at("record.film")
    failure: str | None = at("record.failure")
    copies: tuple[PhotoCopySchema, ...] = at("record.copies")
    faces: tuple[PhotoFaceSchema, ...]
    without_box: Names

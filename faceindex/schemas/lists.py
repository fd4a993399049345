"""The JSON of lists that are read a page at a time: ``next`` asks for the items after these, if any."""

from faceindex.schemas.answers import FoundPhotoSchema
from faceindex.schemas.base import Moment, Schema, at
from faceindex.schemas.faces import PersonFaceSchema


class _PageSchema(Schema):
    next: str | None = at("after")
    total: int


class PersonTileSchema(Schema):
    """A person in a list; ``portrait`` is the number of the face that is shown."""

    person: str = at("person.name")
    key: str = at("person.key")
    hidden: bool = at("person.hidden")
    born: str | None = at("person.born")
    confirmed: int
    recognised: int
    portrait: int | None


class FaceGroupSchema(Schema):
    """A cluster in a list: its number of faces, and some of them, the most typical one first."""

    cluster: int = at("number")
    faces: int
    shown: tuple[int, ...] = at("face_ids")


class DatedFaceSchema(Schema):
    """A face in a list, with the time of its photo and the age of its person then, if they are known."""

    face: PersonFaceSchema
    taken_at: Moment | None
    age: int | None
    similarity: float | None


class PhotoTileSchema(Schema):
    """A photo in a list, and its faces of the people who were asked for."""

    photo: FoundPhotoSchema
    faces: tuple[int, ...] = at("face_ids")


class PeoplePageSchema(_PageSchema):
    """Some of the persons in a list."""

    items: tuple[PersonTileSchema, ...]


class ClustersPageSchema(_PageSchema):
    """Some of the clusters in a list."""

    items: tuple[FaceGroupSchema, ...]


class FacesPageSchema(_PageSchema):
    """Some of the faces in a list."""

    items: tuple[DatedFaceSchema, ...]


class PhotosPageSchema(_PageSchema):
    """Some of the photos in a list."""

    items: tuple[PhotoTileSchema, ...]

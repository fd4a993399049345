"""People, clusters and faces by the REST API."""

from typing import Annotated

from fastapi import APIRouter, Query, Response

from faceindex.errors import BadRequest
from faceindex.schemas.faces import ClusterSchema, PersonFaceSchema
from faceindex.schemas.people import ErasedSchema, PersonSchema
from faceindex.schemas.requests import PersonKey
from faceindex.web.api.answers import one, several
from faceindex.web.context import LibraryOf

router = APIRouter(tags=["people"])


@router.get("/people", response_model=list[PersonSchema])
def list_people(library: LibraryOf, hidden: bool = False) -> Response:
    """List all persons by name, with their numbers of faces."""
    return several(map(PersonSchema.of, library.people.list(hidden=hidden)))


@router.get("/people/{key}", response_model=PersonSchema)
def person(library: LibraryOf, key: PersonKey) -> Response:
    """Return one person; a merged one is the person that it became part of."""
    return one(PersonSchema.of(library.people.get(library.people.by_key(key))))


@router.delete("/people/{key}", response_model=ErasedSchema)
def forget(library: LibraryOf, key: PersonKey, name: str, also_recognised: bool = False) -> Response:
    """Erase a person's descriptors, boxes and name for good; ``name`` must be the person's."""
    person = library.people.by_key(key)
    if name != person.name:
        raise BadRequest(f"This person is called {person.name}: give that name to forget it.")
    return one(ErasedSchema.of(library.people.forget(person, also_recognised=also_recognised)))


@router.get("/people/{key}/faces", response_model=list[PersonFaceSchema])
def faces_of_person(library: LibraryOf, key: PersonKey) -> Response:
    """List the faces of a person, confirmed ones first."""
    return several(map(PersonFaceSchema.of, library.people.faces(library.people.by_key(key))))


@router.get("/clusters", response_model=list[ClusterSchema])
def clusters(library: LibraryOf, most: Annotated[int, Query(ge=1, le=10_000)] = 100) -> Response:
    """List the largest clusters of faces without a name."""
    return several(map(ClusterSchema.of, library.clusters(most).shown))


@router.get("/clusters/{number}/faces", response_model=list[PersonFaceSchema])
def faces_of_cluster(library: LibraryOf, number: int) -> Response:
    """List the faces of a cluster."""
    return several(map(PersonFaceSchema.of, library.people.faces(cluster=number)))


@router.get("/faces/{face_id}", response_model=PersonFaceSchema)
def face(library: LibraryOf, face_id: int) -> Response:
    """Return a face by its number, and who it is."""
    (found,) = library.people.faces(faces=[face_id])
    return one(PersonFaceSchema.of(found))

"""People, clusters and faces by the REST API."""

from typing import Annotated, Literal

from fastapi import APIRouter, Query, Response

from faceindex.errors import BadRequest
from faceindex.schemas.faces import PersonFaceSchema
from faceindex.schemas.lists import ClustersPageSchema, FacesPageSchema, PeoplePageSchema
from faceindex.schemas.people import ErasedSchema, PersonSchema
from faceindex.schemas.requests import PersonKey
from faceindex.web.api.answers import After, Most, one
from faceindex.web.context import LibraryOf

router = APIRouter(tags=["people"])


@router.get("/people", response_model=PeoplePageSchema)
def list_people(
    library: LibraryOf,
    search: str = "",
    order: Literal["name", "faces"] = "name",
    hidden: bool = False,
    after: After = None,
    most: Most = 100,
) -> Response:
    """List persons, all or those in whose names the words of a search begin a word."""
    page = library.lists.people(search, order=order, hidden=hidden, after=after, most=most)
    return one(PeoplePageSchema.of(page))


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


@router.get("/people/{key}/faces", response_model=FacesPageSchema)
def faces_of_person(
    library: LibraryOf,
    key: PersonKey,
    order: Annotated[
        Literal["date", "similarity"], Query(description="The latest first, or the doubtful first.")
    ] = "date",
    state: Literal["confirmed", "recognised"] | None = None,
    year: Annotated[int | None, Query(description="0 for faces without a date.")] = None,
    after: After = None,
    most: Most = 100,
) -> Response:
    """List the faces of a person."""
    person = library.people.by_key(key)
    page = library.lists.faces(person, order=order, state=state, year=year, after=after, most=most)
    return one(FacesPageSchema.of(page))


@router.get("/clusters", response_model=ClustersPageSchema)
def clusters(library: LibraryOf, after: After = None, most: Most = 100) -> Response:
    """List the clusters of faces without a name, the largest first."""
    return one(ClustersPageSchema.of(library.lists.clusters(after=after, most=most)))


@router.get("/clusters/{number}/faces", response_model=FacesPageSchema)
def faces_of_cluster(library: LibraryOf, number: int, after: After = None, most: Most = 100) -> Response:
    """List the faces of a cluster, those of best quality first."""
    return one(FacesPageSchema.of(library.lists.cluster(number, after=after, most=most)))


@router.get("/faces/{face_id}", response_model=PersonFaceSchema)
def face(library: LibraryOf, face_id: int) -> Response:
    """Return a face by its number, and who it is."""
    (found,) = library.people.faces(faces=[face_id])
    return one(PersonFaceSchema.of(found))

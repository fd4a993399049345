"""Photos and films by the REST API: by id, and by who is in them."""

from typing import Annotated

from fastapi import APIRouter, Query, Response

from faceindex.schemas.lists import PhotosPageSchema
from faceindex.schemas.photos import PhotoSchema
from faceindex.schemas.requests import PersonKey
from faceindex.web.api.answers import After, Most, one
from faceindex.web.context import LibraryOf

router = APIRouter(tags=["photos"])

Day = Annotated[str | None, Query(description="A day, month or year: 2019-07-14, 2019-07 or 2019.")]


@router.get("/photos/{photo_id}", response_model=PhotoSchema)
def photo(library: LibraryOf, photo_id: int) -> Response:
    """Return a photo with its faces, and who they are."""
    return one(PhotoSchema.of(library.photo(photo_id, hidden=True)))


@router.get("/photos", response_model=PhotosPageSchema)
def find(
    library: LibraryOf,
    person: Annotated[list[PersonKey], Query(description="Keys of people who are all in the photo.")],
    without: Annotated[list[PersonKey], Query(description="Keys of people who are not.")] = [],  # noqa: B006
    only: bool = False,
    since: Day = None,
    until: Day = None,
    probable: bool = False,
    after: After = None,
    most: Most = 100,
) -> Response:
    """Find the photos that show people, the latest first."""
    shown, absent = (map(library.people.by_key, keys) for keys in (person, without))
    page = library.lists.photos(
        *shown,
        without=tuple(absent),
        only=only,
        since=since,
        until=until,
        hidden=True,
        probable=probable,
        after=after,
        most=most,
    )
    return one(PhotosPageSchema.of(page))

"""The page that finds photos by who is in them, and when they were taken."""

from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Query, Request
from fastapi.responses import HTMLResponse

from faceindex.errors import BadRequest
from faceindex.web.addresses import address
from faceindex.web.context import LibraryOf, fragment, page
from faceindex.web.photo_tiles import PhotoTile, photos_by_month
from faceindex.web.tiles import Groups
from index.people.persons import Person

router = APIRouter()


@dataclass(frozen=True, slots=True)
class View:
    """Which photos are shown; the address says so."""

    persons: tuple[Person, ...] = ()
    without: tuple[Person, ...] = ()
    only: bool = False
    since: str = ""
    until: str = ""

    def address(self, **changed: object) -> str:
        """Return the address of the page with something changed, or of a part of the list."""
        query = {
            "with": tuple(each.key for each in self.persons),
            "without": tuple(each.key for each in self.without),
            "only": self.only,
            "since": self.since,
            "until": self.until,
        }
        return address("/find", {**query, **changed})


@router.get("/find")
def find(
    request: Request,
    library: LibraryOf,
    persons: Annotated[list[str] | None, Query(alias="with")] = None,
    without: Annotated[list[str] | None, Query()] = None,
    with_name: str = "",
    without_name: str = "",
    only: bool = False,
    since: str = "",
    until: str = "",
    part: str = "",
    after: str | None = None,
    last: str | None = None,
) -> HTMLResponse:
    """Find photos; a name that was typed joins the persons in the address."""
    problem, known = "", []
    for keys, name in ((persons, with_name), (without, without_name)):
        chosen = [library.people.by_key(each) for each in keys or ()]
        if name.strip():
            try:
                chosen.append(library.people.get(name.strip()).person)
            except BadRequest as error:
                problem = str(error)
        known.append(tuple(dict.fromkeys(chosen)))
    view = View(known[0], known[1], only, since.strip(), until.strip())
    found: Groups[PhotoTile] | None = None
    if view.persons:
        try:
            listed = library.lists.photos(
                *view.persons,
                without=view.without,
                only=view.only,
                since=view.since or None,
                until=view.until or None,
                hidden=True,
                after=after,
            )
            found = photos_by_month(listed, last)
        except BadRequest as error:
            problem = str(error)
    if part == "photos" and found is not None:
        return fragment(request, "find/photos_chunk.html", view=view, found=found)
    title = " and ".join(each.name for each in view.persons) or "Find"
    response = page(request, "find/find.html", view=view, found=found, problem=problem, title=title)
    response.headers["HX-Push-Url"] = view.address()
    return response

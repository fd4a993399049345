"""The pages of all people, and of one."""

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse

from faceindex.web.context import LibraryOf, page

router = APIRouter()


@router.get("/people")
def people(request: Request, library: LibraryOf, hidden: bool = False) -> HTMLResponse:
    """Show everybody, and the largest clusters without a name."""
    return page(
        request, "people/list.html", people=library.people.list(hidden=hidden), clusters=library.clusters()
    )

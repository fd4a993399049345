"""The page that asks about the faces which are worth a look."""

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse

from faceindex.web.context import LibraryOf, page

router = APIRouter()


@router.get("/review")
def review(request: Request, library: LibraryOf) -> HTMLResponse:
    """Show how many faces are worth a look."""
    return page(request, "review/review.html", suggestions=library.people.review(1))

"""The page of what the library holds and what waits, and whether it has changed."""

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse

from faceindex.left_out import in_words
from faceindex.web.context import LibraryOf, fragment, page

router = APIRouter(prefix="/state")

FAILURES = 200
"""Failed files that are listed; the command line lists all."""


@router.get("")
def state(request: Request, library: LibraryOf) -> HTMLResponse:
    """Show figures, failed files and what waits."""
    found = library.state()
    failures = library.failures()
    return page(
        request,
        "state/state.html",
        state=found,
        failures=failures[:FAILURES],
        failures_left=len(failures[FAILURES:]),
        left_out=[in_words(each) for each in found.figures.left_out],
        file=library.settings.library,
    )


@router.get("/review")
def to_review(request: Request, library: LibraryOf) -> HTMLResponse:
    """Show how many questions wait; apart from the rest, because it takes longer."""
    return fragment(request, "state/review.html", total=library.people.review(0).total)


@router.get("/version")
def version(library: LibraryOf) -> dict[str, str]:
    """Return a text that differs after every change of the library."""
    return {"version": library.version()}

"""The page of what the library holds and what waits, and whether it has changed."""

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse

from faceindex.web.context import LibraryOf, page

router = APIRouter(prefix="/state")


@router.get("")
def state(request: Request, library: LibraryOf) -> HTMLResponse:
    """Show figures, failed files and what waits."""
    return page(
        request,
        "state/state.html",
        figures=library.statistics(),
        failures=library.failures(),
        file=library.settings.library,
    )


@router.get("/version")
def version(library: LibraryOf) -> dict[str, str]:
    """Return a text that differs after every change of the library."""
    return {"version": library.version()}

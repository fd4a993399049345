"""The page of all decisions, and their undo."""

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse

from faceindex.web.context import LibraryOf, decided, page

router = APIRouter(prefix="/log")


@router.get("")
def log(request: Request, library: LibraryOf) -> HTMLResponse:
    """Show the last decisions, the newest first."""
    return page(request, "log/log.html", decisions=library.people.log(50)[::-1])


@router.post("/{number}/undo")
def undo(request: Request, library: LibraryOf, number: int) -> HTMLResponse:
    """Take a decision back; or an undo, which makes the decision hold again."""
    undone = library.people.undo(number)
    again = undone.about is not None and undone.about.active
    return decided(request, "Done again" if again else "Undone", undone.logged.undone_by, event="undone")

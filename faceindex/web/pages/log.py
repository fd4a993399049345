"""The page of all decisions, and their undo."""

from typing import Annotated

from fastapi import APIRouter, Path, Request
from fastapi.responses import HTMLResponse

from faceindex.web.context import LibraryOf, decided, page

router = APIRouter(prefix="/log")


@router.get("")
def log(request: Request, library: LibraryOf) -> HTMLResponse:
    """Show the last decisions, the newest first."""
    return page(request, "log/log.html", decisions=library.people.log(50)[::-1])


@router.post("/{numbers}/undo")
def undo(
    request: Request, library: LibraryOf, numbers: Annotated[str, Path(pattern=r"^\d{1,18}(,\d{1,18})*$")]
) -> HTMLResponse:
    """Take decisions back together; or an undo, which makes the decision hold again."""
    undone = library.people.undo(*map(int, numbers.split(",")))
    again = undone.about is not None and undone.about.active
    return decided(request, "Done again" if again else "Undone", undone.numbers, event="undone")

"""The page of all decisions, and their undo."""

from typing import Annotated

from fastapi import APIRouter, Path, Request
from fastapi.responses import HTMLResponse

from faceindex.web.context import LibraryOf, decided, fragment, page
from faceindex.wording.decisions import sentence
from faceindex.wording.numbers import count

router = APIRouter(prefix="/log")


@router.get("")
def log(request: Request, library: LibraryOf, before: int | None = None) -> HTMLResponse:
    """Show the newest decisions, or for htmx the next ones, those before a number."""
    found = library.people.log_page(before)
    if before is not None and request.headers.get("HX-Request") == "true":
        return fragment(request, "log/entries.html", found=found)
    return page(request, "log/log.html", found=found)


@router.post("/{numbers}/undo")
def undo(
    request: Request, library: LibraryOf, numbers: Annotated[str, Path(pattern=r"^\d{1,18}(,\d{1,18})*$")]
) -> HTMLResponse:
    """Take decisions back together; or an undo, which makes the decision hold again."""
    undone = library.people.undo(*map(int, numbers.split(",")))
    about = undone.about or undone.logged
    said = count(1 + len(undone.more), "decision") if undone.more else sentence(about)
    if undone.about is not None and undone.about.active:
        return decided(request, f"Holds again: {said}", undone.numbers, event="undone")
    return decided(request, f"Undone: {said}", redo=undone.numbers, event="undone")

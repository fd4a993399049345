"""The page of a group of faces without a name, and what is decided about its faces."""

from collections.abc import Sequence
from typing import Annotated

from fastapi import APIRouter, Form, Query, Request
from fastapi.responses import HTMLResponse

from faceindex.errors import NotFound
from faceindex.library import Library
from faceindex.naming.decide import Decided
from faceindex.web.addresses import numbers
from faceindex.web.context import LibraryOf, decided, fragment, page, rendered
from faceindex.web.said import said
from faceindex.web.shown import person_of
from faceindex.web.tiles import face_tile
from faceindex.wording.numbers import count

router = APIRouter(prefix="/clusters/{number}")

Text = Annotated[str, Form()]
Chosen = Annotated[str, Query()]


@router.get("")
def show(request: Request, library: LibraryOf, number: int, after: str | None = None) -> HTMLResponse:
    """Show the faces of a group; or the next ones, from a cursor on."""
    faces = library.lists.cluster(number, after=after)
    tiles = tuple(map(face_tile, faces.items))
    if after:
        return fragment(request, "clusters/faces_chunk.html", number=number, tiles=tiles, after=faces.after)
    if not faces.total:
        raise NotFound("No face is left in this group: all have names, or are ignored. The log says which.")
    return page(
        request, "clusters/cluster.html", number=number, tiles=tiles, after=faces.after, total=faces.total
    )


@router.get("/faces/name")
def ask_name(request: Request, library: LibraryOf, number: int, faces: Chosen = "") -> HTMLResponse:
    """Ask whose faces these are."""
    chosen = numbers(faces)
    return fragment(
        request,
        "people/ask_name.html",
        action=f"/clusters/{number}/faces/name",
        title="Who is this?" if len(chosen) == 1 else f"Who are these {len(chosen):,} faces?",
        text="",
        label="Name",
        button="Name",
        value="",
        kept={"faces": faces},
        known=True,
        required=True,
    )


@router.post("/faces/name")
def name_faces(
    request: Request, library: LibraryOf, number: int, name: Text, faces: Text = ""
) -> HTMLResponse:
    """Say whose some faces are."""
    chosen = numbers(faces)
    done = library.people.move(name, chosen)
    person = person_of(library, done)
    return _changed(request, library, number, f"{person.name}: {count(done.faces, 'face')}", done, chosen)


@router.post("/faces/ignore")
def ignore(request: Request, library: LibraryOf, number: int, faces: Text = "") -> HTMLResponse:
    """Say that some faces are strangers'."""
    chosen = numbers(faces)
    done = library.people.ignore(chosen)
    return _changed(request, library, number, f"Ignored: {count(done.faces, 'face')}", done, chosen)


@router.post("/faces/ignore-all")
def ignore_all(request: Request, library: LibraryOf, number: int) -> HTMLResponse:
    """Say that all faces are strangers'."""
    done = library.people.ignore(clusters=[number])
    text = said(f"Ignored: {count(done.faces, 'face')}", done)
    return decided(request, text, done.numbers, location="/people#unnamed")


@router.post("/faces/not-a-face")
def not_a_face(request: Request, library: LibraryOf, number: int, faces: Text = "") -> HTMLResponse:
    """Say that some detections are no faces."""
    chosen = numbers(faces)
    done = library.people.not_a_face(chosen)
    return _changed(request, library, number, f"Not a face: {done.faces:,}", done, chosen)


def _changed(
    request: Request, library: Library, number: int, text: str, done: Decided, chosen: Sequence[int]
) -> HTMLResponse:
    total = library.lists.cluster(number, most=1).total
    html = rendered(request, "clusters/changed.html", number=number, total=total, gone=chosen)
    return decided(request, said(text, done), done.numbers, html)

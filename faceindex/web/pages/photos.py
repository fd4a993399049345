"""The page of a photo or film: who is in it, and what is said of its faces."""

from typing import Annotated, Literal

from fastapi import APIRouter, Form, Query, Request
from fastapi.responses import HTMLResponse, JSONResponse, RedirectResponse

from faceindex.errors import NotFound
from faceindex.library import Library
from faceindex.naming.decide import Decided
from faceindex.web.context import LibraryOf, decided, fragment, page, rendered
from faceindex.web.photo_view import FaceView, PhotoView
from faceindex.web.said import said
from faceindex.wording.numbers import count
from faceindex.wording.why import sections, title
from pipeline.values import Box

router = APIRouter()

Name = Annotated[str, Form(max_length=4000)]
Pixels = Annotated[float, Form(allow_inf_nan=False)]
Seconds = Annotated[float | None, Form(ge=0, allow_inf_nan=False)]


@router.get("/photos/{photo_id}")
def photo(
    request: Request,
    library: LibraryOf,
    photo_id: int,
    face: int | None = None,
    at: Annotated[float | None, Query(ge=0, allow_inf_nan=False)] = None,
    hidden: bool = False,
) -> HTMLResponse:
    """Show a photo with its faces, one of them chosen; or a film from a moment on."""
    view = PhotoView(library.photo(photo_id, hidden=hidden))
    if at is None and face is not None:
        at = next((each.start for each in view.faces if each.face_id == face), None)
    return page(request, "photos/photo.html", view=view, face=face, at=at, hidden=hidden)


@router.get("/faces/{face_id}")
def of_face(library: LibraryOf, face_id: int) -> RedirectResponse:
    """Lead to the photo of a face."""
    found = library.people.faces_by_id([face_id])
    if not found or not found[0].record.photo_id:
        raise NotFound(f"There is no face {face_id} in the library.")
    return RedirectResponse(f"/photos/{found[0].record.photo_id}?face={face_id}", 303)


@router.get("/photos/{photo_id}/faces")
def faces(request: Request, library: LibraryOf, photo_id: int, hidden: bool = False) -> HTMLResponse:
    """Show the list of faces again."""
    view = PhotoView(library.photo(photo_id, hidden=hidden))
    return fragment(request, "photos/faces.html", view=view, hidden=hidden)


@router.get("/photos/{photo_id}/faces/{face_id}")
def panel(
    request: Request, library: LibraryOf, photo_id: int, face_id: int, hidden: bool = False
) -> HTMLResponse:
    """Show what can be said of one face."""
    view = PhotoView(library.photo(photo_id, hidden=hidden))
    return fragment(request, "photos/panel.html", view=view, each=_face(view, face_id))


@router.get("/photos/{photo_id}/tracks")
def tracks(library: LibraryOf, photo_id: int) -> JSONResponse:
    """Return where a film shows its faces: by face, rows of moment and box, in seconds and pixels."""
    return JSONResponse(
        {
            str(each.record.face_id): each.appearance.track[:, :5].round(2).tolist()
            for each in library.photo(photo_id).faces
            if each.appearance is not None
        }
    )


@router.get("/faces/{face_id}/why")
def why(request: Request, library: LibraryOf, face_id: int) -> HTMLResponse:
    """Explain who a face is, in the words of the command line."""
    found = library.why_face(face_id)
    return fragment(
        request, "photos/why.html", title=title(found), sections=sections(found), near=found.face.matches
    )


@router.post("/photos/{photo_id}/faces/{face_id}/name")
def name_face(request: Request, library: LibraryOf, photo_id: int, face_id: int, name: Name) -> HTMLResponse:
    """Say who a face is."""
    done = library.people.move(name, [face_id])
    return _changed(request, library, photo_id, done, f"This is {_person(done)}")


@router.post("/photos/{photo_id}/faces/{face_id}/{verdict}")
def judge(
    request: Request,
    library: LibraryOf,
    photo_id: int,
    face_id: int,
    verdict: Literal["confirm", "reject", "ignore", "not-a-face"],
    person: Annotated[str, Form()] = "",
) -> HTMLResponse:
    """Say that a face is the person whom it is taken for, or is not; a stranger; or no face."""
    people = library.people
    if verdict == "confirm":
        done = people.confirm(people.by_key(person), [face_id])
        text = f"This is {_person(done)}"
    elif verdict == "reject":
        done = people.reject(people.by_key(person), [face_id])
        text = f"This is not {_person(done)}"
    elif verdict == "ignore":
        done, text = people.ignore([face_id]), "Ignored"
    else:
        done, text = people.not_a_face([face_id]), "Not a face"
    return _changed(request, library, photo_id, done, text)


@router.post("/photos/{photo_id}/draw")
def draw(
    request: Request,
    library: LibraryOf,
    photo_id: int,
    name: Name,
    x: Pixels,
    y: Pixels,
    w: Pixels,
    h: Pixels,
    at: Seconds = None,
) -> HTMLResponse:
    """Say that a face was missed, in pixels of the full-size photo, and who it is."""
    done = library.people.draw(photo_id, Box(x, y, w, h, at), name)
    view = PhotoView(library.photo(photo_id))
    number = done.logged.decision.id
    drawn = next((each for each in view.faces if each.face.status.decision_id == number), None)
    text = f"{_person(done)}: named only: no landmarks were found in it."
    if drawn is not None and drawn.face.described:
        gained = done.regrouped.newly_recognised if done.regrouped is not None else 0
        more = f"{count(gained, 'more face')} {'is' if gained == 1 else 'are'} recognised"
        text = f"{_person(done)}: described: {more}."
    return _list(request, view, text, done)


@router.post("/photos/{photo_id}/people")
def add_person(request: Request, library: LibraryOf, photo_id: int, name: Name) -> HTMLResponse:
    """Say that somebody is in a photo, without a face."""
    done = library.people.add_to_photo(name, [photo_id])
    return _changed(request, library, photo_id, done, f"{_person(done)} is in it")


@router.post("/photos/{photo_id}/people/{key}/remove")
def remove_person(request: Request, library: LibraryOf, photo_id: int, key: str) -> HTMLResponse:
    """Take back that somebody is in a photo."""
    done = library.people.remove_from_photo(library.people.by_key(key), [photo_id])
    return _changed(request, library, photo_id, done, f"{_person(done)} is not in it")


def _face(view: PhotoView, face_id: int) -> FaceView:
    found = next((each for each in view.faces if each.face_id == face_id), None)
    if found is None:
        raise NotFound(f"Face {face_id} is not in this {view.kind} any more.")
    return found


def _person(done: Decided) -> str:
    return done.logged.person_name or "?"


def _changed(request: Request, library: Library, photo_id: int, done: Decided, text: str) -> HTMLResponse:
    return _list(request, PhotoView(library.photo(photo_id)), said(text, done), done)


def _list(request: Request, view: PhotoView, text: str, done: Decided) -> HTMLResponse:
    html = rendered(request, "photos/faces.html", view=view, hidden=False)
    return decided(request, text, done.numbers, html)

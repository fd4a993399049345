"""The page of a person: all faces, and what is decided about them."""

from collections.abc import Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Annotated, Literal

from fastapi import APIRouter, Form, Query, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from faceindex.errors import BadRequest
from faceindex.library import Library
from faceindex.naming.decide import Decided
from faceindex.web.addresses import address, current_query, numbers
from faceindex.web.context import LibraryOf, decided, fragment, page, rendered
from faceindex.web.said import said
from faceindex.web.shown import beside, person_faces, person_head, person_of, strip_of
from faceindex.web.tiles import face_tile
from faceindex.wording.numbers import count
from index.people.persons import Person

router = APIRouter(prefix="/people/{key}")

Text = Annotated[str, Form()]
Chosen = Annotated[str, Query()]
State = Literal["", "confirmed", "recognised"]
Sort = Literal["", "date", "similarity"]


@dataclass(frozen=True, slots=True)
class View:
    """Which faces of a person are shown, and in which order; the address says so."""

    person: Person
    state: State = ""
    sort: Sort = ""
    year: str = ""

    @property
    def is_filtered(self) -> bool:
        """Whether some faces may be left out."""
        return bool(self.state or self.year)

    def address(self, **changed: object) -> str:
        """Return the address of the page with something changed, or of a part of the list."""
        query = {"state": self.state, "sort": self.sort, "year": self.year, **changed}
        return address(f"/people/{self.person.key}", query)

    @classmethod
    def current(cls, request: Request, person: Person) -> "View":
        """Return what the page shows on which somebody acts."""
        query = current_query(request)
        state: State = "confirmed" if query.get("state") == "confirmed" else ""
        state = "recognised" if query.get("state") == "recognised" else state
        return cls(
            person, state, "similarity" if query.get("sort") == "similarity" else "", query.get("year", "")
        )


@router.get("")
def show(
    request: Request,
    library: LibraryOf,
    key: str,
    state: State = "",
    sort: Sort = "",
    year: int | None = None,
    part: str = "",
    after: str | None = None,
    last: str | None = None,
) -> Response:
    """Show a person; or the next faces, if a ``part`` is asked for."""
    person = library.people.by_key(key)
    view = View(person, state, "" if sort == "date" else sort, "" if year is None else str(year))
    if person.key != key:
        return RedirectResponse(view.address(), HTTPStatus.SEE_OTHER)
    faces = person_faces(library, person, view.sort or "date", state or None, year, after, last)
    if part == "faces":
        return fragment(request, "people/faces_chunk.html", view=view, person=person, faces=faces)
    return page(
        request,
        "people/person.html",
        view=view,
        person=person,
        faces=faces,
        missing=library.people.get(person).missing,
        head=person_head(library, person, library.people.years(person)),
        years=strip_of(library.people.years(person, state or None)),
    )


@router.get("/about")
def about(request: Request, library: LibraryOf, key: str) -> HTMLResponse:
    """Show with whom the person is in photos, and what it is recognised by."""
    person = library.people.by_key(key)
    return fragment(
        request,
        "people/about.html",
        person=person,
        together=beside(library, person),
        templates=library.people.templates(person),
    )


@router.post("/confirm")
def confirm(request: Request, library: LibraryOf, key: str, faces: Text = "") -> HTMLResponse:
    """Say that faces show the person."""
    person, chosen = library.people.by_key(key), numbers(faces)
    done = library.people.confirm(person, chosen)
    return _changed(
        request, library, person, f"{person.name}: {count(done.faces, 'face')} confirmed", done, chosen
    )


@router.post("/reject")
def reject(request: Request, library: LibraryOf, key: str, faces: Text = "") -> HTMLResponse:
    """Say that faces do not show the person."""
    person, chosen = library.people.by_key(key), numbers(faces)
    done = library.people.reject(person, chosen)
    return _changed(request, library, person, f"Not {person.name}: {count(done.faces, 'face')}", done, chosen)


@router.post("/ignore")
def ignore(request: Request, library: LibraryOf, key: str, faces: Text = "") -> HTMLResponse:
    """Say that faces are strangers'."""
    person, chosen = library.people.by_key(key), numbers(faces)
    done = library.people.ignore(chosen)
    return _changed(request, library, person, f"Ignored: {count(done.faces, 'face')}", done, chosen)


@router.post("/not-a-face")
def not_a_face(request: Request, library: LibraryOf, key: str, faces: Text = "") -> HTMLResponse:
    """Say that detections are no faces."""
    person, chosen = library.people.by_key(key), numbers(faces)
    done = library.people.not_a_face(chosen)
    return _changed(request, library, person, f"Not a face: {done.faces:,}", done, chosen)


@router.post("/portrait")
def portrait(request: Request, library: LibraryOf, key: str, faces: Text = "") -> HTMLResponse:
    """Choose the face that is shown for the person."""
    person, chosen = library.people.by_key(key), numbers(faces)
    if len(chosen) != 1:
        raise BadRequest("Select one face for the tile.")
    done = library.people.set_portrait(person, chosen[0])
    return _changed(request, library, person, f"This face is shown for {person.name}", done, chosen)


@router.get("/move")
def ask_move(request: Request, library: LibraryOf, key: str, faces: Chosen = "") -> HTMLResponse:
    """Ask whose faces these are."""
    person, chosen = library.people.by_key(key), numbers(faces)
    return _ask_name(
        request,
        f"/people/{person.key}/move",
        title="Whose face is this?" if len(chosen) == 1 else f"Whose are these {len(chosen):,} faces?",
        label="Name",
        button="Move",
        kept={"faces": faces},
    )


@router.post("/move")
def move(request: Request, library: LibraryOf, key: str, name: Text, faces: Text = "") -> HTMLResponse:
    """Say whose faces these are."""
    person, chosen = library.people.by_key(key), numbers(faces)
    done = library.people.move(name, chosen)
    other = person_of(library, done)
    text = f"Moved to {other.name}: {count(done.faces, 'face')}"
    return _changed(request, library, person, text, done, chosen)


@router.get("/split")
def ask_split(request: Request, library: LibraryOf, key: str, faces: Chosen = "") -> HTMLResponse:
    """Ask for the name of a new person."""
    person, chosen = library.people.by_key(key), numbers(faces)
    return _ask_name(
        request,
        f"/people/{person.key}/split",
        title=f"Split {count(len(chosen), 'face')} off {person.name}",
        text="They become a new person. Review asks no more whether the two are one.",
        label="Name of the new person",
        button="Split off",
        kept={"faces": faces},
        known=False,
    )


@router.post("/split")
def split(request: Request, library: LibraryOf, key: str, name: Text, faces: Text = "") -> HTMLResponse:
    """Make some faces of the person a new person."""
    person, chosen = library.people.by_key(key), numbers(faces)
    done = library.people.split(person, chosen, name)
    text = f"{name.strip()} is a new person: {count(done.faces, 'face')}"
    return _changed(request, library, person, text, done, chosen)


@router.get("/confirm-all")
def ask_confirm_all(request: Request, library: LibraryOf, key: str) -> HTMLResponse:
    """Ask whether all recognised faces are the person's, and show the least similar ones."""
    person = library.people.by_key(key)
    return fragment(
        request,
        "people/ask_confirm.html",
        person=person,
        recognised=library.people.get(person).recognised,
        doubtful=person_faces(library, person, "similarity", "recognised"),
    )


@router.post("/confirm-all")
def confirm_all(request: Request, library: LibraryOf, key: str) -> HTMLResponse:
    """Say that all recognised faces are the person's."""
    person = library.people.by_key(key)
    done = library.people.confirm(person, every=True)
    text = said(f"{person.name}: {count(done.faces, 'face')} confirmed", done)
    return decided(request, text, done.numbers, event="undone")


@router.get("/rename")
def ask_rename(request: Request, library: LibraryOf, key: str) -> HTMLResponse:
    """Ask for another name."""
    person = library.people.by_key(key)
    return _ask_name(
        request,
        f"/people/{person.key}/rename",
        title=f"Rename {person.name}",
        label="New name",
        button="Rename",
        value=person.name,
        known=False,
    )


@router.post("/rename")
def rename(request: Request, library: LibraryOf, key: str, name: Text) -> HTMLResponse:
    """Give the person another name."""
    person = library.people.by_key(key)
    done = library.people.rename(person, name)
    now = library.people.by_key(key)
    text = said(f"{person.name} is called {now.name}", done)
    return decided(request, text, done.numbers, event="undone")


@router.get("/merge")
def ask_merge(request: Request, library: LibraryOf, key: str) -> HTMLResponse:
    """Ask who else this person is."""
    person = library.people.by_key(key)
    return _ask_name(
        request,
        f"/people/{person.key}/merge",
        title=f"Who else is {person.name}?",
        text=f"The faces of both are {person.name}'s then.",
        label="Known name",
        button="Merge",
    )


@router.post("/merge")
def merge(request: Request, library: LibraryOf, key: str, name: Text) -> HTMLResponse:
    """Make another person part of this one."""
    person = library.people.by_key(key)
    other = library.people.get(name).person
    done = library.people.merge(person, other)
    text = said(f"{other.name} is part of {person.name} now", done)
    return decided(request, text, done.numbers, event="undone")


@router.get("/born")
def ask_born(request: Request, library: LibraryOf, key: str) -> HTMLResponse:
    """Ask for the date of birth."""
    person = library.people.by_key(key)
    return _ask_name(
        request,
        f"/people/{person.key}/born",
        title=f"When was {person.name} born?",
        text="A day, a month or a year: 2010-05-17, 2010-05 or 2010. Leave it empty if it is not known.",
        label="Date of birth",
        button="Save",
        value=person.born or "",
        known=False,
        required=False,
    )


@router.post("/born")
def born(request: Request, library: LibraryOf, key: str, name: Text = "") -> HTMLResponse:
    """Say when the person was born."""
    person = library.people.by_key(key)
    done = library.people.set_born(person, name.strip() or None)
    now = library.people.by_key(key)
    text = f"{now.name}: {'no date of birth' if now.born is None else f'born {now.born}'}."
    return decided(request, text, done.numbers, event="undone")


@router.post("/hide")
def hide(request: Request, library: LibraryOf, key: str) -> HTMLResponse:
    """Leave the person out of lists."""
    person = library.people.by_key(key)
    done = library.people.hide(person)
    text = f"{person.name} is hidden: lists and answers leave this person out."
    return decided(request, text, done.numbers, event="undone")


@router.post("/show")
def show_again(request: Request, library: LibraryOf, key: str) -> HTMLResponse:
    """Show the person in lists again."""
    person = library.people.by_key(key)
    done = library.people.hide(person, hidden=False)
    return decided(request, f"{person.name} is shown again.", done.numbers, event="undone")


@router.get("/forget")
def ask_forget(request: Request, library: LibraryOf, key: str, also: bool = False) -> HTMLResponse:
    """Show what would be erased, and ask for the name."""
    plan = library.people.plan_forget(library.people.by_key(key), also_recognised=also)
    return fragment(request, "people/ask_forget.html", plan=plan, also=also)


@router.post("/forget")
def forget(
    request: Request, library: LibraryOf, key: str, typed: Text, also: Annotated[bool, Form()] = False
) -> HTMLResponse:
    """Erase the person, if the name was typed."""
    person = library.people.by_key(key)
    if typed.strip().casefold() != person.name.casefold():
        raise BadRequest("This is not the name. Nothing was erased.")
    library.people.forget(person, also_recognised=also)
    return decided(request, "Forgotten. This cannot be undone.", location="/people")


def _ask_name(
    request: Request,
    action: str,
    *,
    title: str,
    label: str,
    button: str,
    text: str = "",
    value: str = "",
    kept: dict[str, str] | None = None,
    known: bool = True,
    required: bool = True,
) -> HTMLResponse:
    return fragment(
        request,
        "people/ask_name.html",
        action=action,
        title=title,
        text=text,
        label=label,
        button=button,
        value=value,
        kept=kept or {},
        known=known,
        required=required,
    )


def _changed(
    request: Request, library: Library, person: Person, text: str, done: Decided, chosen: Sequence[int]
) -> HTMLResponse:
    """Answer an action with the faces that it changed, and what the page says first."""
    view = View.current(request, person)
    now = [each for each in library.lists.faces_by_id(chosen, person) if each.face.status.person == person]
    stay = [tile for tile in map(face_tile, now) if view.state in ("", tile.kind)]
    gone = set(chosen) - {each.face_id for each in stay}
    html = rendered(
        request,
        "people/faces_changed.html",
        view=view,
        person=person,
        head=person_head(library, person, library.people.years(person)),
        years=strip_of(library.people.years(person, view.state or None)),
        faces=stay,
        gone=[f"face-{each}" for each in sorted(gone)],
    )
    return decided(request, said(text, done, of=person.name), done.numbers, html)

"""The page that asks about faces, one question at a time: of the whole library, or of one person."""

from dataclasses import dataclass, replace
from typing import Annotated, Any

from fastapi import APIRouter, Form, Query, Request
from fastapi.responses import HTMLResponse
from pydantic import BaseModel, Field

from faceindex.library import Library
from faceindex.naming.answers import Answer
from faceindex.naming.question import Asked, Question
from faceindex.naming.suggestion import Kind
from faceindex.web.context import LibraryOf, decided, fragment, page, rendered
from faceindex.web.said import said
from faceindex.wording import questions as words
from faceindex.wording.numbers import count
from index.people.persons import Person
from pipeline.values import Size

router = APIRouter(prefix="/review")

SHOWN = 60
"""Faces of a group that are shown, and can be taken out of an answer."""


class Visit(BaseModel, frozen=True):
    """What one visit of the page has behind it; the page keeps it.

    Attributes:
        skipped: The keys of the questions that were skipped, the last one last.
        done: The number of answers.
        key: The question that is to be shown first.
    """

    skipped: str = ""
    done: int = 0
    key: str = ""

    @property
    def keys(self) -> tuple[str, ...]:
        """The keys of the skipped questions."""
        return tuple(filter(None, self.skipped.split(",")))


VisitOf = Annotated[Visit, Query()]


class Given(BaseModel, frozen=True):
    """An answer, as the form sends it: ``rest`` are faces that the page does not show."""

    kind: Kind
    key: str
    answer: Answer = Answer.NAME
    person: str = ""
    other: str = ""
    name: str = ""
    rest: str = ""
    skipped: str = ""
    done: int = 0
    faces: list[int] = Field(default_factory=list)


@dataclass(frozen=True, slots=True, eq=False)
class Shown:
    """A question with what the page shows of it.

    Attributes:
        size: Of the photo, in pixels; ``None`` if it is not known.
        left: About how many questions there are.
        estimate: Of one person: how many faces look wrong.
    """

    question: Question | None
    left: int
    next: Question | None = None
    size: Size | None = None
    estimate: str = ""


@router.get("")
def review(request: Request, library: LibraryOf, visit: VisitOf) -> HTMLResponse:
    """Ask about the library."""
    return page(request, "review/review.html", **_values(library, visit, None))


@router.get("/next")
def following(request: Request, library: LibraryOf, visit: VisitOf) -> HTMLResponse:
    """Ask the next question about the library."""
    return fragment(request, "review/question.html", **_values(library, visit, None))


@router.post("/answer")
def answer(request: Request, library: LibraryOf, given: Annotated[Given, Form()]) -> HTMLResponse:
    """Answer a question about the library, and ask the next one."""
    return _answered(request, library, given, None)


@router.get("/{key}")
def review_person(request: Request, library: LibraryOf, key: str, visit: VisitOf) -> HTMLResponse:
    """Ask about a person's faces that may be wrong."""
    return page(request, "review/review.html", **_values(library, visit, library.people.by_key(key)))


@router.get("/{key}/next")
def following_of(request: Request, library: LibraryOf, key: str, visit: VisitOf) -> HTMLResponse:
    """Ask the next question about a person."""
    return fragment(request, "review/question.html", **_values(library, visit, library.people.by_key(key)))


@router.post("/{key}/answer")
def answer_of(
    request: Request, library: LibraryOf, key: str, given: Annotated[Given, Form()]
) -> HTMLResponse:
    """Answer a question about a person, and ask the next one."""
    return _answered(request, library, given, library.people.by_key(key))


def _answered(request: Request, library: Library, given: Given, whole: Person | None) -> HTMLResponse:
    people = library.people
    person, other = (people.by_key(key) if key else None for key in (given.person, given.other))
    rest = (int(each) for each in given.rest.split(",") if each.isascii() and each.isdigit())
    asked = Asked(given.kind, (*given.faces, *rest), person, other)
    name = given.name.strip()
    done = people.answer(asked, given.answer, name)
    visit = Visit(skipped=given.skipped, done=given.done + 1)
    values = _values(library, visit, whole) | {"answered": given.key}
    html = rendered(request, "review/question.html", **values)
    text = said(words.answered(asked, given.answer, name), done, of=None if person is None else person.name)
    return decided(request, text, done.decision.id, html)


def _values(library: Library, visit: Visit, whole: Person | None) -> dict[str, Any]:
    shown = _shown(library, visit, whole)
    address = "/review" if whole is None else f"/review/{whole.key}"
    back = visit.keys[-1] if visit.keys else ""
    return {
        "shown": shown,
        "asked": shown.question,
        "visit": visit,
        "whole": whole,
        "address": address,
        "answered": "",
        "back": back,
        "before": ",".join(visit.keys[:-1]),
        "words": words,
        "Answer": Answer,
        "most_shown": SHOWN,
    }


def _shown(library: Library, visit: Visit, whole: Person | None) -> Shown:
    if whole is None:
        found = library.people.questions(1, skipped=visit.keys, first=visit.key or None)
        shown = Shown(found[0] if found else None, found.left)
    else:
        doubts = library.people.doubts(whole, skipped=visit.keys, first=visit.key or None)
        estimate = f"About {doubts.wrong:.0f} of {count(doubts.faces, 'face')} look wrong"
        asked = doubts.doubts[0].question if doubts.doubts else None
        shown = Shown(asked, doubts.left, estimate=estimate)
    if shown.question is None:
        return shown
    return replace(shown, size=library.photo(shown.question.face.photo_id).record.size)

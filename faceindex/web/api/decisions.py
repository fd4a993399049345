"""Decisions by the REST API: each is one of ``faceindex.schemas.requests``, and one method of ``People``."""

from typing import Annotated

from fastapi import APIRouter, Query, Response

from faceindex.naming.decide import Decided
from faceindex.people import People
from faceindex.schemas import requests as asked
from faceindex.schemas.people import DecidedSchema, LoggedSchema, UndoneSchema
from faceindex.web.api.answers import one, several
from faceindex.web.context import LibraryOf
from index.people.persons import PersonName
from pipeline.values import Box

router = APIRouter(prefix="/decisions", tags=["decisions"])

SOURCE = "api"
"""Whom the log names for these decisions."""


@router.get("", response_model=list[LoggedSchema])
def log(library: LibraryOf, last: Annotated[int, Query(ge=1, le=10_000)] = 100) -> Response:
    """List the last decisions, the oldest first."""
    return several(map(LoggedSchema.of, library.people.log(last)))


@router.post("", response_model=DecidedSchema)
def decide(library: LibraryOf, decision: asked.DecisionRequest) -> Response:
    """Take a decision; ``decisions`` in the answer are the numbers by which it is undone."""
    return one(DecidedSchema.of(_decided(library.people.by(SOURCE), decision)))


@router.post("/{number}/undo", response_model=UndoneSchema)
def undo(library: LibraryOf, number: int) -> Response:
    """Take a decision back; or an undo, which makes the decision hold again."""
    return one(UndoneSchema.of(library.people.by(SOURCE).undo(number)))


def _decided(people: People, decision: asked.DecisionRequest) -> Decided:
    match decision:
        case asked.MoveRequest(faces=faces, clusters=clusters):
            return people.move(_whom(people, decision), faces, clusters)
        case asked.DrawRequest(photo=photo, box=box, moment=moment):
            return people.draw(photo, Box(*box, moment), _whom(people, decision))
        case asked.AddToPhotoRequest(photos=photos):
            return people.add_to_photo(_whom(people, decision), photos)
        case asked.IgnoreRequest(faces=faces, clusters=clusters):
            return people.ignore(faces, clusters)
        case asked.NotAFaceRequest(faces=faces):
            return people.not_a_face(faces)
        case asked.HideRequest(persons=persons, hidden=hidden):
            return people.hide(*map(people.by_key, persons), hidden=hidden)
        case _:
            return _decided_of_one(people, people.by_key(decision.person), decision)


def _decided_of_one(people: People, person: PersonName, decision: asked.OfOnePerson) -> Decided:
    """Take a decision about a known person."""
    match decision:
        case asked.ConfirmRequest(faces=faces, every=every):
            return people.confirm(person, faces, every=every)
        case asked.RejectRequest(faces=faces, clusters=clusters):
            return people.reject(person, faces, clusters)
        case asked.MergeRequest(others=others):
            return people.merge(person, *map(people.by_key, others))
        case asked.ApartRequest(other=other):
            return people.apart(person, people.by_key(other))
        case asked.SplitRequest(faces=faces, name=name):
            return people.split(person, faces, name)
        case asked.RenameRequest(name=name):
            return people.rename(person, name)
        case asked.PortraitRequest(face=face):
            return people.set_portrait(person, face)
        case asked.BornRequest(date=date):
            return people.set_born(person, date)
        case asked.RemoveFromPhotoRequest(photos=photos):
            return people.remove_from_photo(person, photos)


def _whom(people: People, asked_for: asked.WhomRequest) -> PersonName:
    """Return the known person of a key, or a name."""
    return asked_for.name or "" if asked_for.person is None else people.by_key(asked_for.person)

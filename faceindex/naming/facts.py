"""Records what people say of persons beyond their faces: in which photos they are, their portraits, ages."""

from collections.abc import Sequence
from datetime import date

from faceindex.errors import BadRequest
from faceindex.naming.chosen_faces import FaceName, PhotoName, face_ids, photo_digests
from faceindex.naming.decide import Decided, decide, new_or_known
from faceindex.session import Session
from index.decisions.model import Born, InPhoto, NotInPhoto, Portrait, checked_date
from index.people.persons import PersonName


def add_to_photo(session: Session, name: PersonName, photos: Sequence[PhotoName]) -> Decided:
    """Record that a person, new or known, is in photos."""
    return decide(session, InPhoto(_photos(session, photos), *new_or_known(session, name)))


def remove_from_photo(session: Session, name: PersonName, photos: Sequence[PhotoName]) -> Decided:
    """Record that a person is not in photos to which it was added."""
    person, chosen = session.people.named(name), _photos(session, photos)
    if not session.people.is_in_photos(person.id, chosen):
        raise BadRequest(f"{person.name} was added to none of these photos: 'people reject' is for faces.")
    return decide(session, NotInPhoto(chosen, person.key))


def set_portrait(session: Session, name: PersonName, face: FaceName) -> Decided:
    """Record which of a person's faces is shown for it."""
    person, (chosen,) = session.people.named(name), face_ids(session, [face])
    if session.people.statuses([chosen])[chosen].person != person:
        raise BadRequest(f"Face {chosen} is not one of {person.name}'s: see 'faceindex people show'.")
    return decide(session, Portrait(session.journal.face_keys([chosen]), person.key))


def set_born(session: Session, name: PersonName, born: str | date | None) -> Decided:
    """Record when a person was born."""
    person = session.people.named(name)
    return decide(session, Born(person.key, None if born is None else _past(str(born).strip())))


def _past(born: str) -> str:
    try:
        checked_date(born)
    except ValueError as error:
        raise BadRequest(f"{error}.") from error
    if born > date.today().isoformat():
        raise BadRequest(f"{born} is in the future.")
    return born


def _photos(session: Session, names: Sequence[PhotoName]) -> tuple[bytes, ...]:
    if not names:
        raise BadRequest("Name at least one photo.")
    return photo_digests(session, names)

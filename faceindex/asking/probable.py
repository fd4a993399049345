"""Finds the faces of a library that are probably a person: those that ``who`` calls probable."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from faceindex.results import Certainty
from faceindex.session import Session
from index.people.queries import FaceStatus

if TYPE_CHECKING:
    from faceindex.asking.identifier import Identifier  # it brings FAISS


def probable_faces(identifier: "Identifier", session: Session, person_id: int) -> tuple[int, ...]:
    """Return the ids of faces that are probably a person, and neither confirmed nor recognised, rising.

    Only photos with a face near the person are looked at.
    """
    statuses = session.people.statuses(identifier.near(person_id))
    possible = [face_id for face_id, status in statuses.items() if _is_possible(status, person_id)]
    digests = sorted({each.digest for each in session.catalog.faces(possible).values()})
    return tuple(sorted(_probable(identifier, digests, person_id)))


def _probable(identifier: "Identifier", digests: list[bytes], person_id: int) -> Iterator[int]:
    for digest in digests:
        for face_id, identity in identifier.identities(digest).items():
            is_theirs = identity.person is not None and identity.person.id == person_id
            if is_theirs and identity.certainty is Certainty.PROBABLE:
                yield face_id


def _is_possible(status: FaceStatus, person_id: int) -> bool:
    is_open = status.person is None and not status.ignored and not status.not_a_face
    return is_open and all(each.id != person_id for each in status.rejected)

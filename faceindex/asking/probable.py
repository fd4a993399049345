"""Finds the faces of a library that are probably a person: those that ``who`` calls probable."""

from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING

import numpy as np

from faceindex.results import Certainty
from faceindex.session import Session
from index.people.likely_faces import beside_whom_they_are_like, is_of_face_like
from index.recognition.decided_faces import load_strangers
from index.recognition.likeness import read_likenesses
from index.recognition.rules import best_candidates, like_a_stranger

if TYPE_CHECKING:
    from faceindex.asking.identifier import Identifier  # it brings FAISS


def probable_faces(
    session: Session, identifier: "Callable[[], Identifier]", person_id: int
) -> tuple[int, ...]:
    """Return the ids of faces that are probably a person, and neither confirmed nor recognised, rising.

    They are read from the tables. But ``who`` compares a face without its own photo: photos are identified in
    which that makes a difference, because somebody whom a face is like is confirmed in them.
    """
    with session.database.read() as connection:
        alike = read_likenesses(connection, is_of_face_like(person_id))
        digests = beside_whom_they_are_like(connection, np.unique(alike.face_ids).tolist())
    alike = alike.at(~np.isin(alike.face_ids, list(digests)))
    faces, thresholds = np.unique(alike.face_ids), session.thresholds()
    found = best_candidates(faces, alike, thresholds)
    theirs = np.flatnonzero(found.persons == person_id)
    described = session.described(faces[theirs])
    rows = np.searchsorted(faces, described.ids)
    strangers = load_strangers(session.database, session.model().model_id)
    is_stranger = like_a_stranger(found.at(rows), described.vectors, strangers, thresholds.accept)
    beside = _probable(identifier, set(digests.values()), person_id)
    return tuple(sorted({*described.ids[~is_stranger].tolist(), *beside}))


def _probable(
    identifier: "Callable[[], Identifier]", digests: Iterable[bytes], person_id: int
) -> Iterator[int]:
    for digest in digests:
        for face_id, identity in identifier().identities(digest).items():
            is_theirs = identity.person is not None and identity.person.id == person_id
            if is_theirs and identity.certainty is Certainty.PROBABLE:
                yield face_id

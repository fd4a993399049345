"""Turns the answer to a question into one decision."""

from enum import StrEnum

from faceindex.errors import BadRequest
from faceindex.naming import decide
from faceindex.naming.decide import Decided
from faceindex.naming.question import Asked
from faceindex.naming.suggestion import Kind
from faceindex.session import Session


class Answer(StrEnum):
    """An answer to a question."""

    SAME = "same"
    DIFFERENT = "different"
    IGNORE = "ignore"
    NOT_A_FACE = "not-a-face"
    NAME = "name"


def answer(session: Session, asked: Asked, given: Answer, name: str = "") -> Decided:
    """Decide what an answer says; ``name`` is that of somebody else, known or new.

    Raises:
        BadRequest: The answer does not fit the question, or there is no such face.
    """
    faces = asked.face_ids
    if given is Answer.NAME:
        return decide.move(session, decide.clean(name), faces)
    if given is Answer.NOT_A_FACE:
        return decide.not_a_face(session, faces)
    if given is Answer.IGNORE:
        return decide.ignore(session, faces)
    if asked.person is None:
        raise BadRequest("Nobody is proposed for these faces: name them, or ignore them.")
    if asked.kind is Kind.SAME_PERSON:
        if asked.other is None:
            raise BadRequest("Two persons are needed for this answer.")
        both = decide.merge if given is Answer.SAME else decide.apart
        return both(session, asked.person, asked.other)
    if given is Answer.SAME:
        return decide.confirm(session, asked.person, faces)
    return decide.reject(session, asked.person, faces)

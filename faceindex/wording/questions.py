"""Questions about faces, and what their answers do, in words."""

from typing import TYPE_CHECKING

from faceindex.naming.answers import Answer
from faceindex.naming.suggestion import Kind
from faceindex.wording.identities import name_of
from faceindex.wording.numbers import count, percent

if TYPE_CHECKING:
    from faceindex.naming.question import Asked, Compared, Question

_LIKELY = ((0.99, "almost surely"), (0.9, "very likely"), (0.6, "likely"), (0.3, "perhaps"))
"""Words for probabilities, from these on."""


def question_text(question: "Question") -> str:
    """Ask, in one sentence."""
    person = "" if question.proposed is None else name_of(question.proposed.person)
    other = "" if question.other is None else name_of(question.other)
    number = len(question.face_ids)
    one = "this" if number == 1 else f"one person in these {count(number, 'face')}, and is it"
    if question.proposed is None:
        return "Who is this?" if number == 1 else f"Who is this, in {count(number, 'face')}?"
    if question.kind is Kind.SAME_PERSON:
        return f"Are {person} and {other} one person?"
    if question.kind is Kind.DOUBTFUL:
        return f"Is this {person}, and not {other}?"
    return f"Is {one} {person}?"


def reason(question: "Question") -> str:
    """Say why a question is asked."""
    person = "" if question.proposed is None else name_of(question.proposed.person)
    other = "" if question.other is None else name_of(question.other)
    recognised = f"Recognised as {person}, with little to spare."
    if question.kind is Kind.BARELY_RECOGNISED and question.other is not None:
        recognised = f"Confirmed as {person} together with others, and unlike them."
    return {
        Kind.EDITED: f"The photo was edited after {person} was confirmed in it.",
        Kind.DOUBTFUL: f"Confirmed as {other}, and more like {person}.",
        Kind.SAME_PERSON: "Their faces are much alike.",
        Kind.PROBABLE_CLUSTER: f"A group without a name that is like {person}.",
        Kind.PROBABLE_FACES: f"Like {person}, and not enough to be recognised.",
        Kind.BARELY_RECOGNISED: recognised,
        Kind.NEW_CLUSTER: "A group without a name that is like nobody known.",
    }[question.kind]


def likely(compared: "Compared") -> str:
    """Say how likely a person is, and how similar."""
    similarity = f"similarity {compared.similarity:.2f}"
    if compared.probability is None:
        return similarity
    words = (word for least, word in _LIKELY if compared.probability >= least)
    return f"{next(words, 'unlikely')}, {percent(compared.probability)}; {similarity}"


def outcome(question: "Question", answer: Answer) -> str:
    """Say what an answer would do."""
    person = "" if question.proposed is None else name_of(question.proposed.person)
    other = "" if question.other is None else name_of(question.other)
    faces = "this face" if len(question.face_ids) == 1 else f"these {count(len(question.face_ids), 'face')}"
    if question.kind is Kind.SAME_PERSON and answer in (Answer.SAME, Answer.DIFFERENT):
        apart = f"keeps {person} and {other} two people"
        return f"merges {other} into {person}" if answer is Answer.SAME else apart
    return {
        Answer.SAME: f"confirms {faces} as {person}",
        Answer.DIFFERENT: f"rejects {person} for {faces}",
        Answer.IGNORE: f"ignores {faces}: a stranger",
        Answer.NOT_A_FACE: f"removes {faces}: no face",
        Answer.NAME: f"names {faces}",
    }[answer]


def answered(asked: "Asked", answer: Answer, name: str) -> str:
    """Say what an answer did, without a full stop."""
    person = "" if asked.person is None else name_of(asked.person)
    other = "" if asked.other is None else name_of(asked.other)
    faces = count(len(asked.face_ids), "face")
    if asked.kind is Kind.SAME_PERSON and answer in (Answer.SAME, Answer.DIFFERENT):
        apart = f"{person} and {other} are two people"
        return f"{other} is {person} now" if answer is Answer.SAME else apart
    return {
        Answer.SAME: f"{faces} confirmed as {person}",
        Answer.DIFFERENT: f"{faces} not {person}",
        Answer.IGNORE: f"{faces} ignored",
        Answer.NOT_A_FACE: f"{faces} removed: not a face",
        Answer.NAME: f"{faces} named {name}",
    }[answer]

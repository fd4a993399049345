"""Explains an answer of ``who``: what a face was compared with, its decisions, and the rule that decided."""

import os
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

import numpy as np

from faceindex.asking.identifier import Identifier, StoredFace
from faceindex.errors import BadRequest
from faceindex.results import Certainty, Identity, KnownFace
from faceindex.session import Session
from index.decisions.log import LoggedDecision
from index.decisions.model import Assign, Draw, FaceKey, Portrait, Reject, Split, faces_of
from index.decisions.same_faces import SameFaces
from index.people.persons import Person
from index.photos.siblings import Siblings
from index.recognition.gallery import Gallery, Likeness
from index.recognition.identify import NeighborOptions, similarities
from index.recognition.thresholds import Thresholds
from index.values import NONE, Sibling
from pipeline.values import F32, PhotoIndexed

CANDIDATES = 3
"""Persons shown: the most similar."""

NEIGHBORS = 5


class Rule(StrEnum):
    """The rule that identified a face; ``faceindex.asking.identifier`` lists the rules in their order."""

    DECIDED = "decided"
    LIKE_A_STRANGER = "like-a-stranger"
    NOBODY_KNOWN = "nobody-known"
    ALIKE = "alike"
    TOO_CLOSE = "too-close"
    TWICE_IN_PHOTO = "twice-in-photo"
    LIKE_THE_REJECTED = "like-the-rejected"
    ONE_FACE_ALONE = "one-face-alone"
    IN_THE_BAND = "in-the-band"
    UNLIKE = "unlike"


@dataclass(frozen=True, slots=True)
class Candidate:
    """A person compared with a face, unnamed if hidden; ``similarity``, -1 to 1, is that of ``likeness``."""

    person: Person
    similarity: float
    likeness: Likeness
    rejected: bool


@dataclass(frozen=True, slots=True, eq=False)
class Explanation:
    """Why the face of this ``number``, from 1, in a photo is identified as it is.

    ``margin`` is the lead over the next person, in similarity, that a face needs to be accepted. Candidates
    are in order of falling similarity; decisions about the face start with the oldest. The date of the photo
    is the library's, if it knows the photo; ``siblings`` are other files of the same photo.
    """

    photo: PhotoIndexed
    number: int
    face: KnownFace
    stored: StoredFace
    thresholds: Thresholds
    margin: float
    candidates: tuple[Candidate, ...]
    decisions: tuple[LoggedDecision, ...]
    rule: Rule
    siblings: tuple[Sibling, ...] = ()


def explain(
    session: Session, identifier: Identifier, photo: PhotoIndexed, only: int | None = None
) -> Iterator[Explanation]:
    """Explain who the faces of a photo are, or ``only`` one, from 1; ``BadRequest`` if it is not there."""
    photo = identifier.with_drawn(photo)
    if only is not None and not 1 <= only <= len(photo.faces):
        name = os.fsdecode(photo.file.path)
        raise BadRequest(f"{name} has no face number {only}: it has {len(photo.faces)}.")
    answer = identifier.answer(photo, NeighborOptions(k=NEIGHBORS))
    gallery = identifier.gallery(photo)
    digest = session.catalog.digest_of(photo)
    photo = session.catalog.with_stored_date(photo)
    decisions, same = session.journal.about(digest)
    siblings = tuple(Siblings(session.database).of(photo.file.path))
    hidden = {each.key for each in identifier.persons().values() if not each.name}
    for number, (face, stored) in enumerate(zip(answer.faces, identifier.stored(photo), strict=True), 1):
        if only not in (None, number):
            continue
        candidates: tuple[Candidate, ...] = ()
        if face.described.is_described:
            candidates = _candidates(identifier, gallery, face.described.vector, stored)
        yield Explanation(
            photo,
            number,
            face,
            stored,
            identifier.thresholds,
            _least_margin(face.identity, identifier.thresholds),
            candidates,
            _about(FaceKey(digest, face.described.face.box), decisions, same, hidden),
            _rule(face, stored, candidates, identifier),
            siblings,
        )


def _candidates(
    identifier: Identifier, gallery: Gallery, vector: F32, stored: StoredFace
) -> tuple[Candidate, ...]:
    rejected = {person.id for person in stored.status.rejected} if stored.status else set()
    scores = similarities(gallery.evidence(vector[None]), identifier.thresholds)[0]
    best = np.argsort(-scores, kind="stable")[:CANDIDATES]
    known = identifier.persons()
    return tuple(
        Candidate(known[each], similarity, gallery.likeness(vector, each), each in rejected)
        for each, similarity in zip(gallery.person_ids[best].tolist(), scores[best].tolist(), strict=True)
        if each in known
    )


def _rule(
    face: KnownFace, stored: StoredFace, candidates: tuple[Candidate, ...], identifier: Identifier
) -> Rule:
    identity = face.identity
    if stored.status is not None and stored.status.decision_id is not None:
        return Rule.DECIDED
    if identity.certainty is Certainty.IGNORED:
        return Rule.LIKE_A_STRANGER
    if identity.similarity is None:
        return Rule.NOBODY_KNOWN
    if identity.certainty is Certainty.PROBABLE:
        if identifier.is_like_the_rejected(face.described.vector, identity):
            return Rule.LIKE_THE_REJECTED
        return _rule_of_probable(identity, candidates, identifier.thresholds)
    return Rule.ALIKE if identity.certainty is Certainty.ACCEPTED else Rule.UNLIKE


def _rule_of_probable(identity: Identity, candidates: tuple[Candidate, ...], thresholds: Thresholds) -> Rule:
    if identity.similarity is not None and identity.similarity >= thresholds.accept:
        is_close = identity.margin is not None and identity.margin < _least_margin(identity, thresholds)
        return Rule.TOO_CLOSE if is_close else Rule.TWICE_IN_PHOTO
    best = (each for each in candidates if identity.person and each.person.id == identity.person.id)
    alone = any(each.likeness.nearest[0].similarity >= thresholds.accept for each in best)
    return Rule.ONE_FACE_ALONE if alone else Rule.IN_THE_BAND


def _least_margin(identity: Identity, thresholds: Thresholds) -> float:
    ids = [each.id if each else NONE for each in (identity.person, identity.runner_up)]
    person_ids, runner_up_ids = np.array(ids, dtype=np.int64).reshape(2, 1)
    return float(thresholds.margins(person_ids, runner_up_ids)[0])


def _about(
    face: FaceKey, decisions: Sequence[LoggedDecision], same: SameFaces, hidden: Collection[str]
) -> tuple[LoggedDecision, ...]:
    """Return the decisions about a face, in any version of its photo, without the names of hidden persons."""
    found, versions = [], same.versions(face)
    for logged in decisions:
        act = logged.decision.act
        if any(same.are_one(each, version) for each in faces_of(act) for version in versions):
            if isinstance(act, Assign | Draw | Portrait | Reject | Split) and act.person in hidden:
                logged = replace(logged, person_name="")
            if isinstance(act, Split) and act.other in hidden:
                logged = replace(logged, other_name="")
            found.append(logged)
    return tuple(found)

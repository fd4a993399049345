"""Asks about the faces of one person that may be somebody else's, so that few answers suffice.

Faces that look like one person among themselves are asked about together: of those recognised, the least
similar; of those confirmed, the ones that are unlike the person's other faces, if one decision named them
together with those. Whoever confirms a group alone has looked at it, and is not asked about it again.
"""

from collections import Counter
from collections.abc import Collection, Hashable, Sequence
from dataclasses import dataclass, replace
from itertools import islice

import numpy as np

from faceindex.naming.asking_about import Asking
from faceindex.naming.face_groups import grouped
from faceindex.naming.question import Question
from faceindex.naming.review import Ranking
from faceindex.naming.review_queue import ReviewQueue
from faceindex.naming.suggestion import Kind, Suggestion
from faceindex.session import Session
from index.people.persons import Person, PersonName
from index.recognition.gallery import NEAREST
from pipeline.values import F32

MOST = 500
"""Recognised faces of a person that are grouped, the least similar, and as many confirmed ones."""

SHOWN = 3
"""Groups that are looked at closely: one is asked about, and the pictures of the next can be loaded."""

SURE = 0.99
"""A group whose faces are the person's with this probability is not asked about."""


@dataclass(frozen=True, slots=True, eq=False)
class Doubt:
    """A question about a group of faces, and the number of them that are expected not to be the person's."""

    question: Question
    wrong: float


@dataclass(frozen=True, slots=True, eq=False)
class PersonDoubts:
    """What may be wrong about a person.

    Attributes:
        faces: The number of all faces of the person.
        wrong: The number of these that are expected not to be the person's: the sum of 1 - probability, over
            all recognised faces and the confirmed ones in doubt.
        doubts: The groups to ask about, those first whose answer is expected to take most wrong faces out;
            ``SHOWN`` at most.
        left: The number of all groups to ask about.
    """

    person: Person
    faces: int
    wrong: float
    doubts: tuple[Doubt, ...]
    left: int


def doubts(
    queue: ReviewQueue,
    session: Session,
    state: Hashable,
    name: PersonName,
    skipped: Collection[str] = (),
    first: str | None = None,
) -> PersonDoubts:
    """Find what may be wrong about a person; groups ``skipped`` by their keys come last, one may be first."""
    person = session.people.named(name)
    ranking = queue.ranking(session, state)
    theirs = session.people.faces_of(person.id)
    rights = {each.face_id: _probability(ranking, each.similarity) for each in theirs.recognised}
    least = {each.face_id for each in theirs.recognised[::-1][:MOST]}
    confirmed = _evenly(theirs.confirmed)
    groups = grouped(session, [*confirmed, *sorted(least)])
    doubted = _confirmed_in_doubt(session, ranking, groups, set(confirmed))
    parts = [part for each in groups if (part := tuple(face for face in each if face in least))]
    parts = [*doubted, *(part for part in parts if not any(part[0] in each for each in doubted))]
    for part, right in doubted.items():
        rights |= dict.fromkeys(part, right)  # whoever is recognised by a wrong face is wrong too
    wrongs = {part: sum(1 - rights[face] for face in part) for part in parts}
    unsure = [part for part, wrong in wrongs.items() if wrong > (1 - SURE) * len(part)]

    def rank(part: tuple[int, ...]) -> tuple[bool, bool, float, int, tuple[int, ...]]:
        key = f"face-{part[0]}"
        return key != first, key in skipped, -wrongs[part], -len(part), part

    ranked = sorted(unsure, key=rank)
    asking = Asking(session, ranking)
    found = (
        Doubt(replace(question, other=person if part in doubted else None), wrongs[part])
        for part in ranked
        for question in asking.about(f"face-{part[0]}", _suggested(person, part), part, beside=False)
    )
    faces = len(theirs.confirmed) + len(theirs.recognised)
    return PersonDoubts(
        person, faces, sum(1 - each for each in rights.values()), tuple(islice(found, SHOWN)), len(ranked)
    )


def _suggested(person: Person, faces: tuple[int, ...]) -> Suggestion:
    return Suggestion(Kind.BARELY_RECOGNISED, person, None, None, faces, None)


def _confirmed_in_doubt(
    session: Session, ranking: Ranking, groups: Sequence[tuple[int, ...]], confirmed: Collection[int]
) -> dict[tuple[int, ...], float]:
    """Find groups with confirmed faces that may be somebody else's, and the probability that they are right.

    The group with most confirmed faces is the person.
    """
    doubted = {}
    whole = {part: each for each in groups if (part := tuple(face for face in each if face in confirmed))}
    parts = sorted(whole, key=len, reverse=True)
    statuses = session.people.statuses(sorted(confirmed))
    made_with = {
        number: Counter(statuses[face].decision_id for face in part) for number, part in enumerate(parts)
    }
    described = session.described(sorted(confirmed))
    for number, part in enumerate(parts[1:], 1):
        elsewhere = {each for other, ids in made_with.items() if other != number for each in ids}
        is_own = np.isin(described.ids, part)
        if not elsewhere.isdisjoint(made_with[number]) and is_own.any():
            similarities = _to_others(described.vectors[is_own], described.vectors[~is_own])
            doubted[whole[part]] = _probability(ranking, float(similarities.mean()))
    return doubted


def _to_others(faces: F32, others: F32) -> F32:
    """Compare faces, float32 [N, D], with a person's others, [M, D], as a gallery does: float32 [N]."""
    middle = others.sum(axis=0)
    template = faces @ (middle / np.linalg.norm(middle))
    nearest = np.sort(faces @ others.T, axis=1)[:, -NEAREST:].mean(axis=1)
    found: F32 = np.maximum(template, nearest)
    return found


def _probability(ranking: Ranking, similarity: float) -> float:
    """Return the probability that a face is its person's; of a model never measured, 1 if it is accepted."""
    known = ranking.thresholds.probability(similarity, max(1, len(ranking.gallery)))
    return float(similarity >= ranking.thresholds.accept) if known is None else known


def _evenly(face_ids: Sequence[int]) -> Sequence[int]:
    return face_ids[:: max(1, -(-len(face_ids) // MOST))]

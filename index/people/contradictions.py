"""Reads which persons and faces are not one by decision, so that nothing is suggested against it."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from operator import itemgetter
from typing import Any

from sqlalchemy import CompoundSelect, Select, select, union

from index.store.schema import apart, decision, rejection, verdict
from index.store.statements import is_one_of
from index.store.store import Store


@dataclass(frozen=True, slots=True)
class Contradictions:
    """What a suggested merge or move of confirmed faces would contradict. Persons are ids.

    Attributes:
        rejected: By confirmed face, the other persons that it is not.
        not_one: By person, the persons that it is not: a decision says that they are two, or a face of one
            of them was rejected for the other. One such face is enough: to merge them would overrule a
            decision that holds, which is for the user to do, and not for the program to suggest.
        two_since: By person, the persons that it is not by a decision about both: that they are two, or a
            split; with the number of the last one.
        decided: By face, the number of the decision that confirmed it, for the persons in ``two_since``.
    """

    rejected: Mapping[int, frozenset[int]]
    not_one: Mapping[int, frozenset[int]]
    two_since: Mapping[int, Mapping[int, int]]
    decided: Mapping[int, int]

    def not_suggested(self, face_id: int, person_id: int) -> frozenset[int]:
        """Return the persons that a face of a person is not.

        Whoever says that two persons are two has looked at their faces: those confirmed by then are not
        doubted for the sake of the other person, but later ones are.
        """
        two = self.two_since.get(person_id, {})
        looked_at = (other for other, number in two.items() if number > self.decided[face_id])
        return self.rejected.get(face_id, frozenset()).union(looked_at)


def read_contradictions(store: Store) -> Contradictions:
    """Read all that decisions say against merges and moves; the work grows with the rejections."""
    with store.read() as connection:
        rejections = [tuple(row) for row in connection.execute(_rejected_faces())]
        two = [tuple(row) for row in connection.execute(_two_persons())]
        persons = {person for one, other, _ in two for person in (one, other)}
        of_them = select(verdict.c.face_id, verdict.c.decision_id).where(
            is_one_of(verdict.c.person_id, persons)
        )
        decided = {row.face_id: row.decision_id for row in connection.execute(of_them)}
    two += [(other, person, number) for person, other, number in two]
    two_since: dict[int, dict[int, int]] = defaultdict(dict)
    for person, other, number in sorted(two, key=itemgetter(2)):
        two_since[person][other] = number
    pairs = {(person, other) for _, person, other in rejections}
    pairs |= {(person, other) for person, other, _ in two}
    pairs |= {(other, person) for person, other in pairs}
    return Contradictions(
        rejected=_sets((face_id, other) for face_id, _, other in rejections),
        not_one=_sets(pairs),
        two_since=two_since,
        decided=decided,
    )


def decision_apart(store: Store, person_id: int, other_id: int) -> int | None:
    """Return the number of the last decision that two persons are two; ``None`` without one."""
    columns = apart.c
    pair = (columns.person_id == min(person_id, other_id), columns.other_id == max(person_id, other_id))
    with store.read() as connection:
        return connection.scalar(select(columns.decision_id).where(*pair))


def _rejected_faces() -> Select[Any]:
    """Select confirmed faces, each with its person and another one that it is not."""
    return (
        select(verdict.c.face_id, verdict.c.person_id, rejection.c.person_id)
        .join(rejection, rejection.c.face_id == verdict.c.face_id)
        .where(verdict.c.person_id.is_not(None))
    )


def _two_persons() -> CompoundSelect[Any]:
    """Select persons who are two by a decision about both, each pair with the number of the decision."""
    split = (
        select(verdict.c.person_id, rejection.c.person_id, rejection.c.decision_id)
        .join(rejection, rejection.c.face_id == verdict.c.face_id)
        .join(decision, decision.c.id == rejection.c.decision_id)
        .where(verdict.c.person_id.is_not(None), decision.c.kind == "split")
    )
    return union(select(apart.c.person_id, apart.c.other_id, apart.c.decision_id), split)


def _sets(pairs: Iterable[tuple[int, int]]) -> dict[int, frozenset[int]]:
    found: dict[int, set[int]] = defaultdict(set)
    for key, value in pairs:
        found[key].add(value)
    return {key: frozenset(values) for key, values in found.items()}

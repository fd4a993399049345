"""The journal of decisions: append, undo, read, export.

Every change also updates ``index.decisions.derived_tables``, in one transaction; ``index.clustering.regroup``
updates clusters and recognised faces.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from index.clock import Clock, utc_now
from index.decisions.checks import checked
from index.decisions.derived_tables import read_state, write_derived_tables
from index.decisions.journal_lines import JournalFile, to_lines
from index.decisions.journal_rows import (
    append_acts,
    append_decisions,
    face_keys,
    next_number,
    read_decisions,
    readable,
)
from index.decisions.model import (
    Act,
    Assign,
    Decision,
    FaceKey,
    Forget,
    Forgotten,
    Rename,
    Split,
    Undo,
    faces_of,
    new_key,
)
from index.decisions.replay import Replay, State, replay
from index.decisions.same_faces import SameFaces, read_pictures, read_same_faces
from index.decisions.tombstones import read_tombstones, tombstones_in
from index.decisions.undos import undone_by
from index.errors import DecisionRefused
from index.store.schema import face
from index.store.statements import is_one_of
from index.store.store import Store


@dataclass(frozen=True, slots=True)
class LoggedDecision:
    """A decision, as the log shows it.

    Attributes:
        active: No active undo targets it, and no person was forgotten with it.
        undoes: Number of the decision that it undoes; ``None`` also if its target is unknown.
        undone_by: Number of the active decision that undid it.
        person_name: The name of the act's ``person`` when it was decided; ``other_name`` likewise.
    """

    decision: Decision
    active: bool
    undoes: int | None
    undone_by: int | None
    person_name: str | None
    other_name: str | None


class Journal:
    """The journal of one library; ``clock`` tells the times of decisions."""

    def __init__(self, store: Store, clock: Clock = utc_now) -> None:
        self._store = store
        self._path = store.path
        self._clock = clock

    def append(self, act: Act) -> Decision:
        """Append one decision other than an ``Undo`` or a ``Forget``, which have their own functions.

        Raises a ``DecisionRefused`` if it names no face or a forgotten one, an unknown person, or an invalid
        name.
        """
        return self.append_all([act])[0]

    def append_all(self, acts: Sequence[Act]) -> tuple[Decision, ...]:
        """Append several decisions, all or none, in this order; see ``append``."""
        with readable(self._path), self._store.write() as connection:
            named = [each for act in acts for each in faces_of(act)]
            forgotten = tombstones_in(connection, {each.digest for each in named})
            if any(map(forgotten.cover, named)):
                raise DecisionRefused(self._path, "a face in it was forgotten, which is final")
            same = read_same_faces(connection, {each.digest for each in named})
            replayed = Replay(read_decisions(connection), same)
            made = []
            for number, act in enumerate(acts, next_number(connection)):
                try:
                    decision = Decision(number, new_key(), self._clock(), checked(act, replayed))
                except ValueError as error:
                    raise DecisionRefused(self._path, str(error)) from error
                replayed.apply(decision)
                made.append(decision)
            append_decisions(connection, made)
            write_derived_tables(connection, replayed.state())
        return tuple(made)

    def undo(self, number: int | None = None) -> LoggedDecision:
        """Undo a decision, by default the last active one that is no undo, and return it.

        Raises a ``DecisionRefused`` if there is no such active decision, or it cannot be undone.
        """
        with readable(self._path), self._store.write() as connection:
            decisions = read_decisions(connection)
            target = self._undoable(decisions, number)
            decisions += append_acts(connection, [Undo(target.uid)], self._clock())
            state = replay(decisions, read_same_faces(connection))
            write_derived_tables(connection, state)
        return next(each for each in _logged(decisions, state) if each.decision == target)

    def decisions(self) -> tuple[LoggedDecision, ...]:
        """Read all decisions, the oldest first."""
        with readable(self._path), self._store.read() as connection:
            decisions, same = read_decisions(connection), read_same_faces(connection)
        return tuple(_logged(decisions, replay(decisions, same)))

    def state(self) -> State:
        """Compute the state that follows from all decisions."""
        with readable(self._path), self._store.read() as connection:
            return read_state(connection)

    def same_faces(self, digest: bytes) -> SameFaces:
        """Read what is one with faces in a content, and with all that decisions name."""
        with self._store.read() as connection:
            return read_same_faces(connection, [digest])

    def relink(self) -> None:
        """Update the derived tables after faces were added or removed."""
        with readable(self._path), self._store.read() as connection:
            if next_number(connection) == 1:
                return
        with readable(self._path), self._store.write() as connection:
            write_derived_tables(connection, read_state(connection))

    def is_forgotten(self, face: FaceKey) -> bool:
        """Return whether the face was forgotten with its person, and must not be recorded."""
        with readable(self._path), self._store.read() as connection:
            return tombstones_in(connection, {face.digest}).cover(face)

    def face_keys(self, face_ids: Sequence[int]) -> tuple[FaceKey, ...]:
        """Return the keys of faces, in the order of the ids; a ``DecisionRefused`` if one is unknown."""
        with readable(self._path), self._store.read() as connection:
            keys = face_keys(connection, is_one_of(face.c.id, face_ids))
        if unknown := set(face_ids) - keys.keys():
            raise DecisionRefused(self._path, f"there is no face {min(unknown)} in the library")
        return tuple(keys[each] for each in face_ids)

    def export_lines(self) -> Iterator[str]:
        """Return the journal as lines of a file, without line ends (``index.decisions.journal_lines``)."""
        with readable(self._path), self._store.read() as connection:
            decisions, points = read_decisions(connection), read_tombstones(connection)
            named = {face.digest for each in decisions for face in faces_of(each.act)}
            same = read_same_faces(connection)
            digests = sorted({*named, *same.digests, *(point.digest for point in points)})
            pictures = read_pictures(connection, digests)
        return to_lines(JournalFile(decisions, points, pictures, list(same.links)))

    def _undoable(self, decisions: Sequence[Decision], number: int | None) -> Decision:
        undone = undone_by(decisions)
        if number is None:
            for decision in reversed(decisions):
                if decision.uid not in undone and not isinstance(decision.act, Undo | Forget | Forgotten):
                    return decision
            raise DecisionRefused(self._path, "there is no decision left to undo")
        target = next((each for each in decisions if each.id == number), None)
        if target is None:
            raise DecisionRefused(self._path, f"there is no decision {number}: 'people log' shows them all")
        if isinstance(target.act, Forget | Forgotten):
            reason = f"decision {number} cannot be undone: it is about a person who was forgotten"
            raise DecisionRefused(self._path, reason)
        if target.uid in undone:
            raise DecisionRefused(self._path, f"decision {number} is undone already")
        return target


def _logged(decisions: Sequence[Decision], state: State) -> Iterator[LoggedDecision]:
    numbers = {each.uid: each.id for each in decisions}
    names: dict[str, str] = {}
    for decision in decisions:
        act, undo = decision.act, state.undone.get(decision.uid)
        if isinstance(act, Assign | Split):
            names[act.person] = act.name or ""
        yield LoggedDecision(
            decision=decision,
            active=undo is None and not isinstance(act, Forgotten),
            undoes=numbers.get(getattr(act, "target", "")),
            undone_by=None if undo is None else numbers[undo],
            person_name=names.get(getattr(act, "person", "")),
            other_name=names.get(getattr(act, "other", "")),
        )
        if isinstance(act, Rename) and undo is None:
            names[act.person] = act.name

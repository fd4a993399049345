"""The journal of decisions: append, undo, read, export.

Every change also updates ``index.decisions.derived_tables``, in one transaction; ``index.clustering.regroup``
updates clusters and recognised faces.
"""

from collections import defaultdict
from collections.abc import Collection, Iterator, Sequence

from sqlalchemy import Connection, select

from index.clock import Clock, utc_now
from index.decisions.checks import checked
from index.decisions.derived_tables import differences, read_state, write_derived_tables
from index.decisions.excerpt import Excerpt
from index.decisions.face_overlap import SAME_FACE, overlap
from index.decisions.journal_lines import JournalFile, to_lines
from index.decisions.journal_rows import (
    append_acts,
    append_decisions,
    decisions_at,
    face_keys,
    faces_in,
    next_number,
    photos_in,
    read_decisions,
    readable,
)
from index.decisions.log import LoggedDecision, log_of, log_of_all, with_undos
from index.decisions.model import (
    Act,
    Decision,
    FaceKey,
    Forget,
    Forgotten,
    Undo,
    clean_source,
    contents_of,
    faces_of,
    new_key,
    persons_in,
)
from index.decisions.partial_replay import update_for_decisions
from index.decisions.replay import State
from index.decisions.same_faces import SameFaces, read_pictures, read_same_faces, same_faces_of
from index.decisions.tombstones import read_tombstones, tombstones_in
from index.decisions.undos import undone_by
from index.errors import DecisionRefused
from index.store.schema import content, decision, face, stored_face
from index.store.statements import in_chunks, is_one_of
from index.store.store import Store

_CHUNK = 500
"""Contents in one statement."""

_RECENT = 10
"""Decisions read at once in search of the last active one."""


class Journal:
    """The journal of one library; ``clock`` tells the times of decisions, ``source`` what made them."""

    def __init__(self, store: Store, clock: Clock = utc_now, source: str | None = None) -> None:
        self._store = store
        self._path = store.path
        self._clock = clock
        self.source = None if source is None else clean_source(source)

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
            excerpt = Excerpt(connection)
            excerpt.add_persons(key for act in acts for key in persons_in(act))
            replayed = excerpt.replay()
            made = []
            for number, act in enumerate(acts, next_number(connection)):
                try:
                    valid = checked(act, replayed)
                except ValueError as error:
                    raise DecisionRefused(self._path, str(error)) from error
                one = Decision(number, new_key(), self._clock(), valid, self.source)
                replayed.apply(one)
                made.append(one)
            append_decisions(connection, made)
            update_for_decisions(connection, made, excerpt)
        return tuple(made)

    def undo(self, number: int | None = None) -> LoggedDecision:
        """Undo a decision, by default the last active one that is no undo, and return it.

        Raises a ``DecisionRefused`` if there is no such active decision, or it cannot be undone.
        """
        with readable(self._path), self._store.write() as connection:
            target = self._last_active(connection) if number is None else self._undoable(connection, number)
            made = append_acts(connection, [Undo(target.uid)], self._clock(), self.source)
            update_for_decisions(connection, made)
            return log_of(connection, [target])[0]

    def undo_all(self, numbers: Sequence[int]) -> tuple[LoggedDecision, ...]:
        """Undo several decisions, all or none, the last one first; see ``undo``."""
        with readable(self._path), self._store.write() as connection:
            targets = [self._undoable(connection, each) for each in sorted(set(numbers), reverse=True)]
            undos = [Undo(each.uid) for each in targets]
            made = append_acts(connection, undos, self._clock(), self.source)
            update_for_decisions(connection, made)
            return tuple(log_of(connection, [each])[0] for each in targets)

    def decisions(self, last: int | None = None, before: int | None = None) -> tuple[LoggedDecision, ...]:
        """Read all decisions, or only the ``last`` ones, the oldest first; only those ``before`` a number."""
        with readable(self._path), self._store.read() as connection:
            if last is None and before is None:
                return tuple(log_of_all(read_decisions(connection)))
            query = select(decision.c.id).order_by(decision.c.id.desc()).limit(last)
            if before is not None:
                query = query.where(decision.c.id < before)
            numbers = connection.scalars(query).all()
            return tuple(log_of(connection, decisions_at(connection, is_one_of(decision.c.id, numbers))))

    def faces_at(self, keys: Collection[FaceKey]) -> dict[FaceKey, int]:
        """Return the ids of the faces that some keys name, as far as their own contents show them."""
        digests = sorted({each.digest for each in keys})
        found: dict[bytes, list[tuple[int, FaceKey]]] = defaultdict(list)
        with self._store.read() as connection:
            for chunk in in_chunks(digests, _CHUNK):
                for face_id, key in face_keys(connection, content.c.digest.in_(chunk)).items():
                    found[key.digest].append((face_id, key))
        best = {key: _nearest(key, found[key.digest]) for key in keys}
        return {key: face_id for key, face_id in best.items() if face_id is not None}

    def logged(self, number: int) -> LoggedDecision:
        """Read one decision; a ``DecisionRefused`` if there is none of this number."""
        with readable(self._path), self._store.read() as connection:
            return log_of(connection, [self._at(connection, number)])[0]

    def about(self, digest: bytes) -> tuple[tuple[LoggedDecision, ...], SameFaces]:
        """Read the decisions about a content and its faces, and what is one with these faces elsewhere."""
        with readable(self._path), self._store.read() as connection:
            same = same_faces_of(connection, [digest])
            digests = sorted({digest, *same.digests})
            numbers = {*faces_in(connection, digests), *photos_in(connection, digests)}
            some = decisions_at(connection, is_one_of(decision.c.id, numbers))
            return tuple(log_of(connection, [each])[0] for each in some), same

    def state(self) -> State:
        """Compute the state that follows from all decisions."""
        with readable(self._path), self._store.read() as connection:
            return read_state(connection)

    def rederive(self) -> dict[str, int]:
        """Replay all decisions, correct the derived tables, and count the rows of each that were wrong."""
        with readable(self._path), self._store.read() as connection:
            wrong = differences(connection, read_state(connection))
        if wrong:
            with readable(self._path), self._store.write() as connection:
                write_derived_tables(connection, read_state(connection))
        return wrong

    def faces_beside(self, faces: Sequence[FaceKey]) -> tuple[int, ...]:
        """Return the ids of all faces in the contents that show any of some faces, by any detector."""
        with self._store.read() as connection:
            digests = {face.digest for face in faces}
            every = sorted(digests | same_faces_of(connection, digests).digests)
            chunks = (content.c.digest.in_(chunk) for chunk in in_chunks(every, _CHUNK))
            return tuple(number for each in chunks for number in face_keys(connection, each, stored_face))

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
            named = {digest for each in decisions for digest in contents_of(each.act)}
            same = read_same_faces(connection)
            digests = sorted({*named, *same.digests, *(point.digest for point in points)})
            pictures = read_pictures(connection, digests)
        return to_lines(JournalFile(decisions, points, pictures, list(same.links)))

    def _last_active(self, connection: Connection) -> Decision:
        """Return the last active decision that can be undone and is no undo."""
        last = next_number(connection)
        fit = decision.c.kind.not_in(["undo", "forget", "forgotten"])
        query = select(decision.c.id).where(fit).order_by(decision.c.id.desc()).limit(_RECENT)
        while numbers := connection.scalars(query.where(decision.c.id < last)).all():
            some = decisions_at(connection, is_one_of(decision.c.id, numbers))
            undone = undone_by(with_undos(connection, some))
            for each in reversed(some):
                if each.uid not in undone:
                    return each
            last = numbers[-1]
        raise DecisionRefused(self._path, "there is no decision left to undo")

    def _undoable(self, connection: Connection, number: int) -> Decision:
        target = self._at(connection, number)
        if isinstance(target.act, Forget | Forgotten):
            reason = f"decision {number} cannot be undone: it is about a person who was forgotten"
            raise DecisionRefused(self._path, reason)
        if target.uid in undone_by(with_undos(connection, [target])):
            raise DecisionRefused(self._path, f"decision {number} is undone already")
        return target

    def _at(self, connection: Connection, number: int) -> Decision:
        for each in decisions_at(connection, decision.c.id == number):
            return each
        raise DecisionRefused(self._path, f"there is no decision {number}: 'people log' shows them all")


def _nearest(key: FaceKey, faces: Sequence[tuple[int, FaceKey]]) -> int | None:
    """Return the id of the face whose box overlaps a key's box most, if that is enough to be the same."""
    face_id, there = max(
        ((face_id, overlap(each.box, key.box)) for face_id, each in faces),
        key=lambda each: each[1],
        default=(None, 0.0),
    )
    return face_id if there > SAME_FACE else None

"""Reads the part of the journal from which the state of some faces and persons follows.

A replay of it gives these faces and persons the state that a replay of the whole journal gives them:

    a face      follows from the decisions that name it, in whatever content shows it, and from the merges of
                the persons in these. The other faces of these decisions are left out
    a person    follows from merges with others, and for each of the merged keys from its names, whether it is
                hidden and apart from others, and its first assignment that holds: it makes the person known
    a decision  holds or not by the undos of it, and theirs

All functions work in a transaction of the caller, and raise ``NotADecision`` for an unreadable row.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

from sqlalchemy import ColumnElement, Connection, RowMapping, select

from index.decisions.journal_rows import decision_of, faces_in
from index.decisions.model import Decision, FaceKey
from index.decisions.replay import Replay
from index.decisions.same_faces import SameFaces, same_faces_of
from index.store.schema import decision
from index.store.statements import is_one_of

_OF_PERSONS = ("merge", "apart", "split", "rename", "hide", "unhide")
"""Kinds of decision from which a person's state follows, except assignments."""

_FIRST = 8
"""Assignments read at once, until one was never undone."""


class Excerpt:
    """The part of the journal that was read so far.

    Attributes:
        persons: Keys of the persons whose whole state follows from it.
        contents: Digests of the contents, the state of whose faces follows from it.
    """

    def __init__(self, connection: Connection) -> None:
        self.persons: set[str] = set()
        self.contents: set[bytes] = set()
        self._connection = connection
        self._same = SameFaces()
        self._rows: dict[int, RowMapping] = {}
        self._faces: Mapping[int, Sequence[FaceKey]] = {}
        self._merged: dict[str, set[str]] = defaultdict(set)  # keys in one merge with a key
        self._asked: set[str] = set()  # uids whose undos were read
        self._read_merges: set[str] = set()

    @property
    def is_empty(self) -> bool:
        """Whether no decision was read."""
        return not self._rows

    def add_decisions(self, decisions: Iterable[Decision]) -> None:
        """Read decisions, without faces in other contents than those of the excerpt."""
        self._add(is_one_of(decision.c.id, (each.id for each in decisions)))

    def add_persons(self, keys: Iterable[str]) -> None:
        """Read what the state of persons follows from, and of those merged with them."""
        fresh = self._add_merges(keys) - self.persons
        self.persons |= fresh
        kinds = decision.c.kind.in_(_OF_PERSONS)
        found = self._add(is_one_of(decision.c.person, fresh), kinds)
        found += self._add(is_one_of(decision.c.other, fresh), kinds)
        for key in fresh:
            self._add_first_assignment(key)
        self._add_merges(
            key for row in found if row["kind"] == "apart" for key in (row["person"], row["other"])
        )

    def add_contents(self, digests: Iterable[bytes]) -> None:
        """Read what the state of the faces in some contents follows from, wherever they are shown."""
        self._same = same_faces_of(self._connection, self.contents.union(digests))
        self.contents.update(digests, self._same.digests)
        self._faces = faces_in(self._connection, sorted(self.contents))
        fresh = self._faces.keys() - self._rows.keys()
        found = self._add(is_one_of(decision.c.id, fresh))
        self._add_merges(key for row in found for key in (row["person"], row["other"]) if key)

    def decisions(self) -> list[Decision]:
        """Return the decisions, by rising number."""
        self._add_undos()
        keys = {key for row in self._rows.values() for key in (row["person"], row["other"]) if key}
        self._add(is_one_of(decision.c.person, keys), decision.c.kind == "forget")
        return [
            decision_of(row, self._faces.get(number, ()), some=True)
            for number, row in sorted(self._rows.items())
        ]

    def replay(self) -> Replay:
        """Replay the decisions."""
        return Replay(self.decisions(), self._same)

    def _add(self, *conditions: ColumnElement[bool]) -> list[RowMapping]:
        rows = self._connection.execute(select(decision).where(*conditions)).mappings().all()
        self._rows.update((row["id"], row) for row in rows)
        return list(rows)

    def _add_merges(self, keys: Iterable[str]) -> set[str]:
        """Read the merges of some persons, and of those merged with them; return the keys of all."""
        found = fresh = set(keys)
        while fresh := fresh - self._read_merges:
            self._read_merges |= fresh
            is_merge = decision.c.kind == "merge"
            rows = self._add(is_one_of(decision.c.person, fresh), is_merge)
            rows += self._add(is_one_of(decision.c.other, fresh), is_merge)
            for row in rows:
                self._merged[row["person"]].add(row["other"])
                self._merged[row["other"]].add(row["person"])
            fresh = {key for row in rows for key in (row["person"], row["other"])}
        waiting = list(found)
        while waiting:
            others = self._merged.get(waiting.pop(), set()) - found
            found = found | others
            waiting += others
        return found

    def _add_first_assignment(self, key: str) -> None:
        """Read the assignments to a person up to the first that was never undone."""
        last = 0
        columns = decision.c
        query = select(decision).where(columns.person == key, columns.kind == "assign").order_by(columns.id)
        while rows := self._connection.execute(query.where(columns.id > last).limit(_FIRST)).mappings().all():
            undone = self._undone(row["uid"] for row in rows)
            for row in rows:
                self._rows[row["id"]] = row
                if row["uid"] not in undone:
                    return
            last = rows[-1]["id"]

    def _undone(self, uids: Iterable[str]) -> set[str]:
        """Return the decisions that were undone once, perhaps not for good."""
        return set(
            self._connection.scalars(select(decision.c.target).where(is_one_of(decision.c.target, uids)))
        )

    def _add_undos(self) -> None:
        while fresh := {row["uid"] for row in self._rows.values()} - self._asked:
            self._asked |= fresh
            self._add(is_one_of(decision.c.target, fresh))

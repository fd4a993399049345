"""Reads the part of the journal from which the state of some faces and persons follows.

A replay of it gives these faces and persons the state that a replay of the whole journal gives them:

    a face      follows from the decisions that name it, in whatever content shows it, from the merges of the
                persons in these, and from their other portraits. Other faces of these decisions are left out
    a photo     likewise, from the decisions that name it as a whole
    a person    follows from merges with others, and for each of the merged keys from its names, its date of
                birth, whether it is hidden and apart from others, and its first decision that holds of each
                kind that makes it known
    a decision  holds or not by the undos of it, and theirs

All functions work in a transaction of the caller, and raise ``NotADecision`` for an unreadable row.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence, Set
from typing import Any

from sqlalchemy import ColumnElement, Connection, RowMapping, select

from index.decisions.journal_rows import decision_of, faces_in, photos_in
from index.decisions.model import Decision, FaceKey
from index.decisions.replay import Replay
from index.decisions.same_faces import SameFaces, same_faces_of
from index.store.schema import decision
from index.store.statements import is_one_of

_OF_PERSONS = ("merge", "apart", "split", "rename", "hide", "unhide", "born")
"""Kinds of decision from which a person's state follows, except those of which the first one counts."""

_MAKE_KNOWN = ("assign", "draw", "in-photo")
"""These."""

_OF_OTHERS = ("merge", "apart")
"""Those of them from which the state of their ``other`` person follows."""

_FIRST = 4
"""Decisions of such a kind read at once, until one of them was never undone."""


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
        self._photos: Mapping[int, Sequence[bytes]] = {}
        self._merged: dict[str, set[str]] = defaultdict(set)  # keys in one merge with a key
        self._read_merges: set[str] = set()
        self._read_undos: set[str] = set()  # uids

    @property
    def is_empty(self) -> bool:
        """Whether no decision was read."""
        return not self._rows

    def add_decisions(self, numbers: Iterable[int]) -> None:
        """Read decisions, without what they name of other contents than those of the excerpt."""
        self._add(decision.c.id, set(numbers) - self._rows.keys())

    def add_persons(self, keys: Iterable[str]) -> None:
        """Read what the state of persons follows from, and of those merged with them."""
        fresh = set(keys)
        while fresh := fresh - self.persons:
            self.persons |= fresh
            self._read_merges |= fresh
            found = self._add(decision.c.person, fresh, _OF_PERSONS)
            found += self._add(decision.c.other, fresh, _OF_OTHERS)
            for key in fresh:
                for kind in _MAKE_KNOWN:
                    self._add_first(kind, key)
            self._add_merges(_persons(row for row in found if row["kind"] == "apart"))
            fresh = {other for key in self.persons for other in self._merged.get(key, ())}

    def add_contents(self, digests: Iterable[bytes]) -> None:
        """Read what the state of the faces in some contents follows from, wherever they are shown."""
        self._same = same_faces_of(self._connection, self.contents.union(digests))
        self.contents.update(digests, self._same.digests)
        self._faces = faces_in(self._connection, sorted(self.contents))
        self._photos = photos_in(self._connection, sorted(self.contents))
        numbers = self._faces.keys() | self._photos.keys()
        self.add_decisions(numbers)
        self._add_merges(_persons(self._rows[number] for number in numbers))
        self._add_portraits()

    def decisions(self) -> list[Decision]:
        """Return the decisions, by rising number."""
        while fresh := {row["uid"] for row in self._rows.values()} - self._read_undos:
            self._read_undos |= fresh
            self._add(decision.c.target, fresh)
        self._add(decision.c.person, _persons(self._rows.values()), ("forget",))
        return [
            decision_of(row, self._faces.get(number, ()), self._photos.get(number, ()), some=True)
            for number, row in sorted(self._rows.items())
        ]

    def replay(self) -> Replay:
        """Replay the decisions."""
        return Replay(self.decisions(), self._same)

    def _add(
        self, column: ColumnElement[Any], values: Set[int | str], kinds: Sequence[str] = ()
    ) -> list[RowMapping]:
        """Read the decisions that have one of some values, and one of some kinds."""
        if not values:
            return []
        query = select(decision).where(is_one_of(column, values))
        rows = self._connection.execute(query.where(decision.c.kind.in_(kinds)) if kinds else query)
        found = rows.mappings().all()
        for row in found:
            self._rows[row["id"]] = row
            if row["kind"] == "merge":
                self._merged[row["person"]].add(row["other"])
                self._merged[row["other"]].add(row["person"])
        return list(found)

    def _add_merges(self, keys: Set[str]) -> None:
        """Read the merges of some persons, and of those merged with them."""
        while fresh := keys - self._read_merges:
            self._read_merges |= fresh
            found = self._add(decision.c.person, fresh, ("merge",))
            found += self._add(decision.c.other, fresh, ("merge",))
            keys = _persons(found)

    def _add_portraits(self) -> None:
        """Read all portraits of the persons whose portraits were read: the last one counts."""
        group = _persons(row for row in self._rows.values() if row["kind"] == "portrait")
        while fresh := {other for key in group for other in self._merged.get(key, ())} - group:
            group |= fresh
        self._add(decision.c.person, group, ("portrait",))

    def _add_first(self, kind: str, key: str) -> None:
        """Read the decisions of a kind about a person up to the first that was never undone."""
        columns, last = decision.c, 0
        query = select(columns.id).where(columns.person == key, columns.kind == kind).order_by(columns.id)
        while numbers := self._connection.scalars(query.where(columns.id > last).limit(_FIRST)).all():
            rows = self._add(decision.c.id, set(numbers))
            uids = is_one_of(columns.target, [row["uid"] for row in rows])
            undone = set(self._connection.scalars(select(columns.target).where(uids)))
            if any(row["uid"] not in undone for row in rows):
                return
            last = numbers[-1]


def _persons(rows: Iterable[RowMapping]) -> set[str]:
    return {key for row in rows for key in (row["person"], row["other"]) if key}

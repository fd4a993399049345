"""Merges another journal, or an earlier state of the same one.

A decision is known by its uid, so that nothing is taken over twice. What is new comes after all that is
there. Who was forgotten on either side is forgotten on both. All happens inside a transaction that the
caller began.
"""

from collections.abc import Iterable, Iterator, Sequence, Set
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import Connection

from index.clock import Clock, utc_now
from index.decisions.derived_tables import write_derived_tables
from index.decisions.journal_lines import from_lines
from index.decisions.journal_rows import append_acts, append_decisions, next_number, read_decisions, readable
from index.decisions.model import Decision, Forget
from index.decisions.replay import replay
from index.decisions.tombstones import Tombstone, Tombstones, add_tombstones, read_tombstones
from index.privacy.redaction import Redacted, keys_of, redact, take_out_persons, take_out_tombstones
from index.store.store import Store


@dataclass(frozen=True, slots=True)
class Imported:
    """Counts of an import. The first three together are the decisions in the file.

    Attributes:
        added: Decisions that were new, and taken over as they are.
        known: Decisions that were there before, under their uids.
        redacted: New ones of which nothing or not all was taken over, because persons or faces in them
            were forgotten.
        erased_faces: Faces of persons who were forgotten elsewhere, taken out here too: where there are
            any, ``index.privacy.forget.purge`` has to follow.
    """

    added: int
    known: int
    redacted: int
    erased_faces: int


def import_lines(store: Store, lines: Iterable[str | bytes], clock: Clock = utc_now) -> Imported:
    """Import the decisions of another journal, or of an earlier state of the same one.

    Those that are new come after all that are there, in the order of the file.

    Args:
        store: Open for writing.
        lines: Of a journal file, as ``Journal.export_lines`` gives them.
        clock: For the times of decisions.

    Raises:
        JournalMalformed: A line is not as it must be; nothing was imported.
        LibraryError: The library cannot be read or written.
    """
    decisions, points = from_lines(lines, store.path)
    with readable(store.path), store.write() as connection:
        return _take_over(connection, decisions, points, clock())


def _take_over(
    connection: Connection, decisions: Sequence[Decision], points: Sequence[Tombstone], now: datetime
) -> Imported:
    known = tuple(read_decisions(connection))
    number = next_number(connection)
    fresh = tuple(_fresh(decisions, {each.uid for each in known}, number))
    forgotten = {each.act.person for each in fresh if isinstance(each.act, Forget)}
    state = replay(known)
    keys = sorted({key for each in forgotten - state.forgotten for key in keys_of(state, each)})
    left = take_out_persons(connection, known, keys) if keys else Redacted(known, 0, 0)
    new_points = add_tombstones(connection, points)
    if new_points:
        marked = take_out_tombstones(connection, left.decisions, new_points)
        left = replace(marked, faces=left.faces + marked.faces)
    # Who was merged, here alone, with somebody who was forgotten elsewhere is forgotten too.
    merged = [Forget(key) for key in keys if key not in forgotten]
    tombstones = Tombstones(read_tombstones(connection))
    taken = redact(fresh, state.forgotten.union(forgotten, keys), tombstones.cover, others=left.decisions)
    append_decisions(connection, taken)
    appended = append_acts(connection, merged, now)
    if taken or left.decisions != known:
        write_derived_tables(connection, replay([*left.decisions, *taken, *appended]))
    redacted = sum(before.act != after.act for before, after in zip(fresh, taken, strict=True))
    return Imported(len(fresh) - redacted, len(decisions) - len(fresh), redacted, left.faces)


def _fresh(decisions: Sequence[Decision], known: Set[str], number: int) -> Iterator[Decision]:
    """The unknown decisions of a file, each once, with numbers of this library."""
    seen = set(known)
    for each in decisions:
        if each.uid not in seen:
            seen.add(each.uid)
            yield replace(each, id=number)
            number += 1

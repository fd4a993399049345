"""Merges another journal, or an earlier state of the same one.

Only decisions with an unknown uid are added, after all others. A person forgotten on either side is forgotten
on both.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from index.clock import Clock, utc_now
from index.decisions.derived_tables import write_derived_tables
from index.decisions.drawn_rows import delete_unnamed_rows
from index.decisions.journal_lines import JournalFile, from_lines
from index.decisions.journal_rows import append_acts, append_decisions, next_number, read_decisions, readable
from index.decisions.model import Decision, Forget, faces_of
from index.decisions.replay import State, replay
from index.decisions.same_faces import SameFace, add_pictures, add_same_faces, read_same_faces
from index.decisions.tombstones import Tombstones, add_tombstones, tombstones_in
from index.people.overruled import NO_EFFECTS, Effects, SaidOfFaces, overruled, renamed, said_of_faces
from index.privacy.redaction import Redacted, keys_of, redact, take_out_persons, take_out_tombstones
from index.store.store import Store


@dataclass(frozen=True, slots=True)
class Imported:
    """Counts of an import; ``added``, ``known`` and ``redacted`` decisions make up the file.

    Attributes:
        redacted: New decisions imported in part or not at all, because they name forgotten persons or faces.
        erased_faces: Deleted faces of persons forgotten in the other library; unless 0, call
            ``index.privacy.forget.purge``.
        effects: What the imported decisions, which count as the later ones, changed of what was said before.
    """

    added: int
    known: int
    redacted: int
    erased_faces: int
    effects: Effects = NO_EFFECTS


def import_lines(store: Store, lines: Iterable[str | bytes], clock: Clock = utc_now) -> Imported:
    """Import the lines of a journal file, as ``Journal.export_lines`` writes them, into an open library.

    Raises a ``JournalMalformed`` for a malformed line; nothing is imported then.
    """
    file = from_lines(lines, store.path)
    by_uid: dict[str, Decision] = {}
    for each in file.decisions:
        by_uid.setdefault(each.uid, each)
    with readable(store.path), store.write() as connection:
        known = tuple(read_decisions(connection))
        before = said_of_faces(connection)
        add_pictures(connection, file.pictures)
        old = {each.uid for each in known}
        new = (each for uid, each in by_uid.items() if uid not in old)
        fresh = tuple(replace(each, id=n) for n, each in enumerate(new, next_number(connection)))
        forgotten = {each.act.person for each in fresh if isinstance(each.act, Forget)}
        state = replay(known, read_same_faces(connection))
        keys = sorted({key for each in forgotten - state.forgotten for key in keys_of(state, each)})
        left = take_out_persons(connection, known, keys) if keys else Redacted(known, 0, 0)
        new_points = add_tombstones(connection, file.points)
        if new_points:
            marked = take_out_tombstones(connection, left.decisions, new_points)
            left = replace(marked, faces=left.faces + marked.faces)
        # Persons merged only here with a person forgotten elsewhere are forgotten too.
        merged = [Forget(key) for key in keys if key not in forgotten]
        tombstones = tombstones_in(connection, _digests(file))
        links = [each for each in file.same_faces if not _is_forgotten(each, tombstones)]
        add_same_faces(connection, links)
        taken = redact(fresh, state.forgotten.union(forgotten, keys), tombstones.cover, others=left.decisions)
        append_decisions(connection, taken)
        appended = append_acts(connection, merged, clock(), None)
        effects = NO_EFFECTS
        if taken or links or file.pictures or left.decisions != known:
            every = [*left.decisions, *taken, *appended]
            state_now = replay(every, read_same_faces(connection))
            write_derived_tables(connection, state_now)
            if forgotten:
                delete_unnamed_rows(connection)
            effects = _effects(before, said_of_faces(connection), every, state_now)
    redacted = sum(before.act != after.act for before, after in zip(fresh, taken, strict=True))
    return Imported(len(fresh) - redacted, len(file.decisions) - len(fresh), redacted, left.faces, effects)


def _effects(before: SaidOfFaces, after: SaidOfFaces, decisions: Sequence[Decision], state: State) -> Effects:
    numbers = {each.uid: each.id for each in decisions}
    undone = {numbers[uid]: numbers[by] for uid, by in state.undone.items()}
    return Effects(overruled(before, after, undone), renamed(before, after, state.merged))


def _digests(file: JournalFile) -> set[bytes]:
    """Return the digests of all contents that a file names."""
    named = (face.digest for each in file.decisions for face in faces_of(each.act))
    linked = (face.digest for each in file.same_faces for face in (each.earlier, each.later))
    return {*named, *linked}


def _is_forgotten(pair: SameFace, tombstones: Tombstones) -> bool:
    return tombstones.cover(pair.earlier) or tombstones.cover(pair.later)

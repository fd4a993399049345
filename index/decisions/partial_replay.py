"""Brings the derived tables up to date after decisions were made or photos recorded, at the cost of these.

Only what may have changed is read and replayed (``index.decisions.excerpt``), and compared with the tables.
All functions work in a transaction of the caller, and raise ``NotADecision`` for an unreadable row.
"""

from collections.abc import Iterable, Sequence, Set

from sqlalchemy import Connection, select

from index.decisions.derived_tables import Part, write_derived_tables
from index.decisions.excerpt import Excerpt
from index.decisions.journal_rows import decisions_at
from index.decisions.model import (
    Apart,
    Assign,
    Born,
    Decision,
    Draw,
    Hide,
    InPhoto,
    Merge,
    Portrait,
    Rename,
    Split,
    Undo,
    Unhide,
    contents_of,
    persons_in,
    without,
)
from index.decisions.undos import undone_by
from index.store.schema import decision, decision_face, decision_photo, person
from index.store.statements import is_one_of


def update_for_decisions(
    connection: Connection, made: Sequence[Decision], excerpt: Excerpt | None = None
) -> None:
    """Update the derived tables after decisions were appended, of whose persons an excerpt may be there."""
    if not made:
        return
    concerned = [*made, *_targets(connection, made)]
    excerpt = excerpt or Excerpt(connection)
    excerpt.add_decisions(each.id for each in concerned)
    excerpt.add_persons(key for each in concerned for key in _persons_changed_by(each))
    digests = {digest for each in concerned for digest in contents_of(each.act)}
    digests |= _contents_about(connection, _changed_keys(connection, excerpt, made))
    if any(isinstance(each.act, Portrait | Merge) for each in concerned):
        digests |= _contents_about(connection, excerpt.persons, is_portrait=True)
    excerpt.add_contents(digests)
    write_derived_tables(connection, excerpt.replay().state(), Part(excerpt.contents, excerpt.persons))


def update_for_contents(connection: Connection, digests: Iterable[bytes]) -> None:
    """Update the derived tables after faces of some contents, or what they are one with, were recorded."""
    excerpt = Excerpt(connection)
    excerpt.add_contents(digests)
    if not excerpt.is_empty:
        write_derived_tables(connection, excerpt.replay().state(), Part(excerpt.contents, excerpt.persons))


def _targets(connection: Connection, made: Sequence[Decision]) -> list[Decision]:
    """Read the decisions that undos are about: those that they undo, and if these are undos, so on."""
    found: dict[str, Decision] = {each.uid: each for each in made}
    fresh: Iterable[Decision] = made
    while targets := {each.act.target for each in fresh if isinstance(each.act, Undo)} - found.keys():
        fresh = decisions_at(connection, is_one_of(decision.c.uid, targets))
        found.update((each.uid, each) for each in fresh)
    return list(found.values())[len(made) :]


def _persons_changed_by(made: Decision) -> tuple[str, ...]:
    """Return the keys of persons whose own state may follow from a decision."""
    match made.act:
        case Merge() | Apart():
            return made.act.person, made.act.other
        case Assign() | Draw() | Split() | InPhoto() | Rename() | Hide() | Unhide() | Born() | Portrait():
            return persons_in(made.act)[:1]
    return ()


def _changed_keys(connection: Connection, excerpt: Excerpt, made: Sequence[Decision]) -> set[str]:
    """Find the keys of persons that mean somebody else now, or somebody who became known or unknown.

    Decisions about their faces say something else now, in the tables.
    """
    decisions, state, first = excerpt.decisions(), excerpt.replay().state(), min(each.id for each in made)
    before = _meanings([each for each in decisions if each.id < first], state.forgotten)
    after = _meanings(decisions, state.forgotten)
    changed = {key for key in before.keys() | after.keys() if before.get(key) != after.get(key)}
    was_known = select(person.c.key).where(is_one_of(person.c.key, excerpt.persons))
    for key in (excerpt.persons & state.persons.keys()) ^ set(connection.scalars(was_known)):
        changed |= {key, *(each for each, now in state.merged.items() if now == key)}
    return changed


def _meanings(decisions: Sequence[Decision], forgotten: Set[str]) -> dict[str, list[tuple[int, str]]]:
    """Find whom the key of each merged person meant since when: numbers of merges, and keys."""
    undone, meant = undone_by(decisions), dict[str, list[tuple[int, str]]]()
    keys: dict[str, list[str]] = {}  # of each person
    current: dict[str, str] = {}
    for each in decisions:
        act = without(each.act, forgotten)
        if isinstance(act, Merge) and each.uid not in undone:
            one, other = (current.get(key, key) for key in (act.person, act.other))
            moved = keys.pop(other, [other]) if one != other else []
            keys.setdefault(one, [one]).extend(moved)
            for key in moved:
                current[key] = one
                meant.setdefault(key, []).append((each.id, one))
    return meant


def _contents_about(connection: Connection, keys: Set[str], *, is_portrait: bool = False) -> set[bytes]:
    """Find the contents that decisions about some persons, or their portraits, name."""
    queries = [
        select(table.c.digest).join(decision).where(is_one_of(decision.c[end], keys))
        for table in (decision_face, decision_photo)
        for end in ("person", "other")
        if keys
    ]
    if is_portrait:
        queries = [query.where(decision.c.kind == "portrait") for query in queries[:1]]
    return {digest for query in queries for digest in connection.scalars(query)}

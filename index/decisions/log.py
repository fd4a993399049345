"""The journal as people read it: each decision with its names then, and whether it holds."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, select

from index.decisions.journal_rows import decisions_at
from index.decisions.model import NAMING, NAMING_KINDS, Decision, Forgotten, Rename, Undo, persons_in
from index.decisions.undos import undone_by
from index.store.schema import decision
from index.store.statements import is_one_of


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


def log_of_all(decisions: Sequence[Decision]) -> list[LoggedDecision]:
    """Return the log of a whole journal."""
    numbers = {each.uid: each.id for each in decisions}
    return list(_logged(decisions, undone_by(decisions), numbers, {}))


def log_of(connection: Connection, decisions: Sequence[Decision]) -> list[LoggedDecision]:
    """Return the log of some decisions that follow one another in the journal."""
    if not decisions:
        return []
    related = with_undos(connection, decisions)
    numbers = {each.uid: each.id for each in related}
    targets = [each.act.target for each in decisions if isinstance(each.act, Undo)]
    query = select(decision.c.uid, decision.c.id).where(is_one_of(decision.c.uid, targets))
    numbers |= {row.uid: row.id for row in connection.execute(query)}
    keys = {key for each in decisions for key in persons_in(each.act)}
    names = _names_before(connection, decisions[0].id, keys)
    return list(_logged(decisions, undone_by(related), numbers, names))


def with_undos(connection: Connection, decisions: Iterable[Decision]) -> list[Decision]:
    """Add the undos of some decisions, and theirs, as far as they follow."""
    found = {each.uid: each for each in decisions}
    fresh = list(found)
    while fresh:
        undos = decisions_at(connection, is_one_of(decision.c.target, fresh))
        fresh = [each.uid for each in undos if each.uid not in found]
        found.update((each.uid, each) for each in undos)
    return sorted(found.values(), key=lambda each: each.id)


def _names_before(connection: Connection, number: int, keys: Iterable[str]) -> dict[str, str]:
    """Find the names that persons had before a decision: from their last assignment, or a later renaming."""
    columns, names = decision.c, dict[str, str]()
    for key in keys:
        query = (
            select(columns.id).where(columns.person == key, columns.id < number).order_by(columns.id.desc())
        )
        last = [connection.scalar(query.where(columns.kind == each).limit(1)) or 0 for each in NAMING_KINDS]
        renamed = query.where(columns.kind == "rename", columns.id > max(last))
        numbers = [*filter(None, [max(last)]), *connection.scalars(renamed)]
        naming = decisions_at(connection, is_one_of(columns.id, numbers))
        undone = undone_by(with_undos(connection, naming))
        for each in naming:
            if isinstance(each.act, NAMING) or (isinstance(each.act, Rename) and each.uid not in undone):
                names[key] = each.act.name or ""
    return names


def _logged(
    decisions: Sequence[Decision],
    undone: Mapping[str, str],
    numbers: Mapping[str, int],
    names: Mapping[str, str],
) -> Iterator[LoggedDecision]:
    """Yield the log; ``names`` are those that persons had before the first decision."""
    names = dict(names)
    for made in decisions:
        act, undo = made.act, undone.get(made.uid)
        if isinstance(act, NAMING) and act.person is not None:
            names[act.person] = act.name or ""
        yield LoggedDecision(
            decision=made,
            active=undo is None and not isinstance(act, Forgotten),
            undoes=numbers.get(getattr(act, "target", "")),
            undone_by=None if undo is None else numbers[undo],
            person_name=names.get(getattr(act, "person", "")),
            other_name=names.get(getattr(act, "other", "")),
        )
        if isinstance(act, Rename) and undo is None:
            names[act.person] = act.name

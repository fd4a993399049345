"""Finds which decisions hold, by the undos in the journal: pure functions."""

from collections.abc import Sequence

from index.decisions.model import Decision, Forget, Undo


def undone_by(decisions: Sequence[Decision]) -> dict[str, str]:
    """Find the decisions that do not hold, by uid, each with the uid of its last active undo.

    Every undo has one target. Undos without an undo come first, then targets once no undo of them is pending.
    The rest are undos that undo one another in a ring: they have no effect.
    """
    targets = {each.uid: each.act.target for each in decisions if isinstance(each.act, Undo)}
    waiting = {each.uid: 0 for each in decisions if not isinstance(each.act, Forget)}
    for target in targets.values():
        if target in waiting:
            waiting[target] += 1
    order = {each.uid: each.id for each in decisions}
    ready = [uid for uid in targets if not waiting[uid]]
    undone: dict[str, str] = {}
    while ready:
        uid = ready.pop()
        target = targets[uid]
        if target not in waiting:
            continue
        if uid not in undone and (target not in undone or order[undone[target]] < order[uid]):
            undone[target] = uid
        waiting[target] -= 1
        if not waiting[target] and target in targets:
            ready.append(target)
    return undone


def last_changes(decisions: Sequence[Decision]) -> dict[str, int]:
    """Find the last decision that changed whether each decision holds: its own number, or that of an undo."""
    changes = {each.uid: each.id for each in decisions}
    for each in reversed(decisions):
        if isinstance(each.act, Undo) and each.act.target in changes:
            changes[each.act.target] = max(changes[each.act.target], changes[each.uid])
    return changes

"""Decisions about a made library, as people would have made them over some years; knows no database.

A named person begins with a cluster of several faces; later come more clusters, single faces, rejections,
names that change, persons that turn out to be one. Strangers are ignored, some faces are none, and some
decisions are taken back.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from blake3 import blake3

from benchmarks.made_library.population import Population
from index.values import I64

CONFIRMED = 0.1
"""The share of all faces that are confirmed."""

_FIRST, _TOGETHER = 60, 12
"""The most faces of a person that are named at once: in its first cluster, and later."""

_REJECTIONS, _STRANGERS, _NO_FACES, _UNDOS = 0.15, 0.12, 0.05, 0.02
"""Shares of all decisions; confirmations are most of the others."""

_RENAMED, _MERGED, _HIDDEN, _APART = 0.1, 0.05, 0.02, 0.02
"""Shares of the named persons."""


@dataclass(slots=True, eq=False)
class MadeDecision:
    """A decision, by the columns of its row.

    Attributes:
        time: 0 to 1, of the years over which people decided.
        rows: Of its faces in the population.
        target: The decision that it undoes.
    """

    time: float
    kind: str
    person: str | None = None
    other: str | None = None
    name: str | None = None
    rows: tuple[int, ...] = ()
    target: "MadeDecision | None" = None


def key_of(rank: int, part: int = 0) -> str:
    """Return the key of a named person; some have a second ``part``, which was named apart at first."""
    return blake3(b"%d %d" % (rank, part)).hexdigest(16)


def name_of(rank: int) -> str:
    """Return the name of a person, by its number."""
    return f"Person {rank + 1:04}"


def made_decisions(people: Population, count: int, rng: np.random.Generator) -> list[MadeDecision]:
    """Make about ``count`` decisions, by their times."""
    groups = people.groups()
    others = [*_rejections(people, count, rng), *_about_strangers(groups, count, rng)]
    firsts, rest = {}, {}
    share = CONFIRMED * len(people) / sum(map(len, groups[: people.named]))
    for rank, rows in enumerate(groups[: people.named]):
        confirmed = rng.permutation(rows)[: max(2, round(min(1.0, share) * len(rows)))]
        first = min(_FIRST, 2 + len(confirmed) // 6)
        firsts[rank], rest[rank] = confirmed[:first], confirmed[first:]
    left = sum(map(len, rest.values()))
    free = round((1 - _UNDOS) * count) - len(others) - len(firsts)
    together = min(1.0, max(0.0, (left - free) * _TOGETHER / (_TOGETHER - 1) / max(1, left)))
    made = others
    for rank in firsts:
        made += _about_person(rank, people.named, firsts[rank], _parts(rest[rank], together), rng)
    made += _undos(made, round(_UNDOS * count), rng)
    return sorted(made, key=lambda each: each.time)


def _named_at(rank: int, named: int) -> float:
    """Return when a person got its name: those with many faces before the others."""
    return 0.6 * (rank + 1) / (named + 1)


def _later(time: float, rng: np.random.Generator) -> float:
    return time + (1 - time) * float(rng.random())


def _parts(rows: I64, together: float) -> list[I64]:
    """Divide faces among decisions; ``together`` is the share of those decided several at a time."""
    several = round(together * len(rows))
    bounds = [*range(0, several, _TOGETHER), *range(several, len(rows))]
    return np.split(rows, bounds[1:]) if bounds else []


def _about_person(
    rank: int, named: int, first: I64, parts: list[I64], rng: np.random.Generator
) -> Iterator[MadeDecision]:
    key, name, begin = key_of(rank), name_of(rank), _named_at(rank, named)
    old_name = f"Unknown {rank + 1}" if rng.random() < _RENAMED else name
    yield MadeDecision(begin, "assign", key, name=old_name, rows=tuple(first.tolist()))
    if old_name != name:
        yield MadeDecision(_later(begin, rng), "rename", key, name=name)
    if parts and rng.random() < _MERGED:
        again, time = key_of(rank, 1), _later(begin, rng)
        yield MadeDecision(time, "assign", again, name=f"{name} again", rows=tuple(parts.pop(0).tolist()))
        yield MadeDecision(_later(time, rng), "merge", key, other=again)
    for rows in parts:
        yield MadeDecision(_later(begin, rng), "assign", key, name=name, rows=tuple(rows.tolist()))
    if rng.random() < _HIDDEN:
        time = _later(begin, rng)
        yield MadeDecision(time, "hide", key)
        if rng.random() < 0.5:
            yield MadeDecision(_later(time, rng), "unhide", key)
    if rank and rng.random() < _APART:
        yield MadeDecision(_later(begin, rng), "apart", key, other=key_of(rank - 1))


def _rejections(people: Population, count: int, rng: np.random.Generator) -> Iterator[MadeDecision]:
    """Reject faces of others: persons with many faces are rejected most often."""
    named = np.flatnonzero(people.whose < people.named)
    wanted = round(_REJECTIONS * count)
    ranks = people.whose[rng.choice(named, wanted)].tolist()
    of_named = rng.choice(named, wanted).tolist()
    of_anybody = rng.integers(0, len(people), wanted).tolist()
    for rank, *rows in zip(ranks, of_named, of_anybody, strict=True):
        row = rows[int(rng.random() < 0.5)]
        if people.whose[row] != rank:
            time = _later(_named_at(rank, people.named), rng)
            yield MadeDecision(time, "reject", key_of(rank), rows=(row,))


def _about_strangers(groups: list[I64], count: int, rng: np.random.Generator) -> Iterator[MadeDecision]:
    """Ignore strangers, most of them seen once, and call some faces none."""
    alone = rng.permutation([int(rows[0]) for rows in groups if len(rows) == 1]).tolist()
    few = [rows for rows in groups if 1 < len(rows) <= _TOGETHER]
    ignored, no_faces = round(_STRANGERS * count), round(_NO_FACES * count)
    together = min(ignored // 5, len(few) // 4)
    for chosen in rng.choice(len(few), together, replace=False).tolist():
        yield MadeDecision(float(rng.random()), "ignore", rows=tuple(few[chosen].tolist()))
    for row in alone[: ignored - together]:
        yield MadeDecision(float(rng.random()), "ignore", rows=(row,))
    for row in alone[ignored - together :][:no_faces]:
        yield MadeDecision(float(rng.random()), "not-a-face", rows=(row,))


def _undos(made: list[MadeDecision], count: int, rng: np.random.Generator) -> Iterator[MadeDecision]:
    """Take decisions about single faces back, and some of these undos too."""
    single = [each for each in made if len(each.rows) == 1 and each.other is None]
    single = [each for each in single if each.name is None or not each.name.endswith("again")]
    for chosen in rng.choice(len(single), min(count * 9 // 10, len(single)), replace=False).tolist():
        undo = MadeDecision(_later(single[chosen].time, rng), "undo", target=single[chosen])
        yield undo
        if rng.random() < 1 / 9:
            yield MadeDecision(_later(undo.time, rng), "undo", target=undo)

"""Text of ``people review``: what to look at, and the commands that decide."""

import os
import shlex
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from faceindex.cli.text.people import some_numbers
from faceindex.film_times import clock
from faceindex.naming.suggestion import Kind
from faceindex.wording.numbers import count

if TYPE_CHECKING:
    from faceindex.naming.suggestion import Suggestion
    from index.people.persons import Person


def suggestions(listed: Sequence["Suggestion"]) -> Iterator[str]:
    """Yield three lines for each suggestion: the reason, the command, and the command against it."""
    for number, each in enumerate(listed, 1):
        yield f"{number:>3}  {_reason(each)}"
        yield f"     {command(each)}"
        yield f"     or {otherwise(each)}"


def _reason(each: "Suggestion") -> str:
    name, other = _name(each.person), _name(each.other)
    similarity = "" if each.similarity is None else f"{each.similarity:.2f}"
    number = len(each.face_ids)
    numbers = some_numbers(each.face_ids) + _where(each)
    return {
        Kind.EDITED: f"Face {numbers} may be {name}, confirmed before this photo was edited ({similarity})",
        Kind.DOUBTFUL: f"Face {numbers} was confirmed as {name}, but is like {other} ({similarity})",
        Kind.SAME_PERSON: f"{name} and {other} look like one person ({similarity})",
        Kind.PROBABLE_CLUSTER: f"Cluster {each.cluster_id} with {count(number, 'face')} "
        f"is probably {name} ({similarity})",
        Kind.PROBABLE_FACES: f"{count(number, 'face')}, probably {name} ({similarity}): {numbers}",
        Kind.BARELY_RECOGNISED: f"{count(number, 'face')} recognised as {name}, with little to spare "
        f"({similarity}): {numbers}",
        Kind.NEW_CLUSTER: f"Cluster {each.cluster_id} with {count(number, 'face')}: nobody known",
    }[each.kind]


def _where(each: "Suggestion") -> str:
    """Say where the only face of a suggestion is."""
    when = "" if each.moment is None else f" at {clock(each.moment)}"
    return "" if each.photo is None else f" in {os.fsdecode(each.photo)}{when}"


def command(each: "Suggestion") -> str:
    """Return the command that carries out a suggestion."""
    return _commands(each)[0]


def otherwise(each: "Suggestion") -> str:
    """Return the command that says that a suggestion is wrong, so that it does not come again."""
    return _commands(each)[1]


def _commands(each: "Suggestion") -> tuple[str, str]:
    name, other = shlex.quote(_name(each.person)), shlex.quote(_name(each.other))
    numbers, cluster = " ".join(map(str, each.face_ids)), each.cluster_id
    words = {
        Kind.DOUBTFUL: (f"move {other} {numbers}", f"reject {other} {numbers}"),
        Kind.SAME_PERSON: (f"merge {name} {other}", f"apart {name} {other}"),
        Kind.PROBABLE_CLUSTER: (f"name {cluster} {name}", f"reject {name} --cluster {cluster}"),
        Kind.NEW_CLUSTER: (f"name {cluster} NAME", f"ignore --cluster {cluster}"),
    }
    yes, no = words.get(each.kind, (f"confirm {name} {numbers}", f"reject {name} {numbers}"))
    return f"faceindex people {yes}", f"faceindex people {no}"


def _name(person: "Person | None") -> str:
    return "" if person is None else person.name

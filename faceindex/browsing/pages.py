"""Cuts a list into pages by key: a cursor is the key of the last item, whatever came or went meanwhile."""

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Generic, TypeAlias, TypeVar

from faceindex.errors import BadRequest

_T = TypeVar("_T")
_U = TypeVar("_U")

Key: TypeAlias = tuple[Any, ...]
"""By what a list is put in order, rising: numbers and texts, the same kinds for all items, no two equal."""

MOST = 1000
"""Items of one page."""

_EPOCH = datetime(1, 1, 1)


@dataclass(frozen=True, slots=True, eq=False)
class Page(Generic[_T]):
    """Some successive items of a list.

    Attributes:
        after: The cursor that asks for the items after these; ``None`` where the list ends.
        total: The number of items of the whole list.
    """

    items: tuple[_T, ...]
    after: str | None
    total: int

    def of(self, items: Sequence[_U]) -> "Page[_U]":
        """Return the page with other items in place of these."""
        return Page(tuple(items), self.after, self.total)


def cut(
    ranked: "Ranked[_T]", after: str | None, most: int, begin: Callable[[Key], bool] | None = None
) -> Page[_T]:
    """Return at most so many items after a cursor, or from the first one on for which ``begin`` holds.

    Raises a ``BadRequest`` for a cursor of another list, and for less than one item.
    """
    if not 1 <= most <= MOST:
        raise BadRequest(f"A page has 1 to {MOST:,} items.")
    start = 0
    if after is not None:
        try:
            start = bisect_right(ranked.keys, _key_of(after))
        except (TypeError, ValueError) as error:
            raise BadRequest("This is no place in the list: begin at its start.") from error
    elif begin is not None:
        start = bisect_left(ranked.keys, True, key=begin)
    items, end = ranked.items[start : start + most], start + most
    more = end < len(ranked.items)
    return Page(tuple(items), _cursor_of(ranked.keys[end - 1]) if more else None, len(ranked.items))


@dataclass(frozen=True, slots=True, eq=False)
class Ranked(Generic[_T]):
    """A list in order, and the key of each item."""

    items: Sequence[_T]
    keys: Sequence[Key]

    @classmethod
    def by(cls, items: Sequence[_T], key: Callable[[_T], Key]) -> "Ranked[_T]":
        """Put items in order."""
        keyed = sorted(((key(each), each) for each in items), key=lambda pair: pair[0])
        return cls([each for _, each in keyed], [each for each, _ in keyed])


def seconds_of(time: datetime) -> float:
    """Return a time as a number, by its own clock, for a key."""
    return (time.replace(tzinfo=None) - _EPOCH).total_seconds()


def _cursor_of(key: Key) -> str:
    text = json.dumps(key, ensure_ascii=False, separators=(",", ":"))
    return urlsafe_b64encode(text.encode("utf-8", "surrogatepass")).decode().rstrip("=")


def _key_of(cursor: str) -> Key:
    padded = cursor + "=" * (-len(cursor) % 4)
    read = json.loads(urlsafe_b64decode(padded.encode("ascii")).decode("utf-8", "surrogatepass"))
    if not isinstance(read, list):
        raise ValueError("a cursor is a list")
    return tuple(read)

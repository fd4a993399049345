"""What the page of found photos shows: tiles of photos and films, by the month in which they were taken."""

from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING

from faceindex.film_times import times
from faceindex.library import Library

if TYPE_CHECKING:
    from faceindex.web.pages.find import View
    from index.people.photo_search import FoundPhoto

CHUNK = 60

UNDATED = "Without a date"

_MOMENTS = 6
"""Moments of a film that have a link."""


@dataclass(frozen=True, slots=True)
class PhotoTile:
    """A photo or film; ``moments`` are seconds of a film, and how they are written."""

    photo_id: int
    label: str
    month: str
    probable: bool
    moments: tuple[tuple[float, str], ...]


@dataclass(frozen=True, slots=True)
class Photos:
    """Some photos of a list by month, without a heading where the list before them ended in that month.

    ``total`` counts all, ``after`` is the cursor of the next ones, ``last`` the month in which these end.
    """

    groups: tuple[tuple[str | None, tuple[PhotoTile, ...]], ...]
    total: int
    after: str | None
    last: str
    note: str = ""

    @property
    def tiles(self) -> tuple[PhotoTile, ...]:
        """The photos of all months."""
        return tuple(each for _, tiles in self.groups for each in tiles)


def photos_found(library: Library, view: "View", after: str | None, last: str | None) -> Photos:
    """Find the photos that a page asks for, from a cursor on."""
    found = library.find(
        *view.persons,
        without=view.without,
        only=view.only,
        since=view.since or None,
        until=view.until or None,
        hidden=True,
    )
    start = int(after or 0)
    tiles = [photo_tile(each) for each in found[start : start + CHUNK]]
    by_month = [(month, tuple(some)) for month, some in groupby(tiles, key=lambda each: each.month)]
    if [month for month, _ in by_month] == [UNDATED]:
        last = UNDATED
    groups = tuple((None if month == last else month, some) for month, some in by_month)
    more = start + CHUNK < len(found)
    return Photos(groups, len(found), str(start + CHUNK) if more else None, tiles[-1].month if tiles else "")


def photo_tile(found: "FoundPhoto") -> PhotoTile:
    """Make the tile of a photo."""
    taken = found.taken_at
    moments = found.moments or ()
    return PhotoTile(
        photo_id=found.photo_id,
        label=("Film" if found.moments is not None else "Photo")
        + ("" if taken is None else f" of {taken:%Y-%m-%d %H:%M}"),
        month=UNDATED if taken is None else f"{taken:%B %Y}",
        probable=found.probable,
        moments=tuple((round(each.start, 2), times([each])) for each in moments[:_MOMENTS]),
    )

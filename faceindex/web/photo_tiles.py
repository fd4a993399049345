"""What the page of found photos shows: photos and films by the month in which they were taken."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from faceindex.film_times import times
from faceindex.web.tiles import UNDATED, Groups, Heading, grouped

if TYPE_CHECKING:
    from faceindex.browsing.pages import Page
    from faceindex.browsing.photos import PhotoTile as Found

_MOMENTS = 6
"""Moments of a film that have a link."""


@dataclass(frozen=True, slots=True)
class PhotoTile:
    """A photo or film; ``moments`` are seconds of a film, and how they are written."""

    photo_id: int
    label: str
    is_film: bool
    probable: bool
    moments: tuple[tuple[float, str], ...]


def photos_by_month(page: "Page[Found]", last: str | None) -> Groups[PhotoTile]:
    """Put a page of photos below their months."""
    return grouped([(_heading(each), _tile(each)) for each in page.items], page.total, page.after, last)


def _heading(found: "Found") -> Heading:
    taken = found.photo.taken_at
    return Heading(UNDATED if taken is None else f"{taken:%B %Y}")


def _tile(found: "Found") -> PhotoTile:
    taken, moments = found.photo.taken_at, found.photo.moments
    kind = "Photo" if moments is None else "Film"
    return PhotoTile(
        photo_id=found.photo.photo_id,
        label=kind if taken is None else f"{kind} of {taken:%Y-%m-%d %H:%M}",
        is_film=moments is not None,
        probable=found.photo.probable,
        moments=tuple((round(each.start, 2), times([each])) for each in (moments or ())[:_MOMENTS]),
    )

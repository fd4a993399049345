"""What the pages of people show: tiles of persons, groups and faces, made from what the library returns."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from typing import Literal

from faceindex.film_times import clock, when_seen
from faceindex.results import LibraryFace
from index.people.persons import Person

STACKED = 4
"""Faces on the tile of a group: its most typical one, and three more."""

Kind = Literal["confirmed", "recognised", "ignored", "unnamed"]


@dataclass(frozen=True, slots=True)
class PersonTile:
    """A person, the number of its faces, and the one that is shown for it, if there is any."""

    person: Person
    faces: int
    portrait: int | None


@dataclass(frozen=True, slots=True)
class ClusterTile:
    """A group of faces without a name, its size, and the faces that are shown of it."""

    number: int
    faces: int
    face_ids: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class People:
    """Some persons of a list, the number of all, and the cursor of the next ones, if there are more."""

    tiles: tuple[PersonTile, ...]
    total: int
    after: str | None = None


@dataclass(frozen=True, slots=True)
class Clusters:
    """Some groups of a list, likewise."""

    tiles: tuple[ClusterTile, ...]
    total: int
    after: str | None = None


@dataclass(frozen=True, slots=True)
class FaceTile:
    """A face on the page of a person or a group.

    Attributes:
        certainty: How similar a recognised face is to its person, -1 to 1, as text.
        day: When the photo was taken, as ``2019-07-14``; empty if that is not known.
        moment: When a film shows it, as ``0:07``; empty for a photo.
    """

    face_id: int
    kind: Kind
    certainty: str
    day: str
    photo_id: int
    moment: str

    def label(self, name: str) -> str:
        """Say in words what the picture shows."""
        known = {"confirmed": f"{name}, confirmed", "recognised": f"{name}, recognised"}
        return ", ".join(filter(None, (known.get(self.kind, f"Face {self.face_id}"), self.day)))


@dataclass(frozen=True, slots=True)
class Heading:
    """A year between the faces of a person, and the age then, if that is known."""

    text: str
    age: int | None


@dataclass(frozen=True, slots=True)
class Faces:
    """Some faces of a list, by year; without a heading where the list before them ended in that year.

    ``last`` is the year in which they end.
    """

    groups: tuple[tuple[Heading | None, tuple[FaceTile, ...]], ...]
    after: str | None
    last: str

    @property
    def tiles(self) -> tuple[FaceTile, ...]:
        """The faces of all years."""
        return tuple(each for _, tiles in self.groups for each in tiles)


def face_tile(face: LibraryFace, taken_at: datetime | None = None) -> FaceTile:
    """Make the tile of a face."""
    status, record = face.status, face.record
    kind: Kind = "unnamed"
    if status.ignored:
        kind = "ignored"
    elif status.person is not None:
        kind = "confirmed" if status.confirmed else "recognised"
    seen = when_seen(record)
    return FaceTile(
        face_id=record.face_id,
        kind=kind,
        certainty="" if status.similarity is None else f"{status.similarity:.2f}",
        day="" if taken_at is None else f"{taken_at:%Y-%m-%d}",
        photo_id=record.photo_id,
        moment="" if seen is None else clock(seen.best),
    )


def by_year(
    tiles: Iterable[FaceTile], last: str | None, born: str | None
) -> tuple[tuple[Heading | None, tuple[FaceTile, ...]], ...]:
    """Group faces, by date, under the years; ``last`` is the year that has its heading already."""
    groups = [(year, tuple(some)) for year, some in groupby(tiles, key=lambda each: each.day[:4])]
    if last is None and [year for year, _ in groups] == [""]:
        return ((None, groups[0][1]),)
    return tuple(
        (None if year == last else Heading(year or "Without a date", age_in(year, born)), some)
        for year, some in groups
    )


def age_in(year: str, born: str | None) -> int | None:
    """Return the age that somebody reaches in a year; ``None`` where it is not known, or before the birth."""
    if not year or not born:
        return None
    age = int(year) - int(born[:4])
    return age if age >= 0 else None


@dataclass(frozen=True, slots=True)
class Head:
    """What the page of a person says first; ``years`` are those of its photos, as ``2009 to 2019``."""

    person: Person
    confirmed: int
    recognised: int
    missing: int
    portrait: int | None
    years: str

    @property
    def born(self) -> str:
        """The date of birth, as far as it is known."""
        return self.person.born or ""


@dataclass(frozen=True, slots=True)
class Year:
    """A year of a person's photos: its ``value`` in the address, its faces, and the age then."""

    value: str
    text: str
    faces: int
    age: int | None

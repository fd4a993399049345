"""What the pages of people show: faces, years and other persons, made from what the library returns."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING, Generic, Literal, TypeVar

from faceindex.film_times import clock, when_seen

if TYPE_CHECKING:
    from faceindex.browsing.faces import DatedFace
    from index.people.persons import Person

UNDATED = "Without a date"

Kind = Literal["confirmed", "recognised", "unnamed"]

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class FaceTile:
    """A face on the page of a person or a group.

    Attributes:
        certainty: How similar it is to its person, -1 to 1, as text; empty if that is not known.
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
        known = f"Face {self.face_id}" if self.kind == "unnamed" else f"{name}, {self.kind}"
        return ", ".join(filter(None, (known, self.day)))


@dataclass(frozen=True, slots=True)
class Heading:
    """A year or month between tiles, and the person's age then, if that is known."""

    text: str
    age: int | None = None


@dataclass(frozen=True, slots=True)
class Group(Generic[_T]):
    """Successive tiles below a heading; ``None`` where the tiles before them had it already."""

    heading: Heading | None
    tiles: tuple[_T, ...]


@dataclass(frozen=True, slots=True)
class Groups(Generic[_T]):
    """A part of a list, in groups.

    Attributes:
        groups: In the order of the list.
        total: The number of tiles of the whole list.
        after: The cursor of the next part, if there is one; ``last`` is the last heading here.
    """

    groups: tuple[Group[_T], ...]
    total: int
    after: str | None
    last: str


@dataclass(frozen=True, slots=True)
class Head:
    """What the page of a person says first; ``years`` are those of its photos, as ``2009 to 2019``."""

    confirmed: int
    recognised: int
    portrait: int | None
    years: str


@dataclass(frozen=True, slots=True)
class Year:
    """A year of a person's photos: its ``value`` in the address, its faces, and the age then."""

    value: str
    text: str
    faces: int
    age: int | None


@dataclass(frozen=True, slots=True)
class Beside:
    """Another person, who is in ``photos`` with the one whose page it is."""

    person: "Person"
    portrait: int | None
    photos: int


def face_tile(found: "DatedFace") -> FaceTile:
    """Make the tile of a face."""
    record, status = found.face.record, found.face.status
    seen = when_seen(record)
    named: Kind = "confirmed" if status.confirmed else "recognised"
    return FaceTile(
        face_id=record.face_id,
        kind="unnamed" if status.person is None else named,
        certainty="" if found.similarity is None else f"{found.similarity:.2f}",
        day="" if found.taken_at is None else f"{found.taken_at:%Y-%m-%d}",
        photo_id=record.photo_id,
        moment="" if seen is None else clock(seen.best),
    )


def grouped(
    tiles: Sequence[tuple[Heading, _T]], total: int, after: str | None, last: str | None
) -> Groups[_T]:
    """Put tiles below their headings; ``last`` is the last one before them. Without dates there are none."""
    parts = [
        (heading, tuple(tile for _, tile in some)) for heading, some in groupby(tiles, lambda each: each[0])
    ]
    if last is None and [heading.text for heading, _ in parts] == [UNDATED]:
        last = UNDATED
    groups = tuple(Group(None if heading.text == last else heading, some) for heading, some in parts)
    return Groups(groups, total, after, parts[-1][0].text if parts else "")


def age_in(year: int, born: str | None) -> int | None:
    """Return the age that somebody reaches in a year; ``None`` where it is not known, or before the birth."""
    age = -1 if born is None else year - int(born[:4])
    return age if age >= 0 else None

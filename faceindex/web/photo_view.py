"""What the page of a photo or film shows of its faces, in words and numbers."""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from faceindex.browsing.photo import LibraryPhoto, PhotoFace
from faceindex.film_times import clock, times, when_seen
from faceindex.results import Certainty
from faceindex.wording.identities import UNKNOWN, name_of
from faceindex.wording.why import taken
from index.people.persons import Person

_STATES = {
    Certainty.CONFIRMED: "confirmed",
    Certainty.ACCEPTED: "recognised",
    Certainty.PROBABLE: "probable",
    Certainty.IGNORED: "ignored",
    Certainty.NOT_A_FACE: "not-a-face",
    Certainty.UNKNOWN: "unknown",
}


@dataclass(frozen=True)
class FaceView:
    """A face as the page shows it."""

    face: PhotoFace

    @property
    def face_id(self) -> int:
        """Its number."""
        return self.face.record.face_id

    @property
    def state(self) -> str:
        """A word for its line; that of a face that nothing compares is ``named-only``."""
        state = _STATES[self.face.identity.certainty]
        return "named-only" if state == "confirmed" and not self.face.described else state

    @property
    def person(self) -> Person | None:
        """Who it is, perhaps only probably; a hidden person has an empty name."""
        return self.face.identity.person

    @property
    def label(self) -> str:
        """Say who it is in the fewest words: those at its box."""
        identity = self.face.identity
        if identity.person is None:
            return {"ignored": "ignored", "not-a-face": "not a face"}.get(self.state, UNKNOWN)
        name = name_of(identity.person)
        if self.state != "probable":
            return name
        return f"probably {name}{_percent(identity.probability)}"

    @cached_property
    def notes(self) -> str:
        """Say how that is known, and what else is to be known of the face."""
        status, record, state = self.face.status, self.face.record, self.state
        how = {"named-only": "drawn, named only", "recognised": "recognised", "confirmed": "confirmed"}
        notes = [how[state] + _percent(self.face.identity.probability)] if state in how else []
        if state == "ignored" and not status.ignored:
            notes.append("like a stranger whom you ignore")
        if record.drawn and state != "named-only":
            notes.append("drawn" if self.face.described else "drawn, never compared")
        if status.edited:
            notes.append("by a decision before an edit")
        if record.kept and not record.drawn:
            notes.append(f"found by {record.detector}")
        if (seen := when_seen(record)) is not None:
            notes.append(times([seen]))
        return ", ".join(notes)

    @property
    def box(self) -> str:
        """Its box in pixels of the full-size photo."""
        box = self.face.record.box
        return f"{box.x:.1f} {box.y:.1f} {box.w:.1f} {box.h:.1f}"

    @property
    def start(self) -> float | None:
        """When a film shows it first, in seconds."""
        seen = when_seen(self.face.record)
        return None if seen is None else seen.start

    @property
    def best(self) -> float | None:
        """When a film shows it best."""
        return self.face.record.box.moment

    @property
    def end(self) -> float | None:
        """When a film shows it last."""
        seen = when_seen(self.face.record)
        return None if seen is None else seen.end

    @property
    def is_open(self) -> bool:
        """Nobody has said who it is, and it is not recognised."""
        return self.state in ("unknown", "probable")

    @property
    def suggested(self) -> Person | None:
        """The person whom one may confirm it as."""
        return self.person if self.state in ("recognised", "probable") else None


@dataclass(frozen=True)
class Row:
    """A row of the timeline of a film: somebody, and when they are seen, never twice at once."""

    label: str
    person: Person | None
    spans: tuple[FaceView, ...]


@dataclass(frozen=True)
class PhotoView:
    """A photo or film as the page shows it."""

    photo: LibraryPhoto

    @property
    def number(self) -> int:
        """Its number."""
        return self.photo.record.photo_id

    @cached_property
    def faces(self) -> tuple[FaceView, ...]:
        """Its faces."""
        return tuple(map(FaceView, self.photo.faces))

    @property
    def name(self) -> str:
        """The name of its file."""
        return os.path.basename(os.fsdecode(self.photo.record.path))

    @property
    def folder(self) -> str:
        """The folder of its file."""
        return os.path.dirname(os.fsdecode(self.photo.record.path))

    @property
    def taken(self) -> str:
        """When it was taken, and what says so."""
        return taken(self.photo.record.taken_at, self.photo.record.taken_from)

    @property
    def kind(self) -> str:
        """What it is, in a word."""
        return "film" if self.photo.record.is_film else "photo"

    @property
    def size(self) -> str:
        """Its size in pixels and bytes, and how long it is."""
        record = self.photo.record
        pixels = "" if record.size is None else f"{record.size.width} x {record.size.height} pixels, "
        length = "" if record.film is None else f", {clock(record.film)}"
        return f"{pixels}{_bytes(record.file_bytes)}{length}"

    @property
    def looked_at(self) -> str | None:
        """How far a film was looked at, if not to its end."""
        until = self.photo.record.looked_at
        return None if until is None else clock(until)

    @property
    def rows(self) -> tuple[Row, ...]:
        """The timeline: named persons first, then others in the order of time."""
        return timeline(self.faces)


def timeline(faces: Sequence[FaceView]) -> tuple[Row, ...]:
    """Arrange the faces of a film in rows, one for each person; strangers share rows, never at once."""
    persons: dict[int, list[FaceView]] = {}
    others: list[list[FaceView]] = []
    for each in sorted((each for each in faces if each.start is not None), key=lambda each: each.start or 0):
        if each.person is not None and not each.is_open:
            persons.setdefault(each.person.id, []).append(each)
            continue
        free = (row for row in others if (row[-1].end or 0) < (each.start or 0))
        row = next(free, None)
        if row is None:
            others.append([each])
        else:
            row.append(each)
    named = (Row(each[0].label, each[0].person, tuple(each)) for each in persons.values())
    return (*named, *(Row(UNKNOWN, None, tuple(each)) for each in others))


def _percent(probability: float | None) -> str:
    """Write a probability, never rounded to 0 or 100 %."""
    return "" if probability is None else f" {min(99, max(1, round(100 * probability)))} %"


def _bytes(number: int) -> str:
    return f"{number / 1e6:,.1f} MB" if number >= 100_000 else f"{max(1, round(number / 1e3))} kB"

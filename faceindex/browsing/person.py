"""Reads what is known of one person: what it is recognised by, and with whom it is in photos."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from faceindex.session import Session
from index.people.persons import Person
from index.people.together import seen_together
from index.recognition.decided_faces import load_gallery
from index.recognition.templates import Template

SHOWN = 6
"""Faces that show a template, at most."""


@dataclass(frozen=True, slots=True)
class PersonTemplate:
    """A template by which a person is recognised: the mean of confirmed faces of some years.

    Attributes:
        years: The first and the last; ``None`` for the one of all years.
        faces: The number of faces of which it is made.
        ages: Of the person in these years, if the date of birth is known.
        face_ids: The faces of best quality.
    """

    years: tuple[int, int] | None
    faces: int
    ages: tuple[int, int] | None
    face_ids: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class SeenWith:
    """Another person, and the number of photos with both."""

    person: Person
    photos: int


def templates_of(session: Session, person: Person) -> tuple[PersonTemplate, ...]:
    """Return the templates of a person, the one of all years first, then by year; none without any."""
    gallery = load_gallery(session.database, session.model().model_id, [person.id])
    faces = gallery.faces_of(person.id)
    best = np.argsort(-faces.qualities, kind="stable")
    ids, years = faces.face_ids[best], faces.years[best]

    def made(template: Template) -> PersonTemplate:
        chosen = (
            ids
            if template.years is None
            else ids[(years >= template.years[0]) & (years <= template.years[1])]
        )
        return PersonTemplate(
            template.years, template.faces, _ages(person, template.years), tuple(chosen[:SHOWN].tolist())
        )

    return tuple(made(each) for each in gallery.templates)


def seen_with(session: Session, person: Person, most: int, *, hidden: bool) -> tuple[SeenWith, ...]:
    """Return the persons who are in photos with one, those of most photos first."""

    def read() -> dict[int, int]:
        with session.database.read() as connection:
            return seen_together(connection, person.id)

    counts = session.kept.get(("seen with", person.id), read)
    persons = session.people.persons().by_id
    found = [SeenWith(persons[each], photos) for each, photos in counts.items() if each in persons]
    shown = [each for each in found if hidden or not each.person.hidden]
    return tuple(sorted(shown, key=lambda each: (-each.photos, each.person.name, each.person.id))[:most])


def _ages(person: Person, years: Sequence[int] | None) -> tuple[int, int] | None:
    if person.born is None or years is None:
        return None
    born = int(person.born[:4])
    first, last = (year - born for year in years)
    return (first, last) if first >= 0 else None

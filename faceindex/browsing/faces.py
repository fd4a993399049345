"""Lists the faces of a person by date or similarity, those of a cluster, and those that are probably one."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING, Literal, TypeAlias

from faceindex.browsing.ages import age_at
from faceindex.browsing.pages import Key, Page, Ranked, cut, seconds_of
from faceindex.naming.chosen_faces import library_faces
from faceindex.results import LibraryFace
from faceindex.session import Session
from index.people.listed_faces import ListedFace, faces_by_id, faces_in_cluster, faces_of_person
from index.people.persons import Person
from index.recognition.decided_faces import load_gallery
from index.recognition.own_likeness import to_the_others
from index.values import Descriptors

if TYPE_CHECKING:
    from faceindex.asking.identifier import Identifier

FaceOrder: TypeAlias = Literal["date", "similarity"]

FaceState: TypeAlias = Literal["confirmed", "recognised"]

UNDATED = 0
"""Stands for the year of photos without a date."""


@dataclass(frozen=True, slots=True, eq=False)
class DatedFace:
    """A face in a list.

    Attributes:
        taken_at: When its photo was taken, by the photo's own clock.
        age: Of its person then, in years, if the date of birth is known.
        similarity: To its person: of a confirmed face, the mean to the three nearest other ones, in a list by
            similarity; of a recognised one, that by which it was recognised.
    """

    face: LibraryFace
    taken_at: datetime | None
    age: int | None = None
    similarity: float | None = None


@dataclass(frozen=True, slots=True)
class YearCount:
    """The number of a person's faces in photos of one year, and the age reached in it, if that is known."""

    year: int
    faces: int
    age: int | None


@dataclass(frozen=True, slots=True)
class Years:
    """A person's faces by year, the latest first; ``undated`` are in photos without a date."""

    years: tuple[YearCount, ...]
    undated: int


@dataclass(frozen=True, slots=True)
class FaceFilter:
    """Which faces of a person are listed, and where the list begins.

    Attributes:
        state: Only confirmed or only recognised ones.
        year: Only those of one year; ``UNDATED`` for those without a date.
        from_year: By date: the page begins with the latest face of this year, or the next one before.
    """

    state: FaceState | None = None
    year: int | None = None
    from_year: int | None = None


def page_of_faces(
    session: Session, person: Person, order: FaceOrder, chosen: FaceFilter, after: str | None, most: int
) -> Page[DatedFace]:
    """Return a page of the faces of a person: the latest first, or the least similar first."""
    key = ("faces", person.id, order, chosen.state, chosen.year)
    ranked = session.kept.get(key, lambda: _ranked(session, person, order, chosen))
    begin = None
    if chosen.from_year is not None and order == "date":
        first = _by_date(ListedFace(0, datetime(chosen.from_year, 12, 31, 23, 59, 59, 999999), None, 0.0))
        begin = _at_or_after(first)
    page = cut(ranked, after, most, begin)
    return page.of(_dated(session, page.items, person))


def years_of(session: Session, person: Person, state: FaceState | None) -> Years:
    """Count the faces of a person by year."""
    faces = _of_state(_faces_of(session, person), state)
    counts = Counter(each.taken_at.year for each in faces if each.taken_at is not None)
    born = None if person.born is None else int(person.born[:4])
    return Years(
        tuple(
            YearCount(year, counts[year], None if born is None or born > year else year - born)
            for year in sorted(counts, reverse=True)
        ),
        len(faces) - counts.total(),
    )


def page_of_cluster(session: Session, number: int, after: str | None, most: int) -> Page[DatedFace]:
    """Return a page of the open faces of a cluster, those of best quality first."""

    def read() -> Ranked[ListedFace]:
        with session.database.read() as connection:
            faces = faces_in_cluster(connection, number)
        return Ranked.by(faces, lambda each: (-each.quality, each.face_id))

    page = cut(session.kept.get(("cluster", number), read), after, most)
    return page.of(_dated(session, page.items))


def dated_faces(session: Session, face_ids: Sequence[int], person: Person | None) -> tuple[DatedFace, ...]:
    """Read some faces as lists show them, in this order; ages are those of ``person``."""
    with session.database.read() as connection:
        found = {each.face_id: each for each in faces_by_id(connection, face_ids)}
    dated = _dated(session, [found[each] for each in face_ids if each in found], person)
    return tuple(replace(each, similarity=each.face.status.similarity) for each in dated)


def page_of_probable(
    session: Session, person: Person, identifier: "Callable[[], Identifier]", after: str | None, most: int
) -> Page[DatedFace]:
    """Return a page of the faces that are probably a person, the latest first."""
    from faceindex.asking.probable import probable_faces

    def read() -> Ranked[ListedFace]:
        found = probable_faces(session, identifier, person.id)
        with session.database.read() as connection:
            return Ranked.by(faces_by_id(connection, found), _by_date)

    page = cut(session.kept.get(("probable", person.id), read), after, most)
    return page.of(_dated(session, page.items, person))


def _faces_of(session: Session, person: Person) -> tuple[ListedFace, ...]:
    def read() -> tuple[ListedFace, ...]:
        with session.database.read() as connection:
            return faces_of_person(connection, person.id)

    return session.kept.get(("faces", person.id), read)


def _of_state(faces: Sequence[ListedFace], state: FaceState | None) -> Sequence[ListedFace]:
    if state is None:
        return faces
    return [each for each in faces if (each.similarity is None) == (state == "confirmed")]


def _ranked(session: Session, person: Person, order: FaceOrder, chosen: FaceFilter) -> Ranked[ListedFace]:
    faces = _of_state(_faces_of(session, person), chosen.state)
    if chosen.year is not None:
        faces = [each for each in faces if _year(each) == chosen.year]
    if order == "date":
        return Ranked.by(faces, _by_date)
    return Ranked.by(_compared(session, person, faces), _by_similarity)


def _year(face: ListedFace) -> int:
    return UNDATED if face.taken_at is None else face.taken_at.year


def _compared(session: Session, person: Person, faces: Sequence[ListedFace]) -> list[ListedFace]:
    """Give confirmed faces their similarity to the person's other faces."""
    confirmed = sorted(each.face_id for each in faces if each.similarity is None)
    described = session.described(confirmed)
    gallery = load_gallery(session.database, session.model().model_id, [person.id])
    own = gallery.faces_of(person.id)
    others = Descriptors(own.face_ids, own.vectors)
    similarities = to_the_others(described.ids, described.vectors, others)
    known = dict(zip(described.ids.tolist(), similarities.tolist(), strict=True))
    return [
        each if each.similarity is not None else replace(each, similarity=known.get(each.face_id))
        for each in faces
    ]


def _by_date(face: ListedFace) -> tuple[bool, float, int]:
    """The latest first, those without a date last."""
    if face.taken_at is None:
        return True, 0.0, face.face_id
    return False, -seconds_of(face.taken_at), face.face_id


def _by_similarity(face: ListedFace) -> tuple[float, int]:
    """The least similar first; those that nothing describes last."""
    return 2.0 if face.similarity is None else face.similarity, face.face_id


def _at_or_after(first: Key) -> Callable[[Key], bool]:
    return lambda key: key >= first


def _dated(
    session: Session, faces: Sequence[ListedFace], person: Person | None = None
) -> tuple[DatedFace, ...]:
    listed = {each.face_id: each for each in faces}
    born = None if person is None else person.born
    return tuple(
        DatedFace(each, found.taken_at, age_at(born, found.taken_at), found.similarity)
        for each in library_faces(session, tuple(listed))
        if (found := listed[each.record.face_id])
    )

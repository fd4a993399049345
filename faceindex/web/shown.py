"""Reads what the pages of people show from the library, and what an action changed of it."""

from collections.abc import Iterable

from faceindex.errors import BadRequest
from faceindex.library import Library
from faceindex.naming.decide import Decided
from faceindex.results import LibraryFace
from faceindex.web.tiles import (
    STACKED,
    Clusters,
    ClusterTile,
    Faces,
    Head,
    People,
    PersonTile,
    Year,
    by_year,
    face_tile,
)
from index.decisions.model import Assign, folded
from index.people.persons import Person

CHUNK = 60


def people_shown(library: Library, q: str, hidden: bool, after: str | None = None) -> People:
    """Read a part of the list."""
    words = folded(q).split()
    found = [
        each
        for each in library.people.list(hidden=hidden)
        if all(any(part.startswith(word) for part in folded(each.person.name).split()) for word in words)
    ]
    start = int(after or 0)
    part = found[start : start + CHUNK]
    return People(
        tuple(person_tile(library, each.person) for each in part),
        len(found),
        str(start + CHUNK) if start + CHUNK < len(found) else None,
    )


def person_tile(library: Library, person: Person) -> PersonTile:
    """Read the tile of a person."""
    summary = library.people.get(person)
    faces = library.people.faces(person)
    return PersonTile(
        summary.person,
        summary.confirmed + summary.recognised,
        faces[0].record.face_id if faces else None,
    )


def clusters_shown(library: Library, after: str | None = None) -> Clusters:
    """Read a part of the list."""
    found = library.clusters(10_000)
    start = int(after or 0)
    return Clusters(
        tuple(
            ClusterTile(
                each.faces.cluster_id,
                len(each.faces.face_ids),
                (
                    each.exemplar.face_id,
                    *[f for f in each.faces.face_ids if f != each.exemplar.face_id][: STACKED - 1],
                ),
            )
            for each in found.shown[start : start + CHUNK]
        ),
        found.total,
        str(start + CHUNK) if start + CHUNK < found.total else None,
    )


def clusters_by_number(library: Library, chosen: Iterable[int]) -> tuple[ClusterTile, ...]:
    """Read a part of the list."""
    wanted = set(chosen)
    return tuple(each for each in clusters_shown(library).tiles if each.number in wanted)


def changed_clusters(
    library: Library, shown: dict[int, int]
) -> tuple[tuple[ClusterTile, ...], tuple[int, ...]]:
    """Return the groups of other sizes than are shown, and the numbers of those that are no more."""
    now = {each.number: each for each in clusters_by_number(library, shown)}
    changed = tuple(now[each] for each, size in shown.items() if each in now and now[each].faces != size)
    return changed, tuple(each for each in shown if each not in now)


def person_head(library: Library, person: Person) -> Head:
    """Read a part of the list."""
    summary = library.people.get(person)
    tile = person_tile(library, person)
    return Head(summary.person, summary.confirmed, summary.recognised, summary.missing, tile.portrait, "")


def person_faces(
    library: Library, person: Person, state: str, sort: str, year: str, after: str | None, last: str | None
) -> Faces:
    """Read a part of the list."""
    faces = [face_tile(each) for each in library.people.faces(person)]
    if state:
        faces = [each for each in faces if each.kind == state]
    if sort:
        faces.sort(key=lambda each: (each.certainty == "", each.certainty))
    start = int(after or 0)
    part = faces[start : start + CHUNK]
    groups = ((None, tuple(part)),) if sort else by_year(part, last, person.born)
    return Faces(groups, str(start + CHUNK) if start + CHUNK < len(faces) else None, "")


def person_years(library: Library, person: Person) -> tuple[Year, ...]:
    """Read a part of the list."""
    return ()


def faces_now(library: Library, face_ids: Iterable[int]) -> tuple[LibraryFace, ...]:
    """Read faces after a decision about them."""
    return library.people.faces_by_id(tuple(face_ids))


def named_like(library: Library, text: str, most: int) -> tuple[Person, ...]:
    """Read a part of the list."""
    return tuple(each.person for each in people_shown(library, text, True).tiles[:most])


def cluster_size(library: Library, number: int) -> int:
    """Count the faces of a group; 0 if none is left."""
    try:
        return len(library.people.faces(cluster=number))
    except BadRequest:
        return 0


def cluster_faces(library: Library, number: int, after: str | None) -> Faces:
    """Read a part of the list."""
    try:
        faces = [face_tile(each) for each in library.people.faces(cluster=number)]
    except BadRequest:
        faces = []
    start = int(after or 0)
    part = tuple(faces[start : start + CHUNK])
    return Faces(((None, part),), str(start + CHUNK) if start + CHUNK < len(faces) else None, "")


def person_of(library: Library, done: Decided) -> Person:
    """Return whom a decision assigns faces to, by its present name."""
    act = done.decision.act
    if not isinstance(act, Assign):
        raise TypeError(f"{act.kind} assigns no faces")
    return library.people.by_key(act.person)

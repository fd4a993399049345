"""Finds which appearances in a film are of one person: by who they are, and else by their likeness."""

from collections.abc import Hashable, Iterable, Sequence

import numpy as np

from faceindex.film_times import when_seen
from faceindex.results import Certainty, FilmPerson, KnownFace
from index.spans import spans_of
from index.values import RELIABLE, FaceRecord
from pipeline.values import F32, Descriptor

_SURE = (Certainty.CONFIRMED, Certainty.ACCEPTED)

_ORDER = (*_SURE, Certainty.PROBABLE, Certainty.UNKNOWN, Certainty.IGNORED, Certainty.NOT_A_FACE)
"""Sure names come first."""

_IN_PHOTO = -1.0
"""Start and end of a face of a photo, as ``index.spans`` has them."""


def spans_of_faces(faces: Iterable[Descriptor | FaceRecord | None]) -> F32:
    """Return when faces are seen, as ``index.spans`` has it, float32 [N, 2]; ``None`` is seen in no film."""
    seen = [None if each is None else when_seen(each) for each in faces]
    starts, ends = (
        [_IN_PHOTO if each is None else getattr(each, name) for each in seen] for name in ("start", "end")
    )
    return spans_of(starts, ends)


def alike(faces: Sequence[Descriptor], accept: float) -> list[int]:
    """Group the faces of one photo or film that are of one person, as clusters are made: a label for each.

    ``accept`` is the similarity from which two faces are one person.
    """
    if not faces:
        return []
    from index.clustering.affected_region import never_grouped  # it brings FAISS
    from index.clustering.linkage import group

    vectors = np.stack([each.vector for each in faces])
    qualities = np.array([each.quality.score for each in faces], np.float32)
    labels: list[int] = group(
        never_grouped(vectors, qualities, accept, spans_of_faces(faces)), accept
    ).tolist()
    return labels


def people_by_likeness(faces: Sequence[Descriptor], accept: float) -> list[list[int]]:
    """Return the rows of the faces of each person, as far as they are clear; see ``alike`` for ``accept``.

    Faces of low quality may be anybody's: whoever has no other is left out, unless nobody has.
    """
    people: dict[int, list[int]] = {}
    for row, label in enumerate(alike(faces, accept)):
        people.setdefault(label, []).append(row)
    clear = [
        theirs
        for rows in people.values()
        if (theirs := [row for row in rows if faces[row].quality.score >= RELIABLE])
    ]
    return clear or list(people.values())


def people_in_film(faces: Sequence[KnownFace], accept: float) -> tuple[FilmPerson, ...]:
    """Find whom a film shows, by its identified faces; see ``alike`` for ``accept``."""
    open_faces = [row for row, face in enumerate(faces) if face.identity.certainty is Certainty.UNKNOWN]
    labels = dict(zip(open_faces, alike([faces[row].described for row in open_faces], accept), strict=True))
    groups: dict[Hashable, list[int]] = {}
    for row, face in enumerate(faces):
        groups.setdefault(_key(face, labels.get(row)), []).append(row)
    people = [_film_person(faces, rows) for rows in groups.values()]

    def order(each: FilmPerson) -> tuple[int, float]:
        return _place(each.identity.certainty), _start(faces[each.numbers[0] - 1])

    return tuple(sorted(people, key=order))


def _key(face: KnownFace, label: int | None) -> Hashable:
    identity = face.identity
    if identity.person is None:
        return identity.certainty, label
    return identity.person.id, identity.certainty in _SURE


def _film_person(faces: Sequence[KnownFace], rows: Sequence[int]) -> FilmPerson:
    identities = [faces[row].identity for row in rows]
    best = max(
        identities, key=lambda each: (each.certainty is not Certainty.CONFIRMED, each.similarity or -1.0)
    )
    numbers = sorted(rows, key=lambda row: _start(faces[row]))
    return FilmPerson(best, tuple(row + 1 for row in numbers))


def _place(certainty: Certainty) -> int:
    return 0 if certainty in _SURE else _ORDER.index(certainty)


def _start(face: KnownFace) -> float:
    seen = when_seen(face.described)
    return _IN_PHOTO if seen is None else seen.start

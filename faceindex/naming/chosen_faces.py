"""Finds the faces that a user names, by number or photo, or all of a person or cluster, with their status."""

import os
import re
from collections.abc import Sequence
from typing import TypeAlias

from faceindex.errors import BadRequest
from faceindex.results import LibraryFace
from faceindex.session import Session
from index.people.persons import PersonName

FaceName: TypeAlias = int | str | os.PathLike[str]
"""The number of a face; a photo with one face; or ``PHOTO:2`` for its second face, as ``who`` counts."""

PhotoName: TypeAlias = int | str | os.PathLike[str]
"""The number of a photo, as ``FaceRecord.photo_id``, or its path."""

_PLACE_IN_PHOTO = re.compile(r"(.+):([1-9][0-9]*)", re.DOTALL)


def face_ids(session: Session, names: Sequence[FaceName]) -> tuple[int, ...]:
    """Return the ids of faces, each once; ``BadRequest`` if there is no such face."""
    texts = [str(name) if isinstance(name, int) else os.fspath(name) for name in names]
    numbers = [int(text) for text in texts if _is_number(text)]
    known = session.catalog.faces(numbers) if len(numbers) > 1 else {}  # all at once
    return tuple(
        dict.fromkeys(
            int(text) if _is_number(text) and int(text) in known else _face_id(session, text)
            for text in texts
        )
    )


def _is_number(name: str) -> bool:
    return name.isascii() and name.isdigit()


def photo_digests(session: Session, names: Sequence[PhotoName]) -> tuple[bytes, ...]:
    """Return the digests of photos, each once; ``BadRequest`` if one is not in the library."""
    return tuple(dict.fromkeys(_photo_digest(session, name) for name in names))


def _photo_digest(session: Session, name: PhotoName) -> bytes:
    if isinstance(name, int):
        digest, shown = session.people.digest_of_photo(name), f"There is no photo {name}."
    else:
        digest = session.people.digest_of(os.path.abspath(os.fsencode(name)))
        shown = f"{os.fspath(name)} is no photo of the library: scan it first."
    if digest is None:
        raise BadRequest(shown)
    return digest


def faces_of(
    session: Session,
    name: PersonName | None = None,
    cluster: int | None = None,
    faces: Sequence[FaceName] = (),
) -> tuple[LibraryFace, ...]:
    """Return the faces of a person, confirmed ones first; of a cluster; or those given.

    Raises:
        BadRequest: Not exactly one of the three is given, or there is no such person, cluster or face.
    """
    if (name is not None) + (cluster is not None) + bool(faces) != 1:
        raise BadRequest("Name a person, or a cluster with --cluster, or faces with --face.")
    if name is not None:
        chosen = faces_of_person(session, name)
    else:
        chosen = face_ids(session, faces) if cluster is None else cluster_faces(session, cluster)
    return library_faces(session, chosen)


def library_faces(session: Session, chosen: Sequence[int]) -> tuple[LibraryFace, ...]:
    """Read faces by their ids, in this order, without those in no photo."""
    records = session.catalog.faces(chosen)
    status = session.people.statuses(chosen)
    return tuple(LibraryFace(records[each], status[each]) for each in chosen if each in records)


def faces_of_person(session: Session, name: PersonName) -> tuple[int, ...]:
    """Return the ids of a person's faces, confirmed ones first."""
    found = session.people.faces_of(session.people.named(name).id)
    return *found.confirmed, *(each.face_id for each in found.recognised)


def _face_id(session: Session, name: str) -> int:
    if _is_number(name):
        if not session.catalog.faces([int(name)]) and not session.people.is_exemplar(int(name)):
            raise BadRequest(f"There is no face {name}: 'faceindex people show' and 'cluster' list numbers.")
        return int(name)
    ids, place = _faces_in(session, name), None
    if ids is None and (match := _PLACE_IN_PHOTO.fullmatch(name)):
        ids, place = _faces_in(session, match[1]), int(match[2])
    if ids is None:
        raise BadRequest(f"{name} is neither the number of a face nor a photo of the library: scan it first.")
    if place is None and len(ids) != 1:
        raise BadRequest(f"{name} has {len(ids)} faces: name one by its number, or as PHOTO:1 for the first.")
    if place is not None and place > len(ids):
        raise BadRequest(f"{name}: there are only {len(ids)} faces in this photo.")
    return ids[(place or 1) - 1]


def _faces_in(session: Session, photo: str) -> list[int] | None:
    digest = session.people.digest_of(os.path.abspath(os.fsencode(photo)))
    return None if digest is None else session.catalog.face_ids_of(digest)


def cluster_faces(session: Session, number: int) -> tuple[int, ...]:
    """Return the ids of the open faces of a cluster; ``BadRequest`` if there is none."""
    faces = session.people.cluster(number).face_ids
    if not faces:
        raise BadRequest(f"There is no cluster {number} without a name: 'faceindex cluster' lists them.")
    return faces

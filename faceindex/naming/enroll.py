"""Enrolling people: a person is known from one photo on, and nothing is trained again.

Photos that are enrolled become part of the library, wherever they are; no folder is remembered for it.
"""

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from faceindex.asking.examine import examine
from faceindex.errors import BadRequest, explained
from faceindex.naming.decide import clean
from faceindex.scanning.refresh_derived import refresh_derived
from faceindex.session import Session
from index.decisions.journal import Journal
from index.decisions.model import Assign, FaceKey, folded, new_key
from index.people.queries import PeopleQueries
from pipeline.values import PhotoFailed, PhotoIndexed


@dataclass(frozen=True, slots=True)
class PersonToEnroll:
    """A person to enroll, and the photos to know it from.

    Attributes:
        name: Of the person, new or known.
        photos: Absolute paths.
    """

    name: str
    photos: tuple[bytes, ...]


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A photo that nobody could be enrolled from, and why."""

    photo: bytes
    reason: str


@dataclass(frozen=True, slots=True)
class Enrolled:
    """What came of an enrolment.

    Attributes:
        people: Persons enrolled, new or known.
        faces: Faces that were confirmed for them.
        left_out: Photos that nobody could be enrolled from.
    """

    people: int
    faces: int
    left_out: tuple[LeftOut, ...]


def people_in_folder(folder: bytes) -> tuple[PersonToEnroll, ...]:
    """The people of a folder that is laid out as NAME/photo, by name; hidden files are left out.

    Raises:
        BadRequest: It cannot be listed, or holds no such folder.
    """
    try:
        people = sorted(entry.path for entry in os.scandir(folder) if entry.is_dir() and _is_shown(entry))
        sitters = tuple(
            PersonToEnroll(
                clean(os.fsdecode(os.path.basename(path))),
                tuple(
                    sorted(entry.path for entry in os.scandir(path) if entry.is_file() and _is_shown(entry))
                ),
            )
            for path in people
        )
    except OSError as error:
        raise BadRequest(
            f"{os.fsdecode(folder)} cannot be listed: {(error.strerror or '').lower()}."
        ) from error
    if not sitters:
        raise BadRequest(f"{os.fsdecode(folder)} holds no folders: put the photos of each person in one.")
    return sitters


def _is_shown(entry: "os.DirEntry[bytes]") -> bool:
    return not entry.name.startswith(b".")


def enroll(
    session: Session,
    sitters: Sequence[PersonToEnroll],
    place: int | None = None,
    note: Callable[[str], None] = lambda _: None,
) -> Enrolled:
    """Make people known from photos.

    Args:
        session: Open for writing.
        sitters: Who, and from which photos.
        place: Which face of each photo, counted from 1 as ``who`` does; by default a photo must have one.
        note: Called with sentences for the user.

    Returns:
        What was done. A photo that cannot be read, or does not show who is meant, is left out and named.

    Raises:
        FaceindexError: See ``faceindex.errors``.
    """
    from faceindex.engine import build_runner

    with explained():
        model = session.ensure_model(note)
        runner = build_runner(session.settings, model)
        acts: list[Assign] = []
        left_out: list[LeftOut] = []
        for sitter in sitters:
            faces: list[FaceKey] = []
            for outcome in examine(sitter.photos, runner):
                face = outcome.message if isinstance(outcome, PhotoFailed) else _face(session, outcome, place)
                if isinstance(outcome, PhotoFailed) or isinstance(face, str):
                    left_out.append(LeftOut(outcome.file.path, str(face)))
                    continue
                session.catalog.record([outcome])
                faces.append(face)
            if faces:
                acts.append(Assign(tuple(faces), *_key_and_name(session, sitter.name)))
        Journal(session.database).append_all(acts)
        refresh_derived(session.database, model, note)
        return Enrolled(len(acts), sum(len(act.faces) for act in acts), tuple(left_out))


def _face(session: Session, photo: PhotoIndexed, place: int | None) -> FaceKey | str:
    """The face of a photo that is meant, or why there is none."""
    count = len(photo.faces)
    if count == 0:
        return "no face was found in it"
    if place is None and count > 1:
        return f"it has {count} faces: say which with --face, as 'faceindex who' counts them"
    if place is not None and place > count:
        return f"it has {count} faces, and not {place}"
    face = FaceKey(photo.digest, photo.faces[(place or 1) - 1].face.box)
    if Journal(session.database).is_forgotten(face):
        return "its face was forgotten, and stays out of the library"
    return face


def _key_and_name(session: Session, name: str) -> tuple[str, str | None]:
    for person in PeopleQueries(session.database).everyone().values():
        if folded(person.name) == folded(name):
            return person.key, None
    return new_key(), clean(name)

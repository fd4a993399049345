"""Enrolling people: a person is known from one photo on, and nothing is trained again.

Photos that are enrolled become part of the library, wherever they are; no folder is remembered for it.
"""

import os
from collections.abc import Sequence
from dataclasses import dataclass

from faceindex.asking.examine import examine
from faceindex.errors import BadRequest
from faceindex.naming.decide import clean, person_called
from faceindex.scanning.recording import BATCH_PHOTOS
from faceindex.scanning.refresh_derived import refresh_derived
from faceindex.session import Session
from index.decisions.journal import Journal
from index.decisions.model import Assign, FaceKey, folded, new_key
from pipeline.values import Outcomes, PhotoFailed, PhotoIndexed


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
        folders = sorted(entry.path for entry in os.scandir(folder) if entry.is_dir() and _is_shown(entry))
        people = tuple(
            PersonToEnroll(
                clean(os.fsdecode(os.path.basename(path))),
                tuple(
                    sorted(entry.path for entry in os.scandir(path) if entry.is_file() and _is_shown(entry))
                ),
            )
            for path in folders
        )
    except OSError as error:
        raise BadRequest(
            f"{os.fsdecode(folder)} cannot be listed: {(error.strerror or '').lower()}."
        ) from error
    if not people:
        raise BadRequest(f"{os.fsdecode(folder)} holds no folders: put the photos of each person in one.")
    return people


def _is_shown(entry: "os.DirEntry[bytes]") -> bool:
    return not entry.name.startswith(b".")


def enroll(
    session: Session,
    people: Sequence[PersonToEnroll],
    face: int | None = None,
    outcomes: Outcomes | None = None,
) -> Enrolled:
    """Make people known from photos, all of which are looked at side by side, as in a scan.

    Args:
        session: Open for writing.
        people: Who, and from which photos.
        face: Which face of each photo, counted from 1 as ``who`` does; by default a photo must have one.
        outcomes: Looks at the photos; by default with the library's model.

    Returns:
        What was done. A photo that cannot be read, or does not show who is meant, is left out and named.
    """
    model = session.ensure_model()
    photos = [photo for person in people for photo in person.photos]
    names = [person.name for person in people for _ in person.photos]
    if outcomes is None:
        from faceindex.engine import build_runner

        outcomes = build_runner(session.settings, model).run
    enrolment = _Enrolment(session, face)
    for name, outcome in zip(names, examine(photos, outcomes), strict=True):
        enrolment.add(name, outcome)
    done = enrolment.finish()
    refresh_derived(session.database, model, session.listeners.note)
    return done


class _Enrolment:
    """Records photos in batches as they come, and gathers the faces of each person."""

    def __init__(self, session: Session, face: int | None) -> None:
        self._session = session
        self._place = face
        self._journal = Journal(session.database)
        self._batch: list[PhotoIndexed] = []
        self._faces: dict[str, list[FaceKey]] = {}
        self._names: dict[str, str] = {}
        self._left_out: list[LeftOut] = []

    def add(self, name: str, outcome: PhotoIndexed | PhotoFailed) -> None:
        """Take the face of a photo for a person; names that differ in capitals alone are one."""
        face = outcome.message if isinstance(outcome, PhotoFailed) else self._face(outcome)
        if isinstance(outcome, PhotoFailed) or isinstance(face, str):
            self._left_out.append(LeftOut(outcome.file.path, str(face)))
            return
        self._names.setdefault(folded(name), name)
        self._faces.setdefault(folded(name), []).append(face)
        self._batch.append(outcome)
        if len(self._batch) >= BATCH_PHOTOS:
            self._record()

    def finish(self) -> Enrolled:
        """Record the rest, and decide who the faces are."""
        self._record()
        acts = [Assign(tuple(faces), *self._key_and_name(name)) for name, faces in self._faces.items()]
        self._journal.append_all(acts)
        return Enrolled(len(acts), sum(len(act.faces) for act in acts), tuple(self._left_out))

    def _record(self) -> None:
        if self._batch:
            self._session.catalog.record(self._batch)
            self._batch = []

    def _face(self, photo: PhotoIndexed) -> FaceKey | str:
        """The face of a photo that is meant, or why there is none."""
        count, place = len(photo.faces), self._place
        if count == 0:
            return "no face was found in it"
        if place is None and count > 1:
            return f"it has {count} faces: say which with --face, as 'faceindex who' counts them"
        if place is not None and place > count:
            return f"it has no face number {place}"
        face = FaceKey(photo.digest, photo.faces[(place or 1) - 1].face.box)
        if self._journal.is_forgotten(face):
            return "its face was forgotten, and stays out of the library"
        return face

    def _key_and_name(self, name: str) -> tuple[str, str | None]:
        person = person_called(self._session, name)
        return (new_key(), clean(self._names[name])) if person is None else (person.key, None)

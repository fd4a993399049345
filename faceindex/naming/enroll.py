"""Enrols people from photos and films, which become part of the library; their folders are not scanned."""

import math
import os
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from functools import partial

from faceindex.asking.examine import ExaminedFile, FilmAids, examine_each_content_once, recorded_film
from faceindex.asking.film_people import people_by_likeness
from faceindex.errors import BadRequest
from faceindex.lock import turn
from faceindex.naming.decide import assign, clean, poor_faces, read_said
from faceindex.results import Listeners
from faceindex.scanning.recording import BatchRecorder
from faceindex.scanning.refresh_derived import refresh_derived
from faceindex.scanning.root_places import RootPaths
from faceindex.scanning.survey import Survey
from faceindex.session import Session
from faceindex.stopping import undisturbed
from index.decisions.model import Decision, FaceKey, faces_of
from index.decisions.names import folded
from index.people.overruled import Overruled, overruled
from index.people.persons import Person, PersonName
from index.values import FaceRecord
from pipeline.timing import StageClock
from pipeline.values import Outcome, Outcomes, PhotoFailed, PhotoIndexed, PhotoKnown


@dataclass(frozen=True, slots=True)
class PersonToEnroll:
    """A person, new or known, and the absolute paths of photos of that person."""

    name: PersonName
    photos: tuple[bytes, ...]


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A photo from which nobody could be enrolled, and why."""

    photo: bytes
    reason: str


@dataclass(frozen=True, slots=True)
class Enrolled:
    """Counts of persons enrolled, new or known, and of faces confirmed; and the photos left out.

    Attributes:
        poor: The confirmed faces that are too poor to recognise anybody by.
        decisions: Numbers of the decisions, one for each person, to undo them by.
        overruled: Of the faces, those of which earlier decisions said something else.
    """

    people: int
    faces: int
    left_out: tuple[LeftOut, ...]
    poor: tuple[FaceRecord, ...] = ()
    decisions: tuple[int, ...] = ()
    overruled: tuple[Overruled, ...] = ()


def people_in_folder(folder: bytes) -> tuple[PersonToEnroll, ...]:
    """List the people of a folder of NAME/photo, without hidden files; ``BadRequest`` if it holds none."""
    try:
        people = tuple(
            PersonToEnroll(
                clean(os.fsdecode(person.name)),
                tuple(photo.path for photo in _shown(person.path) if photo.is_file()),
            )
            for person in _shown(folder)
            if person.is_dir()
        )
    except OSError as error:
        reason = (error.strerror or "").lower()
        raise BadRequest(f"{os.fsdecode(folder)} cannot be listed: {reason}.") from error
    if not people:
        raise BadRequest(f"{os.fsdecode(folder)} holds no folders: put the photos of each person in one.")
    return people


def _shown(folder: bytes) -> "list[os.DirEntry[bytes]]":
    with os.scandir(folder) as entries:
        return sorted((each for each in entries if each.name[:1] != b"."), key=lambda each: each.path)


def enroll(
    session: Session,
    people: Sequence[PersonToEnroll],
    face: int | None = None,
    outcomes: Outcomes | None = None,
) -> Enrolled:
    """Enrol people from photos; ``outcomes`` runs the pipeline, by default with the library's model.

    ``face`` is the number of the face in each photo, from 1, as ``who`` counts; ``None`` if each has one.
    """
    model = session.ensure_model()
    paths = RootPaths(session.catalog.roots())
    photos = [paths.known_as(photo) or photo for person in people for photo in person.photos]
    names = [person.name for person in people for _ in person.photos]
    if outcomes is None:
        from faceindex.engine import build_runner

        outcomes = build_runner(session.own_settings(), model).run
    enrolment = _Enrolment(session, face)
    aids = FilmAids(partial(recorded_film, session), session.listeners.step)
    recorder = BatchRecorder(session.catalog, Survey({}), StageClock(), Listeners())
    try:
        with closing(examine_each_content_once(photos, outcomes, aids)) as examined:
            recorder.record(enrolment.chosen(names, examined), math.inf)
    except KeyboardInterrupt:
        with undisturbed():
            enrolment.decide(session)
        raise
    decisions, changed = enrolment.decide(session)
    refresh_derived(session.database, model, session.listeners)
    numbers = tuple(each.id for each in decisions)
    return Enrolled(
        people=len(decisions),
        faces=sum(len(faces_of(each.act)) for each in decisions),
        left_out=tuple(enrolment.left_out),
        poor=poor_faces(session, numbers),
        decisions=numbers,
        overruled=changed,
    )


class _Enrolment:
    """Chooses the faces to enrol of each photo. ``left_out`` has the photos without one."""

    def __init__(self, session: Session, place: int | None) -> None:
        self.left_out: list[LeftOut] = []
        self._journal = session.journal
        self._accept = session.thresholds().accept
        self._place = place
        self._choices: dict[bytes, tuple[FaceKey, ...] | str] = {}  # by digest
        self._faces: dict[PersonName, list[FaceKey]] = {}
        self._names: dict[str, str] = {}

    def chosen(self, names: Iterable[PersonName], examined: Iterable[ExaminedFile]) -> Iterator[Outcome]:
        """The outcomes of the photos that have a face to enrol, in the order of ``names``."""
        for name, file in zip(names, examined, strict=True):
            choice = self._choice(file.found)
            if isinstance(choice, str):
                self.left_out.append(LeftOut(file.found.file.path, choice))
                continue
            yield from file.outcomes  # recorded before it is decided about
            self._faces.setdefault(self._first_like(name), []).extend(choice)

    def decide(self, session: Session) -> tuple[tuple[Decision, ...], tuple[Overruled, ...]]:
        """Assign the faces of the recorded photos to their people; return what that overrules, too."""
        with turn(session.database.path):
            acts = [assign(session, tuple(keys), name) for name, keys in self._faces.items()]
            concerned = self._journal.faces_beside([face for act in acts for face in act.faces])
            before = read_said(session, concerned)
            decisions = self._journal.append_all(acts)
            return decisions, overruled(before, read_said(session, concerned))

    def _first_like(self, name: PersonName) -> PersonName:
        """Return the first name that differs from this one only in case, if there is one."""
        return name if isinstance(name, Person) else self._names.setdefault(folded(name), name)

    def _choice(self, found: PhotoIndexed | PhotoKnown | PhotoFailed) -> tuple[FaceKey, ...] | str:
        """The faces to enrol, all of one person, or why there is none."""
        if isinstance(found, PhotoKnown):
            return self._choices[found.digest]
        choice = found.message if isinstance(found, PhotoFailed) else self._chosen_in(found)
        if found.digest is not None:
            self._choices[found.digest] = choice
        return choice

    def _chosen_in(self, photo: PhotoIndexed) -> tuple[FaceKey, ...] | str:
        count = len(photo.faces)
        if count == 0:
            return "no face was found in it"
        if self._place is not None and self._place > count:
            return f"it has no face number {self._place}"
        rows = [(self._place or 1) - 1]
        if photo.film is not None:
            people = people_by_likeness(photo.faces, self._accept)
            if self._place is None and len(people) > 1:
                return f"it shows {len(people)} people: say whom with --face, as 'faceindex who' counts faces"
            rows = next((each for each in people if self._place is None or rows[0] in each), rows)
        elif self._place is None and count > 1:
            return f"it has {count} faces: say which with --face, as 'faceindex who' counts them"
        faces = [FaceKey(photo.digest, photo.faces[row].face.box) for row in rows]
        kept = tuple(face for face in faces if not self._journal.is_forgotten(face))
        return kept or "its face was forgotten, and stays out of the library"

"""Measures how well faces are recognised: on labelled photos, on listed pairs, or on a library's own people.

Photos are looked at just as a scan would; no library is touched. Of a photo with several faces the one
nearest the middle is taken, as Labeled Faces in the Wild asks. This module puts measures together; what
they are is in ``faceindex.accuracy``. It prints nothing and draws nothing.
"""

import math
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from faceindex.accuracy.cluster_agreement import agree
from faceindex.accuracy.dataset import LabelledPhoto, as_rows, groups_of_people, labelled_photos, named_pairs
from faceindex.accuracy.group_rates import MeasuredFaces, group_rates
from faceindex.accuracy.identification import identify
from faceindex.accuracy.measures import Detection, Evaluation
from faceindex.accuracy.pairs import Pairs
from faceindex.accuracy.verification import (
    Comparisons,
    accuracy_by_protocol,
    accuracy_over_folds,
    compare_all,
    verify,
)
from faceindex.engine import build_runner
from faceindex.errors import BadRequest, FaceindexError
from faceindex.listeners import Listeners
from faceindex.results import Progress
from faceindex.session import Session
from faceindex.settings import AUTO, Settings
from index.clustering.affected_region import never_grouped
from index.clustering.linkage import group
from index.people.queries import PeopleQueries
from index.recognition.decided_faces import load_confirmed
from index.recognition.thresholds import shipped
from index.values import I64
from pipeline.models.registry import ModelSpec
from pipeline.models.weights import WeightsStore, choose
from pipeline.values import (
    F32,
    Descriptor,
    ModelId,
    Outcome,
    PhotoFailed,
    PhotoIndexed,
    PhotoKnown,
    PhotoSkipped,
    Size,
)

MOST_FACES = 4000
"""Faces that are compared at most, evenly of all people: all pairs of more do not fit in memory."""


@dataclass(slots=True)
class _Collected:
    """What came out of the photos so far: one face of each photo in which there is one."""

    photos: int = 0
    unreadable: int = 0
    repeated: int = 0
    without_face: int = 0
    several: int = 0
    found: int = 0
    people: list[str] = field(default_factory=list)
    paths: list[bytes] = field(default_factory=list)
    faces: list[Descriptor] = field(default_factory=list)

    def add(self, person: str, outcome: Outcome) -> None:
        """Take in one file."""
        if isinstance(outcome, PhotoSkipped):
            return
        self.photos += 1
        if isinstance(outcome, PhotoFailed):
            self.unreadable += 1
        elif isinstance(outcome, PhotoKnown):
            self.repeated += 1
        else:
            self._add_faces(person, outcome)

    def _add_faces(self, person: str, photo: PhotoIndexed) -> None:
        self.found += len(photo.faces)
        self.several += len(photo.faces) > 1
        if not photo.faces:
            self.without_face += 1
            return
        self.people.append(person)
        self.paths.append(photo.file.path)
        self.faces.append(min(photo.faces, key=lambda face: _off_centre(face, photo.size)))

    def detection(self) -> Detection:
        """The counts."""
        return Detection(
            self.photos, self.unreadable, self.repeated, self.without_face, self.several, self.found
        )

    def measured(self) -> MeasuredFaces:
        """The faces as arrays."""
        return MeasuredFaces(
            vectors=np.stack([face.vector for face in self.faces]),
            people=self.people,
            qualities=np.array([face.quality.score for face in self.faces], np.float32),
            sides=np.array([min(each.face.box.w, each.face.box.h) for each in self.faces], np.float32),
        )


@dataclass(frozen=True, slots=True)
class _Subject:
    """What is evaluated, by what, from which similarity on two faces are one person, and what was found."""

    source: str
    model: ModelId
    same: float
    detection: Detection | None


def evaluate(
    settings: Settings, folder: Path, listeners: Listeners, *, pairs: Path | None, groups: Path | None
) -> Evaluation:
    """Measure on labelled photos: everything, or one-to-one comparison of listed pairs.

    Args:
        settings: The model, and how photos are looked at.
        folder: Holds a folder of photos for each person.
        listeners: Who is told how it goes.
        pairs: A list in the format of LFW's ``pairs.txt``: only these pairs are compared.
        groups: A list of lines PERSON,GROUP: the groups to be told apart in the figures.

    Raises:
        BadRequest: The folder holds no labelled photos; or a list is not of its format, or names a photo
            that is not there; or both lists are given.
        FaceindexError: See ``faceindex.errors``; or there is no face in the photos.
    """
    folder = Path(os.path.abspath(folder))
    if pairs is None:
        return _evaluate_folder(settings, folder, groups_of_people(groups), listeners)
    if groups is not None:
        raise BadRequest("--groups cannot be used with --pairs: leave one out.")
    return _evaluate_pairs(settings, pairs, folder, listeners)


def _evaluate_folder(
    settings: Settings, folder: Path, groups: Mapping[str, str], listeners: Listeners
) -> Evaluation:
    photos = labelled_photos(folder)
    model = _model(settings, listeners)
    collected = _look_at(photos, settings, model, listeners)
    if not collected.faces:
        raise FaceindexError(f"There is no face in the photos of {folder}: nothing can be measured.")
    faces = _at_most(collected.measured(), listeners)
    same = shipped(model.model_id).accept
    return _evaluate(faces, groups, _Subject(str(folder), model.model_id, same, collected.detection()))


def evaluate_library(session: Session, groups: Path | None) -> Evaluation:
    """Measure everything on the faces of a library that were confirmed.

    Args:
        session: Open.
        groups: As for ``evaluate``, by the names of persons.

    Raises:
        FaceindexError: See ``faceindex.errors``; or no face is confirmed.
    """
    model = session.model()
    confirmed = load_confirmed(session.database, model.model_id)
    if not len(confirmed):
        raise FaceindexError(
            "No face of the library is confirmed: name people with 'faceindex people name' first."
        )
    people = PeopleQueries(session.database).everyone()
    records = session.catalog.faces(confirmed.face_ids.tolist())
    confirmed = confirmed.at(np.flatnonzero(np.isin(confirmed.face_ids, list(records))))
    boxes = [records[face_id].box for face_id in confirmed.face_ids.tolist()]
    faces = MeasuredFaces(
        vectors=confirmed.vectors,
        people=[people[person_id].name for person_id in confirmed.person_ids.tolist()],
        qualities=confirmed.qualities,
        sides=np.array([min(box.w, box.h) for box in boxes], np.float32),
    )
    subject = _Subject(str(session.settings.library), model.model_id, session.thresholds().accept, None)
    return _evaluate(_at_most(faces, session.listeners), groups_of_people(groups), subject)


def _evaluate_pairs(settings: Settings, file: Path, folder: Path, listeners: Listeners) -> Evaluation:
    """All pairs of a list count; one of which a photo shows no face, or cannot be read, as of two people."""
    named = named_pairs(file, folder)
    wanted = {path for pair in named for path in (pair.first, pair.second)}
    photos = [photo for photo in labelled_photos(folder) if photo.file.path in wanted]
    model = _model(settings, listeners)
    collected = _look_at(photos, settings, model, listeners)
    names = [photo.file.path for photo in photos]
    pairs = as_rows(named, names)
    similarity = _similarities(collected, names, model.dimension, pairs)
    comparisons = _of_pairs(similarity, pairs, [photo.person for photo in photos])
    return Evaluation(
        source=f"{file}, photos of {folder}",
        model=model.model_id,
        people=len({photo.person for photo in photos}),
        faces=len(collected.faces),
        detection=collected.detection(),
        verification=verify(comparisons),
        folds=accuracy_over_folds(similarity, pairs),
        identification=None,
        clustering=None,
        groups=(),
        comparisons=comparisons,
    )


def _evaluate(faces: MeasuredFaces, groups: Mapping[str, str], subject: _Subject) -> Evaluation:
    comparisons = compare_all(faces.vectors, faces.people)
    labels = _grouped(faces, subject.same)
    return Evaluation(
        source=subject.source,
        model=subject.model,
        people=len(set(faces.people)),
        faces=len(faces.people),
        detection=subject.detection,
        verification=verify(comparisons),
        folds=accuracy_by_protocol(faces.vectors, faces.people),
        identification=identify(faces.vectors, faces.people),
        clustering=agree(labels.tolist(), faces.people),
        groups=group_rates(faces, groups),
        comparisons=comparisons,
    )


def _grouped(faces: MeasuredFaces, same: float) -> I64:
    """The groups that a library would make of the faces, had nobody decided anything: int64 [N]."""
    return group(never_grouped(faces.vectors, faces.qualities, same), same)


def _model(settings: Settings, listeners: Listeners) -> ModelSpec:
    choice = choose(settings.model, WeightsStore(settings.cache_dir), listeners.download)
    if settings.model == AUTO:
        listeners.note(f"The model is {choice.reason}")
    return choice.model


def _look_at(
    photos: Sequence[LabelledPhoto], settings: Settings, model: ModelSpec, listeners: Listeners
) -> _Collected:
    collected = _Collected()
    runner = build_runner(settings, model)
    outcomes = runner.run((photo.file for photo in photos), lambda _: False)
    for done, (photo, outcome) in enumerate(zip(photos, outcomes, strict=True), 1):
        collected.add(photo.person, outcome)
        listeners.progress(Progress(len(photos), done, collected.found, collected.unreadable))
    return collected


def _off_centre(face: Descriptor, size: Size) -> float:
    box = face.face.box
    return math.hypot(box.x + box.w / 2 - size.width / 2, box.y + box.h / 2 - size.height / 2)


def _at_most(faces: MeasuredFaces, listeners: Listeners) -> MeasuredFaces:
    """All faces, or where they are too many as many of each person as there is room for."""
    if len(faces.people) <= MOST_FACES:
        return faces
    places: dict[str, int] = {}
    place = np.empty(len(faces.people), np.intp)
    for row, person in enumerate(faces.people):
        place[row] = places[person] = places.get(person, -1) + 1
    kept = np.sort(np.argsort(place, kind="stable")[:MOST_FACES])
    listeners.note(
        f"Of {len(faces.people):,} faces, {MOST_FACES:,} are compared, of as many people as possible."
    )
    return MeasuredFaces(
        faces.vectors[kept],
        [faces.people[row] for row in kept],
        faces.qualities[kept],
        faces.sides[kept],
    )


def _similarities(collected: _Collected, photos: Sequence[bytes], dimension: int, pairs: Pairs) -> F32:
    """Cosines of pairs of photos; -1 where one of them has no face."""
    vectors = np.zeros((len(photos), dimension), np.float32)
    has_face = np.zeros(len(photos), bool)
    rows = {path: row for row, path in enumerate(photos)}
    for path, face in zip(collected.paths, collected.faces, strict=True):
        vectors[rows[path]], has_face[rows[path]] = face.vector, True
    cosines = np.einsum("nd,nd->n", vectors[pairs.first], vectors[pairs.second])
    return np.where(has_face[pairs.first] & has_face[pairs.second], cosines, np.float32(-1))


def _of_pairs(similarity: F32, pairs: Pairs, people: Sequence[str]) -> Comparisons:
    _, persons = np.unique(np.asarray(people), return_inverse=True)
    falling = np.argsort(-similarity[~pairs.same], kind="stable")
    both = np.stack([persons[pairs.first[~pairs.same]], persons[pairs.second[~pairs.same]]], axis=1)
    return Comparisons(
        similarity[pairs.same],
        persons[pairs.first[pairs.same]],
        similarity[~pairs.same][falling],
        both[falling],
    )

"""Measures recognition accuracy: on labelled photos, on listed pairs, or on a library's confirmed faces.

Photos are read as a scan reads them; no library is changed. Of several faces in a photo the one nearest the
middle counts, as Labeled Faces in the Wild asks.
"""

import math
import os
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import count
from pathlib import Path

import numpy as np

from faceindex.accuracy.cluster_agreement import agree
from faceindex.accuracy.dataset import LabelledPhoto, groups_of_people, labelled_photos, listed_pairs
from faceindex.accuracy.group_rates import MeasuredFaces, group_rates
from faceindex.accuracy.identification import identify
from faceindex.accuracy.measures import Detection, Evaluation
from faceindex.accuracy.verification import (
    accuracy_by_protocol,
    accuracy_over_folds,
    by_kind,
    compare_all,
    verify,
)
from faceindex.engine import build_runner
from faceindex.errors import BadRequest, FaceindexError
from faceindex.left_out import tell_missed
from faceindex.results import Listeners, Progress
from faceindex.session import Session
from faceindex.settings import AUTO, Settings
from index.clustering.affected_region import never_grouped
from index.clustering.linkage import group
from index.recognition.decided_faces import load_confirmed
from index.recognition.thresholds import shipped
from pipeline.models.registry import ModelSpec
from pipeline.models.weights import WeightsStore, choose
from pipeline.values import (
    F32,
    Box,
    Descriptor,
    ModelId,
    Outcome,
    PhotoFailed,
    PhotoIndexed,
    PhotoKnown,
    PhotoSkipped,
)

MOST_FACES = 4000
"""The most faces that are compared, evenly of all people: all pairs of more do not fit in memory."""


def evaluate(
    settings: Settings, folder: Path, listeners: Listeners, *, pairs: Path | None, groups: Path | None
) -> Evaluation:
    """Measure on labelled photos: everything, or one-to-one comparison of listed pairs.

    Args:
        settings: The model, and how photos are read.
        folder: Holds a folder of photos for each person.
        listeners: Told about progress and the model chosen.
        pairs: A list in the format of LFW's ``pairs.txt``: only these pairs are compared.
        groups: Lines PERSON,GROUP: these groups are measured too.

    Raises:
        BadRequest: There are no labelled photos; a list has another format, or names a missing photo; or both
            lists are given.
        FaceindexError: The photos show no face.
    """
    folder = Path(os.path.abspath(folder))
    if pairs is not None:
        if groups is not None:
            raise BadRequest("--groups cannot be used with --pairs: leave one out.")
        return _evaluate_pairs(settings, pairs, folder, listeners)
    grouped, photos = groups_of_people(groups), labelled_photos(folder)
    model = _model(settings, listeners)
    detection, detected = _detect(photos, settings, model, listeners)
    labelled = [(photo.person, face) for photo, face in zip(photos, detected, strict=True) if face]
    if not labelled:
        raise FaceindexError(f"There is no face in the photos of {folder}: nothing can be measured.")
    found = MeasuredFaces(
        vectors=np.stack([face.vector for _, face in labelled]),
        people=[person for person, _ in labelled],
        qualities=np.array([face.quality.score for _, face in labelled], np.float32),
        sides=_sides([face.face.box for _, face in labelled]),
    )
    faces, same = _at_most(found, listeners), shipped(model.model_id).accept
    return replace(_evaluate(faces, grouped, str(folder), model.model_id, same), detection=detection)


def evaluate_library(session: Session, groups: Path | None) -> Evaluation:
    """Measure everything on the confirmed faces of a library; ``groups`` as for ``evaluate``.

    Raises:
        FaceindexError: No face is confirmed.
    """
    model = session.model()
    confirmed = load_confirmed(session.database, model.model_id)
    if not len(confirmed):
        raise FaceindexError(
            "No face of the library is confirmed: name people with 'faceindex people name' first."
        )
    people = session.people.everyone()
    records = session.catalog.faces(confirmed.face_ids.tolist())
    confirmed = confirmed.at(np.flatnonzero(np.isin(confirmed.face_ids, list(records))))
    found = MeasuredFaces(
        vectors=confirmed.vectors,
        people=[people[person_id].name for person_id in confirmed.person_ids.tolist()],
        qualities=confirmed.qualities,
        sides=_sides([records[face_id].box for face_id in confirmed.face_ids.tolist()]),
    )
    faces, same = _at_most(found, session.listeners), session.thresholds().accept
    source = str(session.settings.library)
    return _evaluate(faces, groups_of_people(groups), source, model.model_id, same)


def _evaluate_pairs(settings: Settings, file: Path, folder: Path, listeners: Listeners) -> Evaluation:
    """Compare listed pairs; one with an unreadable photo, or one without a face, counts as of two people."""
    labelled = labelled_photos(folder)
    listed = listed_pairs(file, folder, labelled)
    used, (first, second) = np.unique([listed.first, listed.second], return_inverse=True)
    photos, pairs = [labelled[row] for row in used], replace(listed, first=first, second=second)
    model = _model(settings, listeners)
    detection, faces = _detect(photos, settings, model, listeners)
    nothing = np.zeros(model.dimension, np.float32)
    vectors = np.stack([face.vector if face else nothing for face in faces])
    has_face = np.array([face is not None for face in faces])
    cosines = np.einsum("nd,nd->n", vectors[pairs.first], vectors[pairs.second])
    similarity = np.where(has_face[pairs.first] & has_face[pairs.second], cosines, np.float32(-1))
    people, persons = np.unique([photo.person for photo in photos], return_inverse=True)
    comparisons = by_kind(similarity, pairs.same, persons[pairs.first], persons[pairs.second])
    return Evaluation(
        source=f"{file}, photos of {folder}",
        model=model.model_id,
        people=len(people),
        faces=int(has_face.sum()),
        detection=detection,
        verification=verify(comparisons),
        folds=accuracy_over_folds(similarity, pairs),
        identification=None,
        clustering=None,
        groups=(),
        comparisons=comparisons,
    )


def _evaluate(
    faces: MeasuredFaces, groups: Mapping[str, str], source: str, model: ModelId, same: float
) -> Evaluation:
    """Measure all but detection; from similarity ``same`` on, a library takes two faces for one person."""
    comparisons = compare_all(faces.vectors, faces.people)
    labels = group(never_grouped(faces.vectors, faces.qualities, same), same)
    return Evaluation(
        source=source,
        model=model,
        people=len(set(faces.people)),
        faces=len(faces.people),
        detection=None,
        verification=verify(comparisons),
        folds=accuracy_by_protocol(faces.vectors, faces.people),
        identification=identify(faces.vectors, faces.people),
        clustering=agree(labels.tolist(), faces.people),
        groups=group_rates(faces, groups),
        comparisons=comparisons,
    )


def _model(settings: Settings, listeners: Listeners) -> ModelSpec:
    choice = choose(settings.model, WeightsStore(settings.cache_dir), listeners.download)
    if settings.model == AUTO:
        listeners.note(f"The model is {choice.reason}")
    return choice.model


def _detect(
    photos: Sequence[LabelledPhoto], settings: Settings, model: ModelSpec, listeners: Listeners
) -> tuple[Detection, list[Descriptor | None]]:
    """Count what is in the photos, and take the middle face of each."""
    outcomes: list[Outcome] = []
    faces = unreadable = 0
    for outcome in build_runner(settings, model).run((photo.file for photo in photos), lambda _: False):
        is_film = isinstance(outcome, PhotoIndexed) and outcome.film is not None
        outcomes.append(PhotoSkipped(outcome.file, "video") if is_film else outcome)
        faces += len(outcome.faces) if isinstance(outcome, PhotoIndexed) else 0
        unreadable += isinstance(outcome, PhotoFailed)
        listeners.progress(Progress(len(photos), len(outcomes), faces, unreadable))
    tell_missed((outcome for outcome in outcomes if isinstance(outcome, PhotoSkipped)), listeners.note)
    indexed = [outcome for outcome in outcomes if isinstance(outcome, PhotoIndexed)]
    detection = Detection(
        photos=sum(not isinstance(outcome, PhotoSkipped) for outcome in outcomes),
        unreadable=unreadable,
        repeated=sum(isinstance(outcome, PhotoKnown) for outcome in outcomes),
        without_face=sum(not photo.faces for photo in indexed),
        several=sum(len(photo.faces) > 1 for photo in indexed),
        faces=faces,
    )
    return detection, [_middle_face(outcome) for outcome in outcomes]


def _middle_face(outcome: Outcome) -> Descriptor | None:
    if not isinstance(outcome, PhotoIndexed):
        return None
    width, height = outcome.size.width, outcome.size.height

    def off_centre(face: Descriptor) -> float:
        box = face.face.box
        return math.hypot(box.x + box.w / 2 - width / 2, box.y + box.h / 2 - height / 2)

    return min(outcome.faces, key=off_centre, default=None)


def _sides(boxes: Sequence[Box]) -> F32:
    return np.array([min(box.w, box.h) for box in boxes], np.float32)


def _at_most(faces: MeasuredFaces, listeners: Listeners) -> MeasuredFaces:
    """Return all faces, or ``MOST_FACES``, of each person about as many."""
    if len(faces.people) <= MOST_FACES:
        return faces
    numbers: dict[str, count[int]] = defaultdict(count)
    place = np.array([next(numbers[person]) for person in faces.people])
    kept = np.sort(np.argsort(place, kind="stable")[:MOST_FACES])
    listeners.note(
        f"Of {len(faces.people):,} faces, {MOST_FACES:,} are compared, of as many people as possible."
    )
    return MeasuredFaces(
        faces.vectors[kept], [faces.people[row] for row in kept], faces.qualities[kept], faces.sides[kept]
    )

"""Compares the faces of two photos, by the model and thresholds of the library, if there is one."""

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from faceindex.asking.examine import FilmAids, examine
from faceindex.asking.film_people import people_by_likeness
from faceindex.asking.photo_arguments import NamedPhoto
from faceindex.errors import BadRequest, FaceindexError
from faceindex.film_times import at_time
from faceindex.results import Listeners
from faceindex.session import Session
from faceindex.settings import Settings
from index.recognition.thresholds import Thresholds, shipped
from index.values import RELIABLE
from pipeline.models.registry import ModelSpec
from pipeline.values import Descriptor, ModelId, Outcomes, PhotoFailed, PhotoIndexed


@dataclass(frozen=True, slots=True, eq=False)
class Verification:
    """How two faces compare; they are the same if the similarity reaches ``thresholds.accept``.

    ``similarity`` is the cosine of the descriptors, -1 to 1; ``probability``, that they are one person, is
    0 to 1, or ``None`` for a model that was never measured, and for two faces too poor to say.
    """

    same: bool
    similarity: float
    probability: float | None
    thresholds: Thresholds
    model: ModelId
    faces: tuple[Descriptor, Descriptor]


@dataclass(frozen=True, slots=True)
class Unread:
    """One or two photos that could not be read; nothing was compared."""

    failures: tuple[PhotoFailed, ...]


@dataclass(frozen=True, slots=True)
class VerificationModel:
    """The model that describes the faces, its thresholds, and the settings, which name the detector."""

    model: ModelSpec
    thresholds: Thresholds
    settings: Settings


def model_of_library(session: Session) -> VerificationModel | None:
    """Return the library's model and thresholds; ``None`` before its first scan."""
    if session.catalog.model() is None:
        return None
    return VerificationModel(session.model(), session.thresholds(), session.own_settings())


def model_without_library(settings: Settings, listeners: Listeners) -> VerificationModel:
    """Return the model in the settings, and its thresholds; ``ModelError`` if it cannot be used."""
    from pipeline.models.weights import WeightsStore, choose

    choice = choose(settings.model, WeightsStore(settings.cache_dir), listeners.download)
    listeners.note(f"There is no library; the model is {choice.reason}")
    return VerificationModel(choice.model, shipped(choice.model.model_id), settings)


def verify(
    by: VerificationModel,
    photos: Sequence[NamedPhoto | PhotoFailed],
    numbers: Sequence[int | None],
    outcomes: Outcomes,
    note: Callable[[str], None],
    aids: FilmAids | None = None,
) -> Verification | Unread:
    """Compare a face of one photo with a face of another, described by ``outcomes`` with the model of ``by``.

    ``photos`` are two, ``numbers`` those of a face in each, from 1, as ``who`` counts;
    ``None`` stands for the only or largest face, and ``note`` reports it if the photo has others. Of a film
    it stands for the best face of the only person.

    Raises:
        BadRequest: A photo has no face of the given number, or a film shows several people.
        FaceindexError: A photo has no face.
    """
    found = [examine(photo, outcomes, aids) for photo in photos]
    failures = tuple(each for each in found if isinstance(each, PhotoFailed))
    if failures:
        return Unread(failures)
    first, second = (
        _face(photo, number, note, by.thresholds.accept)
        for photo, number in zip(found, numbers, strict=True)
        if isinstance(photo, PhotoIndexed)
    )
    similarity = max(-1.0, min(1.0, float(first.vector @ second.vector)))
    qualities = [each.quality.score for each in (first, second)]
    if max(qualities) >= RELIABLE:
        probability = by.thresholds.probability(similarity)
    else:
        # Poor pictures are alike, whoever is in them.
        probability = None
        note(f"Both faces are too poor to say (quality {qualities[0]:.2f} and {qualities[1]:.2f}).")
    same = similarity >= by.thresholds.accept
    return Verification(same, similarity, probability, by.thresholds, by.model.model_id, (first, second))


def _face(photo: PhotoIndexed, number: int | None, note: Callable[[str], None], accept: float) -> Descriptor:
    name, faces = os.fsdecode(photo.file.path), photo.faces
    if not faces:
        raise FaceindexError(f"{name} has no face to compare: name another photo.")
    if number is None and photo.film is not None:
        if len(people := people_by_likeness(faces, accept)) > 1:
            raise BadRequest(
                f"{name} shows {len(people)} people: say which with --face-a or --face-b, as 'faceindex who' "
                "counts the faces."
            )
        chosen = max((faces[row] for row in people[0]), key=lambda face: face.quality.score)
        note(f"{name}: the face{at_time(chosen)} is compared.")
        return chosen
    if number is None:
        areas = [each.face.box.w * each.face.box.h for each in faces]
        number = areas.index(max(areas)) + 1
        if len(faces) > 1:
            which = f"the largest, number {number} of 'faceindex who', is compared"
            note(f"{name} has {len(faces)} faces: {which}.")
    elif not 1 <= number <= len(faces):
        raise BadRequest(f"{name} has no face number {number}: it has {len(faces)}.")
    return faces[number - 1]

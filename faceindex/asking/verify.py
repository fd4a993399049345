"""Compares the faces of two photos: one person, or two?

It works without a library. Where there is one, its model describes the faces and its thresholds decide, as
in ``who``.
"""

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from faceindex.asking.examine import examine
from faceindex.errors import BadRequest, FaceindexError
from faceindex.listeners import Listeners
from faceindex.session import Session
from faceindex.settings import Settings
from index.recognition.thresholds import Thresholds, shipped
from pipeline.models.registry import ModelSpec
from pipeline.values import Descriptor, ModelId, Outcomes, PhotoFailed, PhotoIndexed


@dataclass(frozen=True, slots=True, eq=False)
class Verification:
    """How two faces compare.

    Attributes:
        same: Whether the similarity reaches ``thresholds.accept``.
        similarity: Cosine of the two descriptors, -1 to 1.
        probability: That they are one person, 0 to 1; ``None`` for a model that was never measured.
        faces: In the order of the photos.
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
    """The model that describes the faces, and its thresholds."""

    model: ModelSpec
    thresholds: Thresholds


def model_of_library(session: Session) -> VerificationModel | None:
    """The library's model and thresholds; ``None`` before its first scan."""
    return VerificationModel(session.model(), session.thresholds()) if session.catalog.model() else None


def model_without_library(settings: Settings, listeners: Listeners) -> VerificationModel:
    """The model in the settings, with the thresholds that come with it.

    Raises:
        ModelError: There is no such model, or its weights are missing or invalid.
    """
    from pipeline.models.weights import WeightsStore, choose

    choice = choose(settings.model, WeightsStore(settings.cache_dir), listeners.download)
    listeners.note(f"There is no library; the model is {choice.reason}")
    return VerificationModel(choice.model, shipped(choice.model.model_id))


def verify(
    by: VerificationModel,
    photos: Sequence[bytes],
    numbers: Sequence[int | None],
    outcomes: Outcomes,
    note: Callable[[str], None],
) -> Verification | Unread:
    """Compare a face of one photo with a face of another.

    Args:
        by: Decides whether two descriptors are of one person.
        photos: Two absolute paths.
        numbers: Of the face in each photo, from 1, as ``who`` counts; ``None`` for the only or largest one.
        outcomes: Describes the faces, by the model of ``by``.
        note: Called with a sentence for the user if a photo has more than one face.

    Raises:
        BadRequest: A photo has no face of the given number.
        FaceindexError: A photo has no face.
    """
    found = list(examine(photos, outcomes))
    failures = tuple(each for each in found if isinstance(each, PhotoFailed))
    if failures:
        return Unread(failures)
    first, second = (
        _face(photo, number, note)
        for photo, number in zip(found, numbers, strict=True)
        if isinstance(photo, PhotoIndexed)
    )
    similarity = max(-1.0, min(1.0, float(first.vector @ second.vector)))
    probability = by.thresholds.probability(similarity)
    same = similarity >= by.thresholds.accept
    return Verification(same, similarity, probability, by.thresholds, by.model.model_id, (first, second))


def _face(photo: PhotoIndexed, number: int | None, note: Callable[[str], None]) -> Descriptor:
    name, faces = os.fsdecode(photo.file.path), photo.faces
    if not faces:
        raise FaceindexError(f"{name} has no face to compare: name another photo.")
    if number is None:
        areas = [each.face.box.w * each.face.box.h for each in faces]
        number = areas.index(max(areas)) + 1
        if len(faces) > 1:
            which = f"the largest, number {number} of 'faceindex who', is compared"
            note(f"{name} has {len(faces)} faces: {which}.")
    elif not 1 <= number <= len(faces):
        raise BadRequest(f"{name} has no face number {number}: it has {len(faces)}.")
    return faces[number - 1]

"""Compares the faces of two photos: one person, or two?

It works without a library. Where there is one, its model describes the faces and its thresholds judge
them, so that the answer is the one that ``who`` would go by. This module prints nothing and writes nothing.
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


@dataclass(frozen=True, slots=True)
class Side:
    """One of the two photos.

    Attributes:
        photo: Absolute path; it need not be in a library.
        face: Number of the face, from 1, as ``who`` counts; ``None`` for the only one, or the largest.
    """

    photo: bytes
    face: int | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Verification:
    """How two faces compare.

    Attributes:
        same: They are taken for one person: the similarity is at the threshold for that, or above.
        similarity: Cosine of the two descriptors, -1 to 1.
        probability: That they are one person, 0 to 1; ``None`` for a model that was never measured.
        thresholds: Those that were applied.
        model: What described the faces.
        faces: The two, in the order asked.
    """

    same: bool
    similarity: float
    probability: float | None
    thresholds: Thresholds
    model: ModelId
    faces: tuple[Descriptor, Descriptor]


@dataclass(frozen=True, slots=True)
class Unread:
    """The photos that could not be read, so that nothing was compared."""

    failures: tuple[PhotoFailed, ...]


@dataclass(frozen=True, slots=True)
class VerificationModel:
    """What describes the faces, and what their similarity means."""

    model: ModelSpec
    thresholds: Thresholds


def model_of_library(session: Session) -> VerificationModel | None:
    """The library's model and thresholds; ``None`` before its first scan."""
    return VerificationModel(session.model(), session.thresholds()) if session.catalog.model() else None


def model_without_library(settings: Settings, listeners: Listeners) -> VerificationModel:
    """The model that the settings ask for, with the thresholds that it comes with.

    Raises:
        ModelError: There is no such model, or its weights are not here, or not right.
    """
    from pipeline.models.weights import WeightsStore, choose

    choice = choose(settings.model, WeightsStore(settings.cache_dir), listeners.download)
    listeners.note(f"There is no library; the model is {choice.reason}")
    return VerificationModel(choice.model, shipped(choice.model.model_id))


def verify(
    by: VerificationModel, sides: tuple[Side, Side], outcomes: Outcomes, note: Callable[[str], None]
) -> Verification | Unread:
    """Compare a face of one photo with a face of another.

    Args:
        by: The model by which the faces are described and compared.
        sides: The two photos.
        outcomes: Looks at them.
        note: Called with a sentence for the user where a photo has more than one face.

    Raises:
        BadRequest: A photo has no face of the number asked for.
        FaceindexError: A photo has no face.
    """
    found = list(examine([side.photo for side in sides], outcomes))
    failures = tuple(each for each in found if isinstance(each, PhotoFailed))
    if failures:
        return Unread(failures)
    first, second = (
        _face(photo, side, note)
        for photo, side in zip(found, sides, strict=True)
        if isinstance(photo, PhotoIndexed)
    )
    similarity = max(-1.0, min(1.0, float(first.vector @ second.vector)))
    same = similarity >= by.thresholds.accept
    probability = by.thresholds.probability(similarity)
    model = by.model.model_id
    return Verification(same, similarity, probability, by.thresholds, model, (first, second))


def _face(photo: PhotoIndexed, side: Side, note: Callable[[str], None]) -> Descriptor:
    name, faces = os.fsdecode(photo.file.path), photo.faces
    if not faces:
        raise FaceindexError(f"{name} has no face to compare: name another photo.")
    if side.face is not None:
        if not 1 <= side.face <= len(faces):
            raise BadRequest(f"{name} has no face number {side.face}: it has {len(faces)}.")
        return faces[side.face - 1]
    if len(faces) > 1:
        number = _largest(faces) + 1
        note(f"{name} has {len(faces)} faces: the largest, number {number} of 'faceindex who', is compared.")
    return faces[_largest(faces)]


def _largest(faces: Sequence[Descriptor]) -> int:
    areas = [each.face.box.w * each.face.box.h for each in faces]
    return areas.index(max(areas))

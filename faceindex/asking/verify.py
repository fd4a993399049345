"""Compares the faces of two photos: one person, or two?

It works without a library. Where there is one, its model describes the faces and its thresholds judge
them, so that the answer is the one that ``who`` would go by. This module prints nothing and writes nothing.
"""

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from faceindex.asking.examine import examine
from faceindex.engine import build_runner
from faceindex.errors import BadRequest, FaceindexError, explained
from faceindex.session import Session
from faceindex.settings import Settings
from index.recognition.thresholds import Thresholds, shipped
from pipeline.models.registry import ModelSpec
from pipeline.models.weights import WeightsStore, choose
from pipeline.values import Descriptor, ModelId, PhotoFailed, PhotoIndexed

Download: TypeAlias = Callable[[int, int], None]
"""Called with the bytes of a download received, and in all."""


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
class _Judge:
    """What describes and judges the faces."""

    model: ModelSpec
    thresholds: Thresholds


def verify(
    settings: Settings,
    sides: tuple[Side, Side],
    note: Callable[[str], None] = lambda _: None,
    progress: Download = lambda done, total: None,
) -> Verification | Unread:
    """Compare a face of one photo with a face of another.

    Args:
        settings: Where the library is, and the model where there is none.
        sides: The two photos.
        note: Called with sentences for the user, as where a photo has more than one face.
        progress: Called if weights are downloaded.

    Raises:
        BadRequest: A photo has no face of the number asked for.
        WeightsUnavailable: The weights of the model are not here, or not right.
        FaceindexError: A photo has no face; or see ``faceindex.errors``.
    """
    with explained():
        judge = _judge(settings, note, progress)
        runner = build_runner(settings, judge.model, workers=1)
        found = list(examine([side.photo for side in sides], runner))
        failures = tuple(each for each in found if isinstance(each, PhotoFailed))
        if failures:
            return Unread(failures)
        first, second = (
            _face(photo, side, note)
            for photo, side in zip(found, sides, strict=True)
            if isinstance(photo, PhotoIndexed)
        )
    similarity = max(-1.0, min(1.0, float(first.vector @ second.vector)))
    same = similarity >= judge.thresholds.accept
    probability = judge.thresholds.probability(similarity)
    return Verification(
        same, similarity, probability, judge.thresholds, judge.model.model_id, (first, second)
    )


def _judge(settings: Settings, note: Callable[[str], None], progress: Download) -> _Judge:
    """The library's model and thresholds; without one, or before its first scan, those of the settings."""
    if settings.library.exists():
        with Session.open(settings) as session:
            if session.catalog.model() is not None:
                return _Judge(session.model(), session.thresholds())
    choice = choose(settings.model, WeightsStore(settings.cache_dir), progress)
    note(f"There is no library; the model is {choice.reason}")
    return _Judge(choice.model, shipped(choice.model.model_id))


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

"""Matches what a detector found with the faces of a photo, where these are known.

A face counts as found where a detected box overlaps its own by ``LEAST_OVERLAP`` (IoU): the conventions of
detectors and of labels differ, so no more is asked. Each detected box counts for one face; what is left is
false. Of a made photo the place of landmarks is known too: they are where the same detector finds them in the
photo that the face was taken from, after the same transform.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from benchmarks.detectors.case import Case, KnownFace, clipped_box, moved
from pipeline.geometry import overlap
from pipeline.values import F32, Box, DetectedFace

LEAST_OVERLAP = 0.3
FARTHEST = 0.25
"""Mean distance of landmarks from their places up to which they are in place, by the distance of the eyes."""


@dataclass(slots=True)
class Tally:
    """What a detector found under one condition.

    Attributes:
        faces: True faces that count, and how many of them were ``found``.
        false: Detected faces that are none, in the ``complete`` photos.
        complete: Photos of which all faces are known.
        known_landmarks: Faces of which the places of landmarks are known.
        errors: Mean distance of landmarks from these, by the distance of the eyes, of those found.
    """

    faces: int = 0
    found: int = 0
    false: int = 0
    complete: int = 0
    known_landmarks: int = 0
    errors: list[float] = field(default_factory=list)

    @property
    def recall(self) -> float | None:
        """The part of faces found."""
        return self.found / self.faces if self.faces else None

    @property
    def false_a_photo(self) -> float | None:
        """False faces a photo, of photos whose faces are all known."""
        return self.false / self.complete if self.complete else None

    @property
    def in_place(self) -> float | None:
        """The part of faces found with all landmarks about where they belong."""
        near = sum(error <= FARTHEST for error in self.errors)
        return near / self.known_landmarks if self.known_landmarks else None


@dataclass(frozen=True, slots=True)
class Matches:
    """Which true faces were found by which detected face, by number, and which detected faces are false."""

    hits: Mapping[int, int]
    false: Sequence[int]


def match(case: Case, found: Sequence[DetectedFace]) -> Matches:
    """Match detected faces with true ones, those that overlap most first."""
    boxes = corners([clipped_box(face.box, case.photo.size) for face in found])
    both = overlap(corners([face.box for face in case.faces]), boxes)
    hits: dict[int, int] = {}
    for place in np.argsort(-both, axis=None, kind="stable").tolist():
        true, detected = divmod(place, max(len(found), 1))
        if both[true, detected] < LEAST_OVERLAP:
            break
        if true not in hits and detected not in hits.values():
            hits[true] = detected
    ignored = np.array([not face.counted for face in case.faces], bool)
    beside = (both[ignored] > 0.1).any(axis=0) if ignored.any() else np.zeros(len(found), bool)
    left = set(range(len(found))) - set(hits.values()) - set(np.flatnonzero(beside).tolist())
    return Matches(hits, sorted(left) if case.complete else [])


def add(tally: Tally, case: Case, found: Sequence[DetectedFace], places: Mapping[Path, F32]) -> Matches:
    """Add one photo to a tally; ``places`` has the landmarks that the detector finds in source photos."""
    matches = match(case, found)
    tally.complete += case.complete
    tally.false += len(matches.false)
    for number, face in enumerate(case.faces):
        if not face.counted:
            continue
        tally.faces += 1
        tally.found += number in matches.hits
        if face.source is None or face.source not in places:
            continue
        tally.known_landmarks += 1
        if number in matches.hits:
            landmarks = found[matches.hits[number]].landmarks
            tally.errors.append(landmark_error(landmarks, face, places[face.source]))
    return matches


def landmark_error(landmarks: F32, face: KnownFace, places: F32) -> float:
    """Mean distance of landmarks [5, 2] from their places, by the distance of the eyes."""
    if face.placed is None:
        raise ValueError("the face was not placed")
    expected = moved(places, face.placed)
    eyes = float(np.linalg.norm(expected[1] - expected[0]))
    return float(np.linalg.norm(landmarks - expected, axis=1).mean() / max(eyes, 1e-6))


def corners(boxes: Sequence[Box]) -> F32:
    """Return boxes as corners, float32 [N, 4]."""
    rows = [[box.x, box.y, box.x + box.w, box.y + box.h] for box in boxes]
    return np.array(rows, np.float32).reshape(-1, 4)

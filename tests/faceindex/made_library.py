"""A library whose descriptors are made: faces of people who are as alike as a test wants them to be."""

import hashlib
from collections.abc import Iterator, Sequence
from itertools import chain
from pathlib import Path

import numpy as np

from faceindex.session import Session
from faceindex.settings import Settings
from index.values import FaceRecord
from pipeline.values import (
    F32,
    Box,
    Descriptor,
    DetectedFace,
    ModelId,
    PhotoFile,
    PhotoIndexed,
    Quality,
    Size,
)

SFACE = ModelId("sface")
DIMENSION = 128


def direction(seed: int) -> F32:
    """What one person looks like: two of them are nearly at right angles."""
    vector = np.random.default_rng(seed).standard_normal(DIMENSION).astype(np.float32)
    return np.asarray(vector / np.linalg.norm(vector), np.float32)


def like(person: F32, similarity: float, seed: int) -> F32:
    """A face with this cosine to a direction, turned off it in a direction of its own."""
    other = direction(seed)
    across = other - (other @ person) * person
    across /= np.linalg.norm(across)
    return np.asarray(similarity * person + np.sqrt(1 - similarity**2) * across, np.float32)


def face(vector: F32, place: float = 0.0, quality: float = 1.0) -> Descriptor:
    """A face; those of one photo stand at different places."""
    box = Box(100.0 + 200.0 * place, 50.0, 80.0, 100.0)
    landmarks = np.array([[20, 30], [60, 30], [40, 55], [25, 75], [55, 75]], np.float32)
    found = DetectedFace(box, landmarks + np.array([box.x, box.y], np.float32), 0.99)
    return Descriptor(found, Quality(quality, ()), SFACE, vector)


def known_faces(session: Session) -> Iterator[FaceRecord]:
    """All faces of a library, by id."""
    return chain.from_iterable(session.catalog.all_faces())


def fill(settings: Settings, photos: Sequence[Sequence[Descriptor]], folder: Path) -> None:
    """Record photos with these faces; their files are there, and hold nothing but a number."""
    outcomes = []
    for number, faces in enumerate(photos):
        path = folder / f"photo {number:03}.jpg"
        path.write_text(str(number))
        state = path.stat()
        file = PhotoFile(bytes(path), state.st_size, state.st_mtime_ns)
        digest = hashlib.sha256(str(number).encode()).digest()
        outcomes.append(
            PhotoIndexed(
                file, digest, Size(2000, 400), None, tuple(faces), "png pillow 12.0.0", "mtcnn", digest
            )
        )
    with Session.open_to_write(settings) as library:
        library.catalog.choose_model(SFACE)
        library.catalog.record(outcomes)

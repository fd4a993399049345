"""Makes the outcomes that the tests record, from files that are really there."""

import hashlib
import os
from collections.abc import Sequence, Set
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from index.photos.catalog import Catalog
from index.photos.photo_roots import Roots
from index.photos.presence import Crawled, Presence
from index.store.store import Store
from index.values import KnownRoot
from pipeline.values import (
    F32,
    Box,
    Descriptor,
    DetectedFace,
    ModelId,
    PhotoFailed,
    PhotoFile,
    PhotoIndexed,
    PhotoKnown,
    PhotoSkipped,
    Quality,
    Reason,
    Size,
    Stage,
)

NOW = datetime(2024, 5, 6, 7, 8, 9, tzinfo=UTC)

MODEL = ModelId("sface")
DIMENSION = 16


def digest_of(content: str) -> bytes:
    """32 bytes that stand for a content; which hash made them does not matter to a catalog."""
    return hashlib.sha256(content.encode()).digest()


def add_roots(store: Store, paths: Sequence[bytes]) -> None:
    """Add roots that no other path leads to."""
    Roots(store).record([KnownRoot(path, place=path) for path in paths])


def units(count: int, seed: int = 0, dimension: int = DIMENSION) -> F32:
    vectors = np.random.default_rng(seed).standard_normal((count, dimension), dtype=np.float32)
    return np.asarray(vectors / np.linalg.norm(vectors, axis=1, keepdims=True), dtype=np.float32)


def near(vectors: F32, cosine: float) -> F32:
    """Vectors with this cosine to those given."""
    others = units(len(vectors), seed=7)
    others -= np.sum(others * vectors, axis=1, keepdims=True) * vectors
    others /= np.linalg.norm(others, axis=1, keepdims=True)
    return np.asarray(cosine * vectors + np.sqrt(1 - cosine**2) * others, np.float32)


def stored(vectors: F32) -> F32:
    """The vectors as the database gives them back: rounded to half precision, of unit norm."""
    halves = vectors.astype("<f2").astype(np.float32)
    return np.asarray(halves / np.linalg.norm(halves, axis=1, keepdims=True), dtype=np.float32)


def described(vector: F32, place: float = 10.0, model: ModelId = MODEL) -> Descriptor:
    face = DetectedFace(
        box=Box(place, -2.5, 40.25, 50.0),
        landmarks=np.arange(10, dtype=np.float32).reshape(5, 2) + np.float32(place),
        confidence=0.98,
    )
    return Descriptor(face, Quality(0.75, ("small", "blurred")), model, vector)


def make_file(path: Path, content: str = "") -> PhotoFile:
    """Write a file, and its folder, and describe it as the crawl does."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content)
    state = path.stat()
    return PhotoFile(os.fsencode(path), state.st_size, state.st_mtime_ns)


def indexed(file: PhotoFile, content: str, vectors: F32 | Sequence[F32] = ()) -> PhotoIndexed:
    faces = tuple(described(vector, 100.0 * place) for place, vector in enumerate(vectors))
    taken_at = datetime.fromisoformat("2019-07-14T12:30:00.250+02:00")
    digest = digest_of(content)
    return PhotoIndexed(file, digest, Size(640, 480), taken_at, faces, "png pillow 12.0.0", "mtcnn", digest)


def known(file: PhotoFile, content: str) -> PhotoKnown:
    return PhotoKnown(file, digest_of(content))


def skipped(file: PhotoFile) -> PhotoSkipped:
    return PhotoSkipped(file)


def broken(file: PhotoFile, content: str) -> PhotoFailed:
    """The content cannot be decoded, now or ever."""
    message = "the file ends in the middle of the picture"
    return PhotoFailed(file, Stage.DECODE, Reason.TRUNCATED, message, digest_of(content), "jpeg pillow 1")


def unreadable(file: PhotoFile) -> PhotoFailed:
    """The file cannot be read, this time."""
    return PhotoFailed(file, Stage.READ, Reason.UNREADABLE, "permission denied", None)


def crawled(
    store: Store, roots: Sequence[bytes], seen: Set[bytes] = frozenset(), unlisted: Set[bytes] = frozenset()
) -> int:
    """Record what a crawl did not see; how many photos are missing by that, and were not before."""
    left = Catalog(store).states_under(roots).keys() - seen
    presence, crawl = Presence(store, clock=lambda: NOW), Crawled(frozenset(roots), left, unlisted)
    unseen = presence.unseen(crawl)
    presence.record_gone(crawl, unseen)
    return len(unseen.missing)

"""What the use cases give back: how a scan went, and answers to questions."""

from dataclasses import dataclass

from index.values import FailureRecord, NearFace
from pipeline.timing import StageSeconds
from pipeline.values import Descriptor, PhotoIndexed


@dataclass(frozen=True, slots=True)
class Progress:
    """Where a scan is, after each batch.

    Attributes:
        total: Photos to look at.
        done: Of them, those that are done.
        faces: Faces found so far.
        failed: Photos that could not be read so far.
    """

    total: int
    done: int
    faces: int
    failed: int


@dataclass(frozen=True, slots=True)
class ScanSummary:
    """What a scan did. ``seen`` is the sum of the five that follow it.

    Attributes:
        seen: Photos found in the folders.
        indexed: Read and searched for faces.
        unchanged: Known as they are.
        duplicate: Their content is that of another photo.
        moved: Known under another path that is gone.
        failed: Could not be read, now or in an earlier scan.
        missing: Known photos that are gone since the last scan; they keep their faces.
        faces: Faces found in the photos that were indexed.
        library_photos: Photos in the whole library, after the scan.
        library_faces: Faces in the whole library, after the scan.
        model: The library's model.
        seconds: Of the whole scan.
        stages: Where the time went: seconds of all threads together.
        failures: The photos that could not be read, by path.
    """

    seen: int
    indexed: int
    unchanged: int
    duplicate: int
    moved: int
    failed: int
    missing: int
    faces: int
    library_photos: int
    library_faces: int
    model: str
    seconds: float
    stages: tuple[StageSeconds, ...]
    failures: tuple[FailureRecord, ...]


@dataclass(frozen=True, slots=True)
class Planned:
    """What a scan would do with a file or a folder, and why.

    Attributes:
        path: Absolute.
        read: Whether it would be read.
        reason: ``new``, ``changed``, ``unread before``; else why it would not be read.
    """

    path: bytes
    read: bool
    reason: str


@dataclass(frozen=True, slots=True, eq=False)
class KnownFace:
    """A face of a photo that was asked about, and the faces of the library that are nearest to it."""

    described: Descriptor
    matches: tuple[NearFace, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Answer:
    """What the library says of one photo: its faces, by falling confidence."""

    photo: PhotoIndexed
    faces: tuple[KnownFace, ...]

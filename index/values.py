"""The values that this package hands out: what is known of photos, faces, and their likeness.

All are frozen, and none holds a row or a connection. This module knows NumPy and the pipeline's
values, and neither SQLAlchemy nor FAISS.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from pipeline.values import F32, Box, DetectedFace, ModelId, PhotoFile, Quality

I64: TypeAlias = NDArray[np.int64]

Flags: TypeAlias = NDArray[np.bool_]

NONE = -1
"""Stands for a person, a group or a cluster where there is none, in arrays of their numbers."""


@dataclass(frozen=True, slots=True)
class PhotoState:
    """What the library knows of one path, for a scan to compare with the disk.

    Attributes:
        size: Bytes, when it was last read.
        mtime_ns: Time of last change then, nanoseconds since the epoch.
        failed: It could not be read, or its content could not be decoded.
        missing: It was gone when its folder was last scanned.
        racy: It had been changed so shortly before it was read that a later change may have left size and
            time the same. Only its content can tell.
        unread: It failed, and may be readable now though it is unchanged: the failure was not in its content,
            or another decoder would read it.
    """

    size: int
    mtime_ns: int
    failed: bool
    missing: bool
    racy: bool
    unread: bool


@dataclass(frozen=True, slots=True)
class FailureRecord:
    """A photo that could not be read.

    Attributes:
        path: The photo.
        stage: A value of ``pipeline.values.Stage``.
        reason: A value of ``pipeline.values.Reason``.
        message: One line for the person who reads it, without the path.
    """

    path: bytes
    stage: str
    reason: str
    message: str


@dataclass(frozen=True, slots=True, eq=False)
class FaceRecord:
    """A face in the library.

    Attributes:
        face_id: Its id, never used for another face.
        digest: BLAKE3 of the content that it is in, 32 bytes.
        photo: A path with that content: one that is present, if there is any.
        missing: No path with that content is present.
        box: In pixels of the upright, full-size photo, as the detector gave it.
        landmarks: float32 [5, 2], as in ``pipeline.values.DetectedFace``.
        confidence: The detector's probability that this is a face, 0 to 1.
        quality: How much it can be trusted for recognition.
    """

    face_id: int
    digest: bytes
    photo: bytes
    missing: bool
    box: Box
    landmarks: F32
    confidence: float
    quality: Quality


@dataclass(frozen=True, slots=True, eq=False)
class Undescribed:
    """A content of which a model has not described all faces.

    Attributes:
        content_id: Its row; contents are handed out by rising ids.
        digest: BLAKE3 of it, 32 bytes.
        files: The photos that have this content and are not missing, by path; at least one.
        face_ids: The faces that lack a descriptor, rising.
        faces: The same faces as they were found.
    """

    content_id: int
    digest: bytes
    files: tuple[PhotoFile, ...]
    face_ids: tuple[int, ...]
    faces: tuple[DetectedFace, ...]


@dataclass(frozen=True, slots=True, eq=False)
class NewDescriptors:
    """Descriptors to be stored, of some faces in one content.

    Attributes:
        digest: Of the content, 32 bytes.
        face_ids: The faces, rising.
        vectors: float32 [N, D], of unit norm, in the order of the faces.
    """

    digest: bytes
    face_ids: tuple[int, ...]
    vectors: F32


@dataclass(frozen=True, slots=True)
class Coverage:
    """How many faces a model has described.

    Attributes:
        faces: All faces.
        described: Those that it has.
        waiting: Those that it has not, and that are in a photo which is not missing.
        contents: In so many contents these are.
    """

    faces: int
    described: int
    waiting: int
    contents: int


@dataclass(frozen=True, slots=True, eq=False)
class Descriptors:
    """Descriptors of some faces by one model, read together with the faces' ids.

    Attributes:
        ids: int64 [N], face ids, rising.
        vectors: float32 [N, D], of unit norm, in the order of the ids.
    """

    ids: I64
    vectors: F32

    def __len__(self) -> int:
        return len(self.ids)

    def only(self, face_ids: I64) -> "Descriptors":
        """Those of some faces, int64 [M]; the others of them are passed over."""
        return self._at(np.isin(self.ids, face_ids))

    def without(self, face_ids: I64) -> "Descriptors":
        """All but those of some faces, int64 [M]."""
        return self._at(~np.isin(self.ids, face_ids))

    def _at(self, chosen: Flags) -> "Descriptors":
        # A library may have a million of them: they are copied only where some are left out.
        return self if chosen.all() else Descriptors(self.ids[chosen], self.vectors[chosen])

    @classmethod
    def joined(cls, chunks: Iterable["Descriptors"], dimension: int) -> "Descriptors":
        """The descriptors of all chunks; of shape [0, ``dimension``] where there are none."""
        found = [cls(np.empty(0, np.int64), np.empty((0, dimension), np.float32)), *chunks]
        return cls(
            np.concatenate([each.ids for each in found]), np.concatenate([each.vectors for each in found])
        )


@dataclass(frozen=True, slots=True)
class Neighbor:
    """A face that is near to a probe.

    Attributes:
        face_id: The face.
        similarity: Cosine of the angle between the two descriptors, -1 to 1.
    """

    face_id: int
    similarity: float


@dataclass(frozen=True, slots=True, eq=False)
class NearFace:
    """A face of the library that is near to a probe, with all that is known of it."""

    face: FaceRecord
    similarity: float


@dataclass(frozen=True, slots=True)
class Recorded:
    """The counts of recorded outcomes; each is in exactly one of the first six.

    Attributes:
        indexed: Photos whose content is new, or was in no photo any more.
        unchanged: Photos that had this content before.
        duplicate: Photos whose content another photo has too.
        moved: Photos that had another path before.
        failed: Photos that could not be read, or whose content cannot be decoded.
        skipped: Files that are no photos.
        faces: Faces that were added.
        perhaps_moved: The paths of one batch that got a content which other paths had, and what each counts
            as until a crawl is complete: ``indexed`` or ``duplicate``.
    """

    indexed: int = 0
    unchanged: int = 0
    duplicate: int = 0
    moved: int = 0
    failed: int = 0
    skipped: int = 0
    faces: int = 0
    perhaps_moved: Mapping[bytes, str] = field(default_factory=dict, compare=False)

    def with_moves(self, counted_as: Iterable[str]) -> "Recorded":
        """The counts after photos that count as ``indexed`` or ``duplicate`` turned out to have moved."""
        counted = Counter(counted_as)
        return replace(
            self,
            indexed=self.indexed - counted["indexed"],
            duplicate=self.duplicate - counted["duplicate"],
            moved=self.moved + counted.total(),
        )

    def __add__(self, other: "Recorded") -> "Recorded":
        """The counts of two batches together."""
        return Recorded(
            indexed=self.indexed + other.indexed,
            unchanged=self.unchanged + other.unchanged,
            duplicate=self.duplicate + other.duplicate,
            moved=self.moved + other.moved,
            failed=self.failed + other.failed,
            skipped=self.skipped + other.skipped,
            faces=self.faces + other.faces,
        )


@dataclass(frozen=True, slots=True)
class RootFigures:
    """A folder or file that is scanned.

    Attributes:
        path: Absolute.
        photos: Photos at or under it that were there at the last scan.
        missing: Those that were not.
    """

    path: bytes
    photos: int
    missing: int


@dataclass(frozen=True, slots=True)
class RootLoss:
    """What a scan did not meet in a root.

    Attributes:
        root: Absolute path.
        known: Photos at or under it that were not missing before.
        lost: Of them, those that it did not meet.
    """

    root: bytes
    known: int
    lost: int


@dataclass(frozen=True, slots=True)
class StoredPhoto:
    """A photo as it was when it was last read; without a digest where it could not be."""

    path: bytes
    size: int
    mtime_ns: int
    digest: bytes | None


@dataclass(frozen=True, slots=True)
class Moved:
    """What became of the photos of a root that moved.

    Attributes:
        photos: Have the path of their new place.
        known_already: Were given up, because their new place had been scanned before.
    """

    photos: int
    known_already: int


@dataclass(frozen=True, slots=True)
class Pruned:
    """What was given up: photos missing for too long, and faces in no photo any more."""

    photos: int
    faces: int


@dataclass(frozen=True, slots=True)
class ReasonCount:
    """How many present photos failed for one reason (a value of ``pipeline.values.Reason``)."""

    reason: str
    photos: int


@dataclass(frozen=True, slots=True)
class Statistics:
    """A library in figures. A photo is a path; a content is what is in it.

    Attributes:
        model: The model that the library belongs to; ``None`` before its first scan.
        created_at: When that was chosen.
        roots: Folders and files that were scanned, in the order they were first named.
        photos: Paths that were there at the last scan, failed ones included.
        photo_bytes: Their sizes together.
        missing: Paths that were gone at the last scan.
        failed: Present photos that could not be read, by reason, the most frequent first.
        contents: Different contents of the present photos that could be read.
        contents_without_face: Those of them in which no face was found.
        most_faces: Faces in the one that has most.
        duplicates: Present, readable photos beyond the first of each content.
        faces: Faces in those contents.
        first_taken: When the earliest was taken, by its own clock; ``None`` where no photo says.
        last_taken: The latest.
        descriptors: Faces that the model has described, those without a photo included.
        descriptor_bytes: Bytes of their descriptors.
        database_bytes: Bytes of the SQLite file.
        index_kind: How the saved index keeps descriptors; ``None`` where none has been saved.
        indexed_faces: Faces in it.
    """

    model: ModelId | None
    created_at: datetime | None
    roots: tuple[bytes, ...]
    photos: int
    photo_bytes: int
    missing: int
    failed: tuple[ReasonCount, ...]
    contents: int
    contents_without_face: int
    most_faces: int
    duplicates: int
    faces: int
    first_taken: datetime | None
    last_taken: datetime | None
    descriptors: int
    descriptor_bytes: int
    database_bytes: int
    index_kind: str | None
    indexed_faces: int

    @property
    def failures(self) -> int:
        """Present photos that could not be read, for whatever reason."""
        return sum(each.photos for each in self.failed)

    @property
    def faces_per_photo(self) -> float:
        """Faces in an average readable content; 0.0 where there is none."""
        return self.faces / self.contents if self.contents else 0.0

"""The values that this package returns; none refers to a database row or connection, or to FAISS."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, field, fields, replace
from enum import StrEnum
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from pipeline.values import (
    F32,
    Appearance,
    Box,
    DetectedFace,
    PhotoFile,
    PhotoIndexed,
    PhotoSkipped,
    Quality,
)

I64: TypeAlias = NDArray[np.int64]

F16: TypeAlias = NDArray[np.float16]

Flags: TypeAlias = NDArray[np.bool_]

OnStep: TypeAlias = Callable[[str, int, int], None]
"""Told what is done with faces, as ``compared``, how many it was done with so far, and how many there are;
always in the thread of the caller."""


def no_step(what: str, done: int, total: int) -> None:
    """Tell nobody: the ``OnStep`` by default."""


NONE = -1
"""No person, group or cluster, in arrays of their numbers."""

RELIABLE = 0.3
"""Minimum quality of a face that is evidence about other faces: in a template, as an ignored stranger, in a
cluster. docs/identification.md has the figures."""


@dataclass(frozen=True, slots=True)
class PhotoState:
    """What the library knows of one path, for a scan to compare with the disk.

    Attributes:
        size: Bytes, when it was last read; ``mtime_ns`` is the time of its last change then.
        failed: It could not be read, or its content could not be decoded.
        missing: It was gone when its folder was last scanned.
        racy: It was read so soon after a change that a later change may have left size and time the same.
        unread: It failed, but may be readable now: the cause lay elsewhere, or there is another decoder.
        sidecar: The stamp of the XMP file beside it, when the photo was last read.
    """

    size: int
    mtime_ns: int
    failed: bool
    missing: bool
    racy: bool
    unread: bool
    sidecar: str | None = None


@dataclass(frozen=True, slots=True)
class TimeSpan:
    """A part of a film, in seconds from its first frame."""

    start: float
    end: float


class RawFiles(StrEnum):
    """Which camera raw files a library reads: those without a developed photo beside them, or all."""

    DEVELOPED = "developed"
    BOTH = "both"


@dataclass(frozen=True, slots=True)
class Sibling:
    """A file that is not read, because another one is the same photo.

    Attributes:
        other: The path of the photo that is read, or, of a photo, that of the file that is not.
        kind: What the file is that is not read, in a few words; of the other one, that it is read.
    """

    other: bytes
    kind: str


@dataclass(frozen=True, slots=True)
class UnfinishedFilm:
    """A film of which ``seconds`` are left to look at; ``file`` has a ``rest``."""

    file: PhotoFile
    seconds: float


@dataclass(frozen=True, slots=True)
class FailureRecord:
    """A photo that could not be read, with values of ``Stage`` and ``Reason`` and a line for the user.

    ``new`` if no earlier scan told it of this file.
    """

    path: bytes
    stage: str
    reason: str
    message: str
    new: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class FaceRecord:
    """A face in the library.

    Attributes:
        face_id: Never used for another face.
        digest: BLAKE3 of its content, 32 bytes.
        photo: A path with that content, a present one if there is any; else the face is ``missing``.
        photo_id: The photo of that path, for ``Library.photo``; 0 if the library has none.
        box: In pixels of the upright, full-size photo; landmarks, float32 [5, 2], likewise. There are none,
            [0, 2], of a face that a person drew if none were found.
        confidence: The detector's probability that this is a face, 0 to 1.
        detector: The name of the one that found it. It is not the library's where the face is ``kept`` for a
            decision, or its photo has been out of reach since the library changed its detector.
        span: When a film shows it; its box is that of its best frame.
        drawn: A person drew its box, because no detector had found it.
        described: Whether the library's model has described it, so that it is compared with others.
    """

    face_id: int
    digest: bytes
    photo: bytes
    missing: bool
    box: Box
    landmarks: F32
    confidence: float
    quality: Quality
    detector: str = "mtcnn"
    kept: bool = False
    span: TimeSpan | None = None
    drawn: bool = False
    described: bool = True
    photo_id: int = 0


@dataclass(frozen=True, slots=True, eq=False)
class KnownContent:
    """A content that is looked at again.

    Attributes:
        digests: Of all files that show the content; ``digest`` is that of the first one.
        files: The present photos with this content, by path, at least one; films with the part that is to be
            looked at as ``PhotoFile.rest``, and only the first of them.
        behind: At how many frames a second, at most, the film behind a photo is looked at, if its film is
            known; ``files`` is then the largest, which has it.
    """

    content_id: int
    digest: bytes
    digests: frozenset[bytes]
    files: tuple[PhotoFile, ...]
    behind: float | None


@dataclass(frozen=True, slots=True, eq=False)
class Undescribed(KnownContent):
    """A content with ``faces``, as detected, by rising ``face_ids``, that a model has not described.

    ``appearances`` are those of faces in a film.
    """

    face_ids: tuple[int, ...]
    faces: tuple[DetectedFace, ...]
    appearances: tuple[Appearance | None, ...]

    @property
    def photo_face_ids(self) -> tuple[int, ...]:
        """The ids of the faces that are in no film."""
        return tuple(each for each, _ in self._in_photo())

    @property
    def photo_faces(self) -> tuple[DetectedFace, ...]:
        """The faces that are in no film."""
        return tuple(face for _, face in self._in_photo())

    def _in_photo(self) -> Iterator[tuple[int, DetectedFace]]:
        for face_id, face, seen in zip(self.face_ids, self.faces, self.appearances, strict=True):
            if seen is None:
                yield face_id, face


@dataclass(frozen=True, slots=True, eq=False)
class NewDescriptors:
    """Descriptors to store, of faces in one content by rising id: float32 [N, D], of unit norm."""

    digest: bytes
    face_ids: tuple[int, ...]
    vectors: F32


@dataclass(frozen=True, slots=True)
class Coverage:
    """How many of all faces a model has described.

    ``waiting`` counts the other faces that are in a present photo, ``contents`` the contents they are in.
    """

    faces: int
    described: int
    waiting: int
    contents: int


@dataclass(frozen=True, slots=True, eq=False)
class NewDetections:
    """What a detector found in a known content, whose digest may be that of another file of its picture."""

    digest: bytes
    found: PhotoIndexed


@dataclass(frozen=True, slots=True)
class DetectorCoverage:
    """How many of the contents in photos a detector has looked at.

    ``waiting`` counts the other contents that are in a present photo.
    """

    contents: int
    looked_at: int
    waiting: int


@dataclass(frozen=True, slots=True)
class DetectorComparison:
    """The faces of the contents that a detector has looked at, before and after a change to it.

    Attributes:
        gained: Faces where none was before.
        lost: Faces where none is after it; those that a decision is about are kept nevertheless, and count
            neither before nor after.
    """

    before: int
    after: int
    gained: int
    lost: int


@dataclass(frozen=True, slots=True, eq=False)
class Descriptors:
    """Descriptors of faces by one model: float32 [N, D], of unit norm, by id, int64 [N], rising."""

    ids: I64
    vectors: F32

    def __len__(self) -> int:
        return len(self.ids)

    def only(self, face_ids: I64) -> "Descriptors":
        """Return those of some faces, int64 [M]; ignore unknown faces."""
        return self._at(np.isin(self.ids, face_ids))

    def without(self, face_ids: I64) -> "Descriptors":
        """Return all but those of some faces, int64 [M]."""
        return self._at(~np.isin(self.ids, face_ids))

    def _at(self, chosen: Flags) -> "Descriptors":
        # Up to a million: copy only if some are left out.
        return self if chosen.all() else Descriptors(self.ids[chosen], self.vectors[chosen])

    @classmethod
    def joined(cls, chunks: Iterable["Descriptors"], dimension: int) -> "Descriptors":
        """Join the descriptors of all chunks; return shape [0, ``dimension``] without a chunk."""
        found = [cls(np.empty(0, np.int64), np.empty((0, dimension), np.float32)), *chunks]
        return cls(
            np.concatenate([each.ids for each in found]), np.concatenate([each.vectors for each in found])
        )


@dataclass(frozen=True, slots=True, eq=False)
class StoredDescriptors:
    """Descriptors as the database stores them: float16 [N, D], by id, int64 [N], rising.

    Their ``norms``, float32 [N], are 1 but for rounding.
    """

    ids: I64
    halves: F16
    norms: F32

    def __len__(self) -> int:
        return len(self.ids)


@dataclass(frozen=True, slots=True)
class Neighbor:
    """A face near a probe, and the cosine of the angle between their descriptors, -1 to 1."""

    face_id: int
    similarity: float


@dataclass(frozen=True, slots=True, eq=False)
class NearFace:
    """A ``Neighbor`` with its record."""

    face: FaceRecord
    similarity: float


@dataclass(frozen=True, slots=True)
class Thumbnail:
    """A picture of a face, as a JPEG. ``stamp`` tells faces of several libraries with the same id apart."""

    face_id: int
    stamp: bytes
    picture: bytes


@dataclass(frozen=True, slots=True)
class Recorded:
    """The counts of recorded outcomes; each is in exactly one of the first seven.

    Attributes:
        indexed: Photos whose content is new, or was in no photo any more.
        unchanged: Photos that had this content before.
        duplicate: Photos whose content another photo has too.
        moved: Photos that had another path before.
        failed: Photos that could not be read or decoded.
        skipped: Files that are not photos.
        continued: Films of which a part was known; each part counts.
        faces: Faces that were added.
        perhaps_moved: Paths of one batch with a content that other paths had, each counted as ``indexed`` or
            ``duplicate`` until the crawl is complete.
        unread: Paths of one batch that keep their last content, and count as if the crawl had not seen them.
        new_failures: Paths of one batch that failed, and had not failed before for this reason.
        left_out: Those of one batch that are ``skipped``.
        thumbnails: Of faces that one batch added, and that came with one.
    """

    indexed: int = 0
    unchanged: int = 0
    duplicate: int = 0
    moved: int = 0
    failed: int = 0
    skipped: int = 0
    continued: int = 0
    faces: int = 0
    perhaps_moved: Mapping[bytes, str] = field(default_factory=dict, compare=False)
    unread: Set[bytes] = field(default_factory=set, compare=False)
    new_failures: Set[bytes] = field(default_factory=set, compare=False)
    left_out: Sequence[PhotoSkipped] = field(default=(), compare=False)
    thumbnails: Sequence[Thumbnail] = field(default=(), compare=False)

    def with_moves(self, counted_as: Iterable[str]) -> "Recorded":
        """Recount as moved the photos that were counted as ``indexed`` or ``duplicate``."""
        counted = Counter(counted_as)
        return replace(
            self,
            indexed=self.indexed - counted["indexed"],
            duplicate=self.duplicate - counted["duplicate"],
            moved=self.moved + counted.total(),
        )

    def __add__(self, other: "Recorded") -> "Recorded":
        counts = [each.name for each in fields(self) if each.compare]
        return Recorded(*(getattr(self, each) + getattr(other, each) for each in counts))


@dataclass(frozen=True, slots=True)
class KnownRoot:
    """A folder that is scanned. Its photos are known by paths in ``place``: the folder itself, by that path.

    ``place`` differs from ``path`` if the folder is also another root, or in one.
    """

    path: bytes
    place: bytes


@dataclass(frozen=True, slots=True)
class RootFigures:
    """A root, and its present and missing photos at the last scan.

    ``same_as`` is the path by which they are known, if it is another one: see ``KnownRoot``.
    """

    path: bytes
    photos: int
    missing: int
    same_as: bytes | None = None


@dataclass(frozen=True, slots=True)
class RootLoss:
    """How many of the ``known`` present photos of a root a scan did not find."""

    root: bytes
    known: int
    lost: int


@dataclass(frozen=True, slots=True)
class StoredPhoto:
    """A photo when it was last read; without a digest if reading failed."""

    path: bytes
    size: int
    mtime_ns: int
    digest: bytes | None


@dataclass(frozen=True, slots=True)
class Moved:
    """Photos of a moved root that got their new path, or were removed because that was known already."""

    photos: int
    known_already: int


@dataclass(frozen=True, slots=True)
class Pruned:
    """Removed photos, missing for too long, and faces, left without a photo."""

    photos: int
    faces: int


@dataclass(frozen=True, slots=True)
class LeftOutFile:
    """What the library knows of a file that is no photo, or that nothing here reads, as ``PhotoState``.

    Attributes:
        kind: As in ``pipeline.values.PhotoSkipped``, like ``needs``.
        unread: It may be readable now: there is another decoder.
    """

    size: int
    mtime_ns: int
    kind: str
    needs: str | None
    unread: bool

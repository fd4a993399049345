"""What the use cases give back: how a scan went, and answers to questions."""

import os
from dataclasses import dataclass
from enum import StrEnum

from index.people.queries import ClusterFaces, FaceStatus, Person
from index.recognition.model_comparison import Comparison
from index.values import Coverage, FaceRecord, FailureRecord, Pruned, RootFigures
from pipeline.timing import StageSeconds
from pipeline.values import Descriptor, ModelId, PhotoFailed, PhotoIndexed


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a scan is, after each photo.

    Attributes:
        total: Photos to look at, as far as they are known.
        done: Of them, those that are done.
        faces: Faces found so far.
        failed: Photos that could not be read so far.
        complete: All photos to look at are known; else there are at least ``total``.
    """

    total: int
    done: int
    faces: int
    failed: int
    complete: bool = True


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
        refused: Roots none of whose photos was marked as missing, because too many were gone.
        left: Photos not looked at, because the time was up: at least so many.
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
    refused: tuple["Refusal", ...]
    left: int


@dataclass(frozen=True, slots=True)
class PersonGain:
    """A person, and how many faces are that person now which were not before."""

    person: str
    new: int


@dataclass(frozen=True, slots=True)
class ReindexSummary:
    """What a night's run did.

    Attributes:
        scan: With all folders of the library.
        described: Faces found earlier that the library's model could describe only now.
        pruned: What was given up after it had been missing for long.
        gains: Who has new faces, confirmed or recognised; those with most first, and nobody who is hidden.
        review: New faces that look like somebody, but not surely enough.
        new_failures: Photos that could not be read, and that no earlier run had failed.
        in_time: It came to its end before the time was up.
    """

    scan: ScanSummary
    described: int
    pruned: Pruned
    gains: tuple[PersonGain, ...]
    review: int
    new_failures: tuple[FailureRecord, ...]
    in_time: bool


@dataclass(frozen=True, slots=True)
class Preview:
    """How far a model has come with a library that has another.

    Attributes:
        previous: The library's model.
        model: The other one.
        coverage: How many faces that has described.
        comparison: How identities would change, as far as both have described the faces; ``None`` where it
            is the library's own.
    """

    previous: ModelId
    model: ModelId
    coverage: Coverage
    comparison: Comparison | None


@dataclass(frozen=True, slots=True)
class ModelSwitch:
    """What came of describing a library by another model.

    Attributes:
        previous: The model that the library had.
        model: The one that it was to get.
        changed: It has that now. If not, either the time was up, or too many faces could not be described.
        described: Faces described by this run.
        coverage: How many the model has described in all.
        comparison: How identities changed, or would; ``None`` where the model is the one that it had, or
            the time was up.
        failures: Photos that could not be read, so that their faces were not described.
        in_time: The time was not up.
        seconds: Of the whole run.
    """

    previous: ModelId
    model: ModelId
    changed: bool
    described: int
    coverage: Coverage
    comparison: Comparison | None
    failures: tuple[PhotoFailed, ...]
    in_time: bool
    seconds: float


@dataclass(frozen=True, slots=True)
class Refusal:
    """A root that has lost so many photos at once that it is rather not there, as an unmounted disk.

    Attributes:
        root: Absolute path.
        known: Photos that it had.
        lost: Of them, those that were not met.
        unreachable: Why the root itself could not be scanned; ``None`` where it could.
    """

    root: bytes
    known: int
    lost: int
    unreachable: str | None

    @property
    def message(self) -> str:
        """What is wrong, and what to do, in one line."""
        name = os.fsdecode(self.root)
        if self.unreachable is not None:
            lost = f"{name} cannot be scanned ({self.unreachable}), and {self.known:,} photos are known in it"
        else:
            lost = f"{name} has lost {self.lost:,} of its {self.known:,} photos at once"
        return (
            f"{lost}: is a disk not mounted? None of them was marked as missing. "
            "If they were deleted on purpose, use --allow-missing."
        )


@dataclass(frozen=True, slots=True)
class RootReport:
    """A folder or file that is scanned, and why it cannot be scanned now; ``None`` where it can."""

    figures: RootFigures
    unreachable: str | None


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
class LibraryFace:
    """A face of the library, and what was decided of it or follows."""

    record: FaceRecord
    status: FaceStatus


@dataclass(frozen=True, slots=True, eq=False)
class ShownCluster:
    """A cluster without a name, and the face that shows it best."""

    faces: ClusterFaces
    exemplar: FaceRecord


@dataclass(frozen=True, slots=True, eq=False)
class ClusterList:
    """The largest clusters without a name, the largest first, and how many there are in all."""

    shown: tuple[ShownCluster, ...]
    total: int


class Certainty(StrEnum):
    """How it is known who a face is; the first three of a decision, the others of its likeness."""

    CONFIRMED = "confirmed"
    IGNORED = "ignored"
    NOT_A_FACE = "not-a-face"
    ACCEPTED = "accepted"
    PROBABLE = "probable"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Identity:
    """Who a face is. A hidden person whose name was not asked for has an empty one here.

    Attributes:
        certainty: How that is known. ``IGNORED`` too where the face is most like an ignored stranger.
        person: Who it is, surely or probably; ``None`` where nobody knows.
        similarity: To the person; where there is none, to the one it is most like, who stays unnamed.
            ``None`` where there is nobody to compare with.
        probability: That it is the person, 0 to 1; ``None`` where there is no person, where it was decided,
            and for models that were never measured.
        runner_up: The next person; ``None`` where there is no person or no other.
        margin: How much less similar the next person is; ``None`` with ``runner_up``.
    """

    certainty: Certainty
    person: Person | None = None
    similarity: float | None = None
    probability: float | None = None
    runner_up: Person | None = None
    margin: float | None = None


@dataclass(frozen=True, slots=True, eq=False)
class NearKnownFace:
    """A face of the library that is near to one that was asked about.

    Attributes:
        face: What is known of it.
        similarity: Cosine, -1 to 1.
        person: Who it is, confirmed or recognised; ``None`` where nobody knows.
        confirmed: A decision says so.
        ignored: Decided: a stranger.
    """

    face: FaceRecord
    similarity: float
    person: Person | None
    confirmed: bool
    ignored: bool


@dataclass(frozen=True, slots=True, eq=False)
class KnownFace:
    """A face of a photo that was asked about.

    Attributes:
        described: The face.
        identity: Who it is.
        matches: The faces of the library that are nearest to it, the nearest first.
    """

    described: Descriptor
    identity: Identity
    matches: tuple[NearKnownFace, ...]

    @property
    def similarity(self) -> float | None:
        """Cosine to the person; where nobody is named, to the nearest face, or ``None`` without one."""
        if self.identity.person is not None:
            return self.identity.similarity
        return self.matches[0].similarity if self.matches else None


@dataclass(frozen=True, slots=True, eq=False)
class Answer:
    """What the library says of one photo: its faces, by falling confidence."""

    photo: PhotoIndexed
    faces: tuple[KnownFace, ...]

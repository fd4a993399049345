"""Results of the use cases."""

import os
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from index.figures import LeftOutCount
from index.people.persons import Person
from index.people.queries import ClusterFaces, FaceStatus
from index.values import (
    Coverage,
    DetectorComparison,
    DetectorCoverage,
    FaceRecord,
    FailureRecord,
    Pruned,
    RootFigures,
)
from pipeline.timing import StageSeconds
from pipeline.values import Descriptor, ModelId, PhotoFailed, PhotoIndexed

if TYPE_CHECKING:
    from index.recognition.model_comparison import Comparison


@dataclass(frozen=True, slots=True)
class FilmProgress:
    """How many seconds of films were looked at, of all that the scan is to look at."""

    done: float
    total: float


@dataclass(frozen=True, slots=True)
class Progress:
    """Progress of a scan; ``faces`` and ``failed`` count in the ``done`` photos, and in films.

    ``total`` is the number of photos to process that are known so far, and is final if ``complete``.
    ``films`` is given once the photos are done.
    """

    total: int
    done: int
    faces: int
    failed: int
    complete: bool = True
    films: FilmProgress | None = None


@dataclass(frozen=True, slots=True)
class Listeners:
    """Callbacks, all called in the thread that called the library.

    ``progress`` is called after each photo, ``note`` with a sentence for the user, ``download`` with the
    bytes received so far and in all, and ``step`` with what a long command does now, in a few words.
    """

    progress: Callable[[Progress], None] = lambda _: None
    note: Callable[[str], None] = lambda _: None
    download: Callable[[int, int], None] = lambda done, total: None
    step: Callable[[str], None] = lambda _: None


@dataclass(frozen=True, slots=True)
class ScanSummary:
    """Result of a scan. ``seen`` is the sum of the five counts that follow it.

    Attributes:
        indexed: Photos searched for faces.
        duplicate: Photos with the content of another photo.
        moved: Photos that were known under another path, which is gone.
        failed: Photos that could not be read, now or in an earlier scan.
        missing: Known photos that are gone since the last scan; they keep their faces.
        excluded: Known photos that are there, and that ignore rules exclude since the last scan.
        returned: Unchanged photos that were missing at the last scan.
        faces: Faces in the photos indexed.
        stages: Seconds of each stage, of all threads together.
        failures: The photos that could not be read, by path, old and new.
        refused: Roots in which no photo was marked as missing, because too many are gone.
        left: Photos not processed because the time was up, at least.
        films_left: Films not looked at to their end because the time was up.
        incomplete: The photos indexed of which a part is missing, in the order in which they were read.
        exemplars: Confirmed faces that are in no photo any more since this scan; their persons stay known by
            them.
        left_out: Files that are no photos, or that nothing here reads, by kind.
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
    incomplete: tuple["IncompletePhoto", ...] = ()
    excluded: int = 0
    returned: int = 0
    exemplars: int = 0
    left_out: tuple[LeftOutCount, ...] = ()
    films_left: int = 0


@dataclass(frozen=True, slots=True)
class IncompletePhoto:
    """A photo of which a part is missing; ``message`` says which, without the path."""

    path: bytes
    message: str


@dataclass(frozen=True, slots=True)
class PersonGain:
    """A person, and the number of their new faces."""

    person: str
    new: int


@dataclass(frozen=True, slots=True)
class ReindexSummary:
    """Result of ``reindex``.

    Attributes:
        described: Faces found earlier that the library's model could describe only now.
        looked_at: Photos that another detector had looked at earlier, and the library's only now.
        gains: Persons with new faces, confirmed or recognised, most faces first; no hidden persons.
        review: New faces that are probably somebody's, for people to look at.
        new_failures: Photos that could not be read, without those that failed before.
        in_time: The run ended before its time was up.
    """

    scan: ScanSummary
    described: int
    looked_at: int
    pruned: Pruned
    gains: tuple[PersonGain, ...]
    review: int
    new_failures: tuple[FailureRecord, ...]
    in_time: bool


@dataclass(frozen=True, slots=True)
class Preview:
    """The state of another model; ``comparison``, over faces described by both, is ``None`` for the own."""

    previous: ModelId
    model: ModelId
    coverage: Coverage
    comparison: "Comparison | None"


@dataclass(frozen=True, slots=True)
class ModelSwitch:
    """Result of describing a library by another model.

    Attributes:
        changed: False where the time was up, or too many faces could not be described.
        described: Faces described by this run.
        coverage: Faces described by the new model in all.
        comparison: Changes of identities; ``None`` without another model, or where the time was up.
        failures: Photos that could not be read, so that their faces were not described.
        in_time: The run ended before its time was up.
        unknown: Persons whom the new model cannot recognise, by name: the photos of their confirmed faces are
            gone.
    """

    previous: ModelId
    model: ModelId
    changed: bool
    described: int
    coverage: Coverage
    comparison: "Comparison | None"
    failures: tuple[PhotoFailed, ...]
    in_time: bool
    seconds: float
    unknown: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class DetectorPreview:
    """The state of another detector; ``comparison`` is over the photos that it has looked at."""

    previous: str
    detector: str
    coverage: DetectorCoverage
    comparison: DetectorComparison


@dataclass(frozen=True, slots=True)
class PersonLoss:
    """A person with fewer faces, confirmed and recognised together, than ``before``."""

    person: str
    before: int
    after: int


@dataclass(frozen=True, slots=True)
class DetectorSwitch:
    """Result of looking at the photos of a library by another detector.

    Attributes:
        changed: False where the time was up, or too many photos were out of reach.
        looked_at: Photos that this run looked at, and in which it ``found`` faces.
        coverage: Contents that the new detector has looked at in all.
        comparison: Faces before and after; ``None`` where the time was up.
        kept: Faces by other detectors that are shown, since a decision is about them.
        fewer: Persons who have fewer faces now, by name; no hidden persons.
        failures: Photos that could not be read; what was found in them before stays.
        in_time: The run ended before its time was up.
    """

    previous: str
    detector: str
    changed: bool
    looked_at: int
    found: int
    coverage: DetectorCoverage
    comparison: DetectorComparison | None
    kept: int
    fewer: tuple[PersonLoss, ...]
    failures: tuple[PhotoFailed, ...]
    in_time: bool
    seconds: float


@dataclass(frozen=True, slots=True)
class Refusal:
    """A root that may be an unmounted disk, because many of its photos are gone at once.

    ``lost`` counts photos not found, or found and ``unread``; ``unreachable`` says why the root could not be
    scanned, if so.
    """

    root: bytes
    known: int
    lost: int
    unreachable: str | None
    unread: int = 0

    @property
    def message(self) -> str:
        """A warning in one line."""
        name = os.fsdecode(self.root)
        if self.unreachable is not None:
            lost = f"{name} cannot be scanned ({self.unreachable}), and {self.known:,} photos are known in it"
        else:
            lost = f"{name} has lost {self.lost:,} of its {self.known:,} photos at once"
        if self.unread:
            lost += f", {self.unread:,} of which are there and cannot be read"
        why = "may this user read them" if self.unread == self.lost else "is a disk not mounted"
        return (
            f"{lost}: {why}? None of them was marked as missing. "
            "If they were deleted on purpose, use --allow-missing."
        )


@dataclass(frozen=True, slots=True)
class RootReport:
    """A folder that is scanned, and why it is unreachable now, if it is."""

    figures: RootFigures
    unreachable: str | None


@dataclass(frozen=True, slots=True)
class Planned:
    """A file or folder, whether a scan would read it, and why: such as ``new`` or ``unchanged``.

    Of what is left out, ``kind`` and ``needs`` are those of ``LeftOutCount``.
    """

    path: bytes
    read: bool
    reason: str
    kind: str | None = None
    needs: str | None = None


@dataclass(frozen=True, slots=True, eq=False)
class LibraryFace:
    """A face of the library with its status."""

    record: FaceRecord
    status: FaceStatus


@dataclass(frozen=True, slots=True, eq=False)
class ShownCluster:
    """A cluster without a name, and its most typical face."""

    faces: ClusterFaces
    exemplar: FaceRecord


@dataclass(frozen=True, slots=True, eq=False)
class ClusterList:
    """The largest clusters without a name, largest first, and the number of all."""

    shown: tuple[ShownCluster, ...]
    total: int


class Certainty(StrEnum):
    """How a face is identified: the first three values by a decision, the others by similarity."""

    CONFIRMED = "confirmed"
    IGNORED = "ignored"
    NOT_A_FACE = "not-a-face"
    ACCEPTED = "accepted"
    PROBABLE = "probable"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Identity:
    """The person of a face; a hidden person has an empty name, unless hidden persons were asked for.

    Attributes:
        certainty: ``IGNORED`` also where the face is most similar to an ignored stranger.
        similarity: Cosine to ``person``, or without one to the most similar person, if there is any.
        probability: That the face is the person's, 0 to 1; ``None`` without a person, after a decision, and
            for models that were never measured.
        runner_up: The next most similar person; ``None`` without a person or another.
        margin: Difference of their similarities; ``None`` with ``runner_up``.
    """

    certainty: Certainty
    person: Person | None = None
    similarity: float | None = None
    probability: float | None = None
    runner_up: Person | None = None
    margin: float | None = None


@dataclass(frozen=True, slots=True, eq=False)
class NearKnownFace:
    """A face of the library that is similar to one that was asked about; ``similarity`` is their cosine.

    Attributes:
        person: The confirmed or recognised person.
        confirmed: A decision names the person.
        ignored: A decision says that the face is a stranger's.
    """

    face: FaceRecord
    similarity: float
    person: Person | None
    confirmed: bool
    ignored: bool


@dataclass(frozen=True, slots=True, eq=False)
class KnownFace:
    """A face of a photo that was asked about, its person, and the most similar faces of the library.

    ``drawn``: a person drew its box in the library. If it is not described, it is like no other face.
    """

    described: Descriptor
    identity: Identity
    matches: tuple[NearKnownFace, ...]
    drawn: bool = False

    @property
    def similarity(self) -> float | None:
        """Return the cosine to the person, or without one to the most similar face, if there is any."""
        if self.identity.person is not None:
            return self.identity.similarity
        return self.matches[0].similarity if self.matches else None


@dataclass(frozen=True, slots=True)
class FilmPerson:
    """Somebody whom a film shows.

    Attributes:
        identity: That of the face which is most like the person; confirmed only if all are.
        numbers: Of the person's faces in the answer, from 1, in the order of time.
    """

    identity: Identity
    numbers: tuple[int, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Answer:
    """A photo or film that was asked about, and its faces: by falling confidence, or in the order of time.

    Attributes:
        source: The file with its content, where that is not ``photo.file``: for a while, if it was fetched.
        people: Whom a film shows, named persons first, then in the order of time; ``None`` for
            a photo.
    """

    photo: PhotoIndexed
    faces: tuple[KnownFace, ...]
    source: bytes | None = None
    people: tuple[FilmPerson, ...] | None = None

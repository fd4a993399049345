"""The JSON of ``scan``, ``reindex`` and ``roots``."""

from operator import attrgetter
from typing import Annotated, Any, Literal, Self

from pydantic import BeforeValidator

from faceindex.results import PersonGain, PersonLoss, ReindexSummary
from faceindex.schemas.base import PathText, Schema, Seconds, at, by
from index.figures import LeftOutCount
from index.values import DetectorComparison, DetectorCoverage, Pruned


class FailureSchema(Schema):
    """A photo that could not be read; ``new`` if no earlier scan told it of this file."""

    event: Literal["failed"] = "failed"
    photo: PathText = at("path")
    stage: str
    reason: str
    message: str
    new: bool = True


class IncompleteSchema(Schema):
    """A photo that was indexed, and of which a part is missing."""

    event: Literal["incomplete"] = "incomplete"
    photo: PathText = at("path")
    message: str


class PlannedSchema(Schema):
    """What a scan would do with a file or a folder; ``kind`` and ``needs`` are of what is left out."""

    event: Annotated[str, BeforeValidator(lambda read: "would-read" if read else "would-skip")] = at("read")
    photo: PathText = at("path")
    reason: str
    kind: str | None
    needs: str | None


class PhotoCountsSchema(Schema):
    """Numbers of photos in a scan."""

    seen: int
    indexed: int
    unchanged: int
    duplicate: int
    moved: int
    missing: int
    failed: int


class LibraryCountsSchema(Schema):
    """Numbers of photos and faces in a library."""

    photos: int = at("library_photos")
    faces: int = at("library_faces")


class ScanSchema(Schema):
    """The result of a scan.

    ``stages`` are seconds of all threads together. ``excluded`` counts photos that ignore rules exclude since
    the last scan, ``returned`` unchanged ones that were missing then; ``films_left`` counts those not seen
    to their end.
    """

    event: Literal["summary"] = "summary"
    photos: PhotoCountsSchema = at("whole")
    excluded: int
    returned: int
    left: int
    refused: tuple[Annotated[PathText, BeforeValidator(attrgetter("root"))], ...]
    faces: int
    model: str
    seconds: Seconds
    stages: Annotated[dict[str, Seconds], by("stage", "seconds")]
    library: LibraryCountsSchema = at("whole")
    exemplars: int
    left_out: tuple[LeftOutCount, ...]
    films_left: int


class ReindexSchema(ScanSchema):
    """The result of ``reindex``."""

    described: int = at("report.described")
    looked_at: int = at("report.looked_at")
    pruned: Pruned = at("report.pruned")
    people: tuple[PersonGain, ...] = at("report.gains")
    review: int = at("report.review")
    in_time: bool = at("report.in_time")

    @classmethod
    def of(cls, report: ReindexSummary, /, **fields: Any) -> Self:
        """Make a model of a report and its scan."""
        return super().of(report.scan, report=report, **fields)


class DetectorSwitchSchema(Schema):
    """The result of looking at a library's photos by another detector."""

    event: Literal["detector"] = "detector"
    detector: str
    previous: str
    changed: bool
    looked_at: int
    found: int
    coverage: DetectorCoverage
    comparison: DetectorComparison | None
    kept: int
    fewer: tuple[PersonLoss, ...]
    in_time: bool
    seconds: Seconds


class DetectorPreviewSchema(Schema):
    """The state of another detector in a library."""

    event: Literal["would-change-detector"] = "would-change-detector"
    detector: str
    previous: str
    coverage: DetectorCoverage
    comparison: DetectorComparison


class RootSchema(Schema):
    """A folder that is scanned.

    ``unreachable`` says why it cannot be scanned now. ``same_as`` is the path by which its photos are known,
    if it is the same folder as another one or lies in it.
    """

    root: PathText = at("figures.path")
    photos: int = at("figures.photos")
    missing: int = at("figures.missing")
    same_as: PathText | None = at("figures.same_as")
    unreachable: str | None

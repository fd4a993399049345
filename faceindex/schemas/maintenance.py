"""The JSON of ``check``, ``backup``, ``restore`` and ``stats``."""

from typing import Annotated, Literal

from faceindex.schemas.base import Moment, PathText, Schema, at, by
from index.figures import LeftOutCount


class FindingSchema(Schema):
    """A fault of a library, and how repair mends it."""

    event: Literal["finding"] = "finding"
    kind: str
    message: str
    repair: str = at("remedy")


class SavedTableSchema(Schema):
    """Rows of a table; null where the number of lost ones cannot be known."""

    saved: int
    lost_at_most: int | None


class SalvageSchema(Schema):
    """The salvage of a damaged database: the tables that lost rows, and where the file is now."""

    event: Literal["salvage"] = "salvage"
    lost: Annotated[dict[str, SavedTableSchema], by("table")] = at("tables")
    photos_to_read_again: int = at("read_again")
    damaged: PathText = at("kept")


class CheckSchema(Schema):
    """The end of a check."""

    event: Literal["summary"] = "summary"
    found: int
    left: int
    photos: int | None
    faces: int | None
    undescribed: int | None


class BackupSchema(Schema):
    """A backup that was made or restored, or would be; ``kept`` is the library that it replaced."""

    event: Literal["backup", "restore", "would-restore"]
    file: PathText
    photos: int
    faces: int
    decisions: int
    bytes: int = at("file_bytes")
    kept: PathText | None = None


class StatisticsSchema(Schema):
    """The library in figures."""

    library: PathText
    model: str | None
    detector: str | None
    folders: tuple[PathText, ...] = at("roots")
    photos: int
    photo_bytes: int
    duplicates: int
    without_face: int = at("contents_without_face")
    missing: int
    failed: Annotated[dict[str, int], by("reason", "photos")]
    first_taken: Moment | None
    last_taken: Moment | None
    faces: int
    descriptors: int
    descriptor_bytes: int
    database_bytes: int
    indexed_faces: int
    left_out: tuple[LeftOutCount, ...]
    films: int
    film_seconds: float
    tracklets: int

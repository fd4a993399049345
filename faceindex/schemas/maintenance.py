"""The JSON of ``check``, ``backup``, ``restore`` and ``stats``."""

from typing import Annotated, Literal

from faceindex.schemas.base import Moment, PathText, Schema, at, by


class FindingSchema(Schema):
    """A fault of a library, and what repair would do about it."""

    event: Literal["finding"] = "finding"
    kind: str
    message: str
    repair: str = at("remedy")


class SavedTableSchema(Schema):
    """Rows of a table; how many were lost is null where nobody can know."""

    saved: int
    lost_at_most: int | None


class SalvageSchema(Schema):
    """What was saved of a damaged database: the tables that lost something, and where the file is now."""

    event: Literal["salvage"] = "salvage"
    lost: Annotated[dict[str, SavedTableSchema], by("table")] = at("tables")
    photos_to_read_again: int = at("read_again")
    damaged: PathText = at("kept")


class CheckSchema(Schema):
    """How a check ended."""

    event: Literal["summary"] = "summary"
    found: int
    left: int
    photos: int | None
    faces: int | None
    undescribed: int | None


class BackupSchema(Schema):
    """A backup made or restored, or what would be; ``kept`` is the library that it replaced."""

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

"""What becomes of the library's rows when a photo has been looked at: one rule for each outcome.

    PhotoIndexed              new content, its faces and descriptors, but for faces of forgotten persons; the
                              path has this content now
    PhotoKnown                the path has this content now, perhaps after a move
    PhotoFailed, with digest  new content that failed for good; the path has this content now
    PhotoFailed, without      the path has no content, and is to be read again by the next scan
    PhotoSkipped              the path, if it was a photo, is one no more

A content that the path had before stays, with its faces, even where no photo has it any more: it may
come back. Recording an outcome twice leaves what recording it once does. This module works inside a
transaction that its caller began; it knows neither files (but for whether one is gone) nor pixels.
"""

import os
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import Enum

from sqlalchemy import Connection, delete, insert, select, update

from index.arrays import descriptor_to_blob, landmarks_to_blob
from index.decisions.model import FaceKey
from index.decisions.tombstones import tombstones_in
from index.photos.carry_over_decisions import carry_over_decisions, carry_over_tombstones
from index.store import schema
from index.store.statements import upsert
from index.values import Recorded
from pipeline.values import (
    Descriptor,
    Outcome,
    PhotoFailed,
    PhotoFile,
    PhotoIndexed,
    PhotoKnown,
    PhotoSkipped,
)

_COPIES = 20
"""Of so many copies of one content it is looked up whether they are gone from the disk. Thousands of equal
files, empty ones for instance, would else be looked up once for each of them; what is not found to have
moved is a duplicate, and the path that it left is marked missing."""

_RACY_SECONDS = 2
"""How coarse a time of change may be (FAT's is), and how far apart the clocks of two machines."""


class _OutcomeKind(Enum):
    """As what a photo is counted: the names are those of the counts in ``Recorded``."""

    INDEXED = "indexed"
    UNCHANGED = "unchanged"
    DUPLICATE = "duplicate"
    MOVED = "moved"
    FAILED = "failed"
    SKIPPED = "skipped"


@dataclass(frozen=True, slots=True)
class _Content:
    id: int
    failed: bool


class Recorder:
    """Applies outcomes to the rows, inside one transaction, and counts what became of them.

    Args:
        connection: With a transaction that may write.
        now: The time.
        since: No file of the outcomes was read before then.
    """

    def __init__(self, connection: Connection, now: datetime, since: datetime) -> None:
        self._connection = connection
        self._time = now
        self._now = now.isoformat()
        self._racy = range(_ns(since, -_RACY_SECONDS), _ns(now, +_RACY_SECONDS))
        self._fates: Counter[_OutcomeKind] = Counter()
        self._faces = 0

    def record(self, outcome: Outcome) -> None:
        """Apply one outcome.

        Raises:
            ValueError: A ``PhotoKnown`` of which nobody ever recorded the content, or a malformed
                descriptor or digest: a bug in whoever made the outcome.
        """
        self._fates[self._apply(outcome)] += 1

    def counts(self) -> Recorded:
        """What became of the photos recorded so far."""
        return Recorded(**{fate.value: self._fates[fate] for fate in _OutcomeKind}, faces=self._faces)

    def _apply(self, outcome: Outcome) -> _OutcomeKind:
        match outcome:
            case PhotoIndexed():
                return self._indexed(outcome)
            case PhotoKnown():
                return self._known(outcome)
            case PhotoFailed():
                return self._failed(outcome)
            case PhotoSkipped():
                return self._skipped(outcome)

    def _indexed(self, outcome: PhotoIndexed) -> _OutcomeKind:
        content = self._content(outcome.digest)
        if content is not None and not content.failed:  # two files with one content were read at once
            return self._place(outcome.file, content.id)
        taken_at = None if outcome.taken_at is None else outcome.taken_at.isoformat()
        size = {"width": outcome.size.width, "height": outcome.size.height}
        before = self._content_at(outcome.file.path)
        content_id = self._put_content(outcome.digest, {**size, "taken_at": taken_at, **_NO_FAILURE})
        replaced = None if before == content_id else before
        if replaced is not None:
            carry_over_tombstones(self._connection, replaced, content_id)
        marks = tombstones_in(self._connection, outcome.digest)
        for described in outcome.faces:
            if not marks.cover(FaceKey(outcome.digest, described.face.box)):
                self._add_face(content_id, described)
        if replaced is not None:
            carry_over_decisions(self._connection, replaced, content_id, self._time)
        self._put(outcome.file, content_id, _NO_FAILURE)
        return _OutcomeKind.INDEXED

    def _known(self, outcome: PhotoKnown) -> _OutcomeKind:
        content = self._content(outcome.digest)
        if content is None:
            raise ValueError(f"{outcome.file.path!r} is said to have a known content, which nobody recorded")
        fate = self._place(outcome.file, content.id)
        return _OutcomeKind.FAILED if content.failed else fate

    def _failed(self, outcome: PhotoFailed) -> _OutcomeKind:
        if outcome.digest is None:
            self._put(outcome.file, None, _failure(outcome))
            return _OutcomeKind.FAILED
        content = self._content(outcome.digest)
        if content is not None and not content.failed:
            return self._place(outcome.file, content.id)  # its faces are known: keep them
        self._place(outcome.file, self._put_content(outcome.digest, _failure(outcome)))
        return _OutcomeKind.FAILED

    def _skipped(self, outcome: PhotoSkipped) -> _OutcomeKind:
        photo = schema.photo
        self._connection.execute(
            update(photo)
            .where(photo.c.path == outcome.file.path, photo.c.missing_since.is_(None))
            .values(missing_since=self._now)
        )
        return _OutcomeKind.SKIPPED

    def _place(self, file: PhotoFile, content_id: int) -> _OutcomeKind:
        """Give a path a content that is known, and find out whether it moved there."""
        photo = schema.photo
        holders = self._connection.execute(
            select(photo.c.id, photo.c.path, photo.c.missing_since)
            .where(photo.c.content_id == content_id)
            .order_by(photo.c.id)
            .limit(_COPIES)
        ).all()
        if self._content_at(file.path) == content_id:
            fate = _OutcomeKind.UNCHANGED
        elif gone := next((holder for holder in holders if _is_gone(holder.path)), None):
            self._connection.execute(delete(photo).where(photo.c.path == file.path))
            self._connection.execute(update(photo).where(photo.c.id == gone.id).values(path=file.path))
            fate = _OutcomeKind.MOVED
        else:
            present = any(holder.missing_since is None for holder in holders)
            fate = _OutcomeKind.DUPLICATE if present else _OutcomeKind.INDEXED
        self._put(file, content_id, _NO_FAILURE)
        return fate

    def _content_at(self, path: bytes) -> int | None:
        """The content that a path had when it was last recorded; ``None`` where it had none."""
        photo = schema.photo
        return self._connection.scalar(select(photo.c.content_id).where(photo.c.path == path))

    def _put(self, file: PhotoFile, content_id: int | None, failure: Mapping[str, str | None]) -> None:
        """Make the row of a path say what is there now."""
        values = {
            "size": file.size,
            "mtime_ns": file.mtime_ns,
            "content_id": content_id,
            "missing_since": None,
            "racy": file.mtime_ns in self._racy,
            **failure,
        }
        upsert(self._connection, schema.photo, [{"path": file.path, **values}], key="path")

    def _content(self, digest: bytes) -> _Content | None:
        content = schema.content
        row = self._connection.execute(
            select(content.c.id, content.c.failed_reason).where(content.c.digest == digest)
        ).one_or_none()
        return None if row is None else _Content(row.id, row.failed_reason is not None)

    def _put_content(self, digest: bytes, values: Mapping[str, object]) -> int:
        upsert(self._connection, schema.content, [{"digest": digest, **values}], key="digest")
        query = select(schema.content.c.id).where(schema.content.c.digest == digest)
        return int(self._connection.execute(query).scalar_one())

    def _add_face(self, content_id: int, described: Descriptor) -> None:
        face, box = described.face, described.face.box
        inserted = self._connection.execute(
            insert(schema.face)
            .values(
                content_id=content_id,
                x=float(box.x),
                y=float(box.y),
                w=float(box.w),
                h=float(box.h),
                landmarks=landmarks_to_blob(face.landmarks),
                confidence=float(face.confidence),
                quality=float(described.quality.score),
                quality_reasons=",".join(described.quality.reasons),
            )
            .returning(schema.face.c.id)
        )
        self._connection.execute(
            insert(schema.descriptor).values(
                face_id=inserted.scalar_one(),
                model=described.model_id,
                vector=descriptor_to_blob(described.vector),
            )
        )
        self._faces += 1


_NO_FAILURE: Mapping[str, str | None] = {"failed_stage": None, "failed_reason": None, "failed_message": None}


def _failure(outcome: PhotoFailed) -> Mapping[str, str | None]:
    return {
        "failed_stage": outcome.stage.value,
        "failed_reason": outcome.reason.value,
        "failed_message": outcome.message,
    }


def _ns(time: datetime, seconds: int) -> int:
    """So many seconds after a time, in nanoseconds since the epoch."""
    return (int(time.timestamp()) + seconds) * 1_000_000_000


def _is_gone(path: bytes) -> bool:
    """Whether there is certainly no file; a folder that may not be searched says nothing of what is in it."""
    try:
        os.lstat(path)
    except (FileNotFoundError, NotADirectoryError):
        return True
    except OSError:
        return False
    return False

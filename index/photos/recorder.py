"""Records outcomes in the library's rows, in a transaction of the caller; opens no file.

    PhotoIndexed              a new content, with its faces and descriptors, except those of forgotten
                              persons; the path has this content
    PhotoKnown                the path has this content
    PhotoFailed, with digest  a new content that failed; the path has this content
    PhotoFailed, without      the path has no content, and the next scan reads it again
    PhotoSkipped              the path, if it was a photo, is missing

The path's earlier content stays, with its faces, in case it comes back. Recording is idempotent. A path that
gets a content of other paths is a copy or has moved: ``index.photos.presence`` decides once a crawl is
complete.
"""

from collections import Counter
from collections.abc import Mapping
from datetime import datetime
from typing import Literal, TypeAlias

from sqlalchemy import Connection, Row, insert, select, update

from index.arrays import descriptor_to_blob, landmarks_to_blob
from index.decisions.model import FaceKey
from index.decisions.tombstones import Tombstones, read_tombstones
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

_RACY_SECONDS = 2
"""Resolution of modification times on FAT, the coarsest; clocks of two machines may differ as much."""

_Kind: TypeAlias = Literal["indexed", "unchanged", "duplicate", "failed", "skipped"]
"""What an outcome counts as, by the names of ``Recorded``."""


class Recorder:
    """Records and counts outcomes. ``since`` is a time before any of the files was read."""

    def __init__(self, connection: Connection, now: datetime, since: datetime) -> None:
        self._connection = connection
        self._now = now
        self._racy = range(_ns(since, -_RACY_SECONDS), _ns(now, +_RACY_SECONDS))
        self._kinds: Counter[str] = Counter()
        self._perhaps_moved: dict[bytes, str] = {}
        self._faces = 0

    def record(self, outcome: Outcome) -> None:
        """Record one outcome.

        Raises a ``ValueError`` if the content of a ``PhotoKnown`` was never recorded, or a descriptor or
        digest is malformed: a bug of the caller.
        """
        match outcome:
            case PhotoIndexed():
                kind = self._indexed(outcome)
            case PhotoKnown():
                kind = self._known(outcome)
            case PhotoFailed():
                kind = self._failed(outcome)
            case PhotoSkipped():
                kind = self._skipped(outcome)
        self._kinds[kind] += 1

    def counts(self) -> Recorded:
        """Return the counts of the outcomes recorded so far."""
        return Recorded(**self._kinds, faces=self._faces, perhaps_moved=self._perhaps_moved)

    def _indexed(self, outcome: PhotoIndexed) -> _Kind:
        known = self._content(outcome.digest)
        if known is not None and not known.failed:  # two files of one content were read at once
            return self._place(outcome.file, known.id)
        before = self._content_at(outcome.file.path)
        values = {
            "width": outcome.size.width,
            "height": outcome.size.height,
            "taken_at": None if outcome.taken_at is None else outcome.taken_at.isoformat(),
            "decoder": outcome.decoder,
            "detector": outcome.detector,
        }
        content_id = self._put_content(outcome.digest, {**values, **_NO_FAILURE})
        replaced = None if before == content_id else before
        if replaced is not None:
            carry_over_tombstones(self._connection, replaced, content_id)
        marks = Tombstones(read_tombstones(self._connection, outcome.digest))
        for described in outcome.faces:
            if not marks.cover(FaceKey(outcome.digest, described.face.box)):
                self._add_face(content_id, described)
        if replaced is not None:
            carry_over_decisions(self._connection, replaced, content_id, self._now)
        self._put(outcome.file, content_id, {**_NO_FAILURE, "perhaps_moved": False})
        return "indexed"

    def _known(self, outcome: PhotoKnown) -> _Kind:
        content = self._content(outcome.digest)
        if content is None:
            raise ValueError(f"the content of {outcome.file.path!r} is known, but was never recorded")
        return self._place(outcome.file, content.id, failed=content.failed)

    def _failed(self, outcome: PhotoFailed) -> _Kind:
        if outcome.digest is None:
            self._put(outcome.file, None, {**_failure(outcome), "perhaps_moved": False})
            return "failed"
        content = self._content(outcome.digest)
        if content is not None and not content.failed:
            return self._place(outcome.file, content.id)  # its faces are known: keep them
        values = {**_failure(outcome), "decoder": outcome.decoder}
        return self._place(outcome.file, self._put_content(outcome.digest, values), failed=True)

    def _skipped(self, outcome: PhotoSkipped) -> _Kind:
        photo = schema.photo
        self._connection.execute(
            update(photo)
            .where(photo.c.path == outcome.file.path, photo.c.missing_since.is_(None))
            .values(missing_since=self._now.isoformat())
        )
        return "skipped"

    def _place(self, file: PhotoFile, content_id: int, *, failed: bool = False) -> _Kind:
        """Record a path's known content: a duplicate if another photo that is not missing has it."""
        if self._content_at(file.path) == content_id:
            self._put(file, content_id, _NO_FAILURE)  # perhaps moved here in an unfinished scan
            return "failed" if failed else "unchanged"
        photo = schema.photo
        others = select(photo.c.id).where(photo.c.content_id == content_id).limit(1)
        is_copy = self._connection.scalar(others.where(photo.c.missing_since.is_(None))) is not None
        perhaps_moved = is_copy or self._connection.scalar(others) is not None
        self._put(file, content_id, {**_NO_FAILURE, "perhaps_moved": perhaps_moved})
        kind: _Kind = "duplicate" if is_copy else "indexed"
        if perhaps_moved and not failed:
            self._perhaps_moved[file.path] = kind
        return "failed" if failed else kind

    def _content_at(self, path: bytes) -> int | None:
        photo = schema.photo
        return self._connection.scalar(select(photo.c.content_id).where(photo.c.path == path))

    def _put(self, file: PhotoFile, content_id: int | None, others: Mapping[str, object]) -> None:
        values = {
            "size": file.size,
            "mtime_ns": file.mtime_ns,
            "content_id": content_id,
            "missing_since": None,
            "racy": file.mtime_ns in self._racy,
            **others,
        }
        upsert(self._connection, schema.photo, [{"path": file.path, **values}], key="path")

    def _content(self, digest: bytes) -> Row[int, bool] | None:
        """Read the row of a known content: its ``id``, and whether it ``failed``."""
        content = schema.content
        query = select(content.c.id, content.c.failed_reason.is_not(None).label("failed"))
        return self._connection.execute(query.where(content.c.digest == digest)).one_or_none()

    def _put_content(self, digest: bytes, values: Mapping[str, object]) -> int:
        upsert(self._connection, schema.content, [{"digest": digest, **values}], key="digest")
        query = select(schema.content.c.id).where(schema.content.c.digest == digest)
        return int(self._connection.execute(query).scalar_one())

    def _add_face(self, content_id: int, described: Descriptor) -> None:
        face, box = described.face, described.face.box
        inserted = insert(schema.face).values(
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
        face_id = self._connection.execute(inserted.returning(schema.face.c.id)).scalar_one()
        vector = descriptor_to_blob(described.vector)
        self._connection.execute(
            insert(schema.descriptor).values(face_id=face_id, model=described.model_id, vector=vector)
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
    """Convert a time plus some seconds to nanoseconds since the epoch."""
    return (int(time.timestamp()) + seconds) * 1_000_000_000

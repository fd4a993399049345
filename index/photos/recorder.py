"""Records outcomes in the library's rows, in a transaction of the caller; opens no file.

    PhotoIndexed              a new content, with its faces and descriptors, except those of forgotten
                              persons, or more of a film (``index.photos.films``); the path has this content
    PhotoKnown                the path has this content
    PhotoFailed, with digest  a new content that failed; the path has this content
    PhotoFailed, without      the path has no content, and the next scan reads it again
    PhotoSkipped              the path is left out; if it was a photo, it is missing, or fails for want of a
                              decoder; a path that could never be read is no photo any more

A content is a picture: files that differ in metadata alone have one. A path that fails keeps the last content
that could be read. A content that replaces another one at a path is an edited photo
(``index.photos.edited_photo``); the earlier one stays, with its faces, in case it comes back. Recording is
idempotent. A path that gets a content of other paths is a copy or has moved: ``index.photos.presence``
decides once a crawl is complete.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from functools import partial
from typing import Any, Literal, TypeAlias

from sqlalchemy import Connection, Row, Select, bindparam, delete, exists, func, or_, select, update

from index.decisions.model import FaceKey
from index.decisions.same_faces import add_pictures
from index.decisions.tombstones import tombstones_in
from index.photos.dates import StoredDate, counts, stored_source
from index.photos.edited_photo import carry_over_tombstones, link_faces, link_unseen, linked_contents
from index.photos.face_rows import NewFace, add_faces
from index.photos.films import goes_on, put_film, remove_stale
from index.photos.left_out import forget_left_out, put_left_out
from index.photos.siblings import contents_of_photo
from index.photos.thumbnails import stamp_of
from index.store import schema
from index.store.statements import upsert, upsert_one
from index.values import Recorded, Thumbnail
from pipeline.values import (
    FilmPart,
    Outcome,
    PhotoFailed,
    PhotoFile,
    PhotoIndexed,
    PhotoKnown,
    PhotoSkipped,
    Reason,
)

_RACY_SECONDS = 2
"""Resolution of modification times on FAT, the coarsest; clocks of two machines may differ as much."""

_STILL_THERE = frozenset({Reason.CHANGED, Reason.KILLED})
"""Failures of one try, after which a photo does not count as missing."""

_Kind: TypeAlias = Literal["indexed", "continued", "unchanged", "duplicate", "failed", "skipped"]
"""What an outcome counts as, by the names of ``Recorded``."""


class Recorder:
    """Records and counts outcomes. ``since`` is a time before any of the files was read.

    Attributes:
        digests: Those of the contents whose faces, or pictures, or whose faces in another version, are new.
    """

    def __init__(self, connection: Connection, now: datetime, since: datetime) -> None:
        self.digests: list[bytes] = []
        self._connection = connection
        self._now = now
        self._racy = range(_ns(since, -_RACY_SECONDS), _ns(now, +_RACY_SECONDS))
        self._kinds: Counter[str] = Counter()
        self._perhaps_moved: dict[bytes, str] = {}
        self._unread: set[bytes] = set()
        self._new_failures: set[bytes] = set()
        self._left_out: list[PhotoSkipped] = []
        self._faces = 0
        self._new_faces: list[NewFace] = []
        self._stamped: dict[int, bytes] = {}  # digests of the contents of new faces, for their thumbnails
        self._thumbnails: list[Thumbnail] = []
        self._has_tombstones = bool(connection.scalar(select(exists(select(schema.forgotten.c.id)))))

    def record(self, outcomes: Sequence[Outcome]) -> None:
        """Record outcomes in their order.

        Raises a ``ValueError`` if the content of a ``PhotoKnown`` was never recorded, or a descriptor or
        digest is malformed: a bug of the caller.
        """
        read = [each for each in outcomes if isinstance(each, PhotoIndexed | PhotoKnown)]
        read = [each for each in read if each.file.rest is None]  # else its content is not read again
        pictures = {each.digest: each.picture for each in read if each.picture is not None}
        add_pictures(self._connection, pictures)
        self.digests += pictures
        for outcome in outcomes:
            self._kinds[self._record(outcome)] += 1
        self._write_faces()
        left_out = {each.file.path for each in self._left_out}
        photos = {each.file.path for each in outcomes} - left_out
        forget_left_out(self._connection, photos)
        put_left_out(self._connection, self._left_out, self._racy)

    def _record(self, outcome: Outcome) -> _Kind:
        match outcome:
            case PhotoIndexed():
                return self._indexed(outcome)
            case PhotoKnown():
                return self._known(outcome)
            case PhotoFailed():
                return self._failed(outcome)
            case PhotoSkipped():
                return self._skipped(outcome)

    def _write_faces(self) -> None:
        """Write the faces found since the last call together: a statement for each costs more."""
        ids = add_faces(self._connection, self._new_faces)
        self._faces += len(ids)
        self._thumbnails += [
            Thumbnail(face_id, stamp_of(self._stamped[content_id], each.face.box), each.thumbnail)
            for face_id, (content_id, each) in zip(ids, self._new_faces, strict=True)
            if each.thumbnail is not None
        ]
        self._new_faces.clear()

    def counts(self) -> Recorded:
        """Return the counts of the outcomes recorded so far."""
        return Recorded(
            **self._kinds,
            faces=self._faces,
            perhaps_moved=self._perhaps_moved,
            unread=self._unread,
            new_failures=self._new_failures,
            left_out=self._left_out,
            thumbnails=self._thumbnails,
        )

    def _indexed(self, outcome: PhotoIndexed) -> _Kind:
        known = self._content(outcome.digest)
        if known is not None and not known.failed:
            if outcome.taken_at is not None and outcome.taken_from is not None and outcome.file.rest is None:
                self._date(outcome, outcome.taken_at, known)
            if outcome.film is None:  # two files of one picture were read at once
                return self._place(outcome.file, known.id)
            return self._more_of_film(outcome, outcome.film, known.id)
        own, other = contents_of_photo(self._connection, outcome.file.path)
        before = other if own is None or own.failed else own
        values = {
            "width": outcome.size.width,
            "height": outcome.size.height,
            "taken_at": None if outcome.taken_at is None else outcome.taken_at.isoformat(),
            "decoder": outcome.decoder,
            "detector": outcome.detector,
            "note": outcome.note,
            "taken_from": stored_source(outcome.taken_at, outcome.taken_from),
            "live_photo": outcome.live_photo,
        }
        content_id = self._put_content(outcome.digest, {**values, **_NO_FAILURE})
        if outcome.film is not None:
            put_film(self._connection, content_id, outcome.film)
        replaced = None if before is None or before.id == content_id else before.id
        if replaced is not None:
            carry_over_tombstones(self._connection, replaced, content_id)
        self._add_faces(outcome, content_id)
        if replaced is not None:
            self._link_faces(replaced, content_id)
            if outcome.film is not None:
                link_unseen(self._connection, replaced, content_id)
        self._put(outcome.file, content_id, {**_NO_FAILURE, "perhaps_moved": False})
        return "indexed"

    def _add_faces(self, outcome: PhotoIndexed, content_id: int) -> None:
        """Add the faces of a content, except those of forgotten persons."""
        self._stamped[content_id] = outcome.digest
        forgotten = tombstones_in(self._connection, [outcome.digest]) if self._has_tombstones else None
        for each in outcome.faces:
            key = FaceKey(outcome.digest, each.face.box)
            if forgotten is None or not forgotten.cover(key, each.appearance):
                self._new_faces.append((content_id, each))

    def _more_of_film(self, outcome: PhotoIndexed, part: FilmPart, content_id: int) -> _Kind:
        """Add the faces of a part of a film of which another part is known, or that is looked at again."""
        # A photo with a film behind it is read again before the film is done; its own faces are known.
        outcome = replace(outcome, faces=tuple(each for each in outcome.faces if each.appearance is not None))
        if goes_on(self._connection, content_id, part):
            self._write_faces()
            remove_stale(self._connection, content_id, part, outcome.faces)
            self._add_faces(outcome, content_id)
            put_film(self._connection, content_id, part, outcome.note)
            self._write_faces()
            for earlier in linked_contents(self._connection, outcome.digest):
                link_faces(self._connection, earlier, content_id)
            self.digests.append(outcome.digest)
        placed = self._place(outcome.file, content_id)
        return "continued" if placed == "unchanged" else placed

    def _known(self, outcome: PhotoKnown) -> _Kind:
        content = self._content(outcome.digest)
        if content is None:
            raise ValueError(f"the content of {outcome.file.path!r} is known, but was never recorded")
        if content.failed:
            self._note_if_new(outcome.file, content._asdict())
            return self._place_failed(outcome.file, content.id, content._asdict())
        if outcome.taken_at is not None:
            self._date(outcome, outcome.taken_at, content)
        return self._place(outcome.file, content.id)

    def _date(self, outcome: PhotoIndexed | PhotoKnown, taken_at: datetime, content: Row[Any]) -> None:
        """Store the date of another file of a content, or of one that was written anew, if it counts."""
        is_only_file = partial(self._is_only_file, outcome.file.path, content.id)
        if counts(outcome.taken_from, StoredDate(content.taken_at, content.taken_from), is_only_file):
            self._connection.execute(
                update(schema.content)
                .where(schema.content.c.id == content.id)
                .values(taken_at=taken_at.isoformat(), taken_from=outcome.taken_from)
            )

    def _is_only_file(self, path: bytes, content_id: int) -> bool:
        """Tell whether no other present photo has this content."""
        photo = schema.photo.c
        others = select(photo.id).where(photo.content_id == content_id, photo.path != path)
        present = others.where(photo.missing_since.is_(None)).limit(1)
        return self._connection.scalar(present) is None

    def _failed(self, outcome: PhotoFailed) -> _Kind:
        failure = _failure(outcome)
        if outcome.digest is None:
            self._note_if_new(outcome.file, failure)
            if not self._keep(outcome.file, failure, counts_as_missing=outcome.reason not in _STILL_THERE):
                self._put(outcome.file, None, {**failure, "perhaps_moved": False})
            return "failed"
        content = self._content(outcome.digest)
        if content is not None and not content.failed:
            return self._place(outcome.file, content.id)  # its faces are known: keep them
        self._note_if_new(outcome.file, failure)  # before the reason is stored
        values = {**failure, "decoder": outcome.decoder}
        return self._place_failed(outcome.file, self._put_content(outcome.digest, values), failure)

    def _place_failed(self, file: PhotoFile, content_id: int, failure: Mapping[str, object]) -> _Kind:
        """Record that a path's content cannot be decoded."""
        if not self._keep(file, {name: failure[name] for name in _NO_FAILURE}, counts_as_missing=True):
            self._place(file, content_id)
            self._perhaps_moved.pop(file.path, None)
        return "failed"

    def _note_if_new(self, file: PhotoFile, failure: Mapping[str, object]) -> None:
        """Note a failure unless the path has failed before, unchanged, for the same reason."""
        failed_before = self._connection.execute(_FAILED_AT, {"path": file.path}).one_or_none()
        if failed_before != (file.size, file.mtime_ns, failure["failed_reason"]):
            self._new_failures.add(file.path)

    def _keep(self, file: PhotoFile, failure: Mapping[str, object], *, counts_as_missing: bool) -> bool:
        """Keep the content that a path had when it could last be read; return whether there is one."""
        before = self._content_at(file.path)
        if before is None or before.failed:
            return False
        values = {"size": file.size, "mtime_ns": file.mtime_ns, "racy": False, "sidecar": _stamp(file)}
        self._connection.execute(
            update(schema.photo).where(schema.photo.c.path == file.path).values({**values, **failure})
        )
        if counts_as_missing:
            self._unread.add(file.path)
        return True

    def _skipped(self, outcome: PhotoSkipped) -> _Kind:
        photo, path = schema.photo, outcome.file.path
        before = self._content_at(path)
        is_photo = before is not None and not before.failed
        if is_photo and outcome.needs is not None:
            self._note_if_new(outcome.file, _failure(outcome.failed))
            self._keep(outcome.file, _failure(outcome.failed), counts_as_missing=False)
            return "failed"
        self._left_out.append(outcome)
        here = photo.c.path == path
        if is_photo:
            gone = update(photo).where(here, photo.c.missing_since.is_(None))
            self._connection.execute(gone.values(missing_since=self._now.isoformat()))
        else:
            self._connection.execute(delete(photo).where(here))
        return "skipped"

    def _place(self, file: PhotoFile, content_id: int) -> _Kind:
        """Record a path's known content: a duplicate if another photo that is not missing has it."""
        own, other = contents_of_photo(self._connection, file.path)
        if own is not None and own.id == content_id:
            self._put(file, content_id, _NO_FAILURE)  # perhaps moved here in an unfinished scan
            return "unchanged"
        before = other if own is None or own.failed else own
        if before is not None and before.id != content_id:
            self._link_faces(before.id, content_id)
        photo = schema.photo
        others = select(photo.c.id).where(photo.c.content_id == content_id).limit(1)
        is_copy = self._connection.scalar(others.where(photo.c.missing_since.is_(None))) is not None
        perhaps_moved = is_copy or self._connection.scalar(others) is not None
        self._put(file, content_id, {**_NO_FAILURE, "perhaps_moved": perhaps_moved})
        kind: _Kind = "duplicate" if is_copy else "indexed"
        if perhaps_moved:
            self._perhaps_moved[file.path] = kind
        return kind

    def _link_faces(self, old: int, new: int) -> None:
        self._write_faces()
        link_faces(self._connection, old, new)
        digest = select(schema.content.c.digest).where(schema.content.c.id == new)
        self.digests.append(self._connection.execute(digest).scalar_one())

    def _content_at(self, path: bytes) -> Row[Any] | None:
        """Read the content of a path: its ``id``, and whether it ``failed``."""
        return self._connection.execute(_CONTENT_AT, {"path": path}).one_or_none()

    def _put(self, file: PhotoFile, content_id: int | None, others: Mapping[str, object]) -> None:
        values = {
            "size": file.size,
            "mtime_ns": file.mtime_ns,
            "content_id": content_id,
            "missing_since": None,
            "racy": file.mtime_ns in self._racy,
            **others,
        }
        if file.rest is None:  # else it was taken from the library, and its sidecar was not looked at
            values["sidecar"] = _stamp(file)
        upsert(self._connection, schema.photo, [{"path": file.path, **values}], key="path")

    def _content(self, digest: bytes) -> Row[Any] | None:
        """Read a known content, perhaps of another file of the same picture, as ``_content_at`` does."""
        return self._connection.execute(_CONTENT_OF, {"digest": digest}).first()

    def _put_content(self, digest: bytes, values: Mapping[str, object]) -> int:
        return upsert_one(self._connection, schema.content, {"digest": digest, **values}, key="digest")


_CONTENT = select(
    schema.content.c.id,
    schema.content.c.failed_reason.is_not(None).label("failed"),
    *(schema.content.c[name] for name in ("failed_stage", "failed_reason", "failed_message")),
    *(schema.content.c[name] for name in ("taken_at", "taken_from")),
)

_CONTENT_AT = _CONTENT.join(schema.photo, schema.photo.c.content_id == schema.content.c.id).where(
    schema.photo.c.path == bindparam("path")
)

_FAILED_AT = (
    select(
        schema.photo.c.size,
        schema.photo.c.mtime_ns,
        func.coalesce(schema.photo.c.failed_reason, schema.content.c.failed_reason),
    )
    .outerjoin(schema.content)
    .where(schema.photo.c.path == bindparam("path"))
)


def _content_of() -> Select[Any]:
    """Select the content of a file, or a good one of another file of its picture: the best first."""
    columns, own, other = schema.content.c, schema.file_digest.alias(), schema.file_digest.alias()
    shown = select(other.c.digest).join(own, own.c.picture == other.c.picture)
    is_own = columns.digest == bindparam("digest")
    return (
        _CONTENT.where(or_(is_own, columns.digest.in_(shown.where(own.c.digest == bindparam("digest")))))
        .order_by(columns.failed_reason.is_not(None), ~is_own, columns.id)
        .limit(1)
    )


# Statements are made once: building one takes longer than SQLite takes for it.
_CONTENT_OF = _content_of()

_NO_FAILURE: Mapping[str, str | None] = {"failed_stage": None, "failed_reason": None, "failed_message": None}


def _failure(outcome: PhotoFailed) -> Mapping[str, str | None]:
    return {
        "failed_stage": outcome.stage.value,
        "failed_reason": outcome.reason.value,
        "failed_message": outcome.message,
    }


def _stamp(file: PhotoFile) -> str | None:
    return None if file.sidecar is None else file.sidecar.stamp


def _ns(time: datetime, seconds: int) -> int:
    """Convert a time plus some seconds to nanoseconds since the epoch."""
    return (int(time.timestamp()) + seconds) * 1_000_000_000

"""Records outcomes about photos, contents and faces of a library, and reads them as values.

Each method is one transaction. Methods that yield chunks use one for each, so that a slow reader does not
hold up a writer; they may include what is recorded in between.
"""

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from threading import Lock
from typing import Any

import numpy as np
from sqlalchemy import (
    BindParameter,
    ColumnElement,
    Connection,
    Row,
    Select,
    and_,
    bindparam,
    case,
    exists,
    func,
    or_,
    select,
    update,
)

from index.arrays import halves_from_blobs, scaled
from index.clock import Clock, utc_now
from index.decisions.journal_rows import readable
from index.decisions.partial_replay import update_for_contents
from index.errors import DetectorMismatch, LibraryDamaged, ModelMismatch
from index.figures import Statistics
from index.id_arrays import ids_in_text
from index.photos.dates import source_of
from index.photos.detections import FIRST_DETECTOR
from index.photos.face_records import face_query, face_record
from index.photos.films import unfinished
from index.photos.library_figures import count_present, summarise
from index.photos.photo_roots import known_roots
from index.photos.recorder import Recorder
from index.store.schema import (
    content,
    descriptor,
    face,
    file_digest,
    film,
    is_shown,
    library,
    other_face,
    photo,
)
from index.store.statements import are_under, concatenated, in_chunks, insert_new, is_one_of
from index.store.store import Store
from index.values import (
    I64,
    Descriptors,
    FaceRecord,
    FailureRecord,
    PhotoState,
    RawFiles,
    Recorded,
    StoredDescriptors,
    UnfinishedFilm,
)
from pipeline.values import FilmRest, ModelId, Outcome, PhotoFile, PhotoIndexed

CHUNK = 1000
"""Rows read in one transaction: at most 8 MB of descriptors, and a few milliseconds."""


class Catalog:
    """The photos, contents and faces of one library, open for writing in methods that write.

    Args:
        store: The open library.
        clock: For stored times.
        is_current: Whether a decoder, as an outcome names it, would decode its format now. Contents that
            another decoder failed to decode are tried again.
        per_second: How many frames a second of films are wanted: films with fewer are looked at again.
    """

    def __init__(
        self,
        store: Store,
        clock: Clock = utc_now,
        is_current: Callable[[str], bool] = lambda decoder: True,
        per_second: float = 0.0,
    ) -> None:
        self.path, self.store = store.path, store
        self._clock = clock
        self._is_current = is_current
        self._per_second = per_second
        self._asking = Lock()

    def model(self) -> ModelId | None:
        """Read the model that the library belongs to; ``None`` before its first scan."""
        with self.store.read() as connection:
            return connection.scalar(select(library.c.model))

    def detector(self) -> str | None:
        """Read the name of the detector that the library belongs to; ``None`` before its first scan."""
        with self.store.read() as connection:
            return connection.scalar(select(library.c.detector))

    def choose_model(self, model: ModelId, detector: str = FIRST_DETECTOR) -> None:
        """Set the model and the detector of a new library.

        Raises ``ModelMismatch`` or ``DetectorMismatch`` if it has others.
        """
        with self.store.write() as connection:
            row = {"id": 1, "model": model, "created_at": self._clock().isoformat(), "detector": detector}
            insert_new(connection, library, [row])
            self._check_model(connection, model)
            chosen = connection.scalar(select(library.c.detector))
            if chosen != detector:
                raise DetectorMismatch(self.path, str(chosen), detector)

    def raw_files(self) -> RawFiles:
        """Read which camera raw files the library reads."""
        with self.store.read() as connection:
            return RawFiles(connection.scalar(select(library.c.raw_files)) or RawFiles.DEVELOPED)

    def choose_raw_files(self, which: RawFiles) -> None:
        """Set which camera raw files the library reads from now on."""
        with self.store.write() as connection:
            connection.execute(update(library).values(raw_files=which.value))

    def motion(self) -> bool:
        """Read whether the library reads the films of motion and live photos."""
        with self.store.read() as connection:
            return bool(connection.scalar(select(library.c.motion)))

    def choose_motion(self, motion: bool) -> None:
        """Set whether the library reads the films of motion and live photos from now on."""
        with self.store.write() as connection:
            connection.execute(update(library).values(motion=motion))

    def roots(self) -> tuple[bytes, ...]:
        """Read all folders that are scanned, in the order of the first time."""
        with self.store.read() as connection:
            return tuple(each.path for each in known_roots(connection))

    def states_under(self, roots: Sequence[bytes]) -> dict[bytes, PhotoState]:
        """Read all photos known at these paths, or in these folders at any depth, by path."""
        query = select(
            photo.c.path,
            photo.c.size,
            photo.c.mtime_ns,
            or_(photo.c.failed_reason.is_not(None), content.c.failed_reason.is_not(None)),
            photo.c.missing_since.is_not(None),
            photo.c.racy,
        ).outerjoin(content)
        with self.store.read() as connection:
            is_unread = or_(photo.c.failed_reason.is_not(None), self._is_retried(connection))
            query = query.add_columns(is_unread, photo.c.sidecar)
            return {
                path: PhotoState(*state)
                for each in are_under(photo.c.path, roots)
                for path, *state in connection.execute(query.where(each))
            }

    def unfinished_films(self, roots: Sequence[bytes]) -> list[UnfinishedFilm]:
        """Read which films, at these paths or in these folders, are to be looked at further, by path.

        Each content is given at one path; missing files are left out.
        """
        wanted = film.c.per_second < self._per_second
        start = case((wanted, 0.0), else_=film.c.until)
        rate = case((wanted, self._per_second), else_=film.c.per_second)
        query = select(
            content.c.id,
            film.c.duration - start,
            *(photo.c[name] for name in ("path", "size", "mtime_ns")),
            content.c.digest,
            start,
            rate,
        )
        query = query.join_from(photo, content).join(film)
        query = query.where(
            unfinished(self._per_second), content.c.failed_reason.is_(None), photo.c.missing_since.is_(None)
        )
        query = query.order_by(photo.c.size.desc(), photo.c.path)  # a copy of a photo may lack its film
        found: dict[int, UnfinishedFilm] = {}
        with self.store.read() as connection:
            for each in are_under(photo.c.path, roots):
                for content_id, left, path, size, mtime_ns, *rest in connection.execute(query.where(each)):
                    file = PhotoFile(path, size, mtime_ns, FilmRest(*rest))
                    found.setdefault(content_id, UnfinishedFilm(file, max(0.0, left)))
        return sorted(found.values(), key=lambda film: film.file.path)

    def photos_at(self, paths: Sequence[bytes]) -> set[bytes]:
        """Return the paths at which a photo is known, missing ones included."""
        with self.store.read() as connection:
            queries = (select(photo.c.path).where(photo.c.path.in_(each)) for each in in_chunks(paths, CHUNK))
            return {path for query in queries for path in connection.scalars(query)}

    def is_known(self, digest: bytes) -> bool:
        """Tell whether a file or a picture of this digest needs no work: it is described, or failed.

        A film of which more is to be looked at is not known.

        Several threads may ask. What is recorded is known from then on.
        """
        # One at a time: a thread that waits for a writer keeps no other from a connection.
        with self._asking, self.store.read() as connection:
            found = connection.execute(_KNOWN_AS, {"digest": digest}).all()
        return any(
            row.rate is None or (row.until is None and row.rate >= self._per_second)
            if row.failed_reason is None
            else not self._is_tried_again(row.decoder)
            for row in found
        )

    def record(self, outcomes: Sequence[Outcome], since: datetime | None = None) -> Recorded:
        """Record a batch of outcomes in their order, all or none, by the rules of ``index.photos.recorder``.

        A ``PhotoKnown`` must come after the outcome that made its content known, in this batch or before.
        ``since`` is a time before any of the files was read, by default now.

        Raises:
            ModelMismatch: A face was described by another model than the library's.
            ValueError: An outcome contradicts itself or what is known: a bug of the caller.
        """
        indexed = [each for each in outcomes if isinstance(each, PhotoIndexed) and each.faces]
        with readable(self.path), self.store.write() as connection:
            for model in {face.model_id for each in indexed for face in each.faces}:
                self._check_model(connection, model)
            now = self._clock()
            recorder = Recorder(connection, now, since or now)
            recorder.record(outcomes)
            update_for_contents(connection, recorder.digests)
            return recorder.counts()

    def failures_under(
        self, roots: Sequence[bytes], unread: Collection[bytes] | None = ()
    ) -> list[FailureRecord]:
        """Read the photos at or under these paths that could not be read, by path.

        Of missing ones, only those at the paths in ``unread``, or all if that is ``None``.
        """
        names = ("failed_stage", "failed_reason", "failed_message")
        stage, reason, message = (func.coalesce(photo.c[name], content.c[name]) for name in names)
        query = select(photo.c.path, stage, reason, message).outerjoin(content)
        query = query.where(reason.is_not(None))
        present = query if unread is None else query.where(photo.c.missing_since.is_(None))
        queries = [
            *(present.where(each) for each in are_under(photo.c.path, roots)),
            *(query.where(photo.c.path.in_(chunk)) for chunk in in_chunks(sorted(unread or ()), CHUNK)),
        ]
        with self.store.read() as connection:
            found = {row[0]: FailureRecord(*row) for each in queries for row in connection.execute(each)}
        return [found[path] for path in sorted(found)]

    def faces(self, face_ids: Sequence[int]) -> dict[int, FaceRecord]:
        """Read faces by id, without those whose content is in no photo."""
        found: dict[int, FaceRecord] = {}
        for chunk in in_chunks(face_ids, CHUNK):
            with self.store.read() as connection:
                rows = connection.execute(face_query().where(face.c.id.in_(chunk))).all()
            found.update((row.id, face_record(row, self.path)) for row in rows)
        return found

    def all_faces(self) -> Iterator[tuple[FaceRecord, ...]]:
        """Read all faces whose content is in a photo, by rising id, in chunks."""
        last = 0
        while True:
            with self.store.read() as connection:
                query = face_query().where(face.c.id > last).order_by(face.c.id).limit(CHUNK)
                rows = connection.execute(query).all()
            if not rows:
                return
            yield tuple(face_record(row, self.path) for row in rows)
            last = rows[-1].id

    def face_ids_of(self, digest: bytes) -> list[int]:
        """Read the ids of the faces in a content; none if it is unknown."""
        with self.store.read() as connection:
            query = select(face.c.id).join(content).where(content.c.digest == digest).order_by(face.c.id)
            return list(connection.scalars(query))

    def digest_of(self, read: PhotoIndexed) -> bytes:
        """Return the digest by which the library knows the picture of a file, or the file's own."""
        same = select(file_digest.c.digest).where(file_digest.c.picture == read.picture)
        is_own = content.c.digest == read.digest
        query = select(content.c.digest).where(
            or_(is_own, content.c.digest.in_(same)), content.c.failed_reason.is_(None)
        )
        with self.store.read() as connection:
            return connection.scalars(query.order_by(~is_own, content.c.id)).first() or read.digest

    def with_stored_date(self, read: PhotoIndexed) -> PhotoIndexed:
        """Return an examined photo with the date that the library has of it, if it is known."""
        query = select(content.c.taken_at, content.c.taken_from).where(
            content.c.digest == self.digest_of(read), content.c.failed_reason.is_(None)
        )
        with self.store.read() as connection:
            found = connection.execute(query).one_or_none()
        if found is None:
            return read
        taken_at = None if found.taken_at is None else datetime.fromisoformat(found.taken_at)
        return replace(read, taken_at=taken_at, taken_from=source_of(found.taken_from))

    def described_faces(self, model: ModelId) -> I64:
        """Read the ids of all faces that a model has described, in a photo or not: int64 [N], rising."""
        described = select(concatenated(descriptor.c.face_id)).where(descriptor.c.model == model)
        hidden = select(concatenated(other_face.c.face_id)).where(~other_face.c.kept)
        with self.store.read() as connection:
            ids, without = (ids_in_text(connection.scalar(each)) for each in (described, hidden))
        # The hidden are left out here: a condition on each row would double the time.
        return np.sort(ids[~np.isin(ids, without)] if len(without) else ids)

    def latest_described(self, model: ModelId) -> I64:
        """Read what says whether faces that a model has described were added: int64 [N], rising.

        Ids only grow, but decisions show faces of other detectors.
        """
        columns = descriptor.c
        of_model = select(columns.face_id).where(columns.model == model)
        latest = of_model.where(is_shown(columns.face_id)).order_by(columns.face_id.desc()).limit(1)
        kept = of_model.join(other_face, other_face.c.face_id == columns.face_id).where(other_face.c.kept)
        with self.store.read() as connection:
            ids = {*connection.scalars(latest), *connection.scalars(kept)}
        return np.array(sorted(ids), np.int64)

    def descriptors(self, model: ModelId, face_ids: Sequence[int] | I64) -> Iterator[Descriptors]:
        """Read descriptors by rising face id, in chunks; leave out faces that the model has not described.

        Raises a ``LibraryDamaged`` if a descriptor has a wrong length or norm.
        """
        for chunk in self.stored_descriptors(model, face_ids):
            yield Descriptors(chunk.ids, scaled(chunk.halves, chunk.norms))

    def stored_descriptors(
        self, model: ModelId, face_ids: Sequence[int] | I64
    ) -> Iterator[StoredDescriptors]:
        """Read descriptors as they are stored; otherwise as ``descriptors``."""
        columns = descriptor.c
        query = select(columns.face_id, columns.vector).where(columns.model == model)
        for chunk in in_chunks([int(each) for each in face_ids], CHUNK):
            some = query.where(is_one_of(columns.face_id, chunk)).order_by(columns.face_id)
            with self.store.read() as connection:
                rows = connection.execute(some).all()
            if rows:
                yield self._stored_descriptors(rows)

    def count(self) -> tuple[int, int]:
        """Count the present photos, and the faces in them."""
        with self.store.read() as connection:
            return count_present(connection)

    def statistics(self) -> Statistics:
        """Count what is in the library."""
        with self.store.read() as connection:
            return summarise(connection, self.store.size())

    def _is_retried(self, connection: Connection) -> ColumnElement[bool]:
        """Select contents that failed and that another decoder would decode now."""
        failed, decoder = content.c.failed_reason.is_not(None), content.c.decoder
        known = connection.scalars(select(decoder).distinct().where(failed, decoder.is_not(None)))
        current = [each for each in known if not self._is_tried_again(each)]
        return and_(failed, or_(decoder.is_(None), ~is_one_of(decoder, current)))

    def _is_tried_again(self, decoder: str | None) -> bool:
        """Tell whether a content that this decoder could not decode is tried again."""
        return decoder is None or not self._is_current(decoder)

    def _check_model(self, connection: Connection, model: ModelId) -> None:
        chosen = connection.scalar(select(library.c.model))
        if chosen != model:
            raise ModelMismatch(self.path, chosen, model)

    def _stored_descriptors(self, rows: Sequence[Row[int, bytes]]) -> StoredDescriptors:
        try:
            halves, norms = halves_from_blobs([row.vector for row in rows])
        except ValueError as error:
            first, last = rows[0].face_id, rows[-1].face_id
            reason = f"{error}, among those of the faces {first} to {last}"
            raise LibraryDamaged(self.path, reason) from error
        return StoredDescriptors(np.array([row.face_id for row in rows], dtype=np.int64), halves, norms)


def _known_as() -> Select[Any]:
    """Select what is known of a digest: the content of a file, or a content of the picture.

    A file whose own content is not known shows that of another file of its picture.
    """
    columns, own, other = content.c, file_digest.alias(), file_digest.alias()
    digest: BindParameter[bytes] = bindparam("digest")
    of_picture = select(other.c.digest).where(other.c.picture == digest)
    of_file = select(other.c.digest).join(own, own.c.picture == other.c.picture)
    of_file = of_file.where(own.c.digest == digest, ~exists().where(columns.digest == digest))
    known = select(columns.failed_reason, columns.decoder, film.c.until, film.c.per_second.label("rate"))
    return known.outerjoin(film).where(
        or_(columns.digest == digest, columns.digest.in_(of_picture), columns.digest.in_(of_file))
    )


_KNOWN_AS = _known_as()  # made once: building it takes longer than SQLite takes for it

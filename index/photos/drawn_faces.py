"""Stores what was seen in boxes that people drew: landmarks, quality and descriptor, or nothing.

Each method is one transaction. Who is in a box is a decision (``index.decisions``), which is not taken here.
"""

from collections import defaultdict
from collections.abc import Sequence, Set
from dataclasses import dataclass

from sqlalchemy import Connection, Select, and_, delete, insert, select, update

from index.arrays import descriptor_to_blob, landmarks_to_blob, track_to_blob
from index.decisions.drawn_rows import add_drawn_row
from index.decisions.face_overlap import SAME_FACE, is_same_moment, overlap
from index.decisions.model import FaceKey
from index.decisions.same_faces import pictures_of
from index.decisions.tracklets import read_tracklets
from index.people.named_faces import is_in_present_photo
from index.photos.films import is_film
from index.photos.known_contents import read_contents
from index.store.schema import (
    BOX,
    DRAWN,
    WITHOUT_LANDMARKS,
    content,
    descriptor,
    face,
    film,
    other_face,
    photo,
    stored_face,
    tracklet,
)
from index.store.store import Store
from pipeline.values import Box, DrawnFace, ModelId, PhotoFile, Size, moment_alone


@dataclass(frozen=True, slots=True)
class KnownPhoto:
    """A photo of the library, in which somebody draws a face.

    Attributes:
        file: As it was when it was last read.
        digest: Of its content, 32 bytes; ``digests`` are those of all files that show this picture.
        faces: The boxes of the faces that it shows, by id; in a film, where each is at the moment asked for.
        duration: Of a film, or of the film behind a photo, in seconds.
        is_film: It is a film, and has no picture without a moment.
    """

    file: PhotoFile
    missing: bool
    digest: bytes
    digests: Set[bytes]
    size: Size
    faces: dict[int, Box]
    duration: float | None
    is_film: bool

    def face_at(self, box: Box) -> int | None:
        """Return the face that a box is drawn around, by id: they overlap by more than half, or lie as if.

        A box drawn too large around a face has its middle in the face, and the face has its middle in it.
        """
        shares = {each: overlap(there, box) for each, there in self.faces.items()}
        best = max(shares, key=lambda each: shares[each], default=None)
        if best is not None and shares[best] > SAME_FACE:
            return best
        around = (each for each, there in self.faces.items() if _is_around(there, box))
        return next(around, None)


@dataclass(frozen=True, slots=True)
class FacesToLookAt:
    """The faces of a content that people drew, by id, and that were not looked at for the model yet."""

    content_id: int
    files: tuple[PhotoFile, ...]
    digests: Set[bytes]
    boxes: dict[int, Box]
    known: tuple[Box, ...]


class DrawnFaceRows:
    """The drawn faces of one library, as ``model`` describes them."""

    def __init__(self, store: Store, model: ModelId) -> None:
        self._store = store
        self._model = model

    def photo(self, name: bytes | int, moment: float | None = None) -> KnownPhoto | None:
        """Read a photo, by its path or its number; ``None`` if the library has none, or could not read it."""
        is_it = photo.c.id == name if isinstance(name, int) else photo.c.path == name
        query = (
            select(
                photo.c.path,
                photo.c.size,
                photo.c.mtime_ns,
                photo.c.missing_since,
                content.c.digest,
                content.c.width,
                content.c.height,
                film.c.duration,
                is_film.label("is_film"),
            )
            .join(content, content.c.id == photo.c.content_id)
            .outerjoin(film, film.c.content_id == content.c.id)
            .where(is_it, content.c.failed_reason.is_(None))
        )
        with self._store.read() as connection:
            row = connection.execute(query).one_or_none()
            if row is None:
                return None
            return KnownPhoto(
                PhotoFile(row.path, row.size, row.mtime_ns),
                row.missing_since is not None,
                row.digest,
                _digests_of(connection, row.digest),
                Size(row.width, row.height),
                _faces_at(connection, row.digest, moment),
                row.duration,
                bool(row.is_film),
            )

    def add(self, digest: bytes, drawn: DrawnFace) -> FaceKey:
        """Add a face to a content, hidden until a decision says that it is there; return what names it.

        Raises a ``ValueError`` if the library has no such content.
        """
        with self._store.write() as connection:
            content_id = connection.scalar(select(content.c.id).where(content.c.digest == digest))
            if content_id is None:
                raise ValueError(f"there is no content {digest.hex()}")
            face_id = connection.scalar(_same_row(content_id, drawn.box))
            if face_id is None:
                face_id = add_drawn_row(connection, content_id, drawn.box)
            self._describe(connection, face_id, drawn)
        return FaceKey(digest, drawn.box)

    def to_look_at(self) -> tuple[FacesToLookAt, ...]:
        """Read the shown drawn faces of present photos that the model has not described, unless it cannot."""
        columns = descriptor.c
        own = select(columns.face_id).where(columns.face_id == face.c.id, columns.model == self._model)
        query = (
            select(face.c.content_id, face.c.id, *(face.c[name] for name in BOX))
            .join(other_face, other_face.c.face_id == face.c.id)  # all drawn faces are there, and few others
            .where(other_face.c.kept, face.c.detector == DRAWN)
            .where(face.c.quality_reasons != WITHOUT_LANDMARKS, ~own.exists())
            .where(is_in_present_photo(face.c.content_id))
            .order_by(face.c.content_id, face.c.id)
        )
        boxes: dict[int, dict[int, Box]] = defaultdict(dict)
        with self._store.read() as connection:
            for content_id, face_id, *box in connection.execute(query):
                boxes[content_id][face_id] = Box(*box)
            chosen = select(content.c.id, content.c.digest).where(content.c.id.in_(boxes))
            rows = connection.execute(chosen.order_by(content.c.id)).all()
            return tuple(
                FacesToLookAt(
                    each.content_id,
                    each.files,
                    each.digests,
                    boxes[each.content_id],
                    tuple(_faces_of_detectors(connection, each.content_id)),
                )
                for each in read_contents(connection, rows)
            )

    def describe(self, found: Sequence[tuple[int, DrawnFace]]) -> int:
        """Store what was seen of faces, by id, except of those that are gone; count those described."""
        with self._store.write() as connection:
            ids = [face_id for face_id, _ in found]
            there = set(connection.scalars(select(stored_face.c.id).where(stored_face.c.id.in_(ids))))
            known = [(face_id, drawn) for face_id, drawn in found if face_id in there]
            for face_id, drawn in known:
                self._describe(connection, face_id, drawn)
        return sum(drawn.described is not None for _, drawn in known)

    def _describe(self, connection: Connection, face_id: int, drawn: DrawnFace) -> None:
        found, columns = drawn.described, descriptor.c
        values: dict[str, object] = {
            "landmarks": b"",
            "confidence": 0.0,
            "quality": 0.0,
            "quality_reasons": WITHOUT_LANDMARKS,
        }
        is_own = and_(columns.face_id == face_id, columns.model == self._model)
        connection.execute(delete(descriptor).where(is_own))
        if found is not None:
            landmarks, quality = found.face.landmarks, found.quality
            values = {
                "landmarks": landmarks_to_blob(landmarks),
                "confidence": float(found.face.confidence),
                "quality": float(quality.score),
                "quality_reasons": ",".join(quality.reasons),
            }
            row = {"face_id": face_id, "model": self._model, "vector": descriptor_to_blob(found.vector)}
            connection.execute(insert(descriptor).values(row))
            if drawn.box.moment is not None:
                track = track_to_blob(moment_alone(drawn.box, landmarks))
                connection.execute(update(tracklet).where(tracklet.c.face_id == face_id).values(track=track))
        connection.execute(update(stored_face).where(stored_face.c.id == face_id).values(values))


def _same_row(content_id: int, box: Box) -> Select[int]:
    """Select the row of a face that was drawn in the same place before."""
    is_there = (
        stored_face.c[name].is_not_distinct_from(value)
        for name, value in zip(BOX, (box.x, box.y, box.w, box.h, box.moment), strict=True)
    )
    query: Select[int] = select(stored_face.c.id).where(stored_face.c.content_id == content_id, *is_there)
    return query.where(stored_face.c.detector == DRAWN).limit(1)


def _digests_of(connection: Connection, digest: bytes) -> Set[bytes]:
    pictures = pictures_of(connection, [digest])
    return {digest, *(each for each, picture in pictures.items() if picture == pictures[digest])}


def _faces_at(connection: Connection, digest: bytes, moment: float | None) -> dict[int, Box]:
    """Read where a content shows its faces, by id, at a moment if it is a film."""
    query = select(face.c.id, *(face.c[name] for name in BOX)).join(content)
    rows = connection.execute(query.where(content.c.digest == digest).order_by(face.c.id))
    found = {face_id: Box(*box) for face_id, *box in rows}
    if moment is None:
        return {face_id: box for face_id, box in found.items() if box.moment is None}
    seen = {each.face_id: each.appearance.box_at(moment) for each in read_tracklets(connection, [digest])}
    return {face_id: box for face_id in found if (box := seen.get(face_id)) is not None}


def _faces_of_detectors(connection: Connection, content_id: int) -> list[Box]:
    """Read the boxes of the faces that a photo shows and nobody drew."""
    query = select(*(face.c[name] for name in BOX)).where(face.c.content_id == content_id)
    is_drawn = face.c.detector.is_not_distinct_from(DRAWN)
    return [Box(*box) for box in connection.execute(query.where(~is_drawn, face.c.moment.is_(None)))]


def _is_around(there: Box, box: Box) -> bool:
    return (
        is_same_moment(there.moment, box.moment) and _has_middle_in(there, box) and _has_middle_in(box, there)
    )


def _has_middle_in(one: Box, other: Box) -> bool:
    x, y = one.x + one.w / 2, one.y + one.h / 2
    return other.x < x < other.x + other.w and other.y < y < other.y + other.h

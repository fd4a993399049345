"""Descriptors by a second model: finds undescribed faces, adds them, and changes the library's model.

Only descriptors of the library's model are searched, so those of another can be added over many nights; the
earlier ones stay, so that a change can be reversed.
"""

from collections import defaultdict
from collections.abc import Sequence

from sqlalchemy import ColumnElement, FromClause, Subquery, and_, func, insert, select, update

from index.arrays import appearance_from_row, descriptor_to_blob
from index.people.named_faces import is_in_present_photo
from index.photos.face_records import landmarks_of
from index.photos.known_contents import read_contents
from index.store.schema import (
    BOX,
    DRAWN,
    WITHOUT_LANDMARKS,
    content,
    descriptor,
    face,
    library,
    other_face,
    stored_face,
    tracklet,
    verdict,
)
from index.store.store import Store
from index.values import Coverage, NewDescriptors, Undescribed
from pipeline.values import Appearance, Box, DetectedFace, ModelId


class Redescription:
    """The faces of one library, as one model describes them; each method is one transaction.

    ``faces`` selects which ones, by default those that the library shows. Those that people drew are
    described by ``index.photos.drawn_faces``; they count here, unless they have no landmarks: no model
    describes them.
    """

    def __init__(self, store: Store, model: ModelId, faces: Subquery = face) -> None:
        self._store = store
        self._model = model
        self._face = faces

    def coverage(self) -> Coverage:
        """Count the faces that the model has described."""
        count = select(func.count()).select_from(self._face).where(~_is_named_only(self._face))
        every = select(func.count()).select_from(stored_face).scalar_subquery()
        drawn = stored_face.join(other_face, other_face.c.face_id == stored_face.c.id)
        named_only = select(func.count()).select_from(drawn).where(_is_named_only(stored_face))
        own = select(func.count()).where(descriptor.c.model == self._model).scalar_subquery()
        with self._store.read() as connection:
            faces = connection.scalar(count) or 0
            # Each descriptor is of another face.
            if connection.scalar(select(every == own + named_only.scalar_subquery())):
                return Coverage(faces, faces, 0, 0)
            described = faces - (connection.scalar(count.where(self._lacks())) or 0)
            figures = select(func.count(), func.count(self._face.c.content_id.distinct()))
            waiting = figures.where(self._lacks(), is_in_present_photo(self._face.c.content_id))
            waiting = waiting.where(~_is_named_only(self._face))
            return Coverage(faces, described, *connection.execute(waiting).one())

    def unknown_persons(self, current: ModelId) -> tuple[int, ...]:
        """Find the persons with confirmed faces described by the current model, and with none by this one."""
        confirmed = select(verdict.c.person_id).join(descriptor, descriptor.c.face_id == verdict.c.face_id)
        known = confirmed.where(descriptor.c.model == self._model, verdict.c.person_id.is_not(None))
        query = confirmed.where(
            descriptor.c.model == current, verdict.c.person_id.is_not(None), verdict.c.person_id.not_in(known)
        )
        with self._store.read() as connection:
            return tuple(connection.scalars(query.distinct().order_by(verdict.c.person_id)))

    def undescribed(self, after: int, limit: int) -> tuple[Undescribed, ...]:
        """Read the first contents after an id with undescribed faces and a present photo, by rising id."""
        has_any = (
            select(self._face.c.id)
            .where(self._face.c.content_id == content.c.id, self._lacks(), ~_is_drawn(self._face))
            .exists()
        )
        query = (
            select(content.c.id, content.c.digest)
            .where(content.c.id > after, has_any, is_in_present_photo(content.c.id))
            .order_by(content.c.id)
            .limit(limit)
        )
        with self._store.read() as connection:
            rows = connection.execute(query).all()
            faces: dict[int, dict[int, tuple[DetectedFace, Appearance | None]]] = defaultdict(dict)
            ids = [row.id for row in rows]
            lacking = (
                select(self._face, tracklet.c.start, tracklet.c.end, tracklet.c.track)
                .outerjoin(tracklet, tracklet.c.face_id == self._face.c.id)
                .where(self._face.c.content_id.in_(ids), self._lacks(), ~_is_drawn(self._face))
            )
            starts: dict[int, float] = {}
            for row in connection.execute(lacking.order_by(self._face.c.id)):
                box = Box(*(getattr(row, name) for name in BOX))
                detected = DetectedFace(box, landmarks_of(row, self._store.path), row.confidence)
                seen = None if row.start is None else appearance_from_row(row.start, row.end, row.track)
                faces[row.content_id][row.id] = detected, seen
                if seen is not None:
                    starts[row.content_id] = min(seen.start, starts.get(row.content_id, seen.start))
            contents = tuple(read_contents(connection, rows, starts))
        return tuple(
            Undescribed(
                content_id=each.content_id,
                digest=each.digest,
                digests=each.digests,
                files=each.files,
                behind=each.behind,
                face_ids=tuple(faces[each.content_id]),
                faces=tuple(detected for detected, _ in faces[each.content_id].values()),
                appearances=tuple(seen for _, seen in faces[each.content_id].values()),
            )
            for each in contents
        )

    def add(self, found: Sequence[NewDescriptors]) -> int:
        """Add descriptors, except of faces that were deleted meanwhile or have one; return the number added.

        A face must still be in its content: in a restored backup the id may belong to another face.
        """
        written = 0
        with self._store.write() as connection:
            for each in found:
                lacking = select(self._face.c.id).join(content).where(content.c.digest == each.digest)
                wanted = frozenset(connection.scalars(lacking.where(self._lacks())))
                values = [
                    {"face_id": number, "model": self._model, "vector": descriptor_to_blob(vector)}
                    for number, vector in zip(each.face_ids, each.vectors, strict=True)
                    if number in wanted
                ]
                if values:
                    connection.execute(insert(descriptor), values)
                written += len(values)
        return written

    def make_current(self) -> None:
        """Make this model the library's, and store the previous one."""
        with self._store.write() as connection:
            connection.execute(
                update(library)
                .where(library.c.model != self._model)
                .values(model=self._model, previous_model=library.c.model)
            )

    def _lacks(self) -> ColumnElement[bool]:
        """Select faces that the model has not described."""
        columns = descriptor.c
        own = select(columns.face_id).where(columns.face_id == self._face.c.id, columns.model == self._model)
        return ~own.exists()


def _is_drawn(faces: FromClause) -> ColumnElement[bool]:
    return faces.c.detector.is_not_distinct_from(DRAWN)


def _is_named_only(faces: FromClause) -> ColumnElement[bool]:
    """Select faces that people drew and in which no landmarks were found."""
    return and_(_is_drawn(faces), faces.c.quality_reasons == WITHOUT_LANDMARKS)

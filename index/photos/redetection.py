"""What another detector finds in known contents: reads which it has not searched yet, and adds its faces.

What a new detector finds stays hidden until ``make_current``, which changes the library's detector in one
transaction; what the others found stays stored. A decision about a face applies to the face of the new
detector that its box overlaps (``index.decisions.derived_tables``). Where two boxes of one face differ more,
``index.decisions.same_faces`` records that they are one, if the descriptors say so.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from sqlalchemy import Connection, FromClause, func, insert, or_, select, update

from index.arrays import descriptors_from_blobs
from index.decisions.derived_tables import read_state, write_derived_tables
from index.decisions.face_overlap import SAME_FACE, overlap, pairs, pairs_sharing
from index.decisions.journal_rows import readable
from index.decisions.model import FaceKey
from index.decisions.partial_replay import update_for_contents
from index.decisions.same_faces import SameFace, add_same_faces, same_face_of
from index.decisions.tombstones import tombstones_in
from index.decisions.tracklets import Tracklet, tracklets_where
from index.people.named_faces import is_in_present_photo
from index.photos.detections import detector_of, faces_by, forget_hidden_groups, name_of, searched_by, show
from index.photos.edited_photo import ALIKE_IN_PLACE
from index.photos.face_rows import add_faces
from index.photos.known_contents import read_contents
from index.store.schema import (
    BOX,
    DRAWN,
    content,
    descriptor,
    detection,
    face,
    library,
    other_face,
    photo,
    same_face,
    stored_face,
)
from index.store.store import Store
from index.values import DetectorComparison, DetectorCoverage, KnownContent, NewDetections
from pipeline.values import F32, Box

CHUNK = 1000
"""Contents whose faces are compared in one transaction."""

_SHARED = 0.5
"""Part of the smaller box that lies in the other one, where two detectors' boxes of one face differ much. Of
240 faces of groups, presidents and Labeled Faces in the Wild that mtcnn and yunet found, 234 have boxes that
overlap by more than ``SAME_FACE``, and no box shares more than 0.07 with that of a neighbour."""


class Redetection:
    """What one detector finds in the contents of one library; each method is one transaction.

    ``detector`` is its name.
    """

    def __init__(self, store: Store, detector: str) -> None:
        self._store = store
        self._detector = detector

    def coverage(self) -> DetectorCoverage:
        """Count the contents that the detector has searched."""
        searched = searched_by(self._detector)
        known = select(photo.c.content_id).where(photo.c.content_id == content.c.id).exists()
        figures = select(
            func.count(),
            func.count().filter(searched),
            func.count().filter(~searched, is_in_present_photo(content.c.id)),
        )
        with self._store.read() as connection:
            query = figures.select_from(content).where(content.c.failed_reason.is_(None), known)
            return DetectorCoverage(*connection.execute(query).one())

    def unsearched(self, after: int, limit: int) -> tuple[KnownContent, ...]:
        """Read the first contents after an id that it has not searched and a present photo has."""
        query = (
            select(content.c.id, content.c.digest)
            .where(content.c.id > after, content.c.failed_reason.is_(None))
            .where(~searched_by(self._detector), is_in_present_photo(content.c.id))
            .order_by(content.c.id)
            .limit(limit)
        )
        with self._store.read() as connection:
            return tuple(read_contents(connection, connection.execute(query).all()))

    def add(self, found: Sequence[NewDetections]) -> int:
        """Add what was found in contents, except in those gone or searched meanwhile; count the faces.

        If the detector is the library's, which searches photos that were away when it was changed, the faces
        are shown at once; else only those that decisions are about and no face that is shown.
        """
        faces, added = 0, []
        with readable(self._store.path), self._store.write() as connection:
            query = select(content.c.id).where(
                ~searched_by(self._detector), content.c.failed_reason.is_(None)
            )
            for each in found:
                content_id = connection.scalar(query.where(content.c.digest == each.digest))
                if content_id is not None:
                    added.append(content_id)
                    faces += _add(connection, content_id, each)
            chosen = select(content.c.id).where(content.c.id.in_(added))
            is_current = connection.scalar(select(library.c.detector)) == self._detector
            if is_current:
                show(connection, self._detector, chosen)
            update_for_contents(connection, [each.digest for each in found])
            if is_current:
                forget_hidden_groups(connection, chosen)
        return faces

    def make_current(self) -> None:
        """Make this the library's detector, and show its faces instead of those of others."""
        with readable(self._store.path), self._store.write() as connection:
            show(connection, self._detector)
            connection.execute(update(library).values(detector=self._detector))
            write_derived_tables(connection, read_state(connection))
            forget_hidden_groups(connection)

    def compare(self) -> DetectorComparison:
        """Compare what is shown with what the detector found, in present contents that it has searched.

        Faces that are kept for decisions do not count. Each chunk is a transaction of its own.
        """
        total, last = DetectorComparison(0, 0, 0, 0), 0
        kept = select(other_face.c.face_id).where(other_face.c.face_id == face.c.id)
        found = select(face).where(~kept.exists()).subquery()
        query = select(content.c.id).where(searched_by(self._detector), is_in_present_photo(content.c.id))
        while True:
            with self._store.read() as connection:
                some = query.where(content.c.id > last).order_by(content.c.id).limit(CHUNK)
                ids = connection.scalars(some).all()
                before, after = (_boxes(connection, each, ids) for each in (found, faces_by(self._detector)))
                films = tracklets_where(connection, content.c.id.in_(ids)) if ids else []
            if not ids:
                return total
            tracklets = {each.face_id: each for each in films}
            for content_id in ids:
                old, new = before[content_id], after[content_id]
                same = _count_same(old, new, tracklets)
                total = DetectorComparison(
                    total.before + len(old),
                    total.after + len(new),
                    total.gained + len(new) - same,
                    total.lost + len(old) - same,
                )
            last = ids[-1]

    def kept(self) -> int:
        """Count the faces by other detectors that are shown because of a decision."""
        query = select(func.count()).select_from(other_face).where(other_face.c.kept)
        with self._store.read() as connection:
            return connection.scalar(query) or 0


@dataclass(frozen=True, slots=True, eq=False)
class _Found:
    """A face in a content: its box, and the descriptor by the library's model if it has one, float32 [D]."""

    box: Box
    vector: F32 | None
    drawn: bool = False


def _cosine(one: _Found, other: _Found) -> float | None:
    """Return the similarity of two faces in one place; ``None`` where it is not known.

    A box that somebody drew is that of the only face in its place, even if it has nothing to compare.
    """
    if one.vector is None and one.drawn:
        return 1.0
    return None if one.vector is None or other.vector is None else float(np.dot(one.vector, other.vector))


def _add(connection: Connection, content_id: int, new: NewDetections) -> int:
    """Add what was found in a content, hidden, and return how many faces."""
    before = _found_before(connection, content_id)
    forgotten = tombstones_in(connection, [new.digest])
    faces = [
        each
        for each in new.found.faces
        if not forgotten.cover(FaceKey(new.digest, each.face.box), each.appearance)
    ]
    ids = add_faces(connection, [(content_id, each) for each in faces], new.found.detector)
    if ids:
        connection.execute(insert(other_face), [{"face_id": each, "kept": False} for each in ids])
    after = [_Found(each.face.box, each.vector) for each in faces]
    row = {"content_id": content_id, "detector": new.found.detector}
    connection.execute(insert(detection), row)
    for detector, found in before.items():
        known = [each for name, others in before.items() if name != detector for each in others]
        _link(connection, new.digest, found, _not_among(after, known) if detector == DRAWN else after)
    return len(after)


def _not_among(after: Sequence[_Found], known: Sequence[_Found]) -> list[_Found]:
    """Return the faces that no detector had found: one of them may be a face that somebody drew."""
    return [each for each in after if all(overlap(each.box, one.box) <= SAME_FACE for one in known)]


def _found_before(connection: Connection, content_id: int) -> dict[str, list[_Found]]:
    """Read what other detectors found in a content, by their names."""
    columns, by = stored_face.c, detector_of(stored_face.c.detector)
    model = select(library.c.model).scalar_subquery()
    is_own = (descriptor.c.face_id == columns.id) & (descriptor.c.model == model)
    query = (
        select(by, descriptor.c.vector, *(columns[name] for name in BOX))
        .join_from(stored_face, content)
        .outerjoin(descriptor, is_own)
        .where(columns.content_id == content_id)
        .order_by(columns.id)
    )
    found: dict[str, list[_Found]] = defaultdict(list)
    for detector, blob, *box in connection.execute(query):
        vector = None if blob is None else descriptors_from_blobs([blob])[0]
        found[name_of(detector)].append(_Found(Box(*box), vector, detector == DRAWN))
    return found


def _link(connection: Connection, digest: bytes, before: Sequence[_Found], after: Sequence[_Found]) -> None:
    """Record which faces are one though their boxes differ, and which faces of edited photos they are."""
    links = list(_links_of(connection, digest))
    for i, j in _paired([each.box for each in before], [each.box for each in after]):
        one, other = before[i], after[j]
        key, new = FaceKey(digest, one.box), FaceKey(digest, other.box)
        if overlap(one.box, other.box) <= SAME_FACE:
            cosine = _cosine(one, other)
            if cosine is None or cosine < ALIKE_IN_PLACE:
                continue
            add_same_faces(connection, [SameFace(key, new, cosine, certain=True)])
        copies = [replace(each, later=new) for each in links if each.later == key]
        copies += [replace(each, earlier=new) for each in links if each.earlier == key]
        add_same_faces(connection, copies)


def _links_of(connection: Connection, digest: bytes) -> Iterator[SameFace]:
    """Read the faces before and after edits that faces of a content are."""
    columns = same_face.c
    ends = or_(columns.digest == digest, columns.later_digest == digest)
    query = select(same_face).where(ends, columns.digest != columns.later_digest)
    return map(same_face_of, connection.execute(query))


def _paired(before: Sequence[Box], after: Sequence[Box]) -> list[tuple[int, int]]:
    """Pair the boxes of two detectors, first those that overlap as one face's do, then by what they share."""
    found = list(pairs(before, after))
    old, new = (
        [place for place in range(len(boxes)) if place not in {each[end] for each in found}]
        for end, boxes in enumerate((before, after))
    )
    rest = pairs_sharing([before[i] for i in old], [after[j] for j in new], _SHARED)
    return [*found, *((old[i], new[j]) for i, j in rest)]


def _boxes(connection: Connection, faces: FromClause, contents: Sequence[int]) -> dict[int, dict[int, Box]]:
    """Read the boxes of faces, by content and face."""
    found: dict[int, dict[int, Box]] = defaultdict(dict)
    query = select(faces.c.content_id, faces.c.id, *(faces.c[name] for name in BOX))
    rows = query.where(faces.c.content_id.in_(contents)).order_by(faces.c.id)
    for content_id, face_id, *box in connection.execute(rows):
        found[content_id][face_id] = Box(*box)
    return found


def _count_same(
    before: Mapping[int, Box], after: Mapping[int, Box], tracklets: Mapping[int, Tracklet]
) -> int:
    """Count the faces of a content that two detectors found; in a film, those that were in one place once."""
    old, new = ([box for each, box in faces.items() if each not in tracklets] for faces in (before, after))
    seen, again = ([tracklets[each] for each in faces if each in tracklets] for faces in (before, after))
    found = sum(
        any(one.is_in(other.appearance) or other.is_in(one.appearance) for other in again) for one in seen
    )
    return len(_paired(old, new)) + min(found, len(again))

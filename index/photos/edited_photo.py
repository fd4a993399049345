"""Finds the faces of a photo again after it was edited in place: same by descriptor and place.

An editor crops, turns, mirrors, scales or retouches the picture, and each face keeps its place among the
others. The functions work in a transaction of the caller; what they find is no decision, and decisions about
the face before the edit apply to the one after it (``index.decisions.same_faces``).
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from sqlalchemy import Connection, LargeBinary, insert, literal, select

from index.arrays import descriptors_from_blobs
from index.decisions.face_overlap import SAME_FACE, overlap
from index.decisions.model import FaceKey
from index.decisions.same_faces import SameFace, add_same_faces
from index.store.schema import BOX, DRAWN, content, descriptor, face, forgotten, library, same_face
from pipeline.values import F32, Box, DateSource, Size

ALIKE = 0.8
"""Cosine from which two faces of one file are certainly one, wherever they are. Of 79 faces of Labeled Faces
in the Wild and of presidents, halved, made grey, brighter by half, of more contrast, warmer, turned by five
degrees, mirrored, retouched or saved as JPEG of quality 25, nine in ten had more, with sface and facenet."""

ALIKE_IN_PLACE = 0.6
"""The same, if the face is where an edit of the whole picture would bring it. Of pairs of two people in
Labeled Faces in the Wild fewer than one in 10,000 has more, with sface and facenet."""

PERHAPS_ALIKE = 0.3
"""Cosine from which a person is asked: one such pair in 1,000 has more with sface, one in 50 with facenet."""

_BY_CAMERA = {
    DateSource.ORIGINAL,
    DateSource.XMP,
    DateSource.IPTC,
    DateSource.DIGITIZED,
    DateSource.CONTAINER,
}
"""What says when a shot was taken, to the second, and stays when it is edited."""

_SAME_RATIO = 0.02
"""Largest relative difference of the proportions of a picture and its scaled copy: rounding to whole pixels
makes that of a side of 50 pixels."""

_TURNS = tuple(
    turn @ mirror
    for turn in (np.array([[c, -s], [s, c]]) for c, s in ((1, 0), (0, 1), (-1, 0), (0, -1)))
    for mirror in (np.diag([1, 1]), np.diag([-1, 1]))
)
"""The eight ways to turn and mirror a picture, as matrices for points relative to its centre."""


def link_faces(connection: Connection, old: int, new: int) -> None:
    """Record which faces of the new content are those of the old one; arguments are ids of contents.

    A face that the old content shows only perhaps is looked for too, so that the question stays open. If no
    face is certainly one, but the camera's date is, the photos are: what is decided of the whole photo holds.
    """
    after = _photo(connection, new)
    for content_id in (*_unsettled(connection, old, new), old):
        before = _photo(connection, content_id)
        found = same_faces(before, after)
        drawn = _drawn_in(connection, content_id)
        if drawn:
            is_same_day = _are_of_same_day(connection, content_id, new)
            found += drawn_places(drawn, before, after, found, is_same_day=is_same_day)
        if content_id == old and not any(each.certain for each in found):
            found += _same_shot(connection, old, new)
        add_same_faces(connection, found)


def _same_shot(connection: Connection, old: int, new: int) -> list[SameFace]:
    """Link two contents as wholes, by empty boxes, if they have one date of the camera's."""
    query = select(content.c.digest, content.c.taken_at, content.c.taken_from)
    before, after = (connection.execute(query.where(content.c.id == each)).one() for each in (old, new))
    is_by_camera = {before.taken_from or DateSource.ORIGINAL, after.taken_from} <= _BY_CAMERA
    if after.taken_at is None or before.taken_at != after.taken_at or not is_by_camera:
        return []
    whole = Box(0.0, 0.0, 0.0, 0.0)
    return [SameFace(FaceKey(before.digest, whole), FaceKey(after.digest, whole), 1.0, certain=True)]


def linked_contents(connection: Connection, digest: bytes) -> list[int]:
    """Find the contents that a content replaced, of which it shows a face: their ids."""
    query = select(content.c.id).join(same_face, same_face.c.digest == content.c.digest)
    query = query.where(same_face.c.later_digest == digest, content.c.digest != digest)
    return list(connection.scalars(query.distinct().order_by(content.c.id)))


def link_unseen(connection: Connection, old: int, new: int) -> None:
    """Link the old content to the new one before a face of this is known, so that ``linked_contents`` has it.

    A film is recorded before it is looked at. The face that the new one would show at the same place if
    nothing had changed is one of the old content only perhaps: no decision applies by that.
    """
    digest = connection.scalars(select(content.c.digest).where(content.c.id == new)).one()
    before = connection.scalars(select(content.c.digest).where(content.c.id == old)).one()
    for content_id in (*linked_contents(connection, before), old):
        for key in _photo(connection, content_id).keys[:1]:
            unseen = SameFace(key, FaceKey(digest, key.box), 0.0, certain=False)
            add_same_faces(connection, [unseen])


def carry_over_tombstones(connection: Connection, old: int, new: int) -> None:
    """Copy the tombstones of the old content to the new one, before its faces are recorded.

    They are scaled with the picture; one of other proportions, cropped or turned, gets none.
    """
    rows = {row.id: row for row in connection.execute(select(content).where(content.c.id.in_([old, new])))}
    one, two = rows[old], rows[new]
    if (
        not (one.width and two.width)
        or abs(one.width * two.height / (one.height * two.width) - 1) > _SAME_RATIO
    ):
        return
    scale, columns = two.width / one.width, forgotten.c
    points = select(literal(two.digest, LargeBinary), columns.x * scale, columns.y * scale, columns.moment)
    known = select(columns.digest, columns.x, columns.y, columns.moment).where(columns.digest == two.digest)
    copied = points.where(columns.digest == one.digest).except_(known)
    connection.execute(insert(forgotten).from_select(["digest", "x", "y", "moment"], copied))


@dataclass(frozen=True, slots=True, eq=False)
class PhotoFaces:
    """The faces of a content: their keys, and descriptors of one model, float32 [N, D], of unit norm.

    ``digest`` is that of the content.
    """

    size: Size
    keys: Sequence[FaceKey]
    vectors: F32
    digest: bytes = b""


def same_faces(before: PhotoFaces, after: PhotoFaces) -> list[SameFace]:
    """Pair the faces of a photo before and after an edit, each at most once, the most similar first."""
    if not before.keys or not after.keys:
        return []
    pairs = list(_most_similar(before.vectors @ after.vectors.T))
    boxes = [(before.keys[i].box, after.keys[j].box) for i, j, _ in pairs]
    anchors = [pair for pair, (_, _, cosine) in zip(boxes, pairs, strict=True) if cosine >= ALIKE]
    return [
        SameFace(
            before.keys[i],
            after.keys[j],
            cosine,
            cosine >= ALIKE
            or (cosine >= ALIKE_IN_PLACE and _is_in_place(*pair, before.size, after.size, anchors)),
        )
        for pair, (i, j, cosine) in zip(boxes, pairs, strict=True)
    ]


def drawn_places(
    drawn: Sequence[FaceKey],
    before: PhotoFaces,
    after: PhotoFaces,
    found: Sequence[SameFace],
    *,
    is_same_day: bool,
) -> list[SameFace]:
    """Find where a photo shows, after an edit, the faces that somebody drew in it before.

    ``found`` are its faces that were found again: they say how the picture was turned, or cropped, and that
    it is the same one. If it showed no other face, its proportions say so, unless it is not of the same day.
    What they say less surely is a question: the pair is not certain.
    """
    known = {each.earlier for each in found if each.certain}
    asked = {each.earlier for each in found}
    pairs = [(each.earlier.box, each.later.box) for each in found if each.certain]
    has_others = any(key not in drawn for key in before.keys)
    if has_others and not pairs:
        return []  # another picture
    places = []
    for key in drawn:
        place, certain = _place_of(key.box, before.size, after.size, pairs, is_same_day)
        if key in known or place is None or (key in asked and not certain):
            continue
        if (inside := _inside(place, after.size)) is not None:
            places.append(SameFace(key, FaceKey(after.digest, inside), 0.0, certain))
    return places


def _place_of(
    box: Box, before: Size, after: Size, pairs: Sequence[tuple[Box, Box]], is_same_day: bool
) -> tuple[Box | None, bool]:
    """Return where a box is after an edit, if anything says so, and whether that is certain."""
    turns = [turn for turn in _TURNS if _keeps_proportions(before, after, turn)]
    fit = [
        _turned(box, before, after, turn)
        for turn in turns
        if all(overlap(_turned(old, before, after, turn), new) > SAME_FACE for old, new in pairs)
    ]
    if pairs and not fit:
        return _cropped(box, *pairs[0]), False
    if not fit:
        return None, False
    if pairs:
        return fit[0], all(overlap(fit[0], each) > SAME_FACE for each in fit)
    return fit[0], is_same_day and turns[0] is _TURNS[0]


def _keeps_proportions(before: Size, after: Size, turn: "np.ndarray[Any, Any]") -> bool:
    """Tell whether a picture has the proportions that it has after a turn, whatever its size."""
    width, height = np.abs(turn @ (before.width, before.height))
    return bool(abs(width * after.height / (height * after.width) - 1) <= _SAME_RATIO)


def _inside(box: Box, size: Size) -> Box | None:
    """Return the part of a box that is in a picture; ``None`` if that is less than half of it."""
    left, top = max(box.x, 0.0), max(box.y, 0.0)
    width = min(box.x + box.w, float(size.width)) - left
    height = min(box.y + box.h, float(size.height)) - top
    if width <= 0 or height <= 0 or width * height < box.w * box.h / 2:
        return None
    return Box(*(round(each, 3) for each in (left, top, width, height)))


def _most_similar(cosines: F32) -> Iterator[tuple[int, int, float]]:
    """Yield pairs of rows and columns by falling cosine, each row and column at most once."""
    rows, columns = set[int](), set[int]()
    for flat in np.argsort(-cosines, axis=None, kind="stable").tolist():
        i, j = divmod(flat, cosines.shape[1])
        if cosines[i, j] < PERHAPS_ALIKE:
            return
        if i not in rows and j not in columns:
            rows.add(i)
            columns.add(j)
            yield i, j, float(cosines[i, j])


def _is_in_place(old: Box, new: Box, before: Size, after: Size, anchors: Sequence[tuple[Box, Box]]) -> bool:
    """Tell whether an edit of the whole picture, or the crop that anchors show, moves the old box there."""
    moved = (*(_turned(old, before, after, turn) for turn in _TURNS), *(_cropped(old, *a) for a in anchors))
    return any(overlap(each, new) > SAME_FACE for each in moved)


def _turned(box: Box, before: Size, after: Size, turn: "np.ndarray[Any, Any]") -> Box:
    corners = np.array([(box.x, box.y), (box.x + box.w, box.y + box.h)]) / (before.width, before.height)
    moved = ((corners - 0.5) @ turn.T + 0.5) * (after.width, after.height)
    return Box(*moved.min(axis=0).tolist(), *np.ptp(moved, axis=0).tolist())


def _cropped(box: Box, old: Box, new: Box) -> Box:
    """Move a box as the anchor moved from its old box to its new one."""
    scale = (new.w / old.w + new.h / old.h) / 2 if old.w and old.h else 1.0
    return Box(
        new.x + new.w / 2 + (box.x - old.x - old.w / 2) * scale,
        new.y + new.h / 2 + (box.y - old.y - old.h / 2) * scale,
        box.w * scale,
        box.h * scale,
    )


def _unsettled(connection: Connection, old: int, new: int) -> list[int]:
    """Find the contents that the old one replaced and with which it shares a face only perhaps."""
    own, before = content.alias(), content.alias()
    query = (
        select(before.c.id)
        .join(same_face, same_face.c.digest == before.c.digest)
        .join(own, own.c.digest == same_face.c.later_digest)
        .where(own.c.id == old, before.c.id != new, ~same_face.c.certain)
    )
    return list(connection.scalars(query.distinct().order_by(before.c.id)))


def _photo(connection: Connection, content_id: int) -> PhotoFaces:
    row = connection.execute(select(content).where(content.c.id == content_id)).one()
    model = select(library.c.model).scalar_subquery()
    query = (
        select(*(face.c[name] for name in BOX), descriptor.c.vector)
        .join_from(face, descriptor, (descriptor.c.face_id == face.c.id) & (descriptor.c.model == model))
        .where(face.c.content_id == content_id)
        .order_by(face.c.id)
    )
    if not (row.decoder or "").startswith("video "):  # a film behind it is not compared
        query = query.where(face.c.moment.is_(None))
    rows = connection.execute(query).all()
    keys = [FaceKey(row.digest, Box(*each[:-1])) for each in rows]
    vectors = descriptors_from_blobs([each.vector for each in rows]) if rows else np.empty((0, 0), np.float32)
    return PhotoFaces(Size(row.width or 0, row.height or 0), keys, vectors, row.digest)


def _drawn_in(connection: Connection, content_id: int) -> list[FaceKey]:
    """Read the faces that somebody drew in a photo, and that it shows."""
    query = select(content.c.digest, *(face.c[name] for name in BOX)).join_from(face, content)
    is_drawn = face.c.detector == DRAWN, face.c.moment.is_(None)
    rows = connection.execute(query.where(content.c.id == content_id, *is_drawn).order_by(face.c.id))
    return [FaceKey(digest, Box(*box)) for digest, *box in rows]


def _are_of_same_day(connection: Connection, one: int, other: int) -> bool:
    """Tell whether nothing says that two contents were taken at different times."""
    times = select(content.c.taken_at).where(content.c.id.in_([one, other]), content.c.taken_at.is_not(None))
    return len(set(connection.scalars(times))) < 2

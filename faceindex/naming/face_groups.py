"""Groups some faces by similarity among themselves, so that one answer does for a group."""

from collections.abc import Sequence

import numpy as np

from faceindex.session import Session
from index.clustering.affected_region import never_grouped
from index.clustering.linkage import exemplar, group


def grouped(session: Session, face_ids: Sequence[int]) -> list[tuple[int, ...]]:
    """Group faces that look like one person, the largest group first; a face without a descriptor is alone.

    Each group begins with the face that represents it; the others keep their order.
    """
    described = session.described(sorted(face_ids))
    records = session.catalog.faces(face_ids)
    shown = [each for each in face_ids if each in records]
    known = [each for each in described.ids.tolist() if each in records]
    if not known:
        return [(each,) for each in shown]
    vectors = described.vectors[np.searchsorted(described.ids, known)]
    qualities = np.array([records[each].quality.score for each in known], np.float32)
    same = session.thresholds().accept
    labels = group(never_grouped(vectors, qualities, same), same)
    number = dict(zip(known, labels.tolist(), strict=True))
    members: dict[int, list[int]] = {}
    for place, face_id in enumerate(shown):
        members.setdefault(number.get(face_id, -1 - place), []).append(face_id)
    rows = {face_id: row for row, face_id in enumerate(known)}
    found = []
    for theirs in members.values():
        if len(theirs) > 1:
            chosen = [rows[each] for each in theirs]
            first = theirs[exemplar(vectors[chosen], qualities[chosen])]
            theirs = [first, *(each for each in theirs if each != first)]
        found.append(tuple(theirs))
    return sorted(found, key=len, reverse=True)


def representative(session: Session, face_ids: Sequence[int], among: int) -> tuple[int, ...]:
    """Return faces with the one first that represents them, chosen among so many of them."""
    step = max(1, len(face_ids) // among)
    described = session.described(sorted(face_ids[::step]))
    records = session.catalog.faces(described.ids.tolist())
    known = [row for row, face_id in enumerate(described.ids.tolist()) if face_id in records]
    if not known:
        return tuple(face_ids)
    qualities = [records[face_id].quality.score for face_id in described.ids[known].tolist()]
    chosen = exemplar(described.vectors[known], np.array(qualities, np.float32))
    first = int(described.ids[known[chosen]])
    return (first, *(each for each in face_ids if each != first))

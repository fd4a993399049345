"""Lists clusters without a name by size, each with faces that show who is in it; and ignored faces."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from faceindex.browsing.pages import Page, Ranked, cut
from faceindex.session import Session
from index.clustering.linkage import exemplar
from index.people.cluster_tiles import best_of_clusters, ignored_faces
from index.values import Descriptors

_LOOKED_AT = 24
"""Faces of a cluster, those of best quality, among which the most typical one is sought."""

SHOWN = 8
"""Faces that show a cluster, at most."""


@dataclass(frozen=True, slots=True)
class FaceGroup:
    """A cluster without a name, or the faces that one decision calls strangers, in a list.

    Attributes:
        number: Of the cluster, or of the decision.
        faces: The number of its faces.
        face_ids: Some of them: of a cluster, the most typical one, then the best ones.
    """

    number: int
    faces: int
    face_ids: tuple[int, ...]


def page_of_clusters(session: Session, after: str | None, most: int) -> Page[FaceGroup]:
    """Return a page of the clusters with open faces, the largest first."""
    page = cut(session.kept.get("clusters", lambda: _by_size(session)), after, most)
    return page.of(cluster_tiles(session, [number for number, _ in page.items]))


def sizes_of_clusters(session: Session, numbers: Sequence[int]) -> dict[int, int]:
    """Count the open faces of some clusters, without those that have none."""
    sizes = dict(session.kept.get("clusters", lambda: _by_size(session)).items)
    return {each: sizes[each] for each in numbers if each in sizes}


def cluster_tiles(session: Session, numbers: Sequence[int]) -> tuple[FaceGroup, ...]:
    """Read what shows some clusters, in this order, without those that have no open face."""
    with session.database.read() as connection:
        found = best_of_clusters(connection, numbers, _LOOKED_AT)
    vectors = session.described(sorted(face for each in found.values() for face, _ in each.best))
    return tuple(
        FaceGroup(number, each.faces, _showing(each.best, vectors))
        for number, each in ((number, found[number]) for number in numbers if number in found)
    )


def page_of_ignored(session: Session, after: str | None, most: int) -> Page[FaceGroup]:
    """Return a page of the faces that decisions call strangers, by decision, the last one first."""
    page = cut(session.kept.get("ignored", lambda: _ignored(session)), after, most)
    groups = (FaceGroup(number, len(faces), faces[:SHOWN]) for number, faces in page.items)
    return page.of(tuple(groups))


def _by_size(session: Session) -> Ranked[tuple[int, int]]:
    sizes = session.people.cluster_sizes()
    return Ranked.by(list(sizes.items()), lambda item: (-item[1], item[0]))


def _ignored(session: Session) -> Ranked[tuple[int, tuple[int, ...]]]:
    with session.database.read() as connection:
        found = ignored_faces(connection)
    return Ranked.by(list(found.items()), lambda item: (-item[0],))


def _showing(best: Sequence[tuple[int, float]], vectors: Descriptors) -> tuple[int, ...]:
    """Choose the faces that show a cluster, of its best ones by falling quality."""
    ids = np.array([face for face, _ in best], np.int64)
    qualities = np.array([quality for _, quality in best], np.float32)
    places = np.searchsorted(vectors.ids, ids)
    described = np.append(vectors.ids, -1)[places] == ids
    if not described.any():
        return tuple(ids[:SHOWN].tolist())
    typical = int(ids[described][exemplar(vectors.vectors[places[described]], qualities[described])])
    others = [each for each in ids.tolist() if each != typical]
    return typical, *others[: SHOWN - 1]

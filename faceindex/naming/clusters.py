"""Lists the clusters without a name, each with the face that shows it best; says why faces are in none."""

import numpy as np

from faceindex.results import ClusterList, ShownCluster
from faceindex.scanning.refresh_derived import group_faces
from faceindex.session import Session
from index.clustering.linkage import exemplar
from index.clustering.regroup import Regrouped
from index.clustering.ungrouped import Ungrouped, why_ungrouped
from index.people.queries import ClusterFaces
from index.photos.redescription import Redescription
from index.values import FaceRecord
from index.vectors.saved_index import load_index

_LOOKED_AT = 200
"""Faces of a cluster, those of best quality, among which its exemplar is: some clusters have thousands."""


def group(session: Session, *, write: bool = True) -> Regrouped:
    """Update clusters and recognised faces to the decisions and descriptors; or only count the changes."""
    return group_faces(session.database, session.model(), session.listeners, write=write)


def clusters(session: Session, most: int) -> ClusterList:
    """Return the largest clusters, and how many there are in all."""
    found = session.people.largest_clusters(most)
    exemplars = ((each, _exemplar(session, each)) for each in found.clusters)
    shown = tuple(ShownCluster(each, record) for each, record in exemplars if record is not None)
    return ClusterList(shown, found.total)


def ungrouped(session: Session) -> Ungrouped:
    """Count the open faces that are in no cluster, by the cause."""
    model, thresholds = session.model(), session.thresholds()
    waiting = Redescription(session.database, model.model_id).coverage().waiting
    vectors = load_index(session.catalog, model.model_id, model.dimension).index
    with session.database.read() as connection:
        return why_ungrouped(connection, model.model_id, thresholds, vectors, waiting)


def _exemplar(session: Session, cluster: ClusterFaces) -> FaceRecord | None:
    """Return the exemplar, or the best face if none is described; ``None`` if all were deleted since."""
    records = session.catalog.faces(session.people.best_faces(cluster.face_ids, _LOOKED_AT))
    described = session.described(sorted(records))
    if not len(described):
        return max(records.values(), key=lambda record: record.quality.score, default=None)
    chosen = [records[face] for face in described.ids.tolist()]
    return chosen[exemplar(described.vectors, np.array([each.quality.score for each in chosen], np.float32))]

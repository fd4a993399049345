"""Lists the clusters without a name, each with its exemplar: the face that shows it best."""

import numpy as np

from faceindex.results import ClusterList, ShownCluster
from faceindex.session import Session
from index.clustering.linkage import exemplar
from index.people.queries import ClusterFaces
from index.values import Descriptors, FaceRecord


def clusters(session: Session, most: int) -> ClusterList:
    """Return the largest clusters, and how many there are in all."""
    found = session.people.clusters()
    exemplars = ((each, _exemplar(session, each)) for each in found[:most])
    shown = tuple(ShownCluster(each, record) for each, record in exemplars if record is not None)
    return ClusterList(shown, len(found))


def _exemplar(session: Session, cluster: ClusterFaces) -> FaceRecord | None:
    """Return the exemplar, or the best face if none is described; ``None`` if all were deleted since."""
    records = session.catalog.faces(cluster.face_ids)
    described = Descriptors.joined(session.descriptors(sorted(records)), session.model().dimension)
    if not len(described):
        return max(records.values(), key=lambda record: record.quality.score, default=None)
    chosen = [records[face] for face in described.ids.tolist()]
    return chosen[exemplar(described.vectors, np.array([each.quality.score for each in chosen], np.float32))]

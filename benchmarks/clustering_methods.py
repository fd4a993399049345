"""Ways to group faces by their descriptors, each with one setting, for benchmarks.clustering to compare.

Every method is a function of the descriptors, float32 [N, D] of unit norm, that returns a function of the
setting: for most the similarity from which on two faces are near. That one returns a number for each face,
int64 [N]; faces of no group have one of their own.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from scipy.cluster.hierarchy import fcluster, linkage
from scipy.sparse import csr_array
from scipy.sparse.csgraph import connected_components
from scipy.spatial.distance import squareform
from sklearn.cluster import HDBSCAN

from index.clustering.affected_region import never_grouped
from index.clustering.linkage import group
from index.values import I64
from pipeline.values import F32

AtSetting: TypeAlias = Callable[[float], I64]
Grouper: TypeAlias = Callable[[F32], AtSetting]

SEED = 20260101
SWEEPS = 20
NEIGHBORS = 20
SHARE_OF_SIMILARITY = 0.3
"""Of the re-ranked similarity, as in the paper."""


@dataclass(frozen=True, slots=True)
class Method:
    """A way to group faces.

    Attributes:
        name: For the table.
        group: The function.
        settings: What is tried.
    """

    name: str
    group: Grouper
    settings: tuple[float, ...] = tuple(np.arange(0.2, 0.8, 0.01).tolist())


def components(vectors: F32) -> AtSetting:
    """Whoever is near to one of a group is in it: single linkage."""
    similarities = vectors @ vectors.T
    return lambda near: _parts(similarities, near)


def chinese_whispers(vectors: F32) -> AtSetting:
    """Each face takes the label that weighs most among its neighbours, again and again, in random order.

    Biemann, "Chinese Whispers", TextGraphs 2006; weights are similarities, as dlib and others use it.
    """
    similarities = vectors @ vectors.T
    np.fill_diagonal(similarities, 0)

    def grouped(near: float) -> I64:
        neighbors = [np.flatnonzero(row >= near) for row in similarities]
        labels = np.arange(len(vectors))
        generator = np.random.default_rng(SEED)
        for _ in range(SWEEPS):
            for row in generator.permutation(len(vectors)).tolist():
                if len(neighbors[row]):
                    weights = np.bincount(labels[neighbors[row]], similarities[row, neighbors[row]])
                    labels[row] = int(weights.argmax())
        return labels

    return grouped


def hdbscan(selection: str) -> Grouper:
    """HDBSCAN of scikit-learn, groups of two at least; the setting is ``min_samples``."""

    def at_setting(vectors: F32) -> AtSetting:
        def grouped(samples: float) -> I64:
            model = HDBSCAN(
                min_cluster_size=2, min_samples=int(samples), cluster_selection_method=selection, copy=True
            )
            labels = np.asarray(model.fit_predict(vectors.astype(np.float64)), np.int64)
            alone = labels < 0
            labels[alone] = labels.max() + 1 + np.arange(alone.sum())
            return labels

        return grouped

    return at_setting


def average_linkage(vectors: F32) -> AtSetting:
    """Groups are joined while the mean similarity of their faces is enough, in each part of the graph."""
    similarities = vectors @ vectors.T
    return lambda near: _linked(similarities, near)


def re_ranked(vectors: F32) -> AtSetting:
    """Average linkage of similarities by common neighbours that are neighbours both ways.

    Zhong and others, "Re-ranking person re-identification with k-reciprocal encoding", CVPR 2017, without
    the query expansion: mostly the Jaccard similarity of the two neighbourhoods, and partly the cosine.
    """
    similarities = vectors @ vectors.T
    is_near = np.zeros(similarities.shape, bool)
    first = np.argsort(-similarities, axis=1)[:, : NEIGHBORS + 1]
    np.put_along_axis(is_near, first, values=True, axis=1)
    weights = np.where(is_near & is_near.T, np.exp(similarities - 1), 0)
    common = np.stack(
        [np.minimum(weights[:, row > 0], row[row > 0]).sum(axis=1) for row in weights]
    )  # zeros have nothing in common
    total = weights.sum(axis=1)
    jaccard = common / (total[:, None] + total - common)
    mixed = np.asarray(SHARE_OF_SIMILARITY * similarities + (1 - SHARE_OF_SIMILARITY) * jaccard, np.float32)
    return lambda near: _linked(mixed, near)


def evidence(vectors: F32) -> AtSetting:
    """What this project does, see index/clustering/linkage.py."""
    return lambda near: group(never_grouped(vectors, np.ones(len(vectors), np.float32), near), near)


def _parts(similarities: F32, near: float) -> I64:
    found = connected_components(csr_array(similarities >= near), directed=False)[1]
    return np.asarray(found, np.int64)


def _linked(similarities: F32, near: float) -> I64:
    """Average linkage in each part of the graph: groups that are alike enough have a pair that is."""

    def split(rows: I64) -> I64:
        distances = 1 - similarities[np.ix_(rows, rows)].astype(np.float64)
        distances = np.clip(distances + distances.T, 0, None) / 2
        np.fill_diagonal(distances, 0)
        found = fcluster(linkage(squareform(distances, checks=False), "average"), 1 - near, "distance")
        return np.asarray(found, np.int64)

    return _split(_parts(similarities, near), split)


def _split(parts: I64, split: Callable[[I64], I64]) -> I64:
    """Groups within each part of two faces or more; what is in none, a negative number, is alone."""
    labels = np.arange(len(parts))
    for part in np.unique(parts):
        rows = np.flatnonzero(parts == part)
        found = split(rows) if len(rows) > 1 else np.array([-1])
        for each in np.unique(found[found >= 0]):
            labels[rows[found == each]] = rows[found == each][0]
    return labels


METHODS = (
    Method("connected components", components),
    Method("Chinese whispers", chinese_whispers),
    Method("HDBSCAN, excess of mass", hdbscan("eom"), tuple(range(1, 9))),
    Method("HDBSCAN, leaves", hdbscan("leaf"), tuple(range(1, 9))),
    Method("average linkage", average_linkage),
    Method("average linkage, re-ranked", re_ranked),
    Method("evidence", evidence),
)

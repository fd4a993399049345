"""Groups a library's faces into recognised persons, clusters without a name, and single faces.

Groups follow from decisions and descriptors and can be rebuilt at any time. Clusters keep their numbers and
faces, unless a decision or stronger evidence changes them; a decision only hides a face in its cluster, so
that it can be undone. This module knows neither SQL nor how faces are compared.
"""

from dataclasses import asdict, dataclass

from sqlalchemy import Connection

from index.clustering.cluster_tables import (
    GroupingInputs,
    count_open,
    count_reliable,
    delete_empty_clusters,
    digest_of_decisions,
    read_faces,
    read_last_inputs,
    read_never_compared,
    write_inputs,
    write_recognised,
)
from index.clustering.recognise import Recogniser, recognise
from index.clustering.update_clusters import update_clusters
from index.photos.catalog import Catalog
from index.recognition.decided_faces import load_gallery, load_strangers, read_rejections
from index.recognition.thresholds import Thresholds
from index.store.store import Store
from index.values import I64, NONE
from index.vectors.saved_index import load_index
from pipeline.values import ModelId


@dataclass(frozen=True, slots=True)
class Regrouped:
    """The result of one run. An open face has neither a person nor a decision.

    Attributes:
        recognised: Faces with a person now, without a decision.
        newly_recognised: Of them, those that had no person or another one before.
        no_longer_recognised: Faces that were recognised before and have no person or another one now, without
            those that a decision is about now.
        joined: Faces of no cluster that entered an existing one.
        founded: New clusters.
        merged: Clusters that became part of another one.
        moved: Faces that left their cluster alone.
        clusters: Clusters with an open face now.
        clustered: Open faces in a cluster now.
    """

    recognised: int = 0
    newly_recognised: int = 0
    no_longer_recognised: int = 0
    joined: int = 0
    founded: int = 0
    merged: int = 0
    moved: int = 0
    clusters: int = 0
    clustered: int = 0
    unclustered: int = 0

    @property
    def changed(self) -> bool:
        """Whether anything visible to users has changed, or would change."""
        people = self.newly_recognised + self.no_longer_recognised
        return bool(people + self.joined + self.founded + self.merged + self.moved)


def regroup(store: Store, thresholds: Thresholds, *, write: bool = True) -> Regrouped:
    """Bring recognised faces and clusters up to date with decisions and descriptors, idempotently.

    The store must be open for writing, by one process at a time. It gets the result in one transaction, which
    is rolled back without ``write``. The thresholds are of the library's model.
    """
    model = Catalog(store).model()
    if model is None:
        return Regrouped()
    with store.write() as connection:
        done = _regroup(connection, store, model, thresholds)
        if not write and (transaction := connection.get_transaction()):
            transaction.rollback()
    return done


def _regroup(connection: Connection, store: Store, model: ModelId, thresholds: Thresholds) -> Regrouped:
    last = read_last_inputs(connection)
    decided = digest_of_decisions(connection)
    inputs = GroupingInputs(model, thresholds.accept, thresholds.review, decided)
    before = read_faces(connection, model)
    catalog = Catalog(store)
    vectors = load_index(catalog, model, _dimension(catalog, model, before.ids)).index
    affected = before.is_open & ~before.seen if inputs == last else before.is_undecided
    after = before
    if affected.any():
        rejections = read_rejections(connection)
        gallery, strangers = load_gallery(store, model), load_strangers(store, model)
        recogniser = Recogniser(gallery, thresholds, before.ids[affected], rejections, strangers)
        described = vectors.fetch(before.ids)
        recogniser.add(described)
        after = recognise(before, affected, recogniser, described.vectors, rejections)
        write_recognised(connection, before, after)
    new = read_never_compared(connection, again=inputs != last)
    changes = update_clusters(connection, model, thresholds, count_reliable(connection, model), vectors, new)
    delete_empty_clusters(connection)
    write_inputs(connection, inputs)
    is_named, differs = after.recognised != NONE, after.recognised != before.recognised
    return Regrouped(
        recognised=int(is_named.sum()),
        newly_recognised=int((is_named & differs).sum()),
        no_longer_recognised=int(((before.recognised != NONE) & differs & after.is_undecided).sum()),
        **asdict(changes),
        **asdict(count_open(connection, model)),
    )


def _dimension(catalog: Catalog, model: ModelId, face_ids: I64) -> int:
    first = next(catalog.descriptors(model, face_ids[:1]), None)
    return 0 if first is None else first.vectors.shape[1]

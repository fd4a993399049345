"""Groups a library's faces into recognised persons, clusters without a name, and single faces.

Groups follow from decisions and descriptors and can be rebuilt at any time. Clusters keep their numbers and
faces, unless a decision or stronger evidence changes them; a decision only hides a face in its cluster, so
that it can be undone. This module knows neither SQL nor how faces are compared.
"""

from dataclasses import asdict, dataclass, field, replace

from sqlalchemy import Connection

from index.clustering.cluster_tables import (
    GroupingInputs,
    OpenFaces,
    count_open,
    count_recognised,
    count_reliable,
    delete_empty_clusters,
    read_last_inputs,
    read_never_compared,
    write_inputs,
)
from index.clustering.update_clusters import update_clusters
from index.photos.catalog import Catalog
from index.recognition.judging import Judge, Judged
from index.recognition.thresholds import Thresholds
from index.store.store import Store
from index.values import I64, OnStep, no_step
from index.vectors.vector_store import VectorStore

_MOVES = 0.1
"""Share by which the number of reliable faces must change before the similarity for clusters follows."""


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
        clustered: Open faces in a cluster now; ``unclustered`` are in none.
        differences: Faces whose likeness or person was stored otherwise, if all were judged.
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
    differences: int = field(default=0, compare=False)

    @property
    def changed(self) -> bool:
        """Whether anything visible to users has changed, or would change."""
        people = self.newly_recognised + self.no_longer_recognised
        return bool(people + self.joined + self.founded + self.merged + self.moved)


def regroup(
    store: Store,
    thresholds: Thresholds,
    vectors: VectorStore,
    *,
    decided_only: bool = False,
    everything: bool = False,
    write: bool = True,
    on_step: OnStep = no_step,
) -> Regrouped:
    """Bring recognised faces and clusters up to date, idempotently.

    Args:
        store: Open for writing, by one process at a time.
        thresholds: Of the library's model.
        vectors: The descriptors of its faces. Faces that they lack are left for the next time.
        decided_only: Only follow decisions, by the thresholds of the last time, and count no clusters.
        everything: Judge all faces anew. This is also done if the model or the thresholds are others.
        write: Else the transaction, in which all is done, is rolled back.
        on_step: Told about progress, where it may take long.
    """
    model = Catalog(store).model()
    if model is None:
        return Regrouped()
    with store.write() as connection:
        last = read_last_inputs(connection)
        if decided_only and last is not None:
            thresholds = replace(thresholds, accept=last.accept, review=last.review)
        judge = Judge(store, model, thresholds, vectors)
        inputs = GroupingInputs(model, thresholds.accept, thresholds.review, 0)
        run = _Run(connection, judge, inputs, last, on_step)
        step = run.decided if decided_only else run.new
        done = run.all() if everything or run.is_other else step()
        if not write and (transaction := connection.get_transaction()):
            transaction.rollback()
    return done


@dataclass(frozen=True, slots=True, eq=False)
class _Run:
    """One run, in a transaction that writes; ``inputs`` are the present ones, not counted yet."""

    connection: Connection
    judge: Judge
    inputs: GroupingInputs
    last: GroupingInputs | None
    on_step: OnStep

    @property
    def is_other(self) -> bool:
        """Whether faces were never judged, or by another model or other thresholds."""
        return not self.inputs.judge_alike(self.last)

    def decided(self) -> Regrouped:
        """Follow the decisions."""
        judged = self.judge.judge_changes(self.connection)
        return self._grouped(judged, judged.opened, self._reliable_before, OpenFaces(0, 0, 0))

    def new(self) -> Regrouped:
        """Follow the decisions, and judge and group new faces."""
        judged = self.judge.judge_new(self.connection, self.on_step) + self.judge.judge_changes(
            self.connection
        )
        return self._counted(judged)

    def all(self) -> Regrouped:
        """Judge all faces, and group new ones; by other thresholds also those that are like no other."""
        return self._counted(self.judge.judge_all(self.connection, self.on_step))

    @property
    def _reliable_before(self) -> int:
        return 0 if self.last is None else self.last.reliable

    def _counted(self, judged: Judged) -> Regrouped:
        delete_empty_clusters(self.connection)
        before, reliable = self._reliable_before, count_reliable(self.connection, self.inputs.model)
        if abs(reliable - before) <= _MOVES * before:
            reliable = before
        new = read_never_compared(self.connection, again=self.is_other)
        return self._grouped(judged, new, reliable, None)

    def _grouped(self, judged: Judged, new: I64, reliable: int, left: OpenFaces | None) -> Regrouped:
        connection, model = self.connection, self.inputs.model
        thresholds, vectors = self.judge.thresholds, self.judge.vectors
        changes = update_clusters(connection, model, thresholds, reliable, vectors, new, self.on_step)
        write_inputs(connection, replace(self.inputs, reliable=reliable))
        return Regrouped(
            recognised=count_recognised(connection),
            newly_recognised=judged.newly_recognised,
            no_longer_recognised=judged.no_longer_recognised,
            differences=judged.differences,
            **asdict(changes),
            **asdict(left or count_open(connection)),
        )

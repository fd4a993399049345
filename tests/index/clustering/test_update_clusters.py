"""The work of grouping new faces: it grows with what is near them, and not with the library."""

from functools import partial

import numpy as np
import pytest

from index.clustering.affected_region import NEIGHBORS
from index.clustering.cluster_tables import read_never_compared
from index.clustering.update_clusters import ClusterChanges, update_clusters
from index.vectors.exact_index import ExactIndex
from tests.index.albums import DIMENSION, THRESHOLDS, Album, CountingIndex, of
from tests.index.builders import MODEL
from tests.index.counted_work import counted_work

ANNA, BEN, CARL = range(3)


def grouped(album: Album) -> tuple[ClusterChanges, int, int]:
    """Group what is new; return also the rows read and the descriptors fetched."""
    index = CountingIndex(album)
    with album.database.write() as connection:
        new = read_never_compared(connection)
        with counted_work() as work:
            changes = update_clusters(connection, MODEL, THRESHOLDS, 0, index, new)
    return changes, work.rows, index.fetched


def test_what_is_not_near_a_new_face_costs_nothing(album: Album) -> None:
    album.add_each(of(ANNA), of(ANNA), of(BEN), of(BEN))
    grouped(album)
    costs = []
    for others in (10, 100):
        album.add_each(*(of(3 + place % 50, 0.6) for place in range(others)))
        grouped(album)
        album.add_each(of(ANNA), of(CARL))
        changes, rows, fetched = grouped(album)
        assert changes.joined == 1
        costs.append((rows, fetched))
    (few_rows, few_fetched), (many_rows, many_fetched) = costs
    # One more face of Anna's, which the first round added, and one more like Carl's.
    assert many_rows <= few_rows + 8
    assert many_fetched <= few_fetched + 4


def test_nothing_new_costs_no_comparison(album: Album) -> None:
    album.add_each(of(ANNA), of(ANNA), of(BEN))
    grouped(album)
    assert grouped(album) == (ClusterChanges(), 0, 0)


@pytest.mark.parametrize("named", [False, True])
def test_a_large_group_is_represented_by_some_of_its_faces(
    album: Album, named: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("index.clustering.update_clusters.LARGE", 20)
    costs, faces = [], []
    for more in (30, 60):
        faces += album.add_each(*[of(ANNA, 0.9)] * more)
        if named:
            album.confirm("1" * 32, "Anna", *faces)
        grouped(album)
        album.add_each(of(ANNA, 0.9))
        costs.append(grouped(album)[2])
    assert max(costs) <= 20 + NEIGHBORS + 2
    if not named:
        assert len(album.partition()) == 1


def test_many_new_faces_are_compared_by_inverted_lists(album: Album, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("index.clustering.update_clusters.MOST_COMPARISONS", 0)
    anna, ben = album.add_each(of(ANNA), of(ANNA)), album.add_each(of(BEN), of(BEN))
    album.name("Ben", *ben)
    told: list[str] = []
    with album.database.write() as connection:
        new = read_never_compared(connection)
        index = CountingIndex(album)
        update_clusters(
            connection, MODEL, THRESHOLDS, 0, index, new, lambda what, done, total: told.append(what)
        )
    assert album.partition() == {tuple(anna)}
    assert told == ["compared", "grouped"]


def test_faces_without_a_descriptor_wait(album: Album) -> None:
    album.add_each(of(ANNA), of(ANNA))
    index = ExactIndex(DIMENSION, partial(album.catalog.stored_descriptors, MODEL))
    index.sync(np.array([1], np.int64))
    with album.database.write() as connection:
        update_clusters(connection, MODEL, THRESHOLDS, 0, index, read_never_compared(connection))
        assert read_never_compared(connection).tolist() == [2]
    assert grouped(album)[0].founded == 1

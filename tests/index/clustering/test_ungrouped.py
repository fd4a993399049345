"""Why faces are in no cluster."""

from dataclasses import replace

import pytest

from index.clustering.ungrouped import MOST_COMPARED, Ungrouped, why_ungrouped
from index.values import RELIABLE
from index.vectors.saved_index import load_index
from tests.index.albums import DIMENSION, THRESHOLDS, Album, Shot, of
from tests.index.builders import MODEL

ANNA, BEN, CARL, DORA, EVE = range(5)


def why(album: Album, undescribed: int = 0) -> Ungrouped:
    vectors = load_index(album.catalog, MODEL, DIMENSION).index
    with album.database.read() as connection:
        return why_ungrouped(connection, MODEL, THRESHOLDS, vectors, undescribed)


def test_each_face_without_a_cluster_is_counted_by_its_cause(album: Album) -> None:
    album.add_each(of(ANNA), of(ANNA))  # a cluster
    album.add_each(of(BEN), of(CARL, quality=0.1), of(CARL, quality=0.2))  # alone, and too poor
    album.add(of(EVE, 0.7), of(EVE, 0.7))  # of one photo: two people
    dora = album.add_each(of(DORA, 0.9), of(DORA, 0.9), of(DORA, 0.8))
    album.name("Dora", *dora[:2])
    album.regroup()
    album.is_no_face(dora[2])
    album.regroup()
    album.add_each(of(ANNA))
    found = why(album, undescribed=4)
    assert found == Ungrouped(
        similarity=found.similarity,
        reliable=7,
        least_quality=RELIABLE,
        undescribed=4,
        uncompared=1,
        poor=2,
        strangers=0,
        conflicting=2,
        probable=0,
        alone=1,
        compared=3,
    )
    assert 0.5 < found.similarity < 0.6


def test_a_rejected_face_is_kept_apart_by_a_decision(album: Album) -> None:
    known = album.add_each(of(ANNA, 0.9), of(ANNA, 0.9))
    rejected, _ = album.add(of(ANNA, 0.8), of(BEN))
    anna = album.name("Anna", *known)
    album.reject(anna, rejected)
    album.regroup()
    assert (why(album).conflicting, why(album).alone) == (1, 1)


def test_a_face_between_two_persons_is_probably_one_of_them(album: Album) -> None:
    album.name("Anna", *album.add_each(of(ANNA, 0.8), of(ANNA, 0.8)))
    album.name("Anne", *album.add_each(of(ANNA, 0.8), of(ANNA, 0.8)))
    album.add(of(ANNA, 0.8))
    album.regroup()
    assert (why(album).probable, why(album).alone) == (1, 0)


def test_a_face_like_an_ignored_one_is_left_out_for_that(album: Album) -> None:
    album.ignore(*album.add_each(of(CARL), of(CARL)))
    album.add_each(of(CARL))
    album.regroup()
    assert (why(album).strangers, why(album).alone) == (1, 0)


def test_many_are_estimated_by_some(album: Album, monkeypatch: pytest.MonkeyPatch) -> None:
    assert MOST_COMPARED >= 1000
    monkeypatch.setattr("index.clustering.ungrouped.MOST_COMPARED", 2)
    album.add_each(*[Shot({number: 0.5}) for number in range(5)])
    album.regroup()
    found = why(album)
    assert found == replace(found, alone=5, compared=2)


def test_an_empty_library_has_none(album: Album) -> None:
    found = why(album)
    assert (found.uncompared, found.poor, found.alone, found.compared) == (0, 0, 0, 0)

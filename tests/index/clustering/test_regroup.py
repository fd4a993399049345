"""Recognised persons and clusters, as they come and stay, in a real library with real decisions."""

import os
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete

from index.clustering.cluster_threshold import cluster_threshold
from index.clustering.regroup import Regrouped
from index.decisions.model import Merge
from index.errors import DecisionRefused
from index.recognition.thresholds import shipped
from index.store.opening import create_store
from index.store.schema import cluster, grouping, recognised
from pipeline.values import ModelId, PhotoIndexed, Size
from tests.index.albums import THRESHOLDS, Album, Shot, of
from tests.index.builders import crawled, digest_of, make_file

ANNA, BEN, CARL = range(3)


def test_faces_of_one_person_are_a_cluster(album: Album) -> None:
    anna, ben, carl = album.add(of(ANNA), of(BEN), of(CARL))
    more = album.add_each(of(ANNA), of(BEN), of(ANNA))
    done = album.regroup()
    assert album.partition() == {(anna, more[0], more[2]), (ben, more[1])}
    assert carl not in {face for faces in album.partition() for face in faces}
    assert done == Regrouped(founded=2, clusters=2, clustered=5, unclustered=1)


def test_a_second_run_changes_nothing(album: Album) -> None:
    album.add(of(ANNA), of(BEN), of(CARL, quality=0.1))
    album.add_each(of(ANNA), of(BEN), of(ANNA), of(CARL))
    album.name("Anna", 1)
    first = album.regroup()
    rows = album.rows()
    again = album.regroup()
    assert first.changed
    assert not again.changed
    assert (again.recognised, again.clusters, again.clustered) == (2, 1, 2)
    assert album.rows() == rows


def test_a_dry_run_counts_the_same_and_writes_nothing(album: Album) -> None:
    album.add_each(of(ANNA), of(ANNA), of(BEN), of(BEN), of(ANNA))
    album.name("Ben", 3)
    foretold = album.regroup(write=False)
    assert album.rows() == []
    assert album.regroup() == foretold
    assert foretold.founded == foretold.newly_recognised == 1


def test_new_faces_join_and_numbers_stay(album: Album) -> None:
    album.add_each(of(ANNA), of(BEN), of(ANNA), of(BEN))
    album.regroup()
    before = album.clusters()
    new = album.add_each(of(BEN), of(ANNA), of(CARL), of(CARL))
    done = album.regroup()
    assert album.clusters() == {1: (*before[1], new[1]), 2: (*before[2], new[0]), 3: (new[2], new[3])}
    assert (done.joined, done.founded, done.moved, done.merged) == (2, 1, 0, 0)


def test_a_single_face_waits_for_its_second(album: Album) -> None:
    (alone,) = album.add(of(ANNA))
    assert album.regroup() == Regrouped(unclustered=1)
    (second,) = album.add(of(ANNA))
    assert album.regroup().founded == 1
    assert album.partition() == {(alone, second)}


def test_poor_faces_join_but_found_nothing(album: Album) -> None:
    blurred = album.add_each(of(ANNA, 0.9, quality=0.1), of(ANNA, 0.9, quality=0.2))
    assert album.regroup().founded == 0
    sharp = album.add_each(of(ANNA, 0.8), of(ANNA, 0.8))
    done = album.regroup()
    assert (done.founded, done.joined) == (1, 0)
    assert album.partition() == {(*blurred, *sharp)}
    (late,) = album.add(of(ANNA, 0.8, quality=0.1))
    assert album.regroup().joined == 1
    assert album.partition() == {(*blurred, *sharp, late)}


def test_poor_faces_are_no_bridge(album: Album) -> None:
    anna = album.add_each(of(ANNA), of(ANNA))
    ben = album.add_each(of(BEN), of(BEN))
    blur = {ANNA: 0.66, BEN: 0.66}
    album.add_each(*(Shot(blur, quality=0.1) for _ in range(5)))
    album.regroup()
    assert sorted(faces[:2] for faces in album.partition()) == [tuple(anna), tuple(ben)]
    # The same faces, were they good ones, would be a group of their own that both are near to.
    assert album.regroup() == replace(album.regroup(), founded=0)


def test_two_faces_of_one_photo_are_two_people(album: Album) -> None:
    twins = album.add(of(ANNA, 0.8), of(ANNA, 0.8))
    more = album.add_each(of(ANNA, 0.8), of(ANNA, 0.8))
    album.regroup()
    (together,) = album.partition()
    assert len(together) == 3
    assert set(more) < set(together)
    assert len(set(twins) & set(together)) == 1


def test_a_collage_shows_one_person_twice(album: Album) -> None:
    collage = album.add(of(ANNA, 0.95), of(ANNA, 0.95))
    album.regroup()
    assert album.partition() == {tuple(collage)}


def test_a_collage_does_not_part_a_person(album: Album) -> None:
    left = album.add_each(*[Shot({ANNA: 0.6, BEN: 0.55})] * 3)
    right = album.add_each(*[Shot({ANNA: 0.6, CARL: 0.55})] * 3)
    collage = album.add(Shot({ANNA: 0.6, BEN: 0.55}), Shot({ANNA: 0.6, CARL: 0.55}))
    album.regroup()
    assert album.partition() == {(*left, collage[0]), (*right, collage[1])}
    between = album.add_each(*[Shot({ANNA: 0.7, BEN: 0.45, CARL: 0.45})] * 6)
    album.regroup()
    assert album.partition() == {(*left, *right, *collage, *between)}


def test_faces_like_a_person_are_recognised(album: Album) -> None:
    first, second = album.add_each(of(ANNA), of(ANNA))
    stranger, _ = album.add(of(BEN), of(ANNA, 0.2))
    album.regroup()
    anna = album.name("Anna", first)
    done = album.regroup()
    assert album.recognised(anna) == [second]
    assert (done.newly_recognised, done.recognised, done.clusters) == (1, 1, 0)
    assert stranger not in album.recognised(anna)
    poor, third = album.add_each(of(ANNA, quality=0.1), of(ANNA))
    assert album.regroup().newly_recognised == 2
    assert album.recognised(anna) == [second, poor, third]


def test_what_was_decided_is_followed_and_undone(album: Album) -> None:
    faces = album.add_each(*[of(ANNA)] * 4)
    album.regroup()
    clusters = album.clusters()
    anna = album.name("Anna", faces[0])
    album.regroup()
    assert album.recognised(anna) == faces[1:]
    album.reject(anna, faces[1])
    done = album.regroup()
    assert faces[1] not in album.recognised(anna)
    assert done.no_longer_recognised >= 1
    album.journal.undo()
    album.regroup()
    assert album.recognised(anna) == faces[1:]
    album.journal.undo(1)
    album.regroup()
    assert album.recognised(anna) == []
    assert album.clusters() == clusters


def test_persons_that_are_merged_are_recognised_as_one(album: Album) -> None:
    faces = album.add_each(of(ANNA, 0.8), of(BEN, 0.8), of(ANNA, 0.8), of(BEN, 0.8))
    anna, ann = album.name("Anna", faces[0]), album.name("Ann", faces[1])
    album.regroup()
    album.journal.append(Merge(anna, ann))
    album.regroup()
    assert sorted(album.recognised(anna)) == faces[2:]
    album.journal.undo()
    album.regroup()
    assert (album.recognised(anna), album.recognised(ann)) == ([faces[2]], [faces[3]])


def test_who_looks_like_the_rejected_is_rejected_too(album: Album) -> None:
    anna, sister = {ANNA: 0.85}, {ANNA: 0.75, BEN: 0.6}
    known = album.add_each(Shot(anna), Shot(anna))
    one, other = album.add_each(Shot(sister), Shot(sister))
    key = album.name("Anna", *known)
    album.regroup()
    assert album.recognised(key) == [one, other]
    album.reject(key, one)
    album.regroup()
    assert album.recognised(key) == []
    assert album.partition() == {(one, other)}


def test_a_person_is_recognised_once_in_a_photo(album: Album) -> None:
    known = album.add_each(of(ANNA, 0.9), of(ANNA, 0.9))
    sure, less_so = album.add(of(ANNA, 0.85), of(ANNA, 0.7))
    decided, beside = album.add(of(ANNA, 0.5), of(ANNA, 0.85))
    twice = album.add(of(ANNA, 0.95, noise=300), of(ANNA, 0.95, noise=300))
    anna = album.name("Anna", *known, decided)
    album.regroup()
    assert sorted(album.recognised(anna)) == [sure, *twice]
    assert less_so not in album.recognised(anna)
    assert beside not in album.recognised(anna)


def test_a_face_beside_one_that_is_probably_the_same_person_is_not_recognised(album: Album) -> None:
    """The other one is too close to call, and more similar: if it is Anna, this one is not."""
    anna = album.name("Anna", *album.add_each(of(ANNA, 0.9), of(ANNA, 0.9)))
    album.name("Anne", *album.add_each(Shot({ANNA: 0.7, BEN: 0.65})))
    twins = album.add(of(ANNA, 0.5), Shot({ANNA: 0.8, BEN: 0.33}))
    (alone,) = album.add(of(ANNA, 0.5))
    album.regroup()
    assert album.recognised(anna) == [alone]
    assert twins[0] not in album.recognised(anna)


def test_who_is_more_like_an_ignored_stranger_is_a_stranger(album: Album) -> None:
    known = album.add_each(of(ANNA, 0.9), of(ANNA, 0.9))
    one, other, sure = album.add_each(*[Shot({ANNA: 0.65, CARL: 0.6})] * 2, of(ANNA, 0.8))
    anna = album.name("Anna", *known)
    album.regroup()
    assert sorted(album.recognised(anna)) == [one, other, sure]
    album.ignore(one)
    album.regroup()
    assert album.recognised(anna) == [sure]
    album.journal.undo()
    album.regroup()
    assert sorted(album.recognised(anna)) == [one, other, sure]


def test_confirmed_faces_stay_whatever_they_look_like(album: Album) -> None:
    ben = album.add_each(*[of(BEN)] * 3)
    anna = album.name("Anna", ben[0], *album.add_each(of(ANNA), of(ANNA)))
    album.regroup()
    assert ben[0] not in {face for faces in album.partition() for face in faces}
    again = album.regroup()
    assert not again.changed
    key = album.name("Ben", ben[1])
    album.regroup()
    assert ben[0] not in album.recognised(key)
    assert ben[0] not in album.recognised(anna)


def test_two_persons_are_never_one_cluster(album: Album) -> None:
    left = album.add_each(*[of(ANNA, 0.8)] * 2)
    right = album.add_each(*[of(ANNA, 0.8)] * 2)
    one, other = album.name("Anna", *left), album.name("Anne", *right)
    (between,) = album.add(of(ANNA, 0.8))
    done = album.regroup()
    assert between not in album.recognised(one) + album.recognised(other)
    assert (done.recognised, done.clustered, done.unclustered) == (0, 0, 1)


def test_ignored_strangers_are_not_asked_about_again(album: Album) -> None:
    stranger = album.add_each(of(CARL), of(CARL))
    album.regroup()
    album.ignore(*stranger)
    again = album.add_each(of(CARL), of(CARL))
    done = album.regroup()
    assert (done.clusters, done.founded, done.unclustered) == (0, 0, 2)
    album.journal.undo()
    done = album.regroup()
    assert album.clusters() == {1: (*stranger, *again)}
    assert done.joined == 2


def test_what_is_no_face_is_in_no_cluster_and_draws_nothing(album: Album) -> None:
    faces = album.add_each(of(ANNA), of(ANNA))
    album.is_no_face(*faces)
    (later,) = album.add(of(ANNA))
    assert album.regroup() == Regrouped(unclustered=1)
    album.journal.undo()
    album.regroup()
    assert album.partition() == {(*faces, later)}


def test_an_early_error_is_mended_by_later_photos(album: Album) -> None:
    album.add_each(of(ANNA, 0.9), Shot({ANNA: 0.62, BEN: 0.75}))
    album.regroup()
    assert album.partition() == {(1, 2)}
    ben = album.add_each(*[of(BEN, 0.8)] * 3)
    anna = album.add_each(*[of(ANNA, 0.7)] * 3)
    done = album.regroup()
    assert done.moved == 1
    assert album.partition() == {(1, *anna), (2, *ben)}


def test_clusters_that_turn_out_to_be_one_go_on_under_the_larger_ones_number(album: Album) -> None:
    left = album.add_each(*[Shot({ANNA: 0.6, BEN: 0.5})] * 3)
    right = album.add_each(*[Shot({ANNA: 0.6, CARL: 0.5})] * 2)
    album.regroup()
    before = album.clusters()
    assert len(before) == 2
    between = album.add_each(*[Shot({ANNA: 0.7, BEN: 0.5, CARL: 0.5})] * 4)
    done = album.regroup()
    assert album.clusters() == {1: (*left, *right, *between)}
    assert (done.merged, done.moved, done.joined, done.founded) == (1, 0, 4, 0)


def test_faces_in_no_photo_any_more_are_left_alone(album: Album, photos: Path) -> None:
    (gone,) = album.add(of(ANNA))
    changed = make_file(photos / "1.jpg", "another picture")
    album.catalog.record(
        [
            PhotoIndexed(
                changed,
                digest_of("another"),
                Size(10, 10),
                None,
                (),
                "png pillow 12.0.0",
                "mtcnn",
                digest_of("another"),
            )
        ]
    )
    (there,) = album.add(of(ANNA))
    done = album.regroup()
    assert done == Regrouped(unclustered=1)
    assert gone != there


def test_missing_photos_keep_their_faces_in_clusters(album: Album, photos: Path) -> None:
    faces = album.add_each(of(ANNA), of(ANNA))
    crawled(album.database, [os.fsencode(photos)])
    album.regroup()
    assert album.partition() == {tuple(faces)}


def test_other_thresholds_ask_the_single_faces_anew(album: Album) -> None:
    faces = album.add_each(of(ANNA, 0.52), of(ANNA, 0.52))
    assert album.regroup().unclustered == 2
    lax = replace(THRESHOLDS, accept=0.4)
    assert album.regroup(lax).founded == 1
    assert album.partition() == {tuple(faces)}


def test_the_larger_a_library_the_more_alike_two_faces_must_be() -> None:
    for thresholds in (shipped(ModelId("sface")), THRESHOLDS):
        few, some, many = (cluster_threshold(thresholds, faces) for faces in (10, 2000, 200_000))
        assert thresholds.accept < few == some < many < 0.9


def test_all_of_it_can_be_made_anew(album: Album) -> None:
    album.add(of(ANNA), of(BEN), of(CARL))
    album.add_each(of(ANNA), of(BEN), of(ANNA, quality=0.1), of(CARL, 0.9), of(CARL, 0.9))
    album.name("Carl", 3)
    album.regroup()
    partition, known = album.partition(), [row for row in album.rows() if len(row) == 3]
    with album.database.write() as connection:
        for table in (cluster, recognised, grouping):
            connection.execute(delete(table))
    album.regroup()
    assert album.partition() == partition
    assert [row for row in album.rows() if len(row) == 3] == known


@pytest.mark.slow
@settings(max_examples=6, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=st.lists(st.tuples(st.integers(0, 5), st.integers(1, 8), st.booleans()), max_size=8))
def test_who_is_recognised_follows_from_the_decisions_alone(
    tmp_path_factory: pytest.TempPathFactory, steps: list[tuple[int, int, bool]]
) -> None:
    folder = tmp_path_factory.mktemp("library")
    with create_store(folder / "library.sqlite3") as database:
        album = Album(database, folder)
        album.add(of(ANNA), of(BEN))
        album.add_each(of(ANNA), of(BEN), of(ANNA), of(ANNA, quality=0.1), of(BEN), of(CARL))
        persons = album.name("Anna", 1), album.name("Ben", 2)
        for kind, face_id, then_regroup in steps:
            decide(album, persons, kind, face_id)
            if then_regroup:
                album.regroup()
        album.regroup()
        assert not album.regroup().changed
        whom = [album.recognised(person) for person in persons]
        with database.write() as connection:
            for table in (cluster, recognised, grouping):
                connection.execute(delete(table))
        album.regroup()
        assert [album.recognised(person) for person in persons] == whom


def decide(album: Album, persons: tuple[str, str], kind: int, face_id: int) -> None:
    with suppress(DecisionRefused):  # who was undone cannot be rejected, and what is not there not undone
        match kind:
            case 0 | 1:
                album.confirm(persons[kind], "Somebody", face_id)
            case 2 | 3:
                album.reject(persons[kind - 2], face_id)
            case 4:
                album.ignore(face_id)
            case _:
                album.journal.undo()


def test_the_same_photos_give_the_same_clusters(tmp_path: Path) -> None:
    rows = []
    for name in ("one", "other"):
        with create_store(tmp_path / name / "library.sqlite3") as database:
            album = Album(database, tmp_path / name)
            album.add_each(*(of(each % 4, 0.6) for each in range(20)))
            album.regroup()
            rows.append([row for row in album.rows() if not isinstance(row[1], str)])
    assert rows[0] == rows[1]


@pytest.mark.slow
@settings(max_examples=6, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(people=st.lists(st.integers(0, 5), min_size=4, max_size=14), cut=st.data())
def test_scan_after_scan_comes_to_what_one_scan_does(
    tmp_path_factory: pytest.TempPathFactory, people: list[int], cut: st.DataObject
) -> None:
    scans = cut.draw(st.lists(st.booleans(), min_size=len(people), max_size=len(people)))
    partitions = []
    for at_once in (True, False):
        folder = tmp_path_factory.mktemp("library")
        with create_store(folder / "library.sqlite3") as database:
            album = Album(database, folder)
            for person, ends in zip(people, scans, strict=True):
                album.add(of(person))
                if ends and not at_once:
                    album.regroup()
            album.regroup()
            partitions.append(album.partition())
    expected = {
        tuple(1 + row for row, each in enumerate(people) if each == person)
        for person in set(people)
        if people.count(person) > 1
    }
    assert partitions == [expected, expected]

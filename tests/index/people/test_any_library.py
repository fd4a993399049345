"""Every query about people finds what loops over the rows of a library find."""

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from index.people.cluster_tiles import best_of_clusters, ignored_faces
from index.people.listed_faces import faces_in_cluster, faces_of_person
from index.people.named_faces import count_exemplars
from index.people.person_tiles import count_some, read_portraits
from index.people.photo_search import PhotoFilter, count_undated, find_photos
from index.people.queries import ClusterFaces, PeopleQueries
from index.people.together import seen_together
from index.photos.catalog import Catalog
from index.store.opening import create_store
from index.store.store import Store
from tests.index.people.any_library import CLUSTERS, FACES, PERSONS, AnyLibrary

PERSON_IDS, FACE_IDS = range(1, PERSONS + 1), range(1, FACES + 1)


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    with create_store(Path(tmp_path_factory.mktemp("any")) / "library") as opened:
        yield opened


any_library = st.randoms(use_true_random=False).map(AnyLibrary.draw)


@settings(max_examples=40, deadline=None)
@given(any_library)
def test_persons_and_their_faces(store: Store, library: AnyLibrary) -> None:
    library.write(store)
    people = PeopleQueries(store)
    for summary in people.summaries():
        who = summary.person.id
        faces = library.faces_of(who)
        similarities = {each: library.person_of(each)[1] for each in faces}
        confirmed = [each for each in faces if similarities[each] is None]
        assert summary.confirmed == len(confirmed)
        assert summary.recognised == len(faces) - len(confirmed)
        assert summary.missing == sum(map(library.is_missing, faces))
        assert list(summary.exemplar_ids) == library.exemplars(who)
        assert people.summary(summary.person.name) == summary
        of_person = people.faces_of(who)
        assert list(of_person.confirmed) == confirmed
        assert {each.face_id: each.similarity for each in of_person.recognised} == {
            each: similarities[each] for each in faces if each not in confirmed
        }
        in_order = [-each.similarity for each in of_person.recognised]
        assert in_order == sorted(in_order)
    kept = [each for who in PERSON_IDS for each in library.exemplars(who)]
    assert count_exemplars(store) == len(kept)
    assert [each for each in FACE_IDS if people.is_exemplar(each)] == sorted(kept)


@settings(max_examples=40, deadline=None)
@given(any_library)
def test_faces_and_clusters(store: Store, library: AnyLibrary) -> None:
    library.write(store)
    people = PeopleQueries(store)
    clusters = [ClusterFaces(number, tuple(faces)) for number, faces in sorted(library.clusters().items())]
    assert [
        each for number in range(1, CLUSTERS + 1) if (each := people.cluster(number)).face_ids
    ] == clusters
    clusters.sort(key=lambda each: -len(each.face_ids))
    assert list(people.clusters()) == clusters
    assert people.cluster_sizes() == {each.cluster_id: len(each.face_ids) for each in clusters}
    largest = people.largest_clusters(2)
    assert (list(largest.clusters), largest.total) == (clusters[:2], len(clusters))
    for face_id, status in people.statuses(FACE_IDS).items():
        said = library.verdict(face_id) or {}
        if not library.is_shown(face_id):
            assert status.person is None
            continue
        who, similarity = library.person_of(face_id)
        assert (None if status.person is None else status.person.id, status.similarity) == (who, similarity)
        assert status.confirmed == (said.get("status") == "confirmed")
        assert status.ignored == (said.get("status") == "ignored")
        assert status.not_a_face == (said.get("status") == "not-a-face")
        assert status.decision_id == said.get("decision_id")
        assert [each.id for each in status.rejected] == library.rejected(face_id)
        rows = {each["face_id"]: each["cluster_id"] for each in library.clustered}
        is_open = not said and who is None
        assert status.cluster_id == (rows.get(face_id) if is_open else None)


@settings(max_examples=40, deadline=None)
@given(any_library)
def test_what_lists_show(store: Store, library: AnyLibrary) -> None:
    library.write(store)
    with store.read() as connection:
        counts, portraits = count_some(connection, PERSON_IDS), read_portraits(connection, PERSON_IDS)
        groups = best_of_clusters(connection, range(1, CLUSTERS + 1), FACES)
        ignored = ignored_faces(connection)
        for who in PERSON_IDS:
            faces = library.faces_of(who)
            listed = {each.face_id: each.similarity for each in faces_of_person(connection, who)}
            assert listed == {each: library.person_of(each)[1] for each in faces}
            confirmed = sum(similarity is None for similarity in listed.values())
            assert counts.get(who, (0, 0)) == (confirmed, len(faces) - confirmed)
            assert (portraits.get(who) in faces) == bool(faces)
            contents = {library.face(each)["content_id"] for each in faces}
            others = {
                other: len(contents & {library.face(each)["content_id"] for each in library.faces_of(other)})
                for other in PERSON_IDS
            }
            assert seen_together(connection, who) == {
                other: photos for other, photos in others.items() if photos and other != who
            }
        for number, expected in library.clusters().items():
            assert sorted(each.face_id for each in faces_in_cluster(connection, number)) == expected
            assert groups[number].faces == len(expected)
            qualities = [quality for _, quality in groups[number].best]
            assert qualities == sorted(qualities, reverse=True)
            assert sorted(face_id for face_id, _ in groups[number].best) == expected
        assert len(groups) == len(library.clusters())
        strangers = {
            each
            for each in FACE_IDS
            if library.is_shown(each)
            and library.in_photos(each)
            and (library.verdict(each) or {}).get("status") == "ignored"
        }
        assert {face for faces in ignored.values() for face in faces} == strangers


@settings(max_examples=40, deadline=None)
@given(any_library)
def test_statistics(store: Store, library: AnyLibrary) -> None:
    library.write(store)
    found = Catalog(store).statistics()
    present = [each for each in library.photos if not each["missing_since"]]
    contents = {each["content_id"] for each in present}
    shown = [each for each in library.faces if library.is_shown(each["id"])]
    faces = [sum(each["content_id"] == number for each in shown) for number in contents]
    times = [each["taken_at"] for each in library.contents if each["id"] in contents and each["taken_at"]]
    taken = [None if each is None else each.isoformat() for each in (found.first_taken, found.last_taken)]
    assert (found.photos, found.missing) == (len(present), len(library.photos) - len(present))
    assert (found.contents, found.duplicates) == (len(contents), len(present) - len(contents))
    assert (found.faces, found.most_faces) == (sum(faces), max(faces, default=0))
    assert found.contents_without_face == faces.count(0)
    assert taken == [min(times, default=None), max(times, default=None)]


some_persons = st.sets(st.sampled_from(PERSON_IDS), max_size=2).map(lambda chosen: tuple(sorted(chosen)))
days = st.none() | st.sampled_from([date(2019, 7, 14), date(2020, 1, 1), date(2020, 1, 2)])
searches = st.builds(
    PhotoFilter,
    persons=some_persons.filter(bool),
    without=some_persons,
    only=st.booleans(),
    since=days,
    until=days,
    probable=st.dictionaries(st.sampled_from(PERSON_IDS), st.lists(st.sampled_from(FACE_IDS)), max_size=2),
)


@settings(max_examples=40, deadline=None)
@given(any_library, searches)
def test_photos_by_persons(store: Store, library: AnyLibrary, search: PhotoFilter) -> None:
    library.write(store)
    found = find_photos(store, search)
    assert [each.path for each in found] == library.found(search)
    certain = library.found(PhotoFilter(search.persons))
    assert [each.path for each in found if each.probable] == [
        each.path for each in found if each.path not in certain
    ]
    times = {each["id"]: each["taken_at"] for each in library.contents}
    paths = {each["path"]: times[each["content_id"]] for each in library.photos}
    anytime = PhotoFilter(search.persons, search.without, search.only, probable=search.probable)
    undated = [each for each in library.found(anytime) if paths[each] is None]
    is_limited = search.since is not None or search.until is not None
    assert count_undated(store, search) == (len(undated) if is_limited else 0)

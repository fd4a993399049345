"""What is suggested for review: what may be wrong first, then what a decision settles most faces of."""

from collections.abc import Iterator, Sequence

import pytest

from faceindex.cli.text import people as people_text
from faceindex.cli.text import review as review_text
from faceindex.errors import BadRequest
from faceindex.naming import decide as people
from faceindex.naming import journal
from faceindex.naming.review import AT_A_TIME, review
from faceindex.naming.suggestion import Kind, Suggestion
from faceindex.session import Session
from faceindex.settings import Settings
from index.photos.catalog import Catalog
from index.values import I64, Descriptors
from pipeline.values import ModelId
from tests.faceindex.conftest import Album
from tests.faceindex.made_library import SFACE, direction, face, fill, like

ANNA, BEN, CARL = direction(1), direction(2), direction(3)


def suggested(library: Session, kind: Kind) -> list[Suggestion]:
    return [each for each in review(library) if each.kind is kind]


def test_nobody_is_known_and_the_largest_cluster_comes_first(album: Album) -> None:
    photos = [[face(like(ANNA, 0.85, seed))] for seed in range(10, 14)]
    photos += [[face(like(BEN, 0.85, seed))] for seed in range(20, 26)]
    fill(album.settings, photos, album.folder)
    with Session.open_to_write(album.settings) as library:
        people.regroup(library)
        first, second = review(library)
        assert (first.kind, second.kind) == (Kind.NEW_CLUSTER, Kind.NEW_CLUSTER)
        assert (len(first.face_ids), len(second.face_ids)) == (6, 4)
        assert review_text.command(first) == f"faceindex people name {first.cluster_id} NAME"
        people.ignore(library, [], [first.cluster_id or 0])
        assert [each.cluster_id for each in review(library)] == [second.cluster_id]


def test_a_face_in_the_band_below_the_threshold_is_probably_somebody(album: Album) -> None:
    sure = [[face(like(ANNA, 0.9, seed))] for seed in range(10, 15)]
    with_review = Session.open_to_write(album.settings)
    with with_review as library:
        library.catalog.choose_model(sure[0][0].model_id)
        band = library.thresholds()
    between = (band.accept + band.review) / 2
    fill(album.settings, [*sure, [face(like(ANNA, between, 90))], [face(like(BEN, 1.0, 91))]], album.folder)
    with Session.open_to_write(album.settings) as library:
        people.move(library, "Anna O'Neill", ["1", "2", "3", "4", "5"])
        (probable,) = suggested(library, Kind.PROBABLE_FACES)
        assert probable.face_ids == (6,)
        assert probable.person is not None
        assert probable.person.name == "Anna O'Neill"
        assert review_text.command(probable) == "faceindex people confirm 'Anna O'\"'\"'Neill' 6"
        people.reject(library, "Anna O'Neill", ["6"])
        assert suggested(library, Kind.PROBABLE_FACES) == []


def test_each_cluster_is_compared_with_everybody_but_who_was_rejected(album: Album) -> None:
    with Session.open_to_write(album.settings) as library:
        library.catalog.choose_model(SFACE)
        band = library.thresholds()
    between = (band.accept + band.review) / 2
    photos = [[face(ANNA)], [face(BEN)], *([face(like(CARL, 0.9, seed))] for seed in range(20, 23))]
    photos += [[face(like(ANNA, between, 40))]] * 4 + [[face(like(BEN, between, 60))]] * 5
    fill(album.settings, photos, album.folder)
    with Session.open_to_write(album.settings) as library:
        people.move(library, "Anna", ["1"])
        people.move(library, "Ben", ["2"])
        ben, anna = suggested(library, Kind.PROBABLE_CLUSTER)
        assert (ben.face_ids, ben.person and ben.person.name) == ((10, 11, 12, 13, 14), "Ben")
        assert (anna.face_ids, anna.person and anna.person.name) == ((6, 7, 8, 9), "Anna")
        assert review_text.command(anna) == f"faceindex people name {anna.cluster_id} Anna"
        assert [each.face_ids for each in suggested(library, Kind.NEW_CLUSTER)] == [(3, 4, 5)]
        people.reject(library, "Anna", ["7"])
        assert suggested(library, Kind.PROBABLE_CLUSTER) == [ben]


def test_no_more_faces_are_suggested_at_a_time_than_a_person_looks_at(album: Album) -> None:
    with Session.open_to_write(album.settings) as library:
        library.catalog.choose_model(SFACE)
        little_above = library.thresholds().accept + 0.01
    faces = [face(like(ANNA, little_above, seed)) for seed in range(100, 105 + AT_A_TIME)]
    photos = [[each] for each in (face(ANNA), *faces)]
    fill(album.settings, photos, album.folder)
    with Session.open_to_write(album.settings) as library:
        people.move(library, "Anna", ["1"])
        (barely,) = suggested(library, Kind.BARELY_RECOGNISED)
    assert len(barely.face_ids) == AT_A_TIME


def test_a_confirmed_face_that_is_like_somebody_else_comes_before_all(album: Album) -> None:
    photos = [[face(like(ANNA, 0.85, seed))] for seed in range(10, 14)]
    photos += [[face(like(BEN, 0.85, seed))] for seed in range(20, 24)]
    photos += [[face(like(CARL, 0.85, seed))] for seed in range(30, 40)]
    fill(album.settings, photos, album.folder)
    with Session.open_to_write(album.settings) as library:
        people.move(library, "Anna", ["1", "2", "3", "4", "5"])  # 5 is Ben
        people.move(library, "Ben", ["6", "7", "8"])
        first = review(library)[0]
        assert (first.kind, first.face_ids) == (Kind.DOUBTFUL, (5,))
        assert review_text.command(first) == "faceindex people move Ben 5"
        people.move(library, "Ben", ["5"])
        assert suggested(library, Kind.DOUBTFUL) == []


def test_two_names_for_one_person_are_noticed_once(album: Album) -> None:
    fill(album.settings, [[face(like(ANNA, 0.85, seed))] for seed in range(10, 16)], album.folder)
    with Session.open_to_write(album.settings) as library:
        people.move(library, "Anna", ["1", "2", "3"])
        people.move(library, "Anna M.", ["4", "5", "6"])
        (same,) = suggested(library, Kind.SAME_PERSON)
        assert review_text.command(same) in (
            "faceindex people merge Anna 'Anna M.'",
            "faceindex people merge 'Anna M.' Anna",
        )
        people.hide(library, "Anna M.", hidden=True)
        assert suggested(library, Kind.SAME_PERSON) == []
        people.hide(library, "Anna M.", hidden=False)
        people.merge(library, "Anna", "Anna M.")
        assert review(library) == []


def same_persons(library: Session) -> set[frozenset[str]]:
    found = suggested(library, Kind.SAME_PERSON)
    return {frozenset({each.person.name, each.other.name}) for each in found if each.person and each.other}


def test_nothing_is_suggested_against_a_split(album: Album) -> None:
    fill(album.settings, [[face(like(ANNA, 0.9, seed))] for seed in range(10, 19)], album.folder)
    with Session.open_to_write(album.settings) as library:
        people.move(library, "Tim", [*map(str, range(1, 10))])
        people.split(library, "Tim", ["1", "2", "3", "4"], "Tom")
        assert review(library) == []
        journal.undo(library)
        people.move(library, "Tom", ["1", "2", "3", "4"])
        assert same_persons(library) == {frozenset({"Tim", "Tom"})}
        assert suggested(library, Kind.DOUBTFUL) != []


def test_nothing_is_suggested_that_was_rejected_face_by_face(album: Album) -> None:
    fill(album.settings, [[face(like(ANNA, 0.9, seed))] for seed in range(10, 19)], album.folder)
    with Session.open_to_write(album.settings) as library:
        people.move(library, "Tim", [*map(str, range(1, 6))])
        people.move(library, "Tom", [*map(str, range(6, 10))])
        doubtful = suggested(library, Kind.DOUBTFUL)
        assert doubtful
        for each in doubtful:
            words = review_text.otherwise(each).split()[2:]
            assert words == ["reject", each.other and each.other.name, str(each.face_ids[0])]
            people.reject(library, words[1], words[2:])
        assert review(library) == []


def test_one_rejected_face_is_enough_against_a_merge(album: Album) -> None:
    fill(album.settings, [[face(like(ANNA, 0.85, seed))] for seed in range(10, 19)], album.folder)
    with Session.open_to_write(album.settings) as library:
        for name, first in (("Anna", 1), ("Anna M.", 4), ("Anne", 7)):
            people.move(library, name, [str(first), str(first + 1), str(first + 2)])
        people.reject(library, "Anna M.", ["1"])
        assert frozenset({"Anna", "Anna M."}) not in same_persons(library)
        assert frozenset({"Anna", "Anne"}) in same_persons(library)  # the next most similar is asked about
        journal.undo(library)
        people.hide(library, "Anna M.")
        assert same_persons(library) == {frozenset({"Anna", "Anne"})}


def test_two_people_are_not_taken_for_one_again(album: Album) -> None:
    fill(album.settings, [[face(like(ANNA, 0.85, seed))] for seed in range(10, 17)], album.folder)
    with Session.open_to_write(album.settings) as library:
        people.move(library, "Tim", ["1", "2", "3"])
        people.move(library, "Tom", ["4", "5", "6"])
        (same,) = suggested(library, Kind.SAME_PERSON)
        assert review_text.otherwise(same) in (
            "faceindex people apart Tim Tom",
            "faceindex people apart Tom Tim",
        )
        decided = people.apart(library, "Tim", "Tom")
        assert "Tim and Tom are two people" in people_text.decided(decided)
        assert {each.kind for each in review(library)} <= {Kind.PROBABLE_FACES, Kind.PROBABLE_CLUSTER}
        with pytest.raises(BadRequest, match=r"two people, by decision 3: 'faceindex people undo 3'"):
            people.merge(library, "Tom", "Tim")
        people.move(library, "Timothy", ["7"])
        people.merge(library, "Timothy", "Tim")
        with pytest.raises(BadRequest, match="decision 3"):
            people.merge(library, "Timothy", "Tom")
        journal.undo(library, 3)
        assert same_persons(library) == {frozenset({"Timothy", "Tom"})}
        people.merge(library, "Timothy", "Tom")
        assert review(library) == []


def test_a_face_confirmed_after_two_persons_were_told_apart_is_doubted(album: Album) -> None:
    photos = [[face(like(ANNA, 0.9, seed))] for seed in range(10, 15)]
    photos += [[face(like(BEN, 0.9, seed))] for seed in range(20, 25)]
    fill(album.settings, photos, album.folder)
    with Session.open_to_write(album.settings) as library:
        people.move(library, "Anna", ["1", "2", "3", "4", "6"])
        people.move(library, "Ben", ["7", "8", "9"])
        assert [each.face_ids for each in suggested(library, Kind.DOUBTFUL)] == [(6,)]
        people.apart(library, "Anna", "Ben")
        assert suggested(library, Kind.DOUBTFUL) == []
        people.move(library, "Anna", ["10"])
        assert [each.face_ids for each in suggested(library, Kind.DOUBTFUL)] == [(10,)]


class CountingCatalog(Catalog):
    """Counts the descriptors that are read."""

    read = 0

    def descriptors(self, model: ModelId, face_ids: Sequence[int] | I64) -> Iterator[Descriptors]:
        for chunk in super().descriptors(model, face_ids):
            self.read += len(chunk)
            yield chunk


def many(album: Album, clusters: int) -> Settings:
    """A library with clusters of 3 to 8 faces, Anna, and a face that was confirmed as Anna and is Ben."""
    photos = [[face(like(ANNA, 0.85, seed))] for seed in range(10, 16)]
    photos += [[face(like(BEN, 0.85, seed))] for seed in range(20, 24)]
    for number in range(clusters):
        seeds = range(1000 + 10 * number, 1003 + 10 * number + number % 6)
        photos += [[face(like(direction(100 + number), 0.9, seed))] for seed in seeds]
    fill(album.settings, photos, album.folder)
    with Session.open_to_write(album.settings) as library:
        people.move(library, "Anna", [*map(str, range(1, 6)), "7"])
        people.move(library, "Ben", ["8", "9", "10"])
    return album.settings


def test_the_first_suggestions_are_the_first_of_all(album: Album) -> None:
    with Session.open(many(album, 14)) as library:
        everything = review(library)
        assert everything.total == len(everything) == 15
        assert {each.kind for each in everything} == {Kind.DOUBTFUL, Kind.NEW_CLUSTER}
        for most in range(1, 17):
            first = review(library, most)
            assert [each.face_ids for each in first] == [each.face_ids for each in everything[:most]]
            assert first.total == 15


@pytest.mark.parametrize("clusters", [6, 24])
def test_only_the_clusters_that_are_shown_are_looked_at(album: Album, clusters: int) -> None:
    with Session.open(many(album, clusters)) as library:
        library.catalog = catalog = CountingCatalog(library.database)
        (doubtful,) = review(library, 1)
        assert doubtful.kind is Kind.DOUBTFUL
        confirmed = catalog.read
        assert confirmed <= 2 + 6  # those that are like somebody else, and all of Anna
        assert len(review(library, 2)) == 2
        largest = 8 * clusters // 6
        assert catalog.read - confirmed == confirmed + largest

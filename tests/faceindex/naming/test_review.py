"""What is suggested for review: what may be wrong first, then what a decision settles most faces of."""

from faceindex.cli.text import people as people_text
from faceindex.naming import decide as people
from faceindex.naming.review import AT_A_TIME, Kind, Suggestion, review
from faceindex.session import Session
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
        assert people_text.command(first) == f"faceindex people name {first.cluster_id} NAME"
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
        assert people_text.command(probable) == "faceindex people confirm 'Anna O'\"'\"'Neill' 6"
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
        assert people_text.command(anna) == f"faceindex people name {anna.cluster_id} Anna"
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
        assert people_text.command(first) == "faceindex people move Ben 5"
        people.move(library, "Ben", ["5"])
        assert suggested(library, Kind.DOUBTFUL) == []


def test_two_names_for_one_person_are_noticed_once(album: Album) -> None:
    fill(album.settings, [[face(like(ANNA, 0.85, seed))] for seed in range(10, 16)], album.folder)
    with Session.open_to_write(album.settings) as library:
        people.move(library, "Anna", ["1", "2", "3"])
        people.move(library, "Anna M.", ["4", "5", "6"])
        (same,) = suggested(library, Kind.SAME_PERSON)
        assert people_text.command(same) in (
            "faceindex people merge Anna 'Anna M.'",
            "faceindex people merge 'Anna M.' Anna",
        )
        people.hide(library, "Anna M.", hidden=True)
        assert suggested(library, Kind.SAME_PERSON) == []
        people.hide(library, "Anna M.", hidden=False)
        people.merge(library, "Anna", "Anna M.")
        assert review(library) == []

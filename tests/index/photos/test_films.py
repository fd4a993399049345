"""A film is a content, its tracklets are faces, and what was decided of one holds however it is looked at."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select

from index.clustering.cluster_tables import read_faces
from index.decisions.journal import Journal
from index.decisions.model import Assign, FaceKey, NotAFace, Reject, new_key
from index.decisions.tracklets import read_tracklets
from index.maintenance.check import FaceInspection
from index.people.edited_faces import edited_faces
from index.people.queries import PeopleQueries
from index.photos.catalog import Catalog
from index.photos.films_behind_photos import FilmsBehindPhotos
from index.photos.recorded_contents import read_film
from index.photos.redescription import Redescription
from index.photos.siblings import Siblings
from index.privacy.forget import forget
from index.privacy.journal_merge import import_lines
from index.recognition.judged_faces import read_photos
from index.recognition.rules import Candidates, second_in_photo
from index.store.opening import create_store
from index.store.schema import decision_face, face, film, forgotten, tracklet
from index.store.store import Store
from index.values import NONE, TimeSpan, UnfinishedFilm
from pipeline.values import (
    F32,
    Appearance,
    Box,
    Descriptor,
    DetectedFace,
    FilmPart,
    FilmRest,
    ModelId,
    PhotoFile,
    PhotoIndexed,
    PhotoKnown,
    Quality,
    Size,
)
from tests.index.builders import MODEL, digest_of, indexed, make_file, units

FILM = digest_of("film")


def seen(vector: F32, moments: Sequence[float], x: float = 100.0, best: int = 0) -> Descriptor:
    """A face that moves to the right by 40 pixels a second."""
    landmarks = np.arange(10, dtype=np.float32).reshape(5, 2)
    track = np.array(
        [(each, x + 40 * each, 50, 60, 70, *(landmarks.ravel() + each)) for each in moments], np.float32
    )
    moment, x, y, w, h = track[best, :5].tolist()
    found = DetectedFace(Box(x, y, w, h, moment), landmarks, 0.99)
    appearance = Appearance(moments[0], moments[-1], track)
    return Descriptor(found, Quality(0.9, ()), MODEL, vector, appearance)


def shown(file: PhotoFile, part: FilmPart, faces: Sequence[Descriptor], digest: bytes = FILM) -> PhotoIndexed:
    return PhotoIndexed(
        file, digest, Size(1920, 1080), None, tuple(faces), "video av 18", "mtcnn", digest, film=part
    )


@pytest.fixture
def file(photos: Path) -> PhotoFile:
    return make_file(photos / "a.mp4", "film")


@pytest.fixture
def vectors() -> F32:
    return units(6)


@pytest.fixture
def journal(database: Store, catalog: Catalog) -> Journal:
    return Journal(database)


def whole(per_second: float = 1.0) -> FilmPart:
    return FilmPart(0.0, None, 20.0, per_second)


def test_a_tracklet_is_a_face_with_a_span_and_a_moment(
    catalog: Catalog, database: Store, file: PhotoFile, vectors: F32
) -> None:
    catalog.record([shown(file, whole(), [seen(vectors[0], (1.0, 2.0, 3.0), best=1)])])
    (record,) = catalog.faces(catalog.face_ids_of(FILM)).values()
    assert record.span == TimeSpan(1.0, 3.0)
    assert record.box == Box(180.0, 50.0, 60.0, 70.0, 2.0)
    with database.read() as connection:
        (stored,) = read_tracklets(connection, [FILM])
    places = stored.appearance.track[:, :5].tolist()
    assert places == [[1, 140, 50, 60, 70], [2, 180, 50, 60, 70], [3, 220, 50, 60, 70]]
    moment, box, landmarks = stored.appearance.sightings[1]
    assert (moment, box) == (2.0, record.box)
    assert landmarks.ravel().tolist() == list(range(2, 12))
    assert stored.appearance.box_at(2.5) == Box(200.0, 50.0, 60.0, 70.0, 2.5)
    assert stored.appearance.box_at(3.5) is None


def test_a_film_is_recorded_in_parts_each_once(catalog: Catalog, file: PhotoFile, vectors: F32) -> None:
    first = shown(file, FilmPart(0.0, 8.0, 20.0, 1.0), [seen(vectors[0], (1.0, 2.0))])
    second = shown(file, FilmPart(8.0, None, 20.0, 1.0), [seen(vectors[1], (9.0, 12.0))])
    recorded = catalog.record([first])
    assert (recorded.indexed, recorded.continued, recorded.faces) == (1, 0, 1)
    assert not catalog.is_known(FILM)
    assert catalog.unfinished_films([file.path]) == [
        UnfinishedFilm(replace(file, rest=FilmRest(FILM, 8.0, 1.0)), 12.0)
    ]
    assert catalog.record([first]).faces == 0  # another file of the film, or a scan that was killed
    assert catalog.unfinished_films([file.path]) == [
        UnfinishedFilm(replace(file, rest=FilmRest(FILM, 8.0, 1.0)), 12.0)
    ]
    recorded = catalog.record([second])
    assert (recorded.indexed, recorded.continued, recorded.faces) == (0, 1, 1)
    assert catalog.is_known(FILM)
    assert catalog.unfinished_films([file.path]) == []
    assert catalog.record([second]).faces == 0
    assert len(catalog.face_ids_of(FILM)) == 2


@pytest.mark.parametrize("times", [1, 2])
def test_a_film_that_is_written_anew_or_cut_keeps_what_was_decided(
    catalog: Catalog, journal: Journal, database: Store, file: PhotoFile, vectors: F32, times: int
) -> None:
    catalog.record(
        [shown(file, whole(), [seen(vectors[0], (5.0, 7.0)), seen(vectors[1], (5.0, 9.0), x=900.0)])]
    )
    anna, pattern = journal.face_keys(catalog.face_ids_of(FILM))
    journal.append(Assign((anna,), new_key(), "Anna"))
    journal.append(NotAFace((pattern,)))
    for number in range(times):  # the last one alone is looked at
        digest = bytes([100 + number]) * 32
        catalog.record([shown(file, FilmPart(0.0, 0.0, 16.0, 1.0), [], digest)])
    rest = replace(file, rest=FilmRest(digest, 0.0, 1.0))
    faces = [seen(vectors[0], (1.0, 3.0)), seen(vectors[1], (1.0, 5.0), x=900.0), seen(vectors[2], (8.0,))]
    catalog.record([shown(rest, FilmPart(0.0, None, 16.0, 1.0), faces, digest)])
    statuses = list(PeopleQueries(database).statuses(catalog.face_ids_of(digest)).values())
    assert [each.person.name if each.person else None for each in statuses] == ["Anna", None, None]
    assert [each.not_a_face for each in statuses] == [False, True, False]
    assert edited_faces(database) == ()


def test_a_copy_of_a_film_that_was_looked_at_at_once_counts_as_one(
    catalog: Catalog, file: PhotoFile, vectors: F32, photos: Path
) -> None:
    copy = make_file(photos / "copy.mp4", "film")
    faces = [seen(vectors[0], [0.0, 1.0])]
    recorded = catalog.record([shown(each, whole(), faces) for each in (file, copy)])
    assert (recorded.indexed, recorded.duplicate, recorded.continued, recorded.faces) == (1, 1, 0, 1)


def test_the_film_of_a_live_photo_is_decided_if_a_face_in_it_is(
    catalog: Catalog, file: PhotoFile, vectors: F32, journal: Journal, database: Store
) -> None:
    siblings = Siblings(database)
    film_part = shown(file, whole(), [seen(vectors[0], [0.0, 1.0])])
    catalog.record([replace(film_part, live_photo="of the film")])
    identifiers = ["another", "of the film"]
    assert siblings.decided_films(identifiers) == set()
    journal.append(Assign(journal.face_keys(catalog.face_ids_of(FILM)), new_key(), "Anna"))
    assert siblings.decided_films(identifiers) == {"of the film"}
    assert siblings.decided_films(["another"]) == set()


def test_a_closer_look_takes_the_place_of_the_first(
    database: Store, catalog: Catalog, journal: Journal, file: PhotoFile, vectors: F32
) -> None:
    catalog.record(
        [
            shown(
                file,
                whole(),
                [
                    seen(vectors[0], (1.0, 2.0, 3.0)),
                    seen(vectors[1], (5.0, 6.0)),
                    seen(vectors[2], (1.0, 2.0), x=700.0),
                    seen(vectors[3], (8.0, 9.0)),
                ],
            )
        ]
    )
    anna, _, rejected, lost = journal.face_keys(catalog.face_ids_of(FILM))
    key, other = new_key(), new_key()
    journal.append(Assign((anna,), key, "Anna"))
    journal.append(Assign((lost,), other, "Bert"))
    journal.append(Reject((rejected,), key))
    closer = Catalog(database, per_second=3.0)
    assert not closer.is_known(FILM)
    assert closer.unfinished_films([file.path]) == [
        UnfinishedFilm(replace(file, rest=FilmRest(FILM, 0.0, 3.0)), 20.0)
    ]
    found = [
        seen(vectors[0], (0.7, 1.0, 1.3, 2.3, 3.0), best=3),
        seen(vectors[1], (5.0, 5.7), best=1),
        seen(vectors[2], (0.7, 1.3, 1.7), x=700.0, best=2),
    ]
    catalog.record([shown(file, FilmPart(0.0, 7.0, 20.0, 3.0), found)])
    catalog.record([shown(file, FilmPart(7.0, None, 20.0, 3.0), [])])
    assert closer.is_known(FILM)
    ids = catalog.face_ids_of(FILM)
    statuses = PeopleQueries(database).statuses(ids).values()
    names = [each.person.name if each.person else None for each in statuses]
    assert names == ["Bert", "Anna", None, None]  # his tracklet was found by nobody, and stays
    assert [[who.name for who in each.rejected] for each in statuses] == [[], [], [], ["Anna"]]
    # The last decision about a tracklet counts, whichever of its moments it names.
    journal.append(Assign(tuple(journal.face_keys(ids[1:2])), other, None))
    assert [
        each.person.name for each in PeopleQueries(database).statuses(ids[1:2]).values() if each.person
    ] == ["Bert"]
    journal.rederive()
    assert [
        each.person.name for each in PeopleQueries(database).statuses(ids[1:2]).values() if each.person
    ] == ["Bert"]


def test_an_exported_decision_finds_the_tracklet_in_another_library(
    catalog: Catalog, journal: Journal, file: PhotoFile, vectors: F32, tmp_path: Path
) -> None:
    catalog.record([shown(file, whole(), [seen(vectors[0], (1.0, 2.0, 3.0))])])
    journal.append(Assign(tuple(journal.face_keys(catalog.face_ids_of(FILM))), new_key(), "Anna"))
    lines = list(journal.export_lines())
    assert '"box":[140.0,50.0,60.0,70.0,1.0]' in lines[0]
    with create_store(tmp_path / "other.db") as other:
        closer = Catalog(other)
        closer.choose_model(MODEL)
        look = seen(vectors[0], (0.7, 1.3, 2.3, 3.0), best=2)
        closer.record([shown(file, whole(3.0), [look, seen(vectors[1], (0.7, 3.0), x=900.0)])])
        import_lines(other, lines)
        statuses = PeopleQueries(other).statuses(closer.face_ids_of(FILM)).values()
        assert [each.person.name if each.person else None for each in statuses] == ["Anna", None]


def test_a_forgotten_person_is_forgotten_at_all_moments(
    database: Store, catalog: Catalog, journal: Journal, file: PhotoFile, vectors: F32
) -> None:
    catalog.record([shown(file, whole(), [seen(vectors[0], (1.0, 2.0)), seen(vectors[1], (4.0, 5.0))])])
    anna, bert = journal.face_keys(catalog.face_ids_of(FILM))
    key, other = new_key(), new_key()
    later = FaceKey(FILM, Box(179.0, 50.0, 60.0, 70.0, 2.0))
    journal.append(Assign((bert,), other, "Bert"))
    journal.append(Reject((later,), other))
    journal.append(Assign((anna,), key, "Anna"))
    forget(database, key)
    with database.read() as connection:
        assert connection.scalars(select(decision_face.c.moment)).all() == [4.0]
        assert connection.scalar(select(func.count()).select_from(tracklet)) == 1
        assert connection.scalar(select(forgotten.c.moment)) == 1.0
    closer = [seen(vectors[0], (0.7, 1.3, 2.0), best=2), seen(vectors[1], (4.0, 5.0))]
    catalog.record([shown(file, whole(3.0), closer)])
    with database.read() as connection:
        assert connection.scalars(select(face.c.moment)).all() == [4.0]


def test_faces_of_a_film_are_two_people_if_they_are_seen_at_once(
    database: Store, catalog: Catalog, file: PhotoFile, vectors: F32
) -> None:
    faces = [
        seen(vectors[0], (1.0, 2.0, 3.0)),
        seen(vectors[1], (3.0, 4.0), x=700.0),
        seen(vectors[2], (5.0, 6.0)),
    ]
    catalog.record([shown(file, whole(), faces)])
    ids = np.array(catalog.face_ids_of(FILM), np.int64)
    with database.read() as connection:
        judged = read_photos(connection, MODEL, face.c.id == int(ids[0]))
        assert np.array_equal(read_faces(connection, MODEL, ids).spans, judged.spans)
    assert judged.spans.tolist() == [[1, 3], [3, 4], [5, 6]]
    candidates = Candidates(np.full(3, 1, np.int64), np.array([0.9, 0.8, 0.7], np.float32), np.ones(3, bool))
    nobody = np.full(3, NONE, np.int64)
    refused = second_in_photo(judged.contents, judged.spans, nobody, candidates, vectors[:3])
    assert refused.tolist() == [False, True, False]


def test_a_film_goes_with_its_content(
    database: Store, catalog: Catalog, file: PhotoFile, vectors: F32
) -> None:
    catalog.record([shown(file, whole(), [seen(vectors[0], (1.0, 2.0))])])
    with database.write() as connection:
        connection.exec_driver_sql("DELETE FROM photo")
        connection.exec_driver_sql("DELETE FROM content")
        assert [connection.scalar(select(func.count()).select_from(each)) for each in (film, tracklet)] == [
            0,
            0,
        ]


@pytest.mark.parametrize(
    "fault", ["DELETE FROM tracklet", "UPDATE tracklet SET track = x'00'", "UPDATE face SET moment = -1"]
)
def test_a_face_without_a_track_is_found_and_looked_for_again(
    database: Store, catalog: Catalog, journal: Journal, file: PhotoFile, vectors: F32, fault: str
) -> None:
    catalog.record([shown(file, whole(), [seen(vectors[0], (1.0, 2.0))])])
    journal.append(Assign(tuple(journal.face_keys(catalog.face_ids_of(FILM))), new_key(), "Anna"))
    with database.write() as connection:
        connection.exec_driver_sql(fault)
    journal.rederive()  # reads no track that is none
    inspection = FaceInspection(database)
    (finding,) = inspection.find()
    assert "1 (faces 1)" in finding.message
    inspection.repair()
    assert inspection.find() == []
    assert not catalog.is_known(FILM)


moments = st.integers(0, 12).map(float)


@st.composite
def looks(draw: st.DrawFn) -> list[tuple[int, tuple[float, ...], int]]:
    """Tracklets of up to three people who stay in their places: who, when, and at which moment best."""
    found = []
    for who in range(draw(st.integers(1, 3))):
        seconds = sorted(draw(st.sets(moments, min_size=1, max_size=8)))
        cut = draw(st.integers(0, len(seconds)))
        parts = [tuple(part) for part in (seconds[:cut], seconds[cut:]) if part]
        found += [(who, part, draw(st.integers(0, len(part) - 1))) for part in parts]
    return found


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_decisions_one_by_one_give_what_the_whole_journal_gives(
    data: st.DataObject, photos: Path, vectors: F32
) -> None:
    file = make_file(photos / "a.mp4", "film")
    with TemporaryDirectory() as folder, create_store(Path(folder) / "l.db") as database:
        catalog, journal = Catalog(database), Journal(database)
        catalog.choose_model(MODEL)
        keys = {name: new_key() for name in ("Anna", "Bert")}
        said = set[str]()
        for per_second in range(1, 4):
            faces = [
                seen(vectors[who], seconds, x=600.0 * who, best=best)
                for who, seconds, best in data.draw(looks())
            ]
            catalog.record([shown(file, whole(float(per_second)), faces)])
            assert journal.rederive() == {}
            ids = catalog.face_ids_of(FILM)
            for _ in range(data.draw(st.integers(0, 3)) if ids else 0):
                face_id, name = data.draw(st.sampled_from(ids)), data.draw(st.sampled_from(sorted(keys)))
                (named,) = journal.face_keys([face_id])
                if name in said and data.draw(st.booleans()):
                    journal.append(Reject((named,), keys[name]))
                else:
                    journal.append(Assign((named,), keys[name], None if name in said else name))
                    said.add(name)
                    (status,) = PeopleQueries(database).statuses([face_id]).values()
                    assert status.person is not None
                    assert status.person.name == name
                assert journal.rederive() == {}


def test_a_film_behind_a_photo_joins_its_faces(
    catalog: Catalog, database: Store, photos: Path, vectors: F32
) -> None:
    """The photo may be read again before its film is done: its own faces are added once, and stay."""
    file = make_file(photos / "a.jpg", "motion")
    still = replace(indexed(file, "motion", vectors[:1]), film=FilmPart(0.0, 0.0, 0.0, 1.0))
    catalog.record([still])
    (unfinished,) = catalog.unfinished_films([file.path])
    assert unfinished.file.rest == FilmRest(still.digest, 0.0, 1.0)
    assert not catalog.is_known(still.digest)
    catalog.record([still])
    again = [seen(vectors[1], (0.0, 1.0)), seen(vectors[2], (2.0, 3.0))]
    catalog.record([replace(shown(file, FilmPart(0.0, None, 4.0, 1.0), again, still.digest), decoder="jpeg")])
    records = catalog.faces(catalog.face_ids_of(still.digest)).values()
    assert sorted(str(each.box.moment) for each in records) == ["0.0", "2.0", "None"]
    assert catalog.is_known(still.digest)
    assert read_film(catalog, file, still.digest, MODEL, vectors.shape[1]) is None
    assert catalog.statistics().films == 0
    (known,) = Redescription(database, ModelId("other")).undescribed(0, 10)
    assert (known.behind, [each.rest for each in known.files]) == (1.0, [None])
    assert len(known.photo_face_ids) == 1
    assert list(FilmsBehindPhotos(database).not_looked_for([file.path])) == []


def test_the_largest_file_of_a_photo_has_the_film_behind_it(
    catalog: Catalog, database: Store, photos: Path, vectors: F32
) -> None:
    """Copies of a picture are one content, and one may have lost its film."""
    copy, file = make_file(photos / "a.jpg", "motion"), make_file(photos / "b.jpg", "motion and film")
    still = replace(indexed(file, "motion", vectors[:1]), film=FilmPart(0.0, 0.0, 0.0, 1.0))
    catalog.record([still, PhotoKnown(copy, still.digest)])
    (unfinished,) = catalog.unfinished_films([bytes(photos)])
    assert unfinished.file.path == file.path
    found = [seen(vectors[1], (0.0, 1.0))]
    catalog.record([replace(shown(file, FilmPart(0.0, None, 4.0, 1.0), found, still.digest), decoder="jpeg")])
    records = catalog.faces(catalog.face_ids_of(still.digest)).values()
    assert {(each.box.moment, each.photo) for each in records} == {(None, copy.path), (0.0, file.path)}
    (known,) = Redescription(database, ModelId("other")).undescribed(0, 10)
    assert [each.path for each in known.files] == [file.path]

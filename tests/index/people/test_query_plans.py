"""A question about one person, face, cluster or photo costs what it is about, and not what else is there."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, Table, insert

from index.decisions.journal import Journal
from index.decisions.model import FaceKey
from index.people.cluster_tiles import best_of_clusters
from index.people.listed_faces import faces_by_id, faces_in_cluster, faces_of_person
from index.people.person_tiles import count_some, read_portraits
from index.people.photo_search import PhotoFilter, count_undated, find_photos
from index.people.queries import PeopleQueries
from index.people.shown_in_photos import faces_in_photos
from index.people.together import seen_together
from index.photos.catalog import Catalog
from index.photos.photo_records import read_neighbours, read_photo
from index.photos.picture_sources import face_source, faces_beside, files_of, photo_source
from index.store.opening import create_store
from index.store.schema import (
    cluster,
    cluster_face,
    content,
    decision,
    person,
    photo,
    recognised,
    rejection,
    same_face,
    stored_face,
    verdict,
)
from index.store.store import Store
from pipeline.values import Box
from tests.index.builders import digest_of
from tests.index.people.query_plans import statements_of, steps, whole_tables

SMALL, LARGE = 100, 1000
"""Numbers of faces, of which ``ASKED`` are those that questions are about, in both."""

ASKED = range(1, 21)
KIND = 5

Question = Callable[[Store], object]

QUESTIONS: dict[str, Question] = {
    "people get": lambda store: PeopleQueries(store).summary("P1"),
    "faces of a person": lambda store: PeopleQueries(store).faces_of(1),
    "an exemplar": lambda store: PeopleQueries(store).is_exemplar(1),
    "status of faces": lambda store: PeopleQueries(store).statuses(ASKED),
    "a cluster": lambda store: PeopleQueries(store).cluster(1),
    "sizes of clusters": lambda store: PeopleQueries(store).sizes_of_clusters(ASKED, after=2),
    "best faces": lambda store: PeopleQueries(store).best_faces(ASKED, 3),
    "a photo": lambda store: PeopleQueries(store).digest_of(b"/2.jpg"),
    "faces": lambda store: Catalog(store).faces(ASKED),
    "faces at places": lambda store: Journal(store).faces_at([FaceKey(digest_of("1"), Box(1, 1, 1, 1))]),
    "faces of a photo": lambda store: Catalog(store).face_ids_of(digest_of("1")),
    "a person by key": lambda store: PeopleQueries(store).by_key("1"),
    "tiles of persons": lambda store: read(store, count_some, [1, 2]),
    "portraits": lambda store: read(store, read_portraits, [1, 2]),
    "list of a person's faces": lambda store: read(store, faces_of_person, 1),
    "list of a cluster's faces": lambda store: read(store, faces_in_cluster, 1),
    "list of some faces": lambda store: read(store, faces_by_id, ASKED),
    "tiles of clusters": lambda store: read(store, best_of_clusters, [1], 3),
    "seen together": lambda store: read(store, seen_together, 1),
    "faces in photos": lambda store: read(store, faces_in_photos, [digest_of("1")], [1, 2]),
    "a photo by id": lambda store: read_photo(store, 2),
    "find": lambda store: find_photos(store, PhotoFilter((1,))),
    "find --with": lambda store: find_photos(store, PhotoFilter((1, 2))),
    "find --without": lambda store: find_photos(store, PhotoFilter((1,), without=(2,))),
    "find --only": lambda store: find_photos(store, PhotoFilter((1, 2), only=True)),
    "find --since": lambda store: find_photos(store, PhotoFilter((1,), since=date(2019, 1, 1))),
    "find --probable": lambda store: find_photos(store, PhotoFilter((1,), only=True, probable={1: ASKED})),
    "photo": lambda store: read_photo(store, 2),
    "photos beside one": lambda store: read_neighbours(store, 10),
    "the picture of a photo": lambda store: read(store, lambda each: photo_source(each, 2)),
    "the picture of a face": lambda store: read(store, _picture_of_face),
    "persons without a face": lambda store: PeopleQueries(store).without_face(digest_of("3")),
    "undated": lambda store: count_undated(store, PhotoFilter((1, 2), since=date(2019, 1, 1))),
}


def read(store: Store, question: Callable[..., object], *about: object) -> object:
    """Ask in a transaction."""
    with store.read() as connection:
        return question(connection, *about)


def _picture_of_face(connection: Connection) -> object:
    face = face_source(connection, 2)
    assert face is not None
    return faces_beside(connection, face), files_of(connection, face)


@pytest.fixture(scope="module")
def libraries(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sequence[Store]]:
    """A small and a large library, in which the same faces are those of the same two persons."""
    folder = Path(tmp_path_factory.mktemp("libraries"))
    with ExitStack() as stack:
        stores = [stack.enter_context(create_store(folder / str(size))) for size in (SMALL, LARGE)]
        for store, size in zip(stores, (SMALL, LARGE), strict=True):
            fill(store, size)
        yield stores


def fill(store: Store, faces: int) -> None:
    """Give each face a content and a photo, and in turns a decision, recognition, rejection or edit."""
    ids = range(1, faces + 1)
    who = {each: 1 + each % 2 if each in ASKED else 3 + each % 3 for each in ids}
    group = {each: 1 if each in ASKED else 2 for each in ids}
    rows: dict[Table, list[dict[str, Any]]] = {
        content: [{"id": each, "digest": digest_of(str(each)), "width": 1, "height": 1} for each in ids],
        photo: [
            {"path": b"/%d.jpg" % each, "size": 1, "mtime_ns": 1, "content_id": each} for each in ids[1:]
        ],
        stored_face: [
            dict.fromkeys("xywh", 1.0)
            | {"id": each, "content_id": each, "landmarks": bytes(40), "confidence": 1.0, "quality": 1.0}
            | {"quality_reasons": ""}
            for each in ids
        ],
        person: [{"id": each, "key": str(each), "name": f"P{each}", "hidden": False} for each in range(1, 6)],
        decision: [{"id": 1, "uid": "1", "made_at": "2024", "kind": "assign"}],
        verdict: [
            {"face_id": each, "status": "confirmed", "person_id": who[each], "decision_id": 1}
            for each in ids[::KIND]
        ],
        recognised: [
            {"face_id": each, "person_id": who[each], "similarity": 0.5}
            for each in ids
            if each % KIND in (2, 3)
        ],
        rejection: [{"face_id": each, "person_id": who[each], "decision_id": 1} for each in ids[2::KIND]],
        cluster: [{"id": each, "made_at": "2024"} for each in (1, 2)],
        cluster_face: [{"face_id": each, "cluster_id": group[each]} for each in ids],
        same_face: [
            {"digest": digest_of(str(each)), "later_digest": digest_of(str(each + 1)), "certain": True}
            | dict.fromkeys("xywh", 1.0)
            | {f"later_{name}": 1.0 for name in "xywh"}
            | {"similarity": 1.0}
            for each in ids[:-1:KIND]
        ],
    }
    with store.write() as connection:
        for table, values in rows.items():
            connection.execute(insert(table), values)


@pytest.mark.parametrize("question", QUESTIONS)
def test_a_question_reads_what_it_is_about(libraries: Sequence[Store], question: str) -> None:
    taken = []
    for store in libraries:
        with statements_of(store) as statements:
            answer = QUESTIONS[question](store)
        assert answer is not None
        assert whole_tables(store, statements) <= {"person", "library"}  # unique names; one row
        taken.append(steps(store, statements))
    small, large = taken
    assert large <= small + 2


def test_a_plan_that_reads_a_table_whole_is_found(libraries: Sequence[Store]) -> None:
    """The check can fail."""
    small, large = libraries
    with statements_of(large) as statements:
        PeopleQueries(large).summaries()
    assert {"content", "recognised"} <= whole_tables(large, statements)
    assert steps(large, statements) > 2 * steps(small, statements)

"""What can be asked of people: who is known, and which faces are whom."""

import os
from pathlib import Path

import pytest
from sqlalchemy import insert

from index.decisions.journal import Journal
from index.decisions.model import Assign, Hide, Ignore, NotAFace, Reject, new_key
from index.errors import PersonUnknown
from index.people.persons import Person
from index.people.queries import ClusterFaces, PeopleQueries, RecognisedFace
from index.photos.catalog import Catalog
from index.store.schema import cluster, cluster_face, recognised
from index.store.store import Store
from tests.index.builders import crawled, digest_of, indexed, make_file, units
from tests.index.journals import ANNA, BEN, CARL, assign, keys


def recognise(database: Store, who: Person, **similarities: float) -> None:
    """Have faces recognised, as ``f1=0.7`` says for face 1."""
    rows = [
        {"face_id": int(name[1:]), "person_id": who.id, "similarity": similarity}
        for name, similarity in similarities.items()
    ]
    with database.write() as connection:
        connection.execute(insert(recognised), rows)


def group(database: Store, *clusters: list[int]) -> None:
    """Make clusters 1, 2, ... of these faces."""
    with database.write() as connection:
        for number, faces in enumerate(clusters, start=1):
            connection.execute(insert(cluster).values(id=number, made_at="2024-05-06"))
            rows = [{"face_id": each, "cluster_id": number} for each in faces]
            connection.execute(insert(cluster_face), rows)


def test_everyone_has_a_name_of_their_own(journal: Journal, people: PeopleQueries) -> None:
    for number, name in enumerate(["Anna", "anna", "Anna (2)", "Ben", "Anna"]):
        journal.append(Assign(keys(number), new_key(), name))
    names = [each.name for each in people.everyone().values()]
    assert names == ["Anna", "anna (2)", "Anna (2) (2)", "Ben", "Anna (3)"]
    assert [people.named(name).id for name in names] == [1, 2, 3, 4, 5]


def test_a_name_is_found_whatever_its_case_and_composition(journal: Journal, people: PeopleQueries) -> None:
    journal.append(Assign(keys(0), ANNA, "Zo\u00e9 Stra\u00dfe"))
    assert people.named(" ZOE\u0301 STRASSE ").key == ANNA
    assert people.named("zoé straße").key == ANNA


def test_an_unknown_name_is_answered_with_those_that_are_like_it(
    journal: Journal, people: PeopleQueries
) -> None:
    journal.append_all([assign(ANNA, 0), Assign(keys(1), BEN, "Hanna"), Assign(keys(2), CARL, "Carl")])
    with pytest.raises(PersonUnknown, match="nobody is called Ana: did you mean Anna or Hanna") as unknown:
        people.named("Ana")
    assert unknown.value.close == ("Anna", "Hanna")
    with pytest.raises(PersonUnknown) as unknown:
        people.named("Xerxes")
    assert unknown.value.close == ()


def test_people_are_listed_by_name_with_their_faces(
    journal: Journal, people: PeopleQueries, database: Store, photos: Path
) -> None:
    journal.append_all([Assign(keys(4), CARL, "carl"), assign(BEN, 0), assign(ANNA, 1, 2), Ignore(keys(4))])
    journal.append(Hide(BEN))
    recognise(database, people.named("Anna"), f4=0.7, f6=0.8)
    (photos / "2.jpg").unlink()
    crawled(database, [os.fsencode(photos)], {os.fsencode(photos / f"{each}.jpg") for each in (0, 1)})
    listed = people.summaries()
    assert [(each.person.name, each.confirmed, each.recognised, each.missing) for each in listed] == [
        ("Anna", 2, 2, 1),
        ("Ben", 1, 0, 0),
        ("carl", 0, 0, 0),
    ]
    assert [each.person.hidden for each in listed] == [False, True, False]


def test_faces_of_a_content_that_is_in_no_photo_any_more_are_not_counted(
    journal: Journal, people: PeopleQueries, catalog: Catalog, photos: Path
) -> None:
    journal.append(assign(ANNA, 0, 2))
    catalog.record([indexed(make_file(photos / "0.jpg", "edited"), "edited", units(1, 9))])
    assert [each.confirmed for each in people.summaries()] == [1]
    assert people.faces_of(people.named("Anna").id).confirmed == (3,)
    assert people.statuses([1])[1].confirmed  # and yet nothing is lost


def test_the_faces_of_a_person(journal: Journal, people: PeopleQueries, database: Store) -> None:
    journal.append_all([assign(ANNA, 4, 0), assign(BEN, 1)])
    recognise(database, people.named("Anna"), f3=0.6, f4=0.8)
    faces = people.faces_of(people.named("Anna").id)
    assert faces.confirmed == (1, 5)
    assert faces.recognised == (RecognisedFace(4, 0.8), RecognisedFace(3, 0.6))


def test_the_standing_of_faces(journal: Journal, people: PeopleQueries, database: Store) -> None:
    journal.append_all([assign(ANNA, 0), Ignore(keys(1)), NotAFace(keys(2)), Reject(keys(3), ANNA)])
    anna = people.named("Anna")
    recognise(database, anna, f5=0.625)
    group(database, [1, 6])
    statuses = people.statuses([6, 1, 2, 3, 4, 5, 999])
    assert list(statuses) == [6, 1, 2, 3, 4, 5, 999]
    assert (statuses[1].person, statuses[1].confirmed, statuses[1].decision_id) == (anna, True, 1)
    assert (statuses[2].ignored, statuses[2].not_a_face, statuses[2].decision_id) == (True, False, 2)
    assert (statuses[3].ignored, statuses[3].not_a_face, statuses[3].person) == (False, True, None)
    assert (statuses[4].rejected, statuses[4].person) == ((anna,), None)
    assert (statuses[5].person, statuses[5].confirmed, statuses[5].similarity) == (anna, False, 0.625)
    assert [statuses[each].cluster_id for each in (1, 6)] == [None, 1]
    assert statuses[999].person is None


def test_a_decision_covers_what_was_recognised_until_it_is_undone(
    journal: Journal, people: PeopleQueries, database: Store
) -> None:
    journal.append_all([assign(ANNA, 0), assign(BEN, 1)])
    anna = people.named("Anna")
    recognise(database, anna, f3=0.7, f4=0.7, f5=0.7)
    journal.append_all([Reject(keys(2), ANNA), Ignore(keys(3)), Reject(keys(4), BEN)])
    assert [each.face_id for each in people.faces_of(anna.id).recognised] == [5]
    assert [people.statuses([each])[each].person for each in (3, 4, 5)] == [None, None, anna]
    journal.undo(3)
    assert [each.face_id for each in people.faces_of(anna.id).recognised] == [3, 5]


def test_clusters_hold_what_no_decision_covers(
    journal: Journal, people: PeopleQueries, database: Store
) -> None:
    journal.append(assign(ANNA, 5))
    group(database, [1, 2], [3, 4, 5, 6])
    with database.write() as connection:
        connection.execute(cluster_face.delete().where(cluster_face.c.face_id == 2))
        connection.execute(insert(cluster_face).values(face_id=2, cluster_id=None))  # it is like no other
    recognise(database, people.named("Anna"), f4=0.7)
    assert people.clusters() == (ClusterFaces(2, (3, 5)), ClusterFaces(1, (1,)))
    assert people.statuses([2])[2].cluster_id is None
    journal.append(Ignore(keys(2, 4)))
    assert people.clusters() == (ClusterFaces(1, (1,)),)
    assert people.cluster(2) == ClusterFaces(2, ())
    journal.undo()
    assert people.cluster(2) == ClusterFaces(2, (3, 5))
    assert people.cluster(77) == ClusterFaces(77, ())


def test_a_photo_leads_to_its_faces(
    journal: Journal, people: PeopleQueries, catalog: Catalog, photos: Path
) -> None:
    digest = people.digest_of(os.fsencode(photos / "1.jpg"))
    assert digest == digest_of("content 1")
    assert catalog.face_ids_of(digest) == [3, 4]
    assert people.digest_of(os.fsencode(photos / "9.jpg")) is None


def test_more_faces_than_a_statement_has_parameters_are_asked_about_at_once(people: PeopleQueries) -> None:
    assert len(people.statuses(range(1, 70_001))) == 70_000

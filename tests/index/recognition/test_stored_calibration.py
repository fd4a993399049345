"""The stored calibration: what is read is what was stored, for its model, until it is dropped."""

from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
import pytest
from sqlalchemy import insert, select

from index.decisions.journal import Journal
from index.decisions.model import Assign, new_key
from index.errors import LibraryDamaged
from index.people.queries import PeopleQueries
from index.photos.catalog import Catalog
from index.recognition.stored_calibration import (
    Calibration,
    ClosePersons,
    drop_calibrations,
    forget_in_calibrations,
    store_calibration,
    thresholds_for,
    thresholds_with,
)
from index.recognition.thresholds import UNKNOWN, ClosePair, Curve, RatePoint, shipped, straight_evidence
from index.store.schema import calibration
from index.store.store import Store
from pipeline.values import ModelId, PhotoFile
from tests.index.builders import MODEL, indexed, units

ANNA, BERTA = new_key(), new_key()

FOUND = Calibration(
    model=MODEL,
    made_at=datetime(2024, 5, 6, 7, 8, tzinfo=UTC),
    curve=Curve(
        (RatePoint(0.1, 0.15), RatePoint(1e-4, 0.45)),
        straight_evidence(zero=0.31, slope=38.5),
        "calibrated on 7 persons",
    ),
    close=(ClosePersons(ANNA, BERTA, 0.17),),
    method="logistic",
    persons=7,
    same=120,
    different=4000,
)


def test_what_is_stored_is_read_again(database: Store) -> None:
    store_calibration(database, FOUND)
    assert thresholds_for(database, MODEL) == thresholds_with(database, MODEL, FOUND)
    assert thresholds_for(database, MODEL).curve == FOUND.curve


def test_the_newest_calibration_holds_for_its_model_alone(database: Store) -> None:
    store_calibration(database, FOUND)
    newer = replace(FOUND, curve=replace(FOUND.curve, provenance="calibrated on 8 persons"))
    store_calibration(database, newer)
    assert thresholds_for(database, MODEL).curve == newer.curve
    other = ModelId("facenet")
    assert thresholds_for(database, other) == shipped(other)
    assert thresholds_for(database, MODEL).accept == pytest.approx(0.45, abs=1e-3)


def test_without_calibration_thresholds_are_those_of_the_model(database: Store) -> None:
    assert thresholds_for(database, MODEL) == shipped(MODEL)
    store_calibration(database, FOUND)
    assert thresholds_with(database, MODEL, None) == shipped(MODEL)
    assert drop_calibrations(database, MODEL) == 1
    assert thresholds_for(database, MODEL) == shipped(MODEL)


def test_close_persons_are_known_by_their_rows_while_one_of_them_is_known(
    database: Store, catalog: Catalog
) -> None:
    catalog.record(
        [indexed(PhotoFile(b"/p/%d" % number, 1, 1), str(number), units(1, number)) for number in range(2)]
    )
    faces = [face.face_id for chunk in catalog.all_faces() for face in chunk]
    journal = Journal(database)
    journal.append(Assign(journal.face_keys(faces[:1]), ANNA, "Anna"))
    store_calibration(database, FOUND)
    rows = {person.key: person.id for person in PeopleQueries(database).everyone().values()}
    assert thresholds_for(database, MODEL).close == (ClosePair(rows[ANNA], UNKNOWN, 0.17),)
    journal.append(Assign(journal.face_keys(faces[1:]), BERTA, "Berta"))
    rows = {person.key: person.id for person in PeopleQueries(database).everyone().values()}
    assert thresholds_for(database, MODEL).close == (ClosePair(rows[ANNA], rows[BERTA], 0.17),)


def test_a_calibration_that_names_a_forgotten_person_goes_too(database: Store) -> None:
    store_calibration(database, FOUND)
    store_calibration(database, replace(FOUND, close=()))
    with database.write() as connection:
        forget_in_calibrations(connection, [BERTA])
    with database.read() as connection:
        (left,) = connection.scalars(select(calibration.c.body)).all()
    assert ANNA not in left
    assert BERTA not in left


@pytest.mark.parametrize(
    "body",
    [
        "",
        "[]",
        "{}",
        '{"rates": [[0.1, NaN]]}',
        '{"rates": [[2, 0.1], [0.1, 0.2]], "evidence": [[0, 0], [1, 1]]}',
    ],
)
def test_a_damaged_calibration_is_reported_as_such(database: Store, body: str) -> None:
    row = {"model": MODEL, "made_at": "2024-05-06T07:08:09+00:00", "body": body}
    with database.write() as connection:
        connection.execute(insert(calibration), row)
    with pytest.raises(LibraryDamaged, match="the stored calibration cannot be read"):
        thresholds_for(database, MODEL)


def test_margins_of_nobody_are_the_usual_one(database: Store) -> None:
    assert thresholds_for(database, MODEL).margins(np.array([1]), np.array([0])).tolist() == pytest.approx(
        [0.05]
    )

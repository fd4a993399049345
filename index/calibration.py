"""What similarity was found to mean in one library: a stored fact, and the thresholds that follow from it.

Everything that judges a similarity asks ``thresholds_for``. It takes what was measured in the library where
that was done, else what the model comes with; and it counts the persons that a face is compared with now.
How a calibration is found is not known here.
"""

import json
import math
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, delete, distinct, func, insert, select

from index.database import Database
from index.errors import LibraryDamaged
from index.schema import calibration, person, verdict
from index.thresholds import (
    ClosePair,
    Curve,
    EvidencePoint,
    RatePoint,
    Thresholds,
    for_gallery,
    shipped,
)
from pipeline.values import ModelId


@dataclass(frozen=True, slots=True)
class ClosePersons:
    """Two persons that are easily taken for one another, by their keys; see ``ClosePair``."""

    person: str
    other: str
    margin: float


@dataclass(frozen=True, slots=True)
class Calibration:
    """What was found in a library.

    Attributes:
        model: Whose similarities.
        made_at: When, with an offset from UTC.
        curve: What a similarity means here.
        close: Persons that are easily confused.
        method: How the evidence was found: ``logistic`` or ``isotonic``, or ``shipped`` where what the model
            comes with held up best.
        persons: Whose confirmed faces it was found on.
        same: Pairs of faces of one person.
        different: Pairs of faces of two.
    """

    model: ModelId
    made_at: datetime
    curve: Curve
    close: tuple[ClosePersons, ...]
    method: str
    persons: int
    same: int
    different: int


def thresholds_for(database: Database, model: ModelId) -> Thresholds:
    """What similarities by a model mean in this library, for as many persons as it knows now.

    Raises:
        LibraryError: The library cannot be read, or holds a calibration that is none.
    """
    with database.read() as connection:
        return _thresholds(connection, model, _newest(database, connection, model))


def thresholds_with(database: Database, model: ModelId, found: Calibration | None) -> Thresholds:
    """What they would mean if this were the calibration that holds; ``None``: if there were none.

    Raises:
        LibraryError: The library cannot be read.
    """
    with database.read() as connection:
        return _thresholds(connection, model, found)


def load_calibration(database: Database, model: ModelId) -> Calibration | None:
    """The calibration that holds for a model; ``None`` where there is none.

    Raises:
        LibraryError: The library cannot be read, or holds a calibration that is none.
    """
    with database.read() as connection:
        return _newest(database, connection, model)


def store_calibration(database: Database, found: Calibration) -> None:
    """Make a calibration the one that holds for its model. Earlier ones are kept.

    Raises:
        LibraryError: The library cannot be written.
    """
    row = {"model": found.model, "made_at": found.made_at.isoformat(), "body": json.dumps(_body(found))}
    with database.write() as connection:
        connection.execute(insert(calibration), row)


def drop_calibrations(database: Database, model: ModelId) -> int:
    """Go back to what a model comes with.

    Returns:
        How many calibrations were deleted.

    Raises:
        LibraryError: The library cannot be written.
    """
    with database.write() as connection:
        return connection.execute(delete(calibration).where(calibration.c.model == model)).rowcount


def forget_in_calibrations(connection: Connection, keys: Collection[str]) -> None:
    """Delete the calibrations that name persons, inside the transaction in which these are forgotten."""
    for row in connection.execute(select(calibration.c.id, calibration.c.body)).all():
        if any(key in row.body for key in keys):
            connection.execute(delete(calibration).where(calibration.c.id == row.id))


def _thresholds(connection: Connection, model: ModelId, found: Calibration | None) -> Thresholds:
    persons = _persons(connection)
    if found is None:
        return shipped(model, persons)
    return for_gallery(found.curve, persons, _by_row(connection, found.close))


def _persons(connection: Connection) -> int:
    """How many persons a face is compared with."""
    return connection.execute(select(func.count(distinct(verdict.c.person_id)))).scalar_one()


def _newest(database: Database, connection: Connection, model: ModelId) -> Calibration | None:
    row = connection.execute(
        select(calibration.c.made_at, calibration.c.body)
        .where(calibration.c.model == model)
        .order_by(calibration.c.id.desc())
        .limit(1)
    ).first()
    if row is None:
        return None
    try:
        return _parsed(model, row.made_at, json.loads(row.body))
    except (KeyError, TypeError, ValueError) as error:
        raise LibraryDamaged(database.path, "a calibration in it is none") from error


def _by_row(connection: Connection, close: tuple[ClosePersons, ...]) -> tuple[ClosePair, ...]:
    """Close persons by their rows; who is not known any more is left out."""
    if not close:
        return ()
    rows = {row.key: row.id for row in connection.execute(select(person.c.key, person.c.id))}
    return tuple(
        ClosePair(rows[each.person], rows[each.other], each.margin)
        for each in close
        if each.person in rows and each.other in rows
    )


def _body(found: Calibration) -> dict[str, Any]:
    return {
        "rates": [[point.rate, point.similarity] for point in found.curve.rates],
        "evidence": [[point.similarity, point.log_ratio] for point in found.curve.evidence],
        "provenance": found.curve.provenance,
        "close": [[each.person, each.other, each.margin] for each in found.close],
        "method": found.method,
        "persons": found.persons,
        "same": found.same,
        "different": found.different,
    }


def _parsed(model: ModelId, made_at: str, body: dict[str, Any]) -> Calibration:
    """A stored calibration.

    Raises:
        KeyError: A part of it is missing.
        TypeError: A part is of another type.
        ValueError: A number is not finite, or is out of its range; or the time is none.
    """
    curve = Curve(
        tuple(RatePoint(*map(float, each)) for each in body["rates"]),
        tuple(EvidencePoint(*map(float, each)) for each in body["evidence"]),
        str(body["provenance"]),
    )
    numbers = [number for point in body["rates"] + body["evidence"] for number in point]
    if len(curve.rates) < 2 or len(curve.evidence) < 2 or not all(map(math.isfinite, numbers)):
        raise ValueError("a curve has two points or more, all finite")
    if not all(0 < point.rate <= 1 for point in curve.rates):
        raise ValueError("a rate is above 0 and at most 1")
    return Calibration(
        model=model,
        made_at=datetime.fromisoformat(made_at),
        curve=curve,
        close=tuple(ClosePersons(str(one), str(two), float(margin)) for one, two, margin in body["close"]),
        method=str(body["method"]),
        persons=int(body["persons"]),
        same=int(body["same"]),
        different=int(body["different"]),
    )

"""What similarity was found to mean in one library: a stored fact, and the thresholds that follow from it.

Everything that judges a similarity asks ``thresholds_for``. It takes what was measured in the library where
that was done, else what the model comes with; and it counts the persons that a face is compared with now.
How a calibration is found is not known here.
"""

import json
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, delete, distinct, func, insert, select

from index.errors import LibraryDamaged
from index.recognition.adapted_models import own_curve
from index.recognition.curve_json import curve_from_json, curve_to_json
from index.recognition.thresholds import ClosePair, Curve, Thresholds, for_gallery, shipped, shipped_curve
from index.store.schema import calibration, person, verdict
from index.store.store import Store
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


def thresholds_for(store: Store, model: ModelId) -> Thresholds:
    """What similarities by a model mean in this library, for as many persons as it knows now.

    Raises:
        LibraryError: The library cannot be read, or holds a calibration that is none.
    """
    with store.read() as connection:
        return _thresholds(connection, model, _newest(store, connection, model))


def thresholds_with(store: Store, model: ModelId, found: Calibration | None) -> Thresholds:
    """What they would mean if this were the calibration that holds; ``None``: if there were none.

    Raises:
        LibraryError: The library cannot be read.
    """
    with store.read() as connection:
        return _thresholds(connection, model, found)


def load_calibration(store: Store, model: ModelId) -> Calibration | None:
    """The calibration that holds for a model; ``None`` where there is none.

    Raises:
        LibraryError: The library cannot be read, or holds a calibration that is none.
    """
    with store.read() as connection:
        return _newest(store, connection, model)


def curve_that_came_with(store: Store, model: ModelId) -> Curve | None:
    """What a model comes with, before anything is calibrated; ``None`` for one that was never measured.

    Raises:
        LibraryError: The library cannot be read, or holds a model that is none.
    """
    with store.read() as connection:
        return own_curve(connection, model) or shipped_curve(model)


def store_calibration(store: Store, found: Calibration) -> None:
    """Make a calibration the one that holds for its model. Earlier ones are kept.

    Raises:
        LibraryError: The library cannot be written.
    """
    row = {"model": found.model, "made_at": found.made_at.isoformat(), "body": json.dumps(_body(found))}
    with store.write() as connection:
        connection.execute(insert(calibration), row)


def drop_calibrations(store: Store, model: ModelId) -> int:
    """Go back to what a model comes with.

    Returns:
        How many calibrations were deleted.

    Raises:
        LibraryError: The library cannot be written.
    """
    with store.write() as connection:
        return connection.execute(delete(calibration).where(calibration.c.model == model)).rowcount


def forget_in_calibrations(connection: Connection, keys: Collection[str]) -> None:
    """Delete the calibrations that name persons, inside the transaction in which these are forgotten."""
    for row in connection.execute(select(calibration.c.id, calibration.c.body)).all():
        if any(key in row.body for key in keys):
            connection.execute(delete(calibration).where(calibration.c.id == row.id))


def _thresholds(connection: Connection, model: ModelId, found: Calibration | None) -> Thresholds:
    persons = _persons(connection)
    if found is None:
        curve = own_curve(connection, model)
        return shipped(model, persons) if curve is None else for_gallery(curve, persons)
    return for_gallery(found.curve, persons, _by_row(connection, found.close))


def _persons(connection: Connection) -> int:
    """How many persons a face is compared with."""
    return connection.execute(select(func.count(distinct(verdict.c.person_id)))).scalar_one()


def _newest(store: Store, connection: Connection, model: ModelId) -> Calibration | None:
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
        raise LibraryDamaged(store.path, "a calibration in it is none") from error


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
        **curve_to_json(found.curve),
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
    return Calibration(
        model=model,
        made_at=datetime.fromisoformat(made_at),
        curve=curve_from_json(body),
        close=tuple(ClosePersons(str(one), str(two), float(margin)) for one, two, margin in body["close"]),
        method=str(body["method"]),
        persons=int(body["persons"]),
        same=int(body["same"]),
        different=int(body["different"]),
    )

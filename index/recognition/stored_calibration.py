"""Stores calibrations, and computes the thresholds of a library.

All judgements of similarity use ``thresholds_for``: the library's own curve, else the model's, and the
present number of persons.
"""

import json
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, delete, func, insert, select

from index.errors import LibraryDamaged
from index.recognition.adapted_models import own_curve
from index.recognition.thresholds import (
    UNKNOWN,
    ClosePair,
    Curve,
    Thresholds,
    for_gallery,
    shipped,
    shipped_curve,
)
from index.store.schema import calibration, grouping, person, verdict
from index.store.statements import is_one_of
from index.store.store import Store
from pipeline.values import ModelId


@dataclass(frozen=True, slots=True)
class ClosePersons:
    """Two persons who are easily confused, by their keys; see ``ClosePair``."""

    person: str
    other: str
    margin: float


@dataclass(frozen=True, slots=True)
class Calibration:
    """What similarities mean in one library, as measured there.

    Attributes:
        method: The best fit: ``logistic``, ``isotonic``, or ``shipped`` for the model's own curve.
        persons: Persons with confirmed faces.
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
    """Compute the thresholds of a model in this library now."""
    newest = (
        select(calibration.c.body)
        .where(calibration.c.model == model)
        .order_by(calibration.c.id.desc())
        .limit(1)
    )
    with store.read() as connection:
        stored = connection.scalar(newest)
    if stored is None:
        return thresholds_with(store, model, None)
    try:
        body = json.loads(stored)
        curve = Curve.from_json(body)
        close = tuple(ClosePersons(str(one), str(two), float(margin)) for one, two, margin in body["close"])
    except (KeyError, TypeError, ValueError) as error:
        raise LibraryDamaged(store.path, "the stored calibration cannot be read") from error
    return _calibrated(store, curve, close)


def thresholds_with(store: Store, model: ModelId, found: Calibration | None) -> Thresholds:
    """Compute the thresholds with or without a given calibration."""
    if found is not None:
        return _calibrated(store, found.curve, found.close)
    curve = curve_that_came_with(store, model)
    return shipped(model) if curve is None else _calibrated(store, curve, ())


def curve_that_came_with(store: Store, model: ModelId) -> Curve | None:
    """Return the curve of a model before any calibration; ``None`` for a model that was never measured."""
    return own_curve(store, model) or shipped_curve(model)


def store_calibration(store: Store, found: Calibration) -> None:
    """Store a calibration, which replaces earlier ones of its model; these are kept.

    Then all faces must be judged anew, as after every function here that writes: close persons may be others
    also where the thresholds stay.
    """
    body = {
        **found.curve.to_json(),
        "close": [[each.person, each.other, each.margin] for each in found.close],
        "method": found.method,
        "persons": found.persons,
        "same": found.same,
        "different": found.different,
    }
    row = {"model": found.model, "made_at": found.made_at.isoformat(), "body": json.dumps(body)}
    with store.write() as connection:
        connection.execute(insert(calibration), row)
        connection.execute(delete(grouping))


def drop_calibrations(store: Store, model: ModelId) -> int:
    """Delete all calibrations of a model, and return their number."""
    with store.write() as connection:
        dropped = connection.execute(delete(calibration).where(calibration.c.model == model)).rowcount
        if dropped:
            connection.execute(delete(grouping))
    return dropped


def forget_in_calibrations(connection: Connection, keys: Collection[str]) -> None:
    """Delete the calibrations that name persons, inside the transaction that forgets these."""
    for row in connection.execute(select(calibration.c.id, calibration.c.body)).all():
        if any(key in row.body for key in keys):
            connection.execute(delete(calibration).where(calibration.c.id == row.id))
            connection.execute(delete(grouping))


def _calibrated(store: Store, curve: Curve, close: tuple[ClosePersons, ...]) -> Thresholds:
    """Make thresholds by a curve.

    A pair stays if one of the two is known: what matters to faces like that person must not change with the
    other, who may return.
    """
    with store.read() as connection:
        keys = {key for each in close for key in (each.person, each.other)}
        named = select(person.c.key, person.c.id).where(is_one_of(person.c.key, sorted(keys)))
        rows = {row.key: row.id for row in connection.execute(named)} if keys else {}
        is_confirmed = select(verdict.c.face_id).where(verdict.c.person_id == person.c.id).exists()
        persons = connection.scalar(select(func.count()).select_from(person).where(is_confirmed)) or 0
    pairs = tuple(
        ClosePair(rows.get(each.person, UNKNOWN), rows.get(each.other, UNKNOWN), each.margin)
        for each in close
        if each.person in rows or each.other in rows
    )
    return for_gallery(curve, persons, pairs)

"""Models of one library: what is kept is what was learned, and a damaged one is not used."""

from datetime import UTC, datetime

import numpy as np
import pytest
from sqlalchemy import update

from index.errors import LibraryDamaged
from index.recognition.adapted_models import Projections, StoredProjection
from index.recognition.stored_calibration import curve_that_came_with, thresholds_for
from index.recognition.thresholds import Curve, EvidencePoint, RatePoint, shipped_curve
from index.store.schema import projection
from index.store.store import Store
from pipeline.values import F32, ModelId

SFACE = ModelId("sface")
CURVE = Curve(
    (RatePoint(0.1, 0.2), RatePoint(1e-4, 0.5)), (EvidencePoint(0.1, -4.0), EvidencePoint(0.6, 4.0)), "made"
)


def matrix(columns: int = 3) -> F32:
    return np.random.default_rng(1).standard_normal((5, columns)).astype(np.float32)


def stored(name: str, base: str, columns: int = 3) -> StoredProjection:
    made_at = datetime(2026, 5, 1, tzinfo=UTC)
    return StoredProjection(ModelId(name), ModelId(base), made_at, matrix(columns), CURVE, "as a test")


def test_what_is_kept_is_found_again(database: Store) -> None:
    projections = Projections(database)
    projections.add(stored("sface+adapted-1", "sface"))
    (found,) = projections.chain(ModelId("sface+adapted-1"))
    assert (found.matrix == matrix()).all()
    assert (found.base, found.curve, found.report) == (SFACE, CURVE, "as a test")
    assert found.made_at == datetime(2026, 5, 1, tzinfo=UTC)


def test_a_model_that_everybody_has_needs_none(database: Store) -> None:
    assert Projections(database).chain(SFACE) == ()


def test_a_model_may_be_made_from_one_that_was_made_here(database: Store) -> None:
    projections = Projections(database)
    projections.add(stored("sface+adapted-1", "sface"))
    projections.add(stored("sface+adapted-2", "sface+adapted-1", columns=2))
    chain = projections.chain(ModelId("sface+adapted-2"))
    assert [each.base for each in chain] == ["sface", "sface+adapted-1"]


def test_names_count_up_for_each_base(database: Store) -> None:
    projections = Projections(database)
    assert projections.next_name(SFACE) == "sface+adapted-1"
    projections.add(stored("sface+adapted-1", "sface"))
    assert projections.next_name(SFACE) == "sface+adapted-2"
    assert projections.next_name(ModelId("sface+adapted-1")) == "sface+adapted-2"
    assert projections.next_name(ModelId("facenet")) == "facenet+adapted-1"


def test_its_curve_is_what_it_comes_with(database: Store) -> None:
    Projections(database).add(stored("sface+adapted-1", "sface"))
    assert curve_that_came_with(database, ModelId("sface+adapted-1")) == CURVE
    assert thresholds_for(database, ModelId("sface+adapted-1")).curve == CURVE
    assert curve_that_came_with(database, SFACE) == shipped_curve(SFACE)


@pytest.mark.parametrize(
    "damage",
    [
        {"matrix": b"short"},
        {"matrix": np.full((5, 3), np.nan, "<f4").tobytes()},
        {"columns": 4},
        {"report": "{}"},
        {"report": "no json"},
        {"made_at": "yesterday"},
        {"base": "sface+adapted-1"},
    ],
)
def test_a_damaged_one_is_not_used(database: Store, damage: dict[str, object]) -> None:
    Projections(database).add(stored("sface+adapted-1", "sface"))
    with database.write() as connection:
        connection.execute(update(projection).values(**damage))
    with pytest.raises(LibraryDamaged, match="model sface"):
        Projections(database).chain(ModelId("sface+adapted-1"))


def test_thresholds_of_a_damaged_one_say_so(database: Store) -> None:
    Projections(database).add(stored("sface+adapted-1", "sface"))
    with database.write() as connection:
        connection.execute(update(projection).values(report="{}"))
    with pytest.raises(LibraryDamaged, match="model sface"):
        thresholds_for(database, ModelId("sface+adapted-1"))

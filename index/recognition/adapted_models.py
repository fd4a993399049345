"""Stores models of one library, matrices that map the descriptors of another model; does not apply them."""

import json
from dataclasses import dataclass
from datetime import datetime

import numpy as np
from sqlalchemy import Row, insert, select

from index.arrays import descriptor_to_blob
from index.errors import LibraryDamaged
from index.recognition.thresholds import Curve
from index.store.schema import descriptor, projection
from index.store.statements import insert_new
from index.store.store import Store
from index.values import Descriptors
from pipeline.values import F32, ModelId

_MARK = "+adapted-"
"""Separates the base model's name from the adaptation's number; no shipped model's name contains it."""

_NUMBER = np.dtype("<f4")


@dataclass(frozen=True, slots=True, eq=False)
class StoredProjection:
    """A model of one library.

    Attributes:
        base: The model whose descriptors it projects, which may be a model of the library too.
        matrix: float32 [D + 1, K]; the last row is an offset.
        report: Its measured accuracy, in a few words.
    """

    model: ModelId
    base: ModelId
    made_at: datetime
    matrix: F32
    curve: Curve
    report: str


class Projections:
    """The projections of one library; each method is one transaction."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def chain(self, model: ModelId) -> tuple[StoredProjection, ...]:
        """Read the projections from a shipped model (which has none) to this one, in order of application."""
        found: list[StoredProjection] = []
        with self._store.read() as connection:
            name = model
            while row := connection.execute(select(projection).where(projection.c.model == name)).first():
                if len(found) > _number(model):  # a base has a lower number
                    raise LibraryDamaged(self._store.path, f"the model {model} is made from itself")
                found.append(_stored(self._store, row))
                name = found[-1].base
        return tuple(reversed(found))

    def next_name(self, base: ModelId) -> ModelId:
        """Return the name of the next model made from ``base``: ``sface+adapted-1`` and so on."""
        root = base.partition(_MARK)[0]
        with self._store.read() as connection:
            names = connection.scalars(select(projection.c.model))
            numbers = [_number(ModelId(name)) for name in names if name.partition(_MARK)[0] == root]
        return ModelId(f"{root}{_MARK}{max(numbers, default=0) + 1}")

    def add(self, stored: StoredProjection) -> None:
        """Store a projection."""
        rows, columns = stored.matrix.shape
        row = {
            "model": stored.model,
            "base": stored.base,
            "made_at": stored.made_at.isoformat(),
            "rows": rows,
            "columns": columns,
            "matrix": stored.matrix.astype(_NUMBER).tobytes(),
            "report": json.dumps({**stored.curve.to_json(), "report": stored.report}),
        }
        with self._store.write() as connection:
            connection.execute(insert(projection), row)

    def describe(self, model: ModelId, found: Descriptors) -> None:
        """Store descriptors by a model of this library; skip faces that have one already."""
        rows = [
            {"face_id": number, "model": model, "vector": descriptor_to_blob(vector)}
            for number, vector in zip(found.ids.tolist(), found.vectors, strict=True)
        ]
        with self._store.write() as connection:
            insert_new(connection, descriptor, rows)


def own_curve(store: Store, model: ModelId) -> Curve | None:
    """Read the curve of a model of this library; ``None`` for any other model."""
    with store.read() as connection:
        row = connection.execute(select(projection).where(projection.c.model == model)).first()
    return None if row is None else _stored(store, row).curve


def _stored(store: Store, row: Row[str, str, str, int, int, bytes, str]) -> StoredProjection:
    try:
        matrix = np.frombuffer(row.matrix, _NUMBER).reshape(row.rows, row.columns).astype(np.float32)
        if not np.isfinite(matrix).all():
            raise ValueError("a number in it is not finite")
        body = json.loads(row.report)
        return StoredProjection(
            model=ModelId(row.model),
            base=ModelId(row.base),
            made_at=datetime.fromisoformat(row.made_at),
            matrix=matrix,
            curve=Curve.from_json(body),
            report=str(body["report"]),
        )
    except (KeyError, TypeError, ValueError) as error:
        raise LibraryDamaged(store.path, f"the stored model {row.model} cannot be read") from error


def _number(model: ModelId) -> int:
    """Return the number of an adaptation; 0 for another model's name."""
    number = model.partition(_MARK)[2]
    return int(number) if number.isdecimal() else 0

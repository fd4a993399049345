"""The manifest of the saved index: what its file must be, to be believed.

Both functions work inside a transaction that their caller began.
"""

from datetime import datetime

from sqlalchemy import Connection, select

from index.store.schema import vector_index
from index.store.statements import upsert
from index.values import IndexFile, Manifest
from pipeline.values import ModelId


def read_manifest(connection: Connection, model: ModelId) -> Manifest | None:
    """The manifest of the model's index that was saved last; ``None`` where none ever was."""
    row = (
        connection.execute(select(vector_index).where(vector_index.c.model == model)).mappings().one_or_none()
    )
    if row is None:
        return None
    return Manifest(
        model=ModelId(row["model"]),
        file=IndexFile(kind=row["kind"], count=row["count"], digest=row["digest"]),
        generation=row["generation"],
        built_at=datetime.fromisoformat(row["built_at"]),
    )


def write_manifest(connection: Connection, model: ModelId, file: IndexFile, now: str) -> None:
    """Say that this is the model's index file from now on, one generation after the one before."""
    before = read_manifest(connection, model)
    row = {
        "model": model,
        "kind": file.kind,
        "generation": before.generation + 1 if before else 1,
        "count": file.count,
        "digest": file.digest,
        "built_at": now,
    }
    upsert(connection, vector_index, [row], key="model")

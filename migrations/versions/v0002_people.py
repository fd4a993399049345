"""People: the journal of decisions, what follows from it, clusters, calibration and learned projections."""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("library", sa.Column("previous_model", sa.Text))
    op.add_column("photo", sa.Column("racy", sa.Boolean, nullable=False, server_default="0"))
    _create_journal()
    _create_people()
    _create_clusters()
    _create_models()
    # These two models subtract the mean descriptor from now on (docs/accuracy.md), so that old and new
    # descriptors cannot be compared. `faceindex reindex` describes the faces again.
    op.execute("DELETE FROM descriptor WHERE model IN ('sface', 'facenet')")
    op.execute("DELETE FROM vector_index WHERE model IN ('sface', 'facenet')")


def _create_journal() -> None:
    op.create_table(
        "decision",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("uid", sa.Text, nullable=False, unique=True),
        *_required(sa.Text, "made_at", "kind"),
        *(sa.Column(name, sa.Text) for name in ("person", "other", "name", "target")),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "decision_face",
        sa.Column("id", sa.Integer, primary_key=True),
        _row_of("decision", nullable=False, index=True),
        *_required(sa.LargeBinary, "digest"),
        *_required(sa.Float, "x", "y", "w", "h"),
        sa.CheckConstraint("length(digest) = 32", name="digest"),
    )
    op.create_table(
        "forgotten",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("digest", sa.LargeBinary, nullable=False, index=True),
        *_required(sa.Float, "x", "y"),
        sa.CheckConstraint("length(digest) = 32", name="digest"),
    )


def _create_people() -> None:
    op.create_table(
        "person",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("key", sa.Text, nullable=False, unique=True),
        *_required(sa.Text, "name"),
        *_required(sa.Boolean, "hidden"),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "verdict",
        _row_of("face", primary_key=True),
        *_required(sa.Text, "status"),
        _row_of("person", index=True),
        _row_of("decision", nullable=False),
        sa.CheckConstraint("status IN ('confirmed', 'ignored', 'not-a-face')", name="status"),
        sa.CheckConstraint("(status = 'confirmed') = (person_id IS NOT NULL)", name="person"),
    )
    op.create_table(
        "rejection",
        _row_of("face", primary_key=True),
        _row_of("person", primary_key=True),
        _row_of("decision", nullable=False),
    )


def _create_clusters() -> None:
    op.create_table(
        "cluster",
        sa.Column("id", sa.Integer, primary_key=True),
        *_required(sa.Text, "made_at"),
        sqlite_autoincrement=True,
    )
    op.create_table("cluster_face", _row_of("face", primary_key=True), _row_of("cluster", index=True))
    op.create_table(
        "recognised",
        _row_of("face", primary_key=True),
        _row_of("person", nullable=False, index=True),
        *_required(sa.Float, "similarity"),
    )
    op.create_table(
        "grouping",
        sa.Column("id", sa.Integer, primary_key=True),
        *_required(sa.Text, "model"),
        *_required(sa.Float, "accept", "review"),
        *_required(sa.LargeBinary, "decided"),
        sa.CheckConstraint("id = 1", name="one_row"),
    )


def _create_models() -> None:
    op.create_table(
        "calibration",
        sa.Column("id", sa.Integer, primary_key=True),
        *_required(sa.Text, "model", "made_at", "body"),
    )
    op.create_table(
        "projection",
        sa.Column("model", sa.Text, primary_key=True),
        *_required(sa.Text, "base", "made_at"),
        *_required(sa.Integer, "rows", "columns"),
        *_required(sa.LargeBinary, "matrix"),
        *_required(sa.Text, "report"),
    )


def _required(kind: type[sa.types.TypeEngine[Any]], *names: str) -> list[sa.Column[Any]]:
    return [sa.Column(name, kind, nullable=False) for name in names]


def _row_of(table: str, **options: Any) -> sa.Column[int]:
    """The id of a row of another table; rows that refer to it are deleted with it."""
    row = sa.ForeignKey(f"{table}.id", ondelete="CASCADE")
    return sa.Column(f"{table}_id", sa.Integer, row, **options)

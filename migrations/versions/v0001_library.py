"""A library: photos by path, contents by digest, faces, descriptors, and the index manifest."""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "library",
        sa.Column("id", sa.Integer, primary_key=True),
        *_required(sa.Text, "model", "created_at"),
        sa.CheckConstraint("id = 1", name="one_row"),
    )
    op.create_table(
        "root",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("path", sa.LargeBinary, nullable=False, unique=True),
    )
    op.create_table(
        "content",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("digest", sa.LargeBinary, nullable=False, unique=True),
        sa.Column("width", sa.Integer),
        sa.Column("height", sa.Integer),
        sa.Column("taken_at", sa.Text),
        *_failure(),
        sa.CheckConstraint("length(digest) = 32", name="digest"),
        sa.CheckConstraint("(failed_reason IS NULL) = (width IS NOT NULL)", name="decoded_or_failed"),
    )
    op.create_table(
        "photo",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("path", sa.LargeBinary, nullable=False, unique=True),
        *_required(sa.Integer, "size", "mtime_ns"),
        sa.Column("content_id", sa.Integer, sa.ForeignKey("content.id"), index=True),
        *_failure(),
        sa.Column("missing_since", sa.Text),
        sa.CheckConstraint("(failed_reason IS NULL) = (content_id IS NOT NULL)", name="read_or_failed"),
    )
    _create_faces()


def _create_faces() -> None:
    content = sa.ForeignKey("content.id", ondelete="CASCADE")
    op.create_table(
        "face",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("content_id", sa.Integer, content, nullable=False, index=True),
        *_required(sa.Float, "x", "y", "w", "h"),
        *_required(sa.LargeBinary, "landmarks"),
        *_required(sa.Float, "confidence", "quality"),
        *_required(sa.Text, "quality_reasons"),
        sqlite_autoincrement=True,
    )
    face = sa.ForeignKey("face.id", ondelete="CASCADE")
    op.create_table(
        "descriptor",
        sa.Column("face_id", sa.Integer, face, primary_key=True),
        sa.Column("model", sa.Text, primary_key=True),
        *_required(sa.LargeBinary, "vector"),
    )
    op.create_table(
        "vector_index",
        sa.Column("model", sa.Text, primary_key=True),
        *_required(sa.Text, "kind"),
        *_required(sa.Integer, "generation", "count"),
        *_required(sa.LargeBinary, "digest"),
        *_required(sa.Text, "built_at"),
    )


def _required(kind: type[sa.types.TypeEngine[Any]], *names: str) -> list[sa.Column[Any]]:
    return [sa.Column(name, kind, nullable=False) for name in names]


def _failure() -> list[sa.Column[str]]:
    return [sa.Column(name, sa.Text) for name in ("failed_stage", "failed_reason", "failed_message")]

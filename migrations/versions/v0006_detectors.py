"""The library's detector, and the faces that other detectors found."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("library", sa.Column("detector", sa.Text, nullable=False, server_default="mtcnn"))
    op.add_column("face", sa.Column("detector", sa.Text))
    op.create_table(
        "detection",
        _reference("detection", "content"),
        sa.Column("detector", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("content_id", "detector", name=op.f("pk_detection")),
    )
    op.create_table(
        "other_face",
        _reference("other_face", "face"),
        sa.Column("kept", sa.Boolean, nullable=False, server_default="0"),
        sa.PrimaryKeyConstraint("face_id", name=op.f("pk_other_face")),
    )
    op.create_index(op.f("ix_other_face_kept"), "other_face", ["kept"])


def _reference(table: str, other: str) -> "sa.Column[int]":
    name = f"{other}_id"
    key = sa.ForeignKey(f"{other}.id", name=op.f(f"fk_{table}_{name}"), ondelete="CASCADE")
    return sa.Column(name, sa.Integer, key, nullable=False)

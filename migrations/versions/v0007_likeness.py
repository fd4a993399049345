"""Whom faces are like, kept up to date as decisions change, and indexes to find decisions by.

Nothing is judged yet: the next scan, decision or ``faceindex cluster`` compares all faces once.
"""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "likeness",
        sa.Column(
            "face_id",
            sa.Integer,
            sa.ForeignKey("face.id", name=op.f("fk_likeness_face_id"), ondelete="CASCADE"),
            nullable=False,
        ),
        sa.Column("person_id", sa.Integer, nullable=False),
        sa.Column("similarity", sa.Float, nullable=False),
        sa.Column("nearest", sa.Float, nullable=False),
        sa.PrimaryKeyConstraint("face_id", "person_id", name=op.f("pk_likeness")),
        sqlite_with_rowid=False,
    )
    op.create_index(op.f("ix_likeness_person_id"), "likeness", ["person_id"])
    op.create_table(
        "changed",
        *(sa.Column(name, sa.Integer, nullable=False) for name in ("face_id", "person_id")),
        sa.PrimaryKeyConstraint("face_id", "person_id", name=op.f("pk_changed")),
        sqlite_with_rowid=False,
    )
    for name in ("person", "other", "target"):
        op.create_index(op.f(f"ix_decision_{name}"), "decision", [name])
    op.create_index(op.f("ix_rejection_person_id"), "rejection", ["person_id"])

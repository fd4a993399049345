"""Who made each decision; persons in photos without a face; portraits, dates of birth; photos by date."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index(op.f("ix_content_taken_at"), "content", ["taken_at"])
    for table, column in (("decision", "source"), ("decision", "date"), ("person", "born")):
        op.add_column(table, sa.Column(column, sa.Text))
    op.create_table(
        "decision_photo",
        sa.Column("id", sa.Integer, nullable=False),
        _key("decision_photo", "decision_id", "decision.id"),
        sa.Column("digest", sa.LargeBinary, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_decision_photo")),
        sa.CheckConstraint("length(digest) = 32", name=op.f("ck_decision_photo_digest")),
    )
    for name in ("decision_id", "digest"):
        op.create_index(op.f(f"ix_decision_photo_{name}"), "decision_photo", [name])
    for table, name, target in (("portrait", "face_id", "face.id"), ("in_photo", "content_id", "content.id")):
        op.create_table(
            table,
            _key(table, name, target),
            _key(table, "person_id", "person.id"),
            _key(table, "decision_id", "decision.id"),
            sa.PrimaryKeyConstraint(name, "person_id", name=op.f(f"pk_{table}")),
        )
        op.create_index(op.f(f"ix_{table}_person_id"), table, ["person_id"])


def _key(table: str, name: str, target: str) -> "sa.Column[int]":
    """Make a column that refers to a row of another table, and goes with it."""
    reference = sa.ForeignKey(target, name=op.f(f"fk_{table}_{name}"), ondelete="CASCADE")
    return sa.Column(name, sa.Integer, reference, nullable=False)

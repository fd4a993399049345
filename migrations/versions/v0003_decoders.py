"""Which detector and decoder looked at a content; sizes and times of 64 bits; an index of decided faces."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("content", sa.Column("detector", sa.Text))
    op.add_column("content", sa.Column("decoder", sa.Text))
    with op.batch_alter_table("photo") as photo:
        photo.alter_column("size", type_=sa.BigInteger())
        photo.alter_column("mtime_ns", type_=sa.BigInteger())
    op.create_index(op.f("ix_decision_face_digest"), "decision_face", ["digest"])

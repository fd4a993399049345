"""Which detector and decoder looked at a content; sizes and times of 64 bits; an index of decided faces."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("content", sa.Column("detector", sa.Text(), nullable=True))
    op.add_column("content", sa.Column("decoder", sa.Text(), nullable=True))
    _widen_photo()
    op.create_index(op.f("ix_decision_face_digest"), "decision_face", ["digest"])


def _widen_photo() -> None:
    """Make sizes and times of change integers of 64 bits, in a new table: SQLite alters no column."""
    op.drop_index(op.f("ix_photo_content_id"), "photo")
    op.create_table(
        "photo_of_64_bits",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("path", sa.LargeBinary(), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("mtime_ns", sa.BigInteger(), nullable=False),
        sa.Column("content_id", sa.Integer(), nullable=True),
        sa.Column("failed_stage", sa.Text(), nullable=True),
        sa.Column("failed_reason", sa.Text(), nullable=True),
        sa.Column("failed_message", sa.Text(), nullable=True),
        sa.Column("missing_since", sa.Text(), nullable=True),
        sa.Column("racy", sa.Boolean(name="racy"), nullable=False, server_default="0"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_photo")),
        sa.UniqueConstraint("path", name=op.f("uq_photo_path")),
        sa.ForeignKeyConstraint(["content_id"], ["content.id"], name=op.f("fk_photo_content_id")),
        sa.CheckConstraint(
            "(failed_reason IS NULL) = (content_id IS NOT NULL)", name=op.f("ck_photo_read_or_failed")
        ),
    )
    op.execute("INSERT INTO photo_of_64_bits SELECT * FROM photo")
    op.drop_table("photo")
    op.rename_table("photo_of_64_bits", "photo")
    op.create_index(op.f("ix_photo_content_id"), "photo", ["content_id"])

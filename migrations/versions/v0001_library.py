"""A library: photos by path, contents by digest, faces, descriptors, and the index manifest."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "library",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("model", sa.Text(), nullable=False),
        sa.Column("created_at", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_library")),
        sa.CheckConstraint("id = 1", name=op.f("ck_library_one_row")),
    )
    op.create_table(
        "root",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("path", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_root")),
        sa.UniqueConstraint("path", name=op.f("uq_root_path")),
    )
    _create_photos()
    _create_faces()
    op.create_table(
        "vector_index",
        sa.Column("model", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("generation", sa.Integer(), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("built_at", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("model", name=op.f("pk_vector_index")),
    )


def _create_photos() -> None:
    op.create_table(
        "content",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("width", sa.Integer(), nullable=True),
        sa.Column("height", sa.Integer(), nullable=True),
        sa.Column("taken_at", sa.Text(), nullable=True),
        *_failure(),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_content")),
        sa.UniqueConstraint("digest", name=op.f("uq_content_digest")),
        sa.CheckConstraint("length(digest) = 32", name=op.f("ck_content_digest")),
        sa.CheckConstraint(
            "(failed_reason IS NULL) = (width IS NOT NULL)", name=op.f("ck_content_decoded_or_failed")
        ),
    )
    op.create_table(
        "photo",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("path", sa.LargeBinary(), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("mtime_ns", sa.Integer(), nullable=False),
        sa.Column("content_id", sa.Integer(), nullable=True),
        *_failure(),
        sa.Column("missing_since", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_photo")),
        sa.UniqueConstraint("path", name=op.f("uq_photo_path")),
        sa.ForeignKeyConstraint(["content_id"], ["content.id"], name=op.f("fk_photo_content_id")),
        sa.CheckConstraint(
            "(failed_reason IS NULL) = (content_id IS NOT NULL)", name=op.f("ck_photo_read_or_failed")
        ),
    )
    op.create_index(op.f("ix_photo_content_id"), "photo", ["content_id"])


def _failure() -> list[sa.Column[str]]:
    return [
        sa.Column(name, sa.Text(), nullable=True)
        for name in ("failed_stage", "failed_reason", "failed_message")
    ]


def _create_faces() -> None:
    op.create_table(
        "face",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("content_id", sa.Integer(), nullable=False),
        sa.Column("x", sa.Float(), nullable=False),
        sa.Column("y", sa.Float(), nullable=False),
        sa.Column("w", sa.Float(), nullable=False),
        sa.Column("h", sa.Float(), nullable=False),
        sa.Column("landmarks", sa.LargeBinary(), nullable=False),
        sa.Column("confidence", sa.Float(), nullable=False),
        sa.Column("quality", sa.Float(), nullable=False),
        sa.Column("quality_reasons", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_face")),
        sa.ForeignKeyConstraint(
            ["content_id"], ["content.id"], name=op.f("fk_face_content_id"), ondelete="CASCADE"
        ),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_face_content_id"), "face", ["content_id"])
    op.create_table(
        "descriptor",
        sa.Column("face_id", sa.Integer(), nullable=False),
        sa.Column("model", sa.Text(), nullable=False),
        sa.Column("vector", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("face_id", "model", name=op.f("pk_descriptor")),
        sa.ForeignKeyConstraint(
            ["face_id"], ["face.id"], name=op.f("fk_descriptor_face_id"), ondelete="CASCADE"
        ),
    )

"""What outlives an edit: digests of pictures, same faces before and after, the last content of unread photos.

Also decisions that two persons are not one, since when persons have their names, notes on contents that are
not complete, and roots that are the same folder as another one, or lie in it.
"""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("root", sa.Column("reached_as", sa.LargeBinary))
    op.add_column("root", sa.Column("forgotten", sa.Boolean, nullable=False, server_default="0"))
    op.add_column("content", sa.Column("note", sa.Text))
    # The next scan reads these files once more: what is there of a JPEG that ends early is read now.
    op.execute("UPDATE content SET decoder = NULL WHERE failed_reason = 'truncated'")
    op.add_column("verdict", sa.Column("edited", sa.Boolean, nullable=False, server_default="0"))
    op.add_column("person", sa.Column("named", sa.Integer, nullable=False, server_default="0"))
    with op.batch_alter_table("photo") as photo:
        photo.drop_constraint(op.f("ck_photo_read_or_failed"), type_="check")
        photo.create_check_constraint(
            op.f("ck_photo_read_or_failed"), "failed_reason IS NOT NULL OR content_id IS NOT NULL"
        )
    op.create_table(
        "file_digest",
        sa.Column("digest", sa.LargeBinary, nullable=False),
        sa.Column("picture", sa.LargeBinary, nullable=False),
        sa.PrimaryKeyConstraint("digest", name=op.f("pk_file_digest")),
        sa.CheckConstraint(
            "length(digest) = 32 AND length(picture) = 32", name=op.f("ck_file_digest_digests")
        ),
    )
    op.create_index(op.f("ix_file_digest_picture"), "file_digest", ["picture"])
    boxes = [f"{prefix}{name}" for prefix in ("", "later_") for name in "xywh"]
    op.create_table(
        "same_face",
        sa.Column("id", sa.Integer, nullable=False),
        *(sa.Column(name, sa.LargeBinary, nullable=False) for name in ("digest", "later_digest")),
        *(sa.Column(name, sa.Float, nullable=False) for name in (*boxes, "similarity")),
        sa.Column("certain", sa.Boolean, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_same_face")),
        sa.CheckConstraint(
            "length(digest) = 32 AND length(later_digest) = 32", name=op.f("ck_same_face_digests")
        ),
    )
    for name in ("digest", "later_digest"):
        op.create_index(op.f(f"ix_same_face_{name}"), "same_face", [name])
    op.create_table(
        "apart",
        *(_reference(name, table) for name, table in (("person_id", "person"), ("other_id", "person"))),
        _reference("decision_id", "decision"),
        sa.PrimaryKeyConstraint("person_id", "other_id", name=op.f("pk_apart")),
        sa.CheckConstraint("person_id < other_id", name=op.f("ck_apart_order")),
    )


def _reference(name: str, table: str) -> "sa.Column[int]":
    key = sa.ForeignKey(f"{table}.id", name=op.f(f"fk_apart_{name}"), ondelete="CASCADE")
    return sa.Column(name, sa.Integer, key, nullable=False)

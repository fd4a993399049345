"""Films, moments of faces in them, where dates come from, files that are left out, and siblings of photos."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    for table, column in (
        ("library", sa.Column("raw_files", sa.Text, nullable=False, server_default="developed")),
        ("library", sa.Column("motion", sa.Boolean, nullable=False, server_default="0")),
        ("content", sa.Column("taken_from", sa.Text)),
        ("content", sa.Column("live_photo", sa.Text)),
        ("face", sa.Column("moment", sa.Float)),
        ("decision_face", sa.Column("moment", sa.Float)),
        ("same_face", sa.Column("moment", sa.Float)),
        ("same_face", sa.Column("later_moment", sa.Float)),
        ("forgotten", sa.Column("moment", sa.Float)),
        ("photo", sa.Column("sidecar", sa.Text)),
    ):
        op.add_column(table, column)
    op.create_index(op.f("ix_content_live_photo"), "content", ["live_photo"])
    op.create_table(
        "film",
        _key("film", "content_id", "content.id"),
        *(sa.Column(name, sa.Float, nullable=False) for name in ("duration", "per_second")),
        sa.Column("until", sa.Float),
        sa.PrimaryKeyConstraint("content_id", name=op.f("pk_film")),
    )
    op.create_table(
        "tracklet",
        _key("tracklet", "face_id", "face.id"),
        *(sa.Column(name, sa.Float, nullable=False) for name in ("start", "end")),
        sa.Column("track", sa.LargeBinary, nullable=False),
        sa.PrimaryKeyConstraint("face_id", name=op.f("pk_tracklet")),
    )
    op.create_table(
        "sibling",
        sa.Column("path", sa.LargeBinary, nullable=False),
        _key("sibling", "photo_id", "photo.id"),
        sa.Column("kind", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("path", name=op.f("pk_sibling")),
    )
    op.create_index(op.f("ix_sibling_photo_id"), "sibling", ["photo_id"])
    op.create_table(
        "left_out",
        sa.Column("path", sa.LargeBinary, nullable=False),
        *(sa.Column(name, sa.BigInteger, nullable=False) for name in ("size", "mtime_ns")),
        sa.Column("kind", sa.Text, nullable=False),
        *(sa.Column(name, sa.Text) for name in ("needs", "decoder")),
        sa.PrimaryKeyConstraint("path", name=op.f("pk_left_out")),
    )
    # What nothing read was a failure before: the next scan reads it, or leaves it out.
    op.execute("UPDATE content SET decoder = NULL WHERE failed_reason IS NOT NULL AND decoder LIKE '% none'")
    # Some kinds of TIFF were decoded wrong, so that no face was found: the next scan reads them as new ones.
    op.execute(f"DELETE FROM photo WHERE missing_since IS NULL AND content_id IN ({_FACELESS_TIFFS})")  # noqa: S608
    in_photos = "SELECT content_id FROM photo WHERE content_id IS NOT NULL"
    op.execute(f"DELETE FROM content WHERE id IN ({_FACELESS_TIFFS}) AND id NOT IN ({in_photos})")  # noqa: S608
    op.execute("DROP TRIGGER mark_dated")
    op.execute(_MARK_DATED)


_FACELESS_TIFFS = """
SELECT id FROM content WHERE failed_reason IS NULL AND decoder LIKE 'tiff %'
AND NOT EXISTS (SELECT 1 FROM face WHERE face.content_id = content.id)
"""

_YEAR = "CASE {0}.taken_from WHEN 'exif-changed' THEN NULL ELSE substr({0}.taken_at, 1, 4) END"

# As in revision 0007, but a day of editing is no year.
_MARK_DATED = f"""
CREATE TRIGGER mark_dated AFTER UPDATE OF taken_at, taken_from ON content FOR EACH ROW
WHEN {_YEAR.format("old")} IS NOT {_YEAR.format("new")}
BEGIN
    INSERT OR IGNORE INTO changed (face_id, person_id)
    SELECT verdict.face_id, verdict.person_id FROM face JOIN verdict ON verdict.face_id = face.id
    WHERE face.content_id = new.id AND verdict.status = 'confirmed'
    UNION ALL
    SELECT verdict.face_id, 1 << 62 FROM face JOIN verdict ON verdict.face_id = face.id
    WHERE face.content_id = new.id AND verdict.status = 'confirmed';
END
"""  # noqa: S608 - no value of anybody


def _key(table: str, name: str, target: str) -> "sa.Column[int]":
    """Make a column that refers to a row of another table, and goes with it."""
    reference = sa.ForeignKey(target, name=op.f(f"fk_{table}_{name}"), ondelete="CASCADE")
    return sa.Column(name, sa.Integer, reference, nullable=False)

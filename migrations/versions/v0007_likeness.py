"""Whom faces are like, kept up to date as decisions change, which faces these are about, and indexes.

Nothing is judged yet: the next scan, decision or question that needs it compares all faces once.
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
        sa.Column("face_id", sa.Integer, nullable=False),
        sa.Column("person_id", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("face_id", "person_id", name=op.f("pk_changed")),
        sqlite_with_rowid=False,
    )
    op.execute("DELETE FROM vector_index")  # the files have another format now, and are made anew
    op.drop_table("grouping")
    op.create_table(
        "grouping",
        sa.Column("id", sa.Integer, nullable=False),
        sa.Column("model", sa.Text, nullable=False),
        *(sa.Column(name, sa.Float, nullable=False) for name in ("accept", "review")),
        sa.Column("reliable", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_grouping")),
        sa.CheckConstraint("id = 1", name=op.f("ck_grouping_one_row")),
    )
    op.create_index(op.f("ix_decision_person"), "decision", ["person", "kind"])
    for name in ("other", "target"):
        op.create_index(op.f(f"ix_decision_{name}"), "decision", [name])
    op.drop_index(op.f("ix_photo_content_id"), "photo")
    op.create_index(op.f("ix_photo_content_id"), "photo", ["content_id", "missing_since"])
    for table, name in (("rejection", "person_id"), ("verdict", "decision_id"), ("apart", "other_id")):
        op.create_index(op.f(f"ix_{table}_{name}"), table, [name])
    op.create_index(op.f("ix_verdict_status"), "verdict", ["status", "decision_id"])
    for name, event, row, person in _MARKS:
        mark = f"INSERT OR IGNORE INTO changed (face_id, person_id) VALUES ({row}.face_id, {person});"  # noqa: S608
        op.execute(f"CREATE TRIGGER {name} AFTER {event} FOR EACH ROW BEGIN {mark} END")
    op.execute(_MARK_DATED)


_CONCERNED = "CASE {0}.status WHEN 'not-a-face' THEN 1 << 62 ELSE coalesce({0}.person_id, 0) END"

# Triggers, in SQLite's own SQL, because rows also go with the face that they are about, whoever deletes it. A
# later revision that makes one of these tables anew must make its triggers again.
_MARKS = (
    ("mark_decided", "INSERT ON verdict", "new", _CONCERNED.format("new")),
    ("mark_undecided", "DELETE ON verdict", "old", _CONCERNED.format("old")),
    ("mark_rejected", "INSERT ON rejection", "new", "-new.person_id"),
    ("mark_not_rejected", "DELETE ON rejection", "old", "-old.person_id"),
)

_MARK_DATED = """
CREATE TRIGGER mark_dated AFTER UPDATE OF taken_at ON content FOR EACH ROW
WHEN substr(old.taken_at, 1, 4) IS NOT substr(new.taken_at, 1, 4)
BEGIN
    INSERT OR IGNORE INTO changed (face_id, person_id)
    SELECT verdict.face_id, verdict.person_id FROM face JOIN verdict ON verdict.face_id = face.id
    WHERE face.content_id = new.id AND verdict.status = 'confirmed'
    UNION ALL
    SELECT verdict.face_id, 1 << 62 FROM face JOIN verdict ON verdict.face_id = face.id
    WHERE face.content_id = new.id AND verdict.status = 'confirmed';
END
"""  # a person is recognised by what they looked like in each year

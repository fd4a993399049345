"""People: the journal of decisions, what follows from it, clusters, calibration and learned projections."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("library", sa.Column("previous_model", sa.Text(), nullable=True))
    op.add_column("photo", sa.Column("racy", sa.Boolean(name="racy"), nullable=False, server_default="0"))
    _create_journal()
    _create_people()
    _create_clusters()
    _create_models()
    # These two take the mean descriptor away now (docs/accuracy.md): what they described before cannot be
    # compared with what they will. `faceindex reindex` describes the faces again.
    op.execute("DELETE FROM descriptor WHERE model IN ('sface', 'facenet')")
    op.execute("DELETE FROM vector_index WHERE model IN ('sface', 'facenet')")


def _create_journal() -> None:
    op.create_table(
        "decision",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("uid", sa.Text(), nullable=False),
        sa.Column("made_at", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("person", sa.Text(), nullable=True),
        sa.Column("other", sa.Text(), nullable=True),
        sa.Column("name", sa.Text(), nullable=True),
        sa.Column("target", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_decision")),
        sa.UniqueConstraint("uid", name=op.f("uq_decision_uid")),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "decision_face",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("decision_id", sa.Integer(), nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        *(sa.Column(name, sa.Float(), nullable=False) for name in "xywh"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_decision_face")),
        _refers("decision_face", "decision"),
        sa.CheckConstraint("length(digest) = 32", name=op.f("ck_decision_face_digest")),
    )
    op.create_index(op.f("ix_decision_face_decision_id"), "decision_face", ["decision_id"])
    op.create_table(
        "forgotten",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        *(sa.Column(name, sa.Float(), nullable=False) for name in "xy"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_forgotten")),
        sa.CheckConstraint("length(digest) = 32", name=op.f("ck_forgotten_digest")),
    )
    op.create_index(op.f("ix_forgotten_digest"), "forgotten", ["digest"])


def _create_people() -> None:
    op.create_table(
        "person",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("hidden", sa.Boolean(name="hidden"), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_person")),
        sa.UniqueConstraint("key", name=op.f("uq_person_key")),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "verdict",
        sa.Column("face_id", sa.Integer(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("person_id", sa.Integer(), nullable=True),
        sa.Column("decision_id", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("face_id", name=op.f("pk_verdict")),
        _refers("verdict", "face"),
        _refers("verdict", "person"),
        _refers("verdict", "decision"),
        sa.CheckConstraint(
            "status IN ('confirmed', 'ignored', 'not-a-face')", name=op.f("ck_verdict_status")
        ),
        sa.CheckConstraint(
            "(status = 'confirmed') = (person_id IS NOT NULL)", name=op.f("ck_verdict_person")
        ),
    )
    op.create_index(op.f("ix_verdict_person_id"), "verdict", ["person_id"])
    op.create_table(
        "rejection",
        sa.Column("face_id", sa.Integer(), nullable=False),
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.Column("decision_id", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("face_id", "person_id", name=op.f("pk_rejection")),
        _refers("rejection", "face"),
        _refers("rejection", "person"),
        _refers("rejection", "decision"),
    )


def _create_clusters() -> None:
    op.create_table(
        "cluster",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("made_at", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_cluster")),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "cluster_face",
        sa.Column("face_id", sa.Integer(), nullable=False),
        sa.Column("cluster_id", sa.Integer()),
        sa.PrimaryKeyConstraint("face_id", name=op.f("pk_cluster_face")),
        _refers("cluster_face", "face"),
        _refers("cluster_face", "cluster"),
    )
    op.create_index(op.f("ix_cluster_face_cluster_id"), "cluster_face", ["cluster_id"])
    op.create_table(
        "recognised",
        sa.Column("face_id", sa.Integer(), nullable=False),
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.Column("similarity", sa.Float(), nullable=False),
        sa.PrimaryKeyConstraint("face_id", name=op.f("pk_recognised")),
        _refers("recognised", "face"),
        _refers("recognised", "person"),
    )
    op.create_index(op.f("ix_recognised_person_id"), "recognised", ["person_id"])
    op.create_table(
        "grouping",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("model", sa.Text(), nullable=False),
        sa.Column("accept", sa.Float(), nullable=False),
        sa.Column("review", sa.Float(), nullable=False),
        sa.Column("decided", sa.LargeBinary(), nullable=False),
        sa.CheckConstraint("id = 1", name=op.f("ck_grouping_one_row")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_grouping")),
    )


def _create_models() -> None:
    op.create_table(
        "calibration",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("model", sa.Text(), nullable=False),
        sa.Column("made_at", sa.Text(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_calibration")),
    )
    op.create_table(
        "projection",
        sa.Column("model", sa.Text(), nullable=False),
        sa.Column("base", sa.Text(), nullable=False),
        sa.Column("made_at", sa.Text(), nullable=False),
        sa.Column("rows", sa.Integer(), nullable=False),
        sa.Column("columns", sa.Integer(), nullable=False),
        sa.Column("matrix", sa.LargeBinary(), nullable=False),
        sa.Column("report", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("model", name=op.f("pk_projection")),
    )


def _refers(table: str, other: str) -> sa.ForeignKeyConstraint:
    """A row of ``table`` belongs to one of ``other``, and goes with it."""
    return sa.ForeignKeyConstraint(
        [f"{other}_id"], [f"{other}.id"], name=op.f(f"fk_{table}_{other}_id"), ondelete="CASCADE"
    )

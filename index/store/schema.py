"""The tables of a library.

Paths are blobs, because a file name need not be text; times are ISO 8601 text. One content may be at many
paths, and faces belong to the content. A descriptor is never changed in place: an index file that holds its
face id holds its vector.

There are three kinds of table: what was found (content, photo, face, descriptor), what people decided
(decision, decision_face, forgotten), and what is derived and can be rebuilt at any time (person, verdict,
rejection from the decisions; cluster, cluster_face, recognised from descriptors too).

The revisions in ``migrations`` create the tables; a test compares the two.
"""

from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Float,
    ForeignKey,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
)
from sqlalchemy.types import TypeEngine

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_name)s",
        "uq": "uq_%(table_name)s_%(column_0_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "pk": "pk_%(table_name)s",
    }
)


def _required(kind: type[TypeEngine[Any]], *names: str) -> list[Column[Any]]:
    return [Column(name, kind, nullable=False) for name in names]


def _optional(kind: type[TypeEngine[Any]], *names: str) -> list[Column[Any]]:
    return [Column(name, kind) for name in names]


library = Table(
    "library",
    metadata,
    Column("id", Integer, primary_key=True),
    *_required(Text, "model", "created_at"),
    Column("previous_model", Text),
    CheckConstraint("id = 1", name="one_row"),
)
"""One row, once the library's model is chosen; ``previous_model`` allows a way back."""

root = Table(
    "root",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("path", LargeBinary, nullable=False, unique=True),
)
"""Folders and files that were scanned."""

content = Table(
    "content",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("digest", LargeBinary, nullable=False, unique=True),
    *_optional(Integer, "width", "height"),
    *_optional(Text, "taken_at", "failed_stage", "failed_reason", "failed_message", "detector", "decoder"),
    CheckConstraint("length(digest) = 32", name="digest"),
    CheckConstraint("(failed_reason IS NULL) = (width IS NOT NULL)", name="decoded_or_failed"),
)
"""What is in a photo: decoded and described by the library's model, or failed. ``decoder`` is the format, its
reader and that reader's version: a failed content is decoded again once another reader is installed.
``detector`` and ``decoder`` are null in rows of earlier revisions."""

photo = Table(
    "photo",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("path", LargeBinary, nullable=False, unique=True),
    *_required(BigInteger, "size", "mtime_ns"),
    Column("content_id", ForeignKey(content.c.id), index=True),
    *_optional(Text, "failed_stage", "failed_reason", "failed_message", "missing_since"),
    Column("racy", Boolean, nullable=False, server_default="0"),
    Column("perhaps_moved", Boolean, nullable=False, server_default="0"),
    CheckConstraint("(failed_reason IS NULL) = (content_id IS NOT NULL)", name="read_or_failed"),
)
"""A path, with its content or the reason why the file could not be read. ``racy``: the file had changed so
shortly before it was read that a later change may have left its size and time the same. ``perhaps_moved``:
other paths had this content before; once a crawl has looked for them all, the path is a copy, or has
moved."""

face = Table(
    "face",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("content_id", ForeignKey(content.c.id, ondelete="CASCADE"), nullable=False, index=True),
    *_required(Float, "x", "y", "w", "h"),
    Column("landmarks", LargeBinary, nullable=False),
    *_required(Float, "confidence", "quality"),
    Column("quality_reasons", Text, nullable=False),
    sqlite_autoincrement=True,  # ids are keys of the vector index too, and are never reused
)

descriptor = Table(
    "descriptor",
    metadata,
    Column("face_id", ForeignKey(face.c.id, ondelete="CASCADE"), primary_key=True),
    Column("model", Text, primary_key=True),
    Column("vector", LargeBinary, nullable=False),
)

vector_index = Table(
    "vector_index",
    metadata,
    Column("model", Text, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("count", Integer, nullable=False),
    Column("digest", LargeBinary, nullable=False),
    Column("previous", LargeBinary),
)
"""The index file saved last, for each model: how it stores descriptors, the count of faces, its BLAKE3, and
that of the previous file, which a crash may have left in place."""

decision = Table(
    "decision",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("uid", Text, nullable=False, unique=True),
    *_required(Text, "made_at", "kind"),
    *_optional(Text, "person", "other", "name", "target"),
    sqlite_autoincrement=True,  # people undo a decision by its number
)
"""The journal, in the order of the ids: rows are only appended, or redacted if a person is forgotten.

``uid`` names a decision in every library that imports it, ``person`` and ``other`` are keys of persons,
``target`` is the uid of the undone decision. ``index.decisions.model`` defines the kinds."""

decision_face = Table(
    "decision_face",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("decision_id", ForeignKey(decision.c.id, ondelete="CASCADE"), nullable=False, index=True),
    Column("digest", LargeBinary, nullable=False, index=True),
    *_required(Float, "x", "y", "w", "h"),
    CheckConstraint("length(digest) = 32", name="digest"),
)
"""The faces that a decision names: the content's digest and the box at the time of the decision."""

forgotten = Table(
    "forgotten",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("digest", LargeBinary, nullable=False, index=True),
    *_required(Float, "x", "y"),
    CheckConstraint("length(digest) = 32", name="digest"),
)
"""Points in contents, in full-size pixels: a face whose box contains one is never recorded."""

person = Table(
    "person",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("key", Text, nullable=False, unique=True),
    Column("name", Text, nullable=False),
    Column("hidden", Boolean, nullable=False),
    sqlite_autoincrement=True,
)
"""The persons known from the journal."""

verdict = Table(
    "verdict",
    metadata,
    Column("face_id", ForeignKey(face.c.id, ondelete="CASCADE"), primary_key=True),
    Column("status", Text, nullable=False),
    Column("person_id", ForeignKey(person.c.id, ondelete="CASCADE"), index=True),
    Column("decision_id", ForeignKey(decision.c.id, ondelete="CASCADE"), nullable=False),
    CheckConstraint("status IN ('confirmed', 'ignored', 'not-a-face')", name="status"),
    CheckConstraint("(status = 'confirmed') = (person_id IS NOT NULL)", name="person"),
)
"""The last decision about a face: it is this person, a stranger, or no face."""

rejection = Table(
    "rejection",
    metadata,
    Column("face_id", ForeignKey(face.c.id, ondelete="CASCADE"), primary_key=True),
    Column("person_id", ForeignKey(person.c.id, ondelete="CASCADE"), primary_key=True),
    Column("decision_id", ForeignKey(decision.c.id, ondelete="CASCADE"), nullable=False),
)
"""Decisions that a face is not a person."""

cluster = Table(
    "cluster",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("made_at", Text, nullable=False),
    sqlite_autoincrement=True,  # people name a cluster by its number
)

cluster_face = Table(
    "cluster_face",
    metadata,
    Column("face_id", ForeignKey(face.c.id, ondelete="CASCADE"), primary_key=True),
    Column("cluster_id", ForeignKey(cluster.c.id, ondelete="CASCADE"), index=True),
)
"""Faces that look like one person, also those with a decision, which may be undone. The cluster is null for a
face that was compared with all others and looks like none of them."""

recognised = Table(
    "recognised",
    metadata,
    Column("face_id", ForeignKey(face.c.id, ondelete="CASCADE"), primary_key=True),
    Column("person_id", ForeignKey(person.c.id, ondelete="CASCADE"), nullable=False, index=True),
    Column("similarity", Float, nullable=False),
)
"""Faces without a decision that look enough like a person to count as that person."""

grouping = Table(
    "grouping",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("model", Text, nullable=False),
    *_required(Float, "accept", "review"),
    Column("decided", LargeBinary, nullable=False),
    CheckConstraint("id = 1", name="one_row"),
)
"""What clusters and recognised faces were last computed from: model, thresholds, a digest of the
decisions."""

calibration = Table(
    "calibration",
    metadata,
    Column("id", Integer, primary_key=True),
    *_required(Text, "model", "made_at", "body"),
)
"""How similarity relates to probability in this library; the newest of a model applies."""

projection = Table(
    "projection",
    metadata,
    Column("model", Text, primary_key=True),
    *_required(Text, "base", "made_at"),
    *_required(Integer, "rows", "columns"),
    Column("matrix", LargeBinary, nullable=False),
    Column("report", Text, nullable=False),
)
"""Models of this library only: descriptors of a base model, times a learned matrix."""

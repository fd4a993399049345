"""The tables of a library, and nothing else.

Paths are blobs, because a file name need not be text; times are ISO 8601 text. A photo is a path, a
content is what is in it: one content may be at many paths, and faces belong to the content.
A descriptor is written once and never changed in place: an index file that holds its face id holds
its vector.

The tables in a file are made by the revisions in ``migrations``; a test holds the two together.
"""

from sqlalchemy import (
    CheckConstraint,
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
)

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_name)s",
        "uq": "uq_%(table_name)s_%(column_0_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "pk": "pk_%(table_name)s",
    }
)

library = Table(
    "library",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("model", Text, nullable=False),
    Column("created_at", Text, nullable=False),
    CheckConstraint("id = 1", name="one_row"),
)
"""One row, once the library's model is chosen."""

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
    Column("width", Integer),
    Column("height", Integer),
    Column("taken_at", Text),
    Column("failed_stage", Text),
    Column("failed_reason", Text),
    Column("failed_message", Text),
    CheckConstraint("length(digest) = 32", name="digest"),
    CheckConstraint("(failed_reason IS NULL) = (width IS NOT NULL)", name="decoded_or_failed"),
)
"""What is in a photo: decoded and described by the library's model, or failed for good."""

photo = Table(
    "photo",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("path", LargeBinary, nullable=False, unique=True),
    Column("size", Integer, nullable=False),
    Column("mtime_ns", Integer, nullable=False),
    Column("content_id", ForeignKey(content.c.id)),
    Column("failed_stage", Text),
    Column("failed_reason", Text),
    Column("failed_message", Text),
    Column("missing_since", Text),
    CheckConstraint("(failed_reason IS NULL) = (content_id IS NOT NULL)", name="read_or_failed"),
    Index(None, "content_id"),
)
"""A path. It has a content, or the reason why the file could not be read."""

face = Table(
    "face",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("content_id", ForeignKey(content.c.id, ondelete="CASCADE"), nullable=False),
    Column("x", Float, nullable=False),
    Column("y", Float, nullable=False),
    Column("w", Float, nullable=False),
    Column("h", Float, nullable=False),
    Column("landmarks", LargeBinary, nullable=False),
    Column("confidence", Float, nullable=False),
    Column("quality", Float, nullable=False),
    Column("quality_reasons", Text, nullable=False),
    Index(None, "content_id"),
    sqlite_autoincrement=True,  # the ids key the vector index too: none may ever be used twice
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
    Column("generation", Integer, nullable=False),
    Column("count", Integer, nullable=False),
    Column("digest", LargeBinary, nullable=False),
    Column("built_at", Text, nullable=False),
)
"""The manifest of the index file saved last, for each model."""

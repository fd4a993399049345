"""The tables of a library, and nothing else.

Paths are blobs, because a file name need not be text; times are ISO 8601 text. A photo is a path, a
content is what is in it: one content may be at many paths, and faces belong to the content.
A descriptor is written once and never changed in place: an index file that holds its face id holds
its vector.

Three kinds of table: what was found (content, photo, face, descriptor), what people decided (decision,
decision_face, forgotten), and what follows from the two and can be made anew at any time (person,
verdict, rejection from the decisions alone; cluster, cluster_face, recognised from descriptors too).

The tables in a file are made by the revisions in ``migrations``; a test holds the two together.
"""

from sqlalchemy import (
    BigInteger,
    Boolean,
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
    Column("previous_model", Text),
    CheckConstraint("id = 1", name="one_row"),
)
"""One row, once the library's model is chosen; a library that changed its model can go back."""

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
    Column("detector", Text),
    Column("decoder", Text),
    CheckConstraint("length(digest) = 32", name="digest"),
    CheckConstraint("(failed_reason IS NULL) = (width IS NOT NULL)", name="decoded_or_failed"),
)
"""What is in a photo: decoded and described by the library's model, or failed. ``decoder`` is the format with
its reader and that reader's version: a failed content is decoded again once another reader is installed.
``detector`` and ``decoder`` are null in rows of earlier revisions."""

photo = Table(
    "photo",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("path", LargeBinary, nullable=False, unique=True),
    Column("size", BigInteger, nullable=False),
    Column("mtime_ns", BigInteger, nullable=False),
    Column("content_id", ForeignKey(content.c.id)),
    Column("failed_stage", Text),
    Column("failed_reason", Text),
    Column("failed_message", Text),
    Column("missing_since", Text),
    Column("racy", Boolean(name="racy"), nullable=False, server_default="0"),
    Column("perhaps_moved", Boolean(name="perhaps_moved"), nullable=False, server_default="0"),
    CheckConstraint("(failed_reason IS NULL) = (content_id IS NOT NULL)", name="read_or_failed"),
    Index(None, "content_id"),
)
"""A path. It has a content, or the reason why the file could not be read. A racy one had been changed so
shortly before it was read that a later change may have left it the same size and time. One that perhaps moved
got a content that other paths had: once a crawl has looked for all of those, it is a copy, or has moved."""

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
    Column("count", Integer, nullable=False),
    Column("digest", LargeBinary, nullable=False),
    Column("previous", LargeBinary),
)
"""The index file saved last, for each model: how it keeps descriptors, of how many faces, its BLAKE3, and
that of the file before, which a crash may have left in place."""

decision = Table(
    "decision",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("uid", Text, nullable=False, unique=True),
    Column("made_at", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("person", Text),
    Column("other", Text),
    Column("name", Text),
    Column("target", Text),
    sqlite_autoincrement=True,  # people name a decision by its number when they undo it
)
"""The journal, in the order of the ids: appended to, and never changed but where a person is forgotten.

``uid`` names a decision in every library that it is imported into, ``person`` and ``other`` are keys of
persons, ``target`` is the uid of the decision that is undone. ``index.decisions.model`` has the kinds."""

decision_face = Table(
    "decision_face",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("decision_id", ForeignKey(decision.c.id, ondelete="CASCADE"), nullable=False),
    Column("digest", LargeBinary, nullable=False),
    Column("x", Float, nullable=False),
    Column("y", Float, nullable=False),
    Column("w", Float, nullable=False),
    Column("h", Float, nullable=False),
    CheckConstraint("length(digest) = 32", name="digest"),
    Index(None, "decision_id"),
    Index(None, "digest"),
)
"""The faces that a decision is about: the content's digest and the box, as it was found then."""

forgotten = Table(
    "forgotten",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("digest", LargeBinary, nullable=False),
    Column("x", Float, nullable=False),
    Column("y", Float, nullable=False),
    CheckConstraint("length(digest) = 32", name="digest"),
    Index(None, "digest"),
)
"""A point in a content, full-size pixels: a face whose box is about it is never to be described again."""

person = Table(
    "person",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("key", Text, nullable=False, unique=True),
    Column("name", Text, nullable=False),
    Column("hidden", Boolean(name="hidden"), nullable=False),
    sqlite_autoincrement=True,
)
"""The persons that the journal, replayed, knows of."""

verdict = Table(
    "verdict",
    metadata,
    Column("face_id", ForeignKey(face.c.id, ondelete="CASCADE"), primary_key=True),
    Column("status", Text, nullable=False),
    Column("person_id", ForeignKey(person.c.id, ondelete="CASCADE")),
    Column("decision_id", ForeignKey(decision.c.id, ondelete="CASCADE"), nullable=False),
    CheckConstraint("status IN ('confirmed', 'ignored', 'not-a-face')", name="status"),
    CheckConstraint("(status = 'confirmed') = (person_id IS NOT NULL)", name="person"),
    Index(None, "person_id"),
)
"""What was decided of a face, and by which decision: it is this person, a stranger, or no face."""

rejection = Table(
    "rejection",
    metadata,
    Column("face_id", ForeignKey(face.c.id, ondelete="CASCADE"), primary_key=True),
    Column("person_id", ForeignKey(person.c.id, ondelete="CASCADE"), primary_key=True),
    Column("decision_id", ForeignKey(decision.c.id, ondelete="CASCADE"), nullable=False),
)
"""Decided: this face is not this person."""

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
    Column("cluster_id", ForeignKey(cluster.c.id, ondelete="CASCADE")),
    Index(None, "cluster_id"),
)
"""Faces that look like one person. A decision about a face does not take it out: undone, it is back.
Without a cluster stands a face that was compared with all others, and looks like none of them."""

recognised = Table(
    "recognised",
    metadata,
    Column("face_id", ForeignKey(face.c.id, ondelete="CASCADE"), primary_key=True),
    Column("person_id", ForeignKey(person.c.id, ondelete="CASCADE"), nullable=False),
    Column("similarity", Float, nullable=False),
    Index(None, "person_id"),
)
"""Faces of which nobody decided anything and that look like a person, surely enough to be counted as it."""

grouping = Table(
    "grouping",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("model", Text, nullable=False),
    Column("accept", Float, nullable=False),
    Column("review", Float, nullable=False),
    Column("decided", LargeBinary, nullable=False),
    CheckConstraint("id = 1", name="one_row"),
)
"""What clusters and recognised faces were last made from: model, thresholds, a digest of the decisions."""

calibration = Table(
    "calibration",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("model", Text, nullable=False),
    Column("made_at", Text, nullable=False),
    Column("body", Text, nullable=False),
)
"""How similarity was found to relate to probability in this library; the newest of a model holds."""

projection = Table(
    "projection",
    metadata,
    Column("model", Text, primary_key=True),
    Column("base", Text, nullable=False),
    Column("made_at", Text, nullable=False),
    Column("rows", Integer, nullable=False),
    Column("columns", Integer, nullable=False),
    Column("matrix", LargeBinary, nullable=False),
    Column("report", Text, nullable=False),
)
"""Models of this library alone: the descriptors of a base model, times a learned matrix."""

"""The tables of a library, which the revisions in ``migrations`` create; a test compares the two.

Paths are blobs, because a file name need not be text; times are ISO 8601 text. Descriptors never change: an
index file that holds a face id holds its vector. Tables hold what was found (content, film, detection,
file_digest, photo, sibling, left_out, stored_face, tracklet, other_face, descriptor, same_face), what people
decided (decision, decision_face, decision_photo, forgotten), or what is rebuilt from these. Queries read
``face``, a part of ``stored_face``.
"""

from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    ColumnElement,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    exists,
    select,
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


BOX = ("x", "y", "w", "h", "moment")
"""The columns of a ``pipeline.values.Box``, in its order; ``moment`` is null in photos."""

library = Table(
    "library",
    metadata,
    Column("id", Integer, primary_key=True),
    *_required(Text, "model", "created_at"),
    Column("previous_model", Text),
    Column("detector", Text, nullable=False, server_default="mtcnn"),
    Column("raw_files", Text, nullable=False, server_default="developed"),
    Column("motion", Boolean, nullable=False, server_default="0"),
    CheckConstraint("id = 1", name="one_row"),
)
"""One row, once the library's model is chosen; ``previous_model`` allows a way back. ``detector`` is the
name of the one that looks at photos, without its options. ``raw_files``: which camera raw files are read,
``developed`` for those without a photo made from them, or ``both``; ``motion``: films of photos are read."""

root = Table(
    "root",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("path", LargeBinary, nullable=False, unique=True),
    Column("reached_as", LargeBinary),
    Column("forgotten", Boolean, nullable=False, server_default="0"),
)
"""Folders that are scanned, or were until they were ``forgotten``. ``reached_as`` is the path by which the
photos of one are known, if it is another path: the folder is the same as another root, or lies in it."""

content = Table(
    "content",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("digest", LargeBinary, nullable=False, unique=True),
    *_optional(Integer, "width", "height"),
    Column("taken_at", Text, index=True),
    *_optional(Text, "failed_stage", "failed_reason", "failed_message", "detector", "decoder", "note"),
    Column("taken_from", Text),
    Column("live_photo", Text, index=True),
    CheckConstraint("length(digest) = 32", name="digest"),
    CheckConstraint("(failed_reason IS NULL) = (width IS NOT NULL)", name="decoded_or_failed"),
)
"""What is in a photo: decoded and described by the library's model, or failed. ``decoder`` is the format, its
reader and the reader's version, so that another one retries failed contents. ``detector`` and ``decoder`` are
null in rows of earlier revisions. ``note`` says what of a decoded file is missing, as its last lines.
``taken_from`` is a ``DateSource``, or ``none`` if no source has a date; null where only EXIF was looked at,
before 0008. ``live_photo`` identifies a photo and its film."""

film = Table(
    "film",
    metadata,
    Column("content_id", ForeignKey(content.c.id, ondelete="CASCADE"), primary_key=True),
    *_required(Float, "duration", "per_second"),
    Column("until", Float),
)
"""The contents that are films, or photos with one: seconds, and how many frames a second were looked at, at
most. ``until``: how far it was looked at, null if to its end."""

detection = Table(
    "detection",
    metadata,
    Column("content_id", ForeignKey(content.c.id, ondelete="CASCADE"), primary_key=True),
    Column("detector", Text, primary_key=True),
)
"""Contents that another detector than ``content.detector`` has looked at since, perhaps without a face."""

file_digest = Table(
    "file_digest",
    metadata,
    Column("digest", LargeBinary, primary_key=True),
    Column("picture", LargeBinary, nullable=False, index=True),
    CheckConstraint("length(digest) = 32 AND length(picture) = 32", name="digests"),
)
"""The digest of the picture in each file, by the digest of the file. Files that differ in metadata alone have
one picture; the first of them that was read names the content. Files read before 0005 have no row."""

photo = Table(
    "photo",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("path", LargeBinary, nullable=False, unique=True),
    *_required(BigInteger, "size", "mtime_ns"),
    Column("content_id", ForeignKey(content.c.id)),
    *_optional(Text, "failed_stage", "failed_reason", "failed_message", "missing_since"),
    Column("racy", Boolean, nullable=False, server_default="0"),
    Column("perhaps_moved", Boolean, nullable=False, server_default="0"),
    Column("sidecar", Text),
    Index(None, "content_id", "missing_since"),  # which contents are missing, without reading photos
    CheckConstraint("failed_reason IS NOT NULL OR content_id IS NOT NULL", name="read_or_failed"),
)
"""A path, with its content, or the reason why it could not be read, or both: then the content is the last one
that could be. ``racy``: read so soon after a change that
a later one may have left size and time the same. ``perhaps_moved``: has a content of earlier paths, and is a
copy or has moved, which a complete crawl decides. ``sidecar`` is the stamp of the XMP file beside
it, when the photo was last read."""

sibling = Table(
    "sibling",
    metadata,
    Column("path", LargeBinary, primary_key=True),
    Column("photo_id", ForeignKey(photo.c.id, ondelete="CASCADE"), nullable=False, index=True),
    Column("kind", Text, nullable=False),
)
"""Paths that are not read, because they are one photo with another path: camera raw, or the film of a live
photo."""

left_out = Table(
    "left_out",
    metadata,
    Column("path", LargeBinary, primary_key=True),
    *_required(BigInteger, "size", "mtime_ns"),
    Column("kind", Text, nullable=False),
    *_optional(Text, "needs", "decoder"),
)
"""Files that are no photos, or that nothing here reads, so that no scan opens them again: what each is, and
the extra that would read it, or null. ``decoder`` is as in ``content``, null of what is no file."""

stored_face = Table(
    "face",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("content_id", ForeignKey(content.c.id, ondelete="CASCADE"), nullable=False, index=True),
    *_required(Float, "x", "y", "w", "h"),
    Column("landmarks", LargeBinary, nullable=False),
    *_required(Float, "confidence", "quality"),
    Column("quality_reasons", Text, nullable=False),
    Column("detector", Text),
    Column("moment", Float),
    sqlite_autoincrement=True,  # ids are keys of the vector index too, and are never reused
)
"""All faces. ``detector`` found a face if it is not null, else the detector of the content did; ``DRAWN`` is
a person, who drew the box. Without landmarks, which are then empty, no model describes the face."""

NOT_LOOKED_AT, WITHOUT_LANDMARKS = "not-looked-at", "no-landmarks"
"""Reasons for the quality 0 of a drawn face that is not described: its photo has not been looked at for
landmarks yet, or none were found."""

DRAWN = "drawn"
"""The ``detector`` of faces that somebody drew. Each has a row in ``other_face``, and is ``kept`` while the
decision that drew it holds, and the content's own detector has no face there."""

tracklet = Table(
    "tracklet",
    metadata,
    Column("face_id", ForeignKey(stored_face.c.id, ondelete="CASCADE"), primary_key=True),
    *_required(Float, "start", "end"),
    Column("track", LargeBinary, nullable=False),
)
"""When a film shows a face, in seconds, and where: a ``pipeline.values.Appearance``, ``track`` as ``<f4``.
The face itself is that of the best frame, at ``moment``."""

other_face = Table(
    "other_face",
    metadata,
    Column("face_id", ForeignKey(stored_face.c.id, ondelete="CASCADE"), primary_key=True),
    Column("kept", Boolean, nullable=False, server_default="0", index=True),
)
"""Faces by another detector than the one whose faces their content shows, and all faces that people drew.
Only a ``kept`` one is shown too: a decision is about it, and about no face of that detector."""


def is_shown(face_id: ColumnElement[int]) -> ColumnElement[bool]:
    """Select ids of faces that are no hidden faces of another detector."""
    return ~exists().where(other_face.c.face_id == face_id, ~other_face.c.kept)


face = select(stored_face).where(is_shown(stored_face.c.id)).subquery("face")
"""The faces that a library shows: what queries read."""

descriptor = Table(
    "descriptor",
    metadata,
    Column("face_id", ForeignKey(stored_face.c.id, ondelete="CASCADE"), primary_key=True),
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
"""For each model, how the index file saved last stores descriptors, its face count and BLAKE3, and the BLAKE3
of the previous file, which a crash may have left in place."""

decision = Table(
    "decision",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("uid", Text, nullable=False, unique=True),
    *_required(Text, "made_at", "kind"),
    Column("person", Text),
    Column("other", Text, index=True),
    Column("name", Text),
    Column("target", Text, index=True),
    *_optional(Text, "source", "date"),
    Index(None, "person", "kind"),
    sqlite_autoincrement=True,  # people undo a decision by its number
)
"""The journal, by rising id: rows are only appended, or redacted if a person is forgotten. ``uid`` names a
decision in every library, ``person`` and ``other`` are keys, ``target`` is the uid of the undone decision;
``source`` is what it was made by, null before 0009, ``date`` a date of birth. ``index.decisions.model``
defines the kinds."""

decision_face = Table(
    "decision_face",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("decision_id", ForeignKey(decision.c.id, ondelete="CASCADE"), nullable=False, index=True),
    Column("digest", LargeBinary, nullable=False, index=True),
    *_required(Float, "x", "y", "w", "h"),
    Column("moment", Float),
    CheckConstraint("length(digest) = 32", name="digest"),
)
"""The faces that a decision names: content digest and box when decided."""

decision_photo = Table(
    "decision_photo",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("decision_id", ForeignKey(decision.c.id, ondelete="CASCADE"), nullable=False, index=True),
    Column("digest", LargeBinary, nullable=False, index=True),
    CheckConstraint("length(digest) = 32", name="digest"),
)
"""The photos that a decision names, by the digest of the content."""

same_face = Table(
    "same_face",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("digest", LargeBinary, nullable=False, index=True),
    *_required(Float, "x", "y", "w", "h"),
    Column("later_digest", LargeBinary, nullable=False, index=True),
    *_required(Float, "later_x", "later_y", "later_w", "later_h", "similarity"),
    Column("certain", Boolean, nullable=False),
    *_optional(Float, "moment", "later_moment"),
    CheckConstraint("length(digest) = 32 AND length(later_digest) = 32", name="digests"),
)
"""Faces of a content that replaced another one in its file, each with the earlier face that it is, or may be:
only if it is ``certain`` do decisions about the one apply to the other. Empty boxes: the photos are one."""

forgotten = Table(
    "forgotten",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("digest", LargeBinary, nullable=False, index=True),
    *_required(Float, "x", "y"),
    Column("moment", Float),
    CheckConstraint("length(digest) = 32", name="digest"),
)
"""Tombstones: a face whose box contains one, in full-size pixels of the content, is never recorded; in a
film, a face that is there at the ``moment``."""

person = Table(
    "person",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("key", Text, nullable=False, unique=True),
    Column("name", Text, nullable=False),
    Column("hidden", Boolean, nullable=False),
    Column("named", Integer, nullable=False, server_default="0"),
    Column("born", Text),
    sqlite_autoincrement=True,
)
"""The persons known from the journal. ``named`` is the number of the decision since which each has its name;
0 where it had it before 0005. ``born`` is a day, month or year in ISO 8601."""

verdict = Table(
    "verdict",
    metadata,
    Column("face_id", ForeignKey(stored_face.c.id, ondelete="CASCADE"), primary_key=True),
    Column("status", Text, nullable=False),
    Column("person_id", ForeignKey(person.c.id, ondelete="CASCADE"), index=True),
    Column("decision_id", ForeignKey(decision.c.id, ondelete="CASCADE"), nullable=False, index=True),
    Column("edited", Boolean, nullable=False, server_default="0"),
    CheckConstraint("status IN ('confirmed', 'ignored', 'not-a-face')", name="status"),
    CheckConstraint("(status = 'confirmed') = (person_id IS NOT NULL)", name="person"),
    Index(None, "status", "decision_id"),
)
"""The last decision about a face: it is this person, a stranger, or no face. ``edited``: the decision names
the face in an earlier or later content of its file."""

rejection = Table(
    "rejection",
    metadata,
    Column("face_id", ForeignKey(stored_face.c.id, ondelete="CASCADE"), primary_key=True),
    Column("person_id", ForeignKey(person.c.id, ondelete="CASCADE"), primary_key=True, index=True),
    Column("decision_id", ForeignKey(decision.c.id, ondelete="CASCADE"), nullable=False),
)
"""Decisions that a face is not a person."""

portrait = Table(
    "portrait",
    metadata,
    Column("face_id", ForeignKey(stored_face.c.id, ondelete="CASCADE"), primary_key=True),
    Column("person_id", ForeignKey(person.c.id, ondelete="CASCADE"), primary_key=True, index=True),
    Column("decision_id", ForeignKey(decision.c.id, ondelete="CASCADE"), nullable=False),
)
"""Decisions that a face is shown for a person, in each content that shows the face. No decision says that the
face is nobody or somebody else; what is recognised may say so."""

in_photo = Table(
    "in_photo",
    metadata,
    Column("content_id", ForeignKey(content.c.id, ondelete="CASCADE"), primary_key=True),
    Column("person_id", ForeignKey(person.c.id, ondelete="CASCADE"), primary_key=True, index=True),
    Column("decision_id", ForeignKey(decision.c.id, ondelete="CASCADE"), nullable=False),
)
"""Decisions that a person is in a photo, without a face."""

apart = Table(
    "apart",
    metadata,
    Column("person_id", ForeignKey(person.c.id, ondelete="CASCADE"), primary_key=True),
    Column("other_id", ForeignKey(person.c.id, ondelete="CASCADE"), primary_key=True, index=True),
    Column("decision_id", ForeignKey(decision.c.id, ondelete="CASCADE"), nullable=False),
    CheckConstraint("person_id < other_id", name="order"),
)
"""Decisions that two persons are not one."""

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
    Column("face_id", ForeignKey(stored_face.c.id, ondelete="CASCADE"), primary_key=True),
    Column("cluster_id", ForeignKey(cluster.c.id, ondelete="CASCADE"), index=True),
)
"""Faces that look like one person, decided ones included. The cluster is null for a face that was compared
with all others and looks like none of them."""

recognised = Table(
    "recognised",
    metadata,
    Column("face_id", ForeignKey(stored_face.c.id, ondelete="CASCADE"), primary_key=True),
    Column("person_id", ForeignKey(person.c.id, ondelete="CASCADE"), nullable=False, index=True),
    Column("similarity", Float, nullable=False),
)
"""Faces without a decision that are similar enough to a person to count as that person."""

likeness = Table(
    "likeness",
    metadata,
    Column("face_id", ForeignKey(stored_face.c.id, ondelete="CASCADE"), primary_key=True),
    Column("person_id", Integer, primary_key=True, autoincrement=False, index=True),
    *_required(Float, "similarity", "nearest"),
    sqlite_with_rowid=False,
)
"""The persons whom each described face is like, except the one whom it is confirmed as: its similarity to the
person, and to the nearest confirmed face, where these may matter (``index.recognition.judging``). Rows of
persons who are gone stay until the faces are judged again."""

changed = Table(
    "changed",
    metadata,
    Column("face_id", Integer, primary_key=True, autoincrement=False),
    Column("person_id", BigInteger, primary_key=True, autoincrement=False),
    sqlite_with_rowid=False,
)
"""What decisions changed since faces were last judged: the faces, each with the persons whom it was or is
confirmed as; with those for whom it was or is rejected, as negative ids; with 0 if it was or is ignored; and
with 2^62 if it was or is no face, which concerns itself alone. All may be gone. Triggers write the rows
whenever one of ``verdict`` or ``rejection`` is inserted or deleted; those are never updated. A photo that
turns out to be of another year marks its confirmed faces, with both the person and 2^62."""

grouping = Table(
    "grouping",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("model", Text, nullable=False),
    *_required(Float, "accept", "review"),
    Column("reliable", Integer, nullable=False),
    CheckConstraint("id = 1", name="one_row"),
)
"""By what faces were last judged: the model, its thresholds, and the number of reliable faces for which the
similarity of two faces of one cluster was chosen. No row: all faces must be judged."""

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

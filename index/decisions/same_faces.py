"""Which contents show one picture, and which faces of two contents of one file are one face.

Decisions name faces in contents. What a decision says holds for the same face in all of them: in files that
differ in metadata alone, in a file before and after it was edited, in one content that two detectors looked
at, whose boxes of a face differ much, and in a film at all moments of a tracklet. These are facts that a scan
found, and no decisions; without a decision they have no effect. All functions work in a transaction of the
caller.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import asdict, dataclass, field
from typing import Any

from sqlalchemy import ColumnElement, Connection, delete, exists, insert, or_, select

from index.decisions.face_overlap import SAME_FACE, overlap
from index.decisions.model import FaceKey
from index.decisions.tracklets import read_tracklets
from index.store.schema import BOX, content, decision_face, decision_photo, file_digest, film, same_face
from index.store.statements import in_chunks, insert_new, is_one_of
from pipeline.values import Box

_CHUNK = 500
"""Digests in one statement."""

_named = file_digest.alias("named")


class Pictures(dict[bytes, bytes]):
    """By the digest of a file, that of its picture; only files that share it with another one.

    What is not in it is returned itself: the only file of a picture stands for it.
    """

    def __missing__(self, digest: bytes) -> bytes:
        return digest


@dataclass(frozen=True, slots=True)
class SameFace:
    """A face, and the ``later`` one in the content that replaced its own in a file, or by a later detector.

    Attributes:
        similarity: Cosine of their descriptors, -1 to 1.
        certain: They are one face; else a person must say so.
    """

    earlier: FaceKey
    later: FaceKey
    similarity: float
    certain: bool


@dataclass(frozen=True, slots=True)
class SameFaces:
    """What is one, among the contents that decisions name and those that follow from them.

    Attributes:
        links: Faces before and after edits.
    """

    pictures: Pictures = field(default_factory=Pictures)
    links: tuple[SameFace, ...] = ()

    def versions(self, face: FaceKey) -> list[FaceKey]:
        """Return a face, and the same face before and after each edit of its photo."""
        found = [face]
        for each in found:
            for link in filter(lambda link: link.certain, self.links):
                for one, other in ((link.earlier, link.later), (link.later, link.earlier)):
                    if self.are_one(one, each) and not any(self.are_one(other, known) for known in found):
                        found.append(other)
        return found

    def are_one(self, one: FaceKey, other: FaceKey) -> bool:
        """Tell whether two keys name one face of one picture."""
        same = self.pictures[one.digest] == self.pictures[other.digest]
        return same and overlap(one.box, other.box) > SAME_FACE

    @property
    def digests(self) -> Set[bytes]:
        """The digests of the contents to which a decision may apply that does not name them."""
        ends = (face.digest for link in self.links for face in (link.earlier, link.later))
        return self.pictures.keys() | set(ends)


class PhotoVersions:
    """Names each photo by one of its contents: it has several if files share a picture, or it was edited.

    It was edited if a face of it is certainly one with a face of the content that replaced it.
    """

    def __init__(self, same: SameFaces) -> None:
        self._pictures = same.pictures
        self._first: dict[bytes, bytes] = {}
        for link in same.links:
            if link.certain:
                one, other = sorted((self[link.earlier.digest], self[link.later.digest]))
                if one != other:
                    self._first[other] = one

    def __getitem__(self, digest: bytes) -> bytes:
        picture = self._pictures[digest]
        while picture in self._first:
            picture = self._first[picture]
        return picture


def pictures_of(connection: Connection, digests: Iterable[bytes]) -> Pictures:
    """Read the pictures of some files that others show too, and of those."""
    found = Pictures()
    for chunk in in_chunks(sorted(set(digests)), _CHUNK):
        found.update(_pictures(connection, _named.c.digest.in_(chunk)))
    return found


def read_pictures(connection: Connection, digests: Sequence[bytes]) -> dict[bytes, bytes]:
    """Read the pictures of some files, by the digest of the file."""
    query = select(file_digest.c.digest, file_digest.c.picture)
    chunks = (query.where(file_digest.c.digest.in_(chunk)) for chunk in in_chunks(digests, _CHUNK))
    return {row.digest: row.picture for chunk in chunks for row in connection.execute(chunk)}


def read_same_faces(connection: Connection) -> SameFaces:
    """Read what is one among the contents that decisions name, and those that follow."""
    of_faces, columns = select(decision_face.c.digest), same_face.c
    named = of_faces.union(select(decision_photo.c.digest))
    pictures = Pictures(_pictures(connection, _named.c.digest.in_(named)))
    links = dict(_links(connection, or_(columns.digest.in_(named), columns.later_digest.in_(named))))
    found = _followed(connection, pictures, links, SameFaces(pictures, tuple(links.values())).digests)
    in_films = set(connection.scalars(of_faces.where(decision_face.c.moment.is_not(None))))
    return _with_tracks(connection, found, in_films)


def same_faces_of(connection: Connection, digests: Iterable[bytes]) -> SameFaces:
    """Read what is one among some contents, and those that follow."""
    digests = set(digests)
    found = _followed(connection, Pictures(), {}, digests)
    return _with_tracks(connection, found, digests | found.digests)


def _followed(
    connection: Connection, pictures: Pictures, links: dict[int, SameFace], digests: Iterable[bytes]
) -> SameFaces:
    """Read on from content to content, from some on, until nothing new follows."""
    read, fresh, columns = set[bytes](), set(digests), same_face.c
    while fresh := fresh - read:
        read |= fresh
        found = pictures_of(connection, fresh)
        pictures.update(found)
        chosen, fresh = sorted(fresh), set(found)
        for end in (columns.digest, columns.later_digest):
            for chunk in in_chunks(chosen, _CHUNK):
                more = dict(_links(connection, end.in_(chunk)))
                links |= more
                fresh |= {face.digest for link in more.values() for face in (link.earlier, link.later)}
    return SameFaces(pictures, tuple(links[each] for each in sorted(links)))


def _with_tracks(connection: Connection, found: SameFaces, digests: Set[bytes]) -> SameFaces:
    """Add which tracklets the decisions about some films name; one may be named at several moments."""
    if connection.scalar(select(film.c.content_id).limit(1)) is None:
        return found
    columns, links = decision_face.c, []
    named = select(columns.digest, *(columns[name] for name in BOX)).where(columns.moment.is_not(None))
    for chunk in in_chunks(sorted(digests), _CHUNK):
        rows = connection.execute(named.where(columns.digest.in_(chunk)).distinct()).all()
        keys = [FaceKey(digest, Box(*box)) for digest, *box in rows]
        tracklets = read_tracklets(connection, found.digests | {key.digest for key in keys}) if keys else []
        for key in keys:
            picture = found.pictures[key.digest]
            there = [
                each
                for each in tracklets
                if found.pictures[each.key.digest] == picture and each.overlap(key.box) > SAME_FACE
            ]
            # Several detectors may have found it. Before and after a tracklet there may be somebody else.
            within = [each for each in there if each.is_within(key.box)]
            there = within or sorted(there, key=lambda each: each.overlap(key.box))[-1:]
            links += [SameFace(key, each.key, 1.0, certain=True) for each in there if each.key != key]
    return SameFaces(found.pictures, (*found.links, *links)) if links else found


def add_same_faces(connection: Connection, found: Iterable[SameFace]) -> None:
    """Add pairs of faces, except those that are known."""
    for each in found:
        row = _row(each)
        is_known = (same_face.c[name].is_not_distinct_from(value) for name, value in row.items())
        known = select(same_face.c.id).where(*is_known)
        if connection.scalar(known.limit(1)) is None:
            values = {**row, "similarity": each.similarity, "certain": each.certain}
            connection.execute(insert(same_face).values(values))


def add_pictures(connection: Connection, pictures: Mapping[bytes, bytes]) -> None:
    """Add the pictures of files, by the digest of the file."""
    insert_new(connection, file_digest, [{"digest": d, "picture": p} for d, p in pictures.items()])


def remove_same_faces(
    connection: Connection, digests: Iterable[bytes], is_removed: Callable[[FaceKey], bool]
) -> None:
    """Delete the pairs that have a certain face; ``digests`` are those of such faces."""
    columns = same_face.c
    for chunk in in_chunks(sorted(set(digests)), _CHUNK):
        ends = or_(columns.digest.in_(chunk), columns.later_digest.in_(chunk))
        rows = connection.execute(select(same_face).where(ends)).all()
        pairs = {row.id: same_face_of(row) for row in rows}
        gone = [each for each, pair in pairs.items() if is_removed(pair.earlier) or is_removed(pair.later)]
        connection.execute(delete(same_face).where(is_one_of(columns.id, gone)))


def forget_contents(connection: Connection, digests: Sequence[bytes]) -> None:
    """Delete what is known of contents that are gone, by digest, unless decisions name or need it."""
    other = file_digest.alias()
    shown = select(content.c.id).join(other, other.c.digest == content.c.digest)
    is_shown = shown.where(other.c.picture == file_digest.c.picture).exists()
    is_named = _is_named(file_digest.c.digest)
    for chunk in in_chunks(digests, _CHUNK):
        pictures = select(file_digest.c.picture).where(file_digest.c.digest.in_(chunk), ~is_shown)
        gone = file_digest.c.picture.in_(connection.scalars(pictures).all())
        connection.execute(delete(file_digest).where(gone, ~is_named))
    while any(_cut_links(connection, chunk) for chunk in in_chunks(digests, _CHUNK)):
        pass


def _cut_links(connection: Connection, digests: Sequence[bytes]) -> int:
    """Delete the links at the ends of chains that these contents are; return how many.

    One in the middle may join a decision to a face that is there.
    """
    columns, link, cut = same_face.c, same_face.alias(), 0
    is_edit = link.c.digest != link.c.later_digest
    for end, next_end in ((columns.digest, link.c.later_digest), (columns.later_digest, link.c.digest)):
        goes_on = or_(exists().where(next_end == end, is_edit), _is_named(end))
        cut += connection.execute(delete(same_face).where(end.in_(digests), ~goes_on)).rowcount
    return cut


def _is_named(digest: ColumnElement[bytes]) -> ColumnElement[bool]:
    """Select digests of contents that decisions name."""
    return or_(*(exists().where(table.c.digest == digest) for table in (decision_face, decision_photo)))


def _row(pair: SameFace) -> dict[str, object]:
    """Return the columns that identify a pair."""
    row: dict[str, object] = {}
    for prefix, face in (("", pair.earlier), ("later_", pair.later)):
        row[f"{prefix}digest"] = face.digest
        row.update({f"{prefix}{name}": value for name, value in asdict(face.box).items()})
    return row


def _pictures(connection: Connection, condition: ColumnElement[bool]) -> Iterator[tuple[bytes, bytes]]:
    """Read pictures that several files show, if one of these meets the condition on ``_named``."""
    other, every = file_digest.alias(), file_digest.alias()
    is_shared = exists().where(other.c.picture == _named.c.picture, other.c.digest != _named.c.digest)
    query = select(every.c.digest, every.c.picture).join(_named, _named.c.picture == every.c.picture)
    return ((row.digest, row.picture) for row in connection.execute(query.where(condition, is_shared)))


def _links(connection: Connection, condition: ColumnElement[bool]) -> Iterator[tuple[int, SameFace]]:
    for row in connection.execute(select(same_face).where(condition)):
        yield row.id, same_face_of(row)


def same_face_of(row: Any) -> SameFace:
    """Make the value of a row of the table ``same_face``."""
    earlier, later = (Box(*(getattr(row, prefix + name) for name in BOX)) for prefix in ("", "later_"))
    return SameFace(
        FaceKey(row.digest, earlier), FaceKey(row.later_digest, later), row.similarity, row.certain
    )

"""Lists the folders and files that are scanned, records the new place of one, and removes one."""

import os
from collections.abc import Sequence

from faceindex.errors import BadRequest, FaceindexError
from faceindex.results import RootReport
from faceindex.scanning.availability import too_many, unreachable
from faceindex.session import Session
from index.paths import is_inside
from index.photos.photo_roots import Roots
from index.values import Moved, StoredPhoto
from pipeline.errors import PhotoError
from pipeline.sources.photo_file_access import OpenPhoto
from pipeline.values import PhotoFile

_SAMPLE = 20
"""The number of photos compared by content if times of change differ, as after a copy without times."""


def list_roots(session: Session) -> tuple[RootReport, ...]:
    """Return every root with its numbers of photos, in the order in which they were added."""
    return tuple(RootReport(each, unreachable(each.path)) for each in Roots(session.database).figures())


def move_root(session: Session, old: bytes, new: bytes, *, dry_run: bool = False) -> Moved:
    """Record that a root, an absolute path, has moved with all its photos; with ``dry_run``, only check that.

    Raises:
        BadRequest: There is no such root, or one place lies in the other.
        FaceindexError: The photos are not at the new place. Nothing is changed.
    """
    if is_inside(old, {new}) or is_inside(new, {old}):
        raise BadRequest("One folder is inside the other: a scan finds moves within a folder by itself.")
    _check_is_root(session, old)
    roots = Roots(session.database)
    photos = roots.photos_under(old)
    _check_are_there(photos, old, new)
    return Moved(len(photos), 0) if dry_run else roots.move(old, new)


def forget_root(session: Session, path: bytes, *, dry_run: bool = False) -> int:
    """Remove a root, and mark its photos as missing; see ``Roots.forget``.

    Raises:
        BadRequest: There is no such root.
    """
    _check_is_root(session, path)
    return Roots(session.database).forget(path, dry_run=dry_run)


def _check_is_root(session: Session, path: bytes) -> None:
    if path not in session.catalog.roots():
        name = os.fsdecode(path)
        raise BadRequest(f"{name} is not one of the library's folders: see 'faceindex roots list'.")


def _check_are_there(photos: Sequence[StoredPhoto], old: bytes, new: bytes) -> None:
    """Check that the new place holds the photos, by size and time, or by the content of a sample."""
    reason = unreachable(new)
    if reason is not None:
        raise FaceindexError(f"{os.fsdecode(new)} cannot be scanned: {reason}. Nothing was changed.")
    alike, other_time = 0, []
    for photo in photos:
        path = new + photo.path[len(old) :]
        try:
            found = os.stat(path)
        except OSError:
            continue
        if found.st_size != photo.size:
            continue
        alike += 1
        if found.st_mtime_ns != photo.mtime_ns and photo.digest is not None:
            other_time.append((PhotoFile(path, found.st_size, found.st_mtime_ns), photo.digest))
    if too_many(len(photos) - alike, len(photos)) or (photos and not alike):
        raise FaceindexError(
            f"{os.fsdecode(new)} holds only {alike:,} of the {len(photos):,} photos of {os.fsdecode(old)}: "
            "nothing was changed."
        )
    for file, digest in other_time[:: -(-len(other_time) // _SAMPLE) or 1]:
        _check_content(file, digest)


def _check_content(file: PhotoFile, digest: bytes) -> None:
    try:
        with OpenPhoto(file) as photo:
            same = photo.digest() == digest
    except PhotoError as error:
        raise FaceindexError(f"{os.fsdecode(file.path)}: {error.message}. Nothing was changed.") from error
    if not same:
        name = os.fsdecode(file.path)
        raise FaceindexError(f"{name} is not the photo that was known by its old name: nothing was changed.")

"""The folders and files that are scanned: whether they are there, and whether they are what they were.

A disk that is not mounted looks like a folder from which everything was deleted. This module tells the
two apart as well as can be, and makes known where a root has moved to. It knows no pixels.
"""

import os
import stat
from collections.abc import Mapping, Sequence, Set

from faceindex.errors import BadRequest, FaceindexError, explained
from faceindex.results import Refusal, RootReport
from faceindex.session import Session
from index.paths import is_inside
from index.photos.photo_roots import Roots
from index.values import Moved, RootLoss, StoredPhoto
from pipeline.errors import PhotoError
from pipeline.sources.photo_file_access import OpenPhoto
from pipeline.values import PhotoFile

SHARE = 1 / 5
"""Of its photos, a root that has lost more at once is not believed to have lost them."""

FEW = 2
"""So many may go at once from the smallest root, unless they were all."""

SAMPLE = 20
"""Photos whose content is compared where times of change say nothing, as after a copy without them."""


def unreachable(root: bytes) -> str | None:
    """Why a folder or file cannot be scanned; ``None`` where it can."""
    try:
        mode = os.stat(root).st_mode
        if stat.S_ISDIR(mode):
            os.scandir(root).close()  # it may be there, and still not be for this user, or not answer
    except OSError as error:
        return (error.strerror or str(error)).lower()
    if stat.S_ISDIR(mode) or stat.S_ISREG(mode):
        return None
    return "it is neither a folder nor a regular file"


def refusals(
    losses: Sequence[RootLoss], seen: Set[bytes], reasons: Mapping[bytes, str | None]
) -> tuple[Refusal, ...]:
    """The roots whose losses are not believed.

    A root that cannot be scanned has lost nothing, unless it was a single photo, in a folder that is there.

    Args:
        losses: What a scan did not meet, after all that it met was recorded: what moved is not lost.
        seen: The paths that it met.
        reasons: Why each root cannot be scanned, ``None`` where it can.
    """
    return tuple(
        Refusal(loss.root, loss.known, loss.lost, reasons[loss.root])
        for loss in losses
        if loss.lost and _is_refused(loss, seen, is_there=reasons[loss.root] is None)
    )


def _is_refused(loss: RootLoss, seen: Set[bytes], *, is_there: bool) -> bool:
    if not is_there:
        return not (loss.is_photo and os.path.isdir(os.path.dirname(loss.root)))
    if loss.lost > max(FEW, loss.known * SHARE):
        return True
    return loss.lost == loss.known and not any(is_inside(path, {loss.root}) for path in seen)


def list_roots(session: Session) -> tuple[RootReport, ...]:
    """Every root, with its photos, in the order in which they were first named."""
    with explained():
        figures = Roots(session.database).figures()
    return tuple(RootReport(each, unreachable(each.path)) for each in figures)


def move_root(session: Session, old: bytes, new: bytes, *, dry_run: bool = False) -> Moved:
    """Make known that a root, with all its photos, is at another place now.

    Args:
        session: Open to write.
        old: Absolute path of the root, as it was.
        new: Absolute path of the same folder, as it is.
        dry_run: Only look whether that may be.

    Raises:
        BadRequest: There is no such root, or one place lies in the other.
        FaceindexError: The photos are not at the new place; nothing is changed.
    """
    if is_inside(old, {new}) or is_inside(new, {old}):
        raise BadRequest("One place lies in the other: a scan finds moves within a folder by itself.")
    with explained():
        roots = Roots(session.database)
        _check_is_root(roots, old)
        photos = roots.photos_under(old)
        _check_are_there(photos, old, new)
        return Moved(len(photos), 0) if dry_run else roots.move(old, new)


def forget_root(session: Session, path: bytes, *, dry_run: bool = False) -> int:
    """Scan a root no more. Its photos count as missing from now, unless another root holds them.

    Args:
        session: Open to write.
        path: Absolute path of the root.
        dry_run: Only count.

    Returns:
        How many photos are missing by that.

    Raises:
        BadRequest: There is no such root.
    """
    with explained():
        roots = Roots(session.database)
        _check_is_root(roots, path)
        return roots.forget(path, dry_run=dry_run)


def _check_is_root(roots: Roots, path: bytes) -> None:
    if path not in {each.path for each in roots.figures()}:
        raise BadRequest(f"{os.fsdecode(path)} is none of the library's folders: see 'faceindex roots list'.")


def _check_are_there(photos: Sequence[StoredPhoto], old: bytes, new: bytes) -> None:
    """See that a place holds the photos of another: by size and time, or by the content of a sample."""
    reason = unreachable(new)
    if reason is not None:
        raise FaceindexError(f"{os.fsdecode(new)} cannot be scanned: {reason}. Nothing was changed.")
    alike, doubtful = 0, []
    for photo in photos:
        file = _file(new + photo.path[len(old) :])
        if file is None or file.size != photo.size:
            continue
        alike += 1
        if file.mtime_ns != photo.mtime_ns and photo.digest is not None:
            doubtful.append((file, photo.digest))
    if len(photos) - alike > max(FEW, len(photos) * SHARE) or (photos and not alike):
        raise FaceindexError(
            f"{os.fsdecode(new)} holds only {alike:,} of the {len(photos):,} photos of {os.fsdecode(old)}: "
            "nothing was changed."
        )
    for file, digest in doubtful[:: -(-len(doubtful) // SAMPLE) or 1]:
        _check_content(file, digest)


def _file(path: bytes) -> PhotoFile | None:
    try:
        found = os.stat(path)
    except OSError:
        return None
    return PhotoFile(path, found.st_size, found.st_mtime_ns)


def _check_content(file: PhotoFile, digest: bytes) -> None:
    try:
        with OpenPhoto(file) as photo:
            same = photo.digest() == digest
    except PhotoError as error:
        raise FaceindexError(f"{os.fsdecode(file.path)}: {error.message}. Nothing was changed.") from error
    if not same:
        raise FaceindexError(
            f"{os.fsdecode(file.path)} is another photo than the one known under its old name: "
            "nothing was changed."
        )

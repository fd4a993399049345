"""Decides whether roots can be scanned, and whether photos that a scan did not see are gone.

A disk that is not mounted looks like a folder from which everything was deleted. So a root that lost many
photos at once keeps them, until the user says that they are gone.
"""

import os
import stat
from collections.abc import Collection, Mapping, Sequence

from faceindex.results import Refusal
from index.paths import is_inside
from index.photos.presence import Crawled
from index.values import RootLoss

_SHARE = 1 / 5
"""A root that lost more than this share of its photos at once keeps them."""

_FEW = 2
"""A small root may lose this many at once, but not all."""


def too_many(lost: int, known: int) -> bool:
    """Tell whether so many photos, or their faces, are lost that a disk is probably not mounted."""
    return lost > max(_FEW, known * _SHARE)


def unreachable(root: bytes) -> str | None:
    """Say why a folder or file cannot be scanned; ``None`` if it can."""
    try:
        mode = os.stat(root).st_mode
        if stat.S_ISDIR(mode):
            os.scandir(root).close()  # this user may not list it, or the disk may not answer
    except OSError as error:
        return (error.strerror or str(error)).lower()
    if stat.S_ISDIR(mode) or stat.S_ISREG(mode):
        return None
    return "it is neither a folder nor a regular file"


def refusals(
    losses: Sequence[RootLoss],
    crawled: Crawled,
    unreachable: Mapping[bytes, str],
    unread: Collection[bytes] = (),
) -> tuple[Refusal, ...]:
    """Find the roots that keep the photos which a scan did not see, or could not read (``unread``).

    Photos that moved are not in ``losses``. A root that the scan did not cover keeps all its photos.
    ``unreachable`` says why.
    """
    return tuple(
        Refusal(
            root=loss.root,
            known=loss.known,
            lost=loss.lost,
            unreachable=unreachable.get(loss.root),
            unread=sum(is_inside(path, {loss.root}) for path in unread),
        )
        for loss in losses
        if loss.lost and _is_refused(loss, crawled, is_there=loss.root not in unreachable)
    )


def _is_refused(loss: RootLoss, crawled: Crawled, *, is_there: bool) -> bool:
    if not is_there:
        return loss.root not in crawled.roots
    return too_many(loss.lost, loss.known) or loss.lost == loss.known

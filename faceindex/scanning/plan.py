"""What a scan would do, and whether the folders that it is given can be scanned at all."""

import os
from collections.abc import Iterator, Sequence

from faceindex.errors import BadRequest, explained
from faceindex.results import Planned
from faceindex.scanning.scan_roots import unreachable
from faceindex.scanning.survey import plan
from faceindex.settings import Settings
from index.photos.catalog import Catalog
from index.photos.photo_roots import Roots
from index.store.opening import open_store
from index.store.store import Access


def plan_scan(settings: Settings, roots: Sequence[bytes]) -> Iterator[Planned]:
    """What a scan would read and why. Nothing is written; there need not be a library.

    Raises:
        BadRequest: A root cannot be looked at, and is not known either.
        FaceindexError: There is a library that cannot be used.
    """
    with explained():
        check_roots(settings, roots)
        states = {}
        if settings.library.exists():
            with open_store(settings.library, Access.READ) as database:
                states = Catalog(database).states_under(roots)
        reasons = {root: unreachable(root) for root in roots}
        yield from (Planned(root, read=False, reason=why) for root, why in reasons.items() if why)
        yield from plan(states, [root for root in roots if reasons[root] is None])


def check_roots(settings: Settings, roots: Sequence[bytes]) -> None:
    """See that folders and files to scan are there, or are known, as a disk that is not mounted.

    Raises:
        BadRequest: One is not.
        FaceindexError: There is a library that cannot be used.
    """
    reasons = [(root, why) for root in roots if (why := unreachable(root)) is not None]
    if not reasons:
        return
    known: set[bytes] = set()
    if settings.library.exists():
        with explained(), open_store(settings.library, Access.READ) as database:
            known = {root for root, _ in reasons if Roots(database).knows(root)}
    for root, why in reasons:
        if root not in known:
            raise BadRequest(f"{os.fsdecode(root)} cannot be scanned: {why}.")

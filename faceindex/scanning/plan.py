"""Says what a scan would do, and whether its folders can be scanned."""

import os
from collections.abc import Iterator, Sequence

from faceindex.errors import BadRequest, explained
from faceindex.results import Planned
from faceindex.scanning.availability import unreachable
from faceindex.scanning.survey import needs_reading
from faceindex.settings import Settings
from index.photos.catalog import Catalog
from index.photos.photo_roots import Roots
from index.store.opening import open_store
from index.store.store import Access
from index.values import PhotoState
from pipeline.decoding.readers import is_current, is_photo
from pipeline.errors import PhotoError
from pipeline.sources.crawl import Skipped, crawl
from pipeline.sources.photo_file_access import OpenPhoto
from pipeline.values import PhotoFile


def plan_scan(settings: Settings, roots: Sequence[bytes]) -> Iterator[Planned]:
    """Say what a scan would read, and why. Nothing is written, and no library is needed.

    Raises:
        BadRequest: A root cannot be scanned, and the library does not know it.
    """
    with explained():
        check_roots(settings, roots)
        states = {}
        if settings.library.exists():
            with open_store(settings.library, Access.READ) as store:
                states = Catalog(store, is_current=is_current).states_under(roots)
        reasons = {root: unreachable(root) for root in roots}
        skipped = [Planned(root, read=False, reason=why) for root, why in reasons.items() if why]

        def skip(each: Skipped) -> None:
            skipped.append(Planned(each.path, read=False, reason=each.reason))

        for file in crawl([root for root in roots if reasons[root] is None], skip):
            yield from skipped
            skipped.clear()
            yield _planned(file, states.get(file.path), is_named=file.path in roots)
        yield from skipped


def check_roots(settings: Settings, roots: Sequence[bytes]) -> None:
    """Check that each root can be scanned, or is known, as a disk that is not mounted.

    Raises:
        BadRequest: A root cannot be scanned and is not known.
    """
    reasons = {root: why for root in roots if (why := unreachable(root)) is not None}
    known: set[bytes] = set()
    if reasons and settings.library.exists():
        with explained(), open_store(settings.library, Access.READ) as store:
            known = set(filter(Roots(store).knows, reasons))
    for root, why in reasons.items():
        if root not in known:
            raise BadRequest(f"{os.fsdecode(root)} cannot be scanned: {why}.")


def _planned(file: PhotoFile, state: PhotoState | None, *, is_named: bool) -> Planned:
    if state is not None and not needs_reading(file, state):
        # A photo that was changed shortly before it was read is read again, in case it has changed since.
        return Planned(file.path, state.racy, reason="perhaps changed" if state.racy else "unchanged")
    try:
        with OpenPhoto(file) as photo:
            if not (is_photo(photo) or is_named):
                return Planned(file.path, read=False, reason="not a photo")
    except PhotoError as error:
        return Planned(file.path, read=False, reason=error.message)
    known = "unread before" if state is not None and state.unread else "changed"
    return Planned(file.path, read=True, reason="new" if state is None else known)

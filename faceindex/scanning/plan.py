"""Says what a scan would do, and whether its folders can be scanned."""

import os
from collections.abc import Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from faceindex.errors import BadRequest, explained
from faceindex.results import Planned
from faceindex.scanning.availability import unreachable
from faceindex.scanning.motion import looks_at_films_of_photos
from faceindex.scanning.root_places import Placement, RootPaths, find_places
from faceindex.scanning.scan_targets import ScanTargets, find_targets
from faceindex.scanning.survey import (
    CAMERA_RAW,
    LIVE_FILM,
    PASSED_OVER,
    is_still_left_out,
    needs_reading,
    without_developed_raw,
)
from faceindex.settings import Settings
from index.paths import is_inside
from index.photos.catalog import Catalog
from index.photos.left_out import LeftOut
from index.photos.photo_roots import Roots
from index.store.opening import open_store
from index.store.store import Access, Store
from index.values import LeftOutFile, PhotoState, RawFiles
from pipeline.decoding.readers import is_current, is_none_of_today, skipped
from pipeline.errors import PhotoError
from pipeline.film_examination import THOROUGH_RATE
from pipeline.sources.crawl import Skipped, crawl
from pipeline.sources.photo_file_access import OpenPhoto
from pipeline.values import PhotoFile, PhotoSkipped

if TYPE_CHECKING:
    from faceindex.scanning.scan import ScanOptions


def plan_scan(
    settings: Settings,
    roots: Sequence[bytes],
    options: "ScanOptions | None" = None,
    *,
    with_others: bool = False,
) -> Iterator[Planned]:
    """Say what a scan would read, and why. Nothing is written, and no library is needed.

    ``with_others`` looks at the photos under no root too.

    Raises:
        BadRequest: A root cannot be scanned, and the library does not know it.
    """
    raw_files = None if options is None else options.raw_files
    motion = None if options is None else options.motion
    thorough = options is not None and options.thorough
    with explained():
        check_roots(settings, roots)
        targets, known = _look_up(settings, roots, with_others=with_others, thorough=thorough)
        skipped = [
            Planned(root, read=False, reason=targets.reasons[place]) for place, root in targets.away.items()
        ]
        skipped += [Planned(path, read=False, reason="no such file or directory") for path in targets.deleted]

        def skip(each: Skipped) -> None:
            kind = PASSED_OVER.get(each.reason)
            skipped.append(Planned(each.path, read=False, reason=each.reason, kind=kind))

        def hold_back(file: PhotoFile, developed: bytes) -> None:
            state = known.photos.get(developed)
            if state is not None and state.failed:
                skipped.append(_planned(file, known, is_named=False))
                return
            reason = f"{CAMERA_RAW}, {os.fsdecode(os.path.basename(developed))}"
            skipped.append(Planned(file.path, read=False, reason=reason, kind=CAMERA_RAW))

        if motion or (motion is None and known.motion):
            known = known.without_live_films()
        files = crawl(targets.there, skip, targets.known_as)
        if (raw_files or known.raw_files) is RawFiles.DEVELOPED:
            files = without_developed_raw(files, targets.named, hold_back)
        for file in files:
            yield from skipped
            skipped.clear()
            yield _planned(file, known, is_named=file.path in targets.named)
        yield from skipped


def _look_up(
    settings: Settings, roots: Sequence[bytes], *, with_others: bool, thorough: bool
) -> tuple[ScanTargets, "_Known"]:
    """Return what a scan would look at, and what the library knows of it."""
    if settings.library.exists():
        with open_store(settings.library, Access.READ) as store:
            return _look_up_in(store, roots, with_others=with_others, thorough=thorough)
    return find_targets(Placement((), RootPaths(()), (), ()), roots, set()), _Known({}, {})


def _look_up_in(
    store: Store, roots: Sequence[bytes], *, with_others: bool, thorough: bool
) -> tuple[ScanTargets, "_Known"]:
    catalog = Catalog(store, is_current=is_current, per_second=THOROUGH_RATE if thorough else 0.0)
    placement = find_places(store, [root for root in roots if os.path.isdir(root)])
    others = [
        path
        for path in (Roots(store).others() if with_others else ())
        if not is_inside(path, {each.place for each in placement.roots})
    ]
    targets = find_targets(placement, roots, catalog.photos_at(roots), others)
    states = catalog.states_under(targets.all)
    for old, new in placement.moves:
        before = catalog.states_under([old])
        states |= {new + path[len(old) :]: state for path, state in before.items()}
    left_out = LeftOut(store, is_none_of_today).known_under(targets.all)
    films = frozenset(film.file.path for film in catalog.unfinished_films(targets.all))
    return targets, _Known(states, left_out, catalog.raw_files(), films, looks_at_films_of_photos(catalog))


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


@dataclass(frozen=True, slots=True)
class _Known:
    """What the library knows of photos, and of files that are none."""

    photos: Mapping[bytes, PhotoState]
    left_out: Mapping[bytes, LeftOutFile]
    raw_files: RawFiles = RawFiles.DEVELOPED
    unfinished_films: Set[bytes] = frozenset()
    motion: bool = False

    def without_live_films(self) -> "_Known":
        """Return what is known where the films of live photos are looked at."""
        others = {path: each for path, each in self.left_out.items() if each.kind != LIVE_FILM}
        return replace(self, left_out=others)


def _planned(file: PhotoFile, known: _Known, *, is_named: bool) -> Planned:
    state, left_out = known.photos.get(file.path), known.left_out.get(file.path)
    if left_out is not None and not is_named and is_still_left_out(file, left_out):
        return _left_out(file, left_out)
    if state is not None and not needs_reading(file, state):
        if file.path in known.unfinished_films:
            return Planned(file.path, read=True, reason="more of the film")
        # A photo that was changed shortly before it was read is read again, in case it has changed since.
        return Planned(file.path, state.racy, reason="perhaps changed" if state.racy else "unchanged")
    try:
        with OpenPhoto(file) as photo:
            if not is_named and (no_photo := skipped(photo)) is not None:
                return _left_out(file, no_photo)
    except PhotoError as error:
        return Planned(file.path, read=False, reason=error.message)
    return Planned(file.path, read=True, reason=_reason(file, state))


def _reason(file: PhotoFile, state: PhotoState | None) -> str:
    if state is None:
        return "new"
    if state.unread:
        return "unread before"
    is_same = (state.size, state.mtime_ns) == (file.size, file.mtime_ns)
    return "its sidecar changed" if is_same else "changed"


def _left_out(file: PhotoFile, known: LeftOutFile | PhotoSkipped) -> Planned:
    missing = "" if known.needs is None else f": faceindex[{known.needs}] is not installed"
    return Planned(file.path, read=False, reason=f"{known.kind}{missing}", kind=known.kind, needs=known.needs)

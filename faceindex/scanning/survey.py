"""Compares the files that a crawl finds with what the library knows. It opens no file."""

import os
from collections import Counter
from collections.abc import Callable, Container, Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, field, replace
from itertools import groupby
from typing import TypeAlias

from faceindex.scanning.scan_targets import ScanTargets
from index.values import LeftOutFile, PhotoState, RawFiles, Sibling
from pipeline.file_names import developed_photos, named_like_quicktime, named_like_raw
from pipeline.sources.crawl import KnownAs, Skipped, SkipReason
from pipeline.timing import StageClock
from pipeline.values import PhotoFile, PhotoSkipped

Crawl: TypeAlias = Callable[[Sequence[bytes], Callable[[Skipped], None], KnownAs], Iterator[PhotoFile]]
"""Walks folders and files, as ``pipeline.sources.crawl.crawl`` does."""

CAMERA_RAW = "camera raw beside its photo"
"""What a raw file is that is not read, in the words for what is left out."""

LIVE_FILM = "film of a live photo"
"""The same of a film."""

_EXCLUDING = frozenset((SkipReason.HIDDEN, SkipReason.NO_MEDIA, SkipReason.IGNORED))
"""The user wishes that the photos are left out."""

PASSED_OVER = {SkipReason.NO_MEDIA: "folder with .nomedia", SkipReason.BROKEN_LINK: "broken link"}
"""What people may wonder about, beside files that are no photos, by its kind."""


@dataclass(slots=True)
class Survey:
    """What the crawl has found so far. One thread may iterate the files while others read the attributes.

    Attributes:
        states: What the library knows of the photos under the roots that the crawl has not seen yet.
        known_left_out: What it knows of files that are no photos, without those that are unchanged.
        unread: Paths of photos that could not be read, though they could before: they count as not seen.
        unlisted: Folders that could not be listed.
        excluded: Folders and files, with known photos, that ignore rules exclude.
        first_paths: Other paths of what was found, each with the path by which it was found.
        unchanged: The number of unchanged photos that the library could read.
        failed: The number of unchanged photos that it could not read.
        returned: Paths that were missing and are back unchanged.
        left_out: The numbers of files that are known to be no photos, by kind and needed extra.
        passed_over: What is left out without being such a file, with its kind.
        held_back: Camera raw beside a photo that was developed from it, with its path; to be read only if the
            latter cannot be.
        films: Films that may be those of live photos; all photos are read before they are looked at.
        siblings: Paths that are not read, because they are one photo with another path.
    """

    states: dict[bytes, PhotoState]
    known_left_out: dict[bytes, LeftOutFile] = field(default_factory=dict)
    unread: set[bytes] = field(default_factory=set)
    unlisted: list[bytes] = field(default_factory=list)
    excluded: set[bytes] = field(default_factory=set)
    first_paths: dict[bytes, bytes] = field(default_factory=dict)
    unchanged: int = 0
    failed: int = 0
    returned: list[bytes] = field(default_factory=list)
    left_out: Counter[tuple[str, str | None]] = field(default_factory=Counter)
    passed_over: dict[bytes, str] = field(default_factory=dict)
    held_back: dict[PhotoFile, bytes] = field(default_factory=dict)
    films: list[PhotoFile] = field(default_factory=list)
    siblings: dict[bytes, Sibling] = field(default_factory=dict)
    to_read: int = 0
    complete: bool = False
    _known_folders: Set[bytes] | None = None

    def files(
        self, targets: ScanTargets, crawl: Crawl, clock: StageClock, raw_files: RawFiles = RawFiles.BOTH
    ) -> Iterator[PhotoFile]:
        """Yield the files that must be read: they are new, may have changed, or may be readable now.

        Raises:
            OSError: A root vanished, or cannot be looked at.
        """
        for path in targets.named:  # of these, it is a failure to be no photo
            self.known_left_out.pop(path, None)
        crawled = crawl(targets.there, self._skip, targets.known_as)
        if raw_files is RawFiles.DEVELOPED:
            crawled = without_developed_raw(crawled, targets.named, self.held_back.__setitem__)
        crawled = self._without_films(crawled, targets.named)
        found = (file for each in crawled if (file := self._to_be_read(each)) is not None)
        while True:
            with clock.time("survey"):
                file = next(found, None)
            if file is None:
                break
            self.to_read += 1
            yield file
        self.complete = True

    def raw_to_read(self, readable: Set[bytes]) -> list[PhotoFile]:
        """Take the raw files that were held back for siblings; return those that must be read all the same.

        ``readable`` are the paths of photos that could be read. A sibling that is known as a photo counts as
        excluded.
        """
        files = []
        for file, developed in self.held_back.items():
            if developed in readable:
                self.siblings[file.path] = Sibling(developed, CAMERA_RAW)
                if file.path in self.states:
                    self.excluded.add(file.path)
            elif (to_read := self._to_be_read(file)) is not None:
                files.append(to_read)
        self.held_back.clear()
        self.to_read += len(files)
        return files

    def films_to_identify(self, known: Mapping[bytes, Sibling], *, has_new_photos: bool) -> list[PhotoFile]:
        """Return the films of which it must be looked at whether they are those of live photos.

        They are new or changed, or there are new photos. ``known`` are siblings whose photos are still there;
        those are taken over.
        """
        films = []
        for file in self.films:
            left_out = self.known_left_out.get(file.path)
            if left_out is not None and is_still_left_out(file, left_out):
                if file.path in known:
                    self.siblings[file.path] = known[file.path]
                    continue
                if left_out.kind != LIVE_FILM and not has_new_photos:
                    continue
            films.append(file)
        return films

    def films_to_read(self, live: Mapping[PhotoFile, bytes]) -> tuple[list[PhotoSkipped], list[PhotoFile]]:
        """Take the films that are those of live photos for siblings; return these, and films to be read.

        ``live`` has the paths of their photos.
        """
        skipped, files = [], []
        for file in self.films:
            left_out = self.known_left_out.get(file.path)
            if file in live:
                self.siblings[file.path] = Sibling(live[file], LIVE_FILM)
                skipped.append(PhotoSkipped(file, LIVE_FILM))
                continue
            if left_out is not None and left_out.kind == LIVE_FILM and file.path not in self.siblings:
                del self.known_left_out[file.path]  # its photo is gone
            if (to_read := self._to_be_read(file)) is not None:
                files.append(to_read)
        self.films.clear()
        self.to_read += len(skipped) + len(files)
        return skipped, files

    def _without_films(self, files: Iterable[PhotoFile], named: Container[bytes]) -> Iterator[PhotoFile]:
        """Yield files, but hold back films that may be those of live photos, unless they are read already."""
        for file in files:
            state = self.states.get(file.path)
            is_read = state is not None and not needs_reading(file, state)
            if named_like_quicktime(file.path) and not is_read and file.path not in named:
                self.films.append(file)
            else:
                yield file

    @property
    def kinds_passed_over(self) -> Iterator[tuple[str, str | None]]:
        """Each of ``passed_over``, and of the raw files in ``siblings``, as a kind that needs no extra."""
        siblings = (each.kind for each in self.siblings.values() if each.kind != LIVE_FILM)
        return ((kind, None) for kind in (*self.passed_over.values(), *siblings))

    @property
    def left(self) -> set[bytes]:
        """The paths of known photos that the crawl did not see."""
        return self.states.keys() | self.unread

    def _to_be_read(self, file: PhotoFile) -> PhotoFile | None:
        """Return a file that must be read; ``None`` for an unchanged one, which is counted."""
        state, left_out = self.states.pop(file.path, None), self.known_left_out.get(file.path)
        if left_out is not None and is_still_left_out(file, left_out):
            del self.known_left_out[file.path]
            self.left_out[left_out.kind, left_out.needs] += 1
            return None
        if state is None:
            return file
        if needs_reading(file, state) or state.racy:
            return replace(file, redate=has_other_sidecar(file, state))
        if state.missing:
            self.returned.append(file.path)
        if state.failed:
            self.failed += 1
        else:
            self.unchanged += 1
        return None

    def _skip(self, skipped: Skipped) -> None:
        """Note what is left out. Behind a broken link with known photos below, a disk is away."""
        path, reason = skipped.path, skipped.reason
        if reason is SkipReason.VISITED and skipped.first not in (None, path):
            self.first_paths[path] = skipped.first
        elif reason is SkipReason.UNREADABLE or (reason is SkipReason.BROKEN_LINK and self._knows(path)):
            self.unlisted.append(path)
        elif reason in PASSED_OVER:
            self.passed_over[path] = PASSED_OVER[reason]
        if reason in _EXCLUDING:
            folder, name = os.path.split(path)
            before = os.path.join(folder, name.removeprefix(b"."))  # a folder is hidden by renaming it
            self.excluded.update(each for each in {path, before} if self._knows(each))

    def _knows(self, path: bytes) -> bool:
        """Tell whether a photo is known at a path or below it."""
        if path in self.states:
            return True
        if self._known_folders is None:
            self._known_folders = _folders_of(self.states)
        return path in self._known_folders


def without_developed_raw(
    files: Iterable[PhotoFile], named: Container[bytes], hold_back: Callable[[PhotoFile, bytes], None]
) -> Iterator[PhotoFile]:
    """Yield files, but camera raw only once all files of its folder are known, and no photo is made from it.

    Otherwise hand it to ``hold_back``, with the path of the photo. What the user has ``named`` is yielded.
    """
    for _, in_folder in groupby(files, key=lambda file: os.path.dirname(file.path)):
        paths, waiting = [], []
        for file in in_folder:
            paths.append(file.path)
            if named_like_raw(file.path) and file.path not in named:
                waiting.append(file)
            else:
                yield file
        developed = developed_photos(paths) if waiting else {}
        for file in waiting:
            if file.path in developed:
                hold_back(file, developed[file.path])
            else:
                yield file


def _folders_of(paths: Iterable[bytes]) -> Set[bytes]:
    """Return all folders that some files lie in."""
    folders: set[bytes] = set()
    for path in paths:
        folder = os.path.dirname(path)
        while folder not in folders:
            folders.add(folder)
            folder = os.path.dirname(folder)
    return folders


def is_still_left_out(file: PhotoFile, known: LeftOutFile) -> bool:
    """Tell whether a file that was no photo need not be opened again."""
    return not known.unread and (known.size, known.mtime_ns) == (file.size, file.mtime_ns)


def needs_reading(file: PhotoFile, state: PhotoState) -> bool:
    """Tell whether a known file has changed, or may be readable now."""
    is_other = (state.size, state.mtime_ns) != (file.size, file.mtime_ns)
    return state.unread or is_other or has_other_sidecar(file, state)


def has_other_sidecar(file: PhotoFile, state: PhotoState) -> bool:
    """Tell whether the XMP file beside a known file is new, has changed, or is gone."""
    return state.sidecar != (None if file.sidecar is None else file.sidecar.stamp)

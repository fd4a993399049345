"""Walks folders and yields the regular files in them: roots -> PhotoFile.

The order is fixed: roots as given; in each folder its files by name, then its subfolders by name, compared as
bytes; folders reached by a symbolic link after all these, and files reached by one last, so that a photo
keeps the path without the link. A folder or file is found by the first of its paths: device and inode tell.
No photo is opened, and this module does not know what one is.
"""

import os
import stat
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TypeAlias

from pipeline.sources.folders import IGNORE_FILE, Entry, Folders, Identity, Listing, identity
from pipeline.sources.ignore_patterns import IgnorePattern
from pipeline.sources.sidecars import Sidecars, sidecar_beside
from pipeline.values import PhotoFile, Sidecar

NO_MEDIA = b".nomedia"
"""A file of this name excludes its folder and all below: a convention of Android."""


_EXPECTED = 8
"""Folders that are listed ahead on slow storage."""


class SkipReason(StrEnum):
    """Why the crawl left something out."""

    HIDDEN = "hidden"
    NO_MEDIA = "nomedia"
    IGNORED = "ignored"
    NOT_REGULAR = "not-a-regular-file"
    BROKEN_LINK = "broken-link"
    VISITED = "already-visited"
    UNREADABLE = "unreadable"


@dataclass(frozen=True, slots=True)
class Skipped:
    """A file that the crawl left out, or a folder with all below it; the path is absolute.

    Attributes:
        first: The path by which the same file or folder is found, if it was left out as already visited.
    """

    path: bytes
    reason: SkipReason
    first: bytes | None = None


KnownAs: TypeAlias = Callable[[bytes], bytes | None]
"""Tells by which other path something is known, if it is."""


def crawl(
    roots: Sequence[bytes],
    on_skip: Callable[[Skipped], None],
    known_as: KnownAs = lambda _: None,
    *,
    folders: Folders | None = None,
) -> Iterator[PhotoFile]:
    """Return an iterator that finds every regular file under files and folders, each once, as it is read.

    Hidden files and folders, folders that hold ``.nomedia``, and what ``.faceindexignore`` files exclude are
    skipped, but never a root for its name. Symbolic links are followed. A folder that is reached by several
    paths is visited by the first; so is a file, by a link to it or by a hard link. A folder that cannot be
    listed is skipped. Paths are absolute and normalised, but links are not resolved. ``on_skip`` is called
    with each thing skipped, when the crawl reaches it.

    ``known_as`` tells it of what is reached by a symbolic link; what is known outside of this crawl is
    skipped, as if it had been visited there. ``folders`` lists the folders.

    Raises:
        OSError: A root does not exist or cannot be looked at. Raised at once, before the walk.
    """
    paths = [os.path.abspath(root) for root in roots]
    for path in paths:
        os.stat(path)
    return _Crawl(on_skip, known_as, folders or Folders()).run(paths)


_Rules: TypeAlias = tuple[tuple[bytes, IgnorePattern], ...]
"""Patterns, each with the folder of its ignore file, the one that decides first: the nearest file's last."""


@dataclass(slots=True, eq=False)
class _Folder:
    """A folder to walk; ``rules`` are those above it, and its own too once it is listed."""

    path: bytes
    rules: _Rules = ()


@dataclass(slots=True)
class _Crawl:
    on_skip: Callable[[Skipped], None]
    known_as: KnownAs
    folders: Folders
    visited: dict[Identity, _Folder] = field(default_factory=dict)
    files: dict[Identity, bytes] = field(default_factory=dict)  # found, if another path may lead there too
    linked: deque[_Folder] = field(default_factory=deque)
    linked_files: dict[bytes, Sidecar | None] = field(default_factory=dict)

    def run(self, roots: Sequence[bytes]) -> Iterator[PhotoFile]:
        try:
            yield from self._run(roots)
        finally:
            self.folders.stop()

    def _run(self, roots: Sequence[bytes]) -> Iterator[PhotoFile]:
        for root in roots:
            yield from self._root(root, sidecar_beside)
        while self.linked:
            folder = self.linked.popleft()
            if not self._is_known(folder.path):
                yield from self._walk(folder)
        for path in self.linked_files:
            if not self._is_known(path):
                yield from self._root(path, self.linked_files.get)

    def _root(self, path: bytes, find_sidecar: Callable[[bytes], Sidecar | None]) -> Iterator[PhotoFile]:
        """Yield a file, or the files in a folder."""
        try:
            found = os.stat(path)
        except OSError:  # gone since the roots were checked
            self._skip(path, SkipReason.UNREADABLE)
            return
        if stat.S_ISDIR(found.st_mode):
            yield from self._walk(_Folder(path))
        elif (first := self._in_visited_folder(path)) is not None:
            self._skip(path, SkipReason.VISITED, first)
        else:
            yield from self._file(path, found, find_sidecar(path))
            self.files.setdefault(identity(found), path)

    def _is_known(self, path: bytes) -> bool:
        """Skip what is known by another path."""
        first = self.known_as(path)
        if first is not None:
            self._skip(path, SkipReason.VISITED, first)
        return first is not None

    def _in_visited_folder(self, path: bytes) -> bytes | None:
        """Return the path by which a walk has found this file; ``None`` if none has."""
        folder, name = os.path.split(os.path.realpath(path))
        try:
            visited = self.visited.get(identity(os.stat(folder)))
        except OSError:
            return None
        if visited is None or name.startswith(b"."):
            return None
        first = os.path.join(visited.path, name)
        return None if _is_ignored(visited.rules, first, is_folder=False) else first

    def _walk(self, top: _Folder) -> Iterator[PhotoFile]:
        pending = [top]
        while pending:
            folder = pending.pop()
            self.folders.expect(each.path for each in pending[: -_EXPECTED - 1 : -1])
            try:
                listing = self.folders.list(folder.path)
            except OSError:
                self._skip(folder.path, SkipReason.UNREADABLE)
                continue
            if self._is_to_be_visited(folder, listing):
                yield from self._visit(folder, listing, pending)

    def _is_to_be_visited(self, folder: _Folder, listing: Listing) -> bool:
        """Skip a folder that is left out; else note the visit, and add the folder's own rules."""
        first = self.visited.get(listing.identity)
        if first is not None:
            self._skip(folder.path, SkipReason.VISITED, first.path)
            return False
        if NO_MEDIA in listing.names:
            self._skip(folder.path, SkipReason.NO_MEDIA)
            return False
        self.visited[listing.identity] = folder
        if listing.patterns is None:
            self._skip(os.path.join(folder.path, IGNORE_FILE), SkipReason.UNREADABLE)
        else:
            own = ((folder.path, pattern) for pattern in reversed(listing.patterns))
            folder.rules = (*own, *folder.rules)
        return True

    def _visit(self, folder: _Folder, listing: Listing, pending: list[_Folder]) -> Iterator[PhotoFile]:
        """Yield a folder's files, and push its subfolders on the stack with the first on top."""
        rules = folder.rules
        sidecars = Sidecars(listing)
        subfolders: list[_Folder] = []
        for name in listing.names:
            if name.startswith(b"."):
                if name != IGNORE_FILE:
                    self._skip(os.path.join(folder.path, name), SkipReason.HIDDEN)
                continue
            entry = next(sidecars.entries)
            if isinstance(entry.found, OSError):
                self._skip_unknown(entry, entry.found)
                continue
            is_folder = stat.S_ISDIR(entry.found.st_mode)
            if rules and _is_ignored(rules, entry.path, is_folder):
                self._skip(entry.path, SkipReason.IGNORED)
            elif is_folder:
                (self.linked if entry.is_link else subfolders).append(_Folder(entry.path, rules))
            elif entry.is_link:
                self.linked_files[entry.path] = sidecars.beside(entry.path)
            else:
                yield from self._file(entry.path, entry.found, sidecars.beside(entry.path))
        pending.extend(reversed(subfolders))

    def _file(self, path: bytes, found: os.stat_result, sidecar: Sidecar | None) -> Iterator[PhotoFile]:
        if not stat.S_ISREG(found.st_mode):
            self._skip(path, SkipReason.NOT_REGULAR)
            return
        first = self.files.get(identity(found))
        if first is not None:
            self._skip(path, SkipReason.VISITED, first)
            return
        if found.st_nlink > 1:
            self.files[identity(found)] = path
        yield PhotoFile(path, found.st_size, found.st_mtime_ns, sidecar=sidecar)

    def _skip_unknown(self, entry: Entry, error: OSError) -> None:
        """Skip what has no status, unless it is gone since the folder was listed."""
        if entry.is_link:
            self._skip(entry.path, SkipReason.BROKEN_LINK)
        elif not isinstance(error, FileNotFoundError):
            self._skip(entry.path, SkipReason.UNREADABLE)

    def _skip(self, path: bytes, reason: SkipReason, first: bytes | None = None) -> None:
        self.on_skip(Skipped(path, reason, first))


def _is_ignored(rules: _Rules, path: bytes, is_folder: bool) -> bool:
    for base, pattern in rules:
        if pattern.matches(os.fsdecode(path[len(base) :].lstrip(b"/")), is_folder):
            return pattern.excludes
    return False

"""Walks folders and yields the regular files in them: roots -> PhotoFile.

The order is fixed: roots as given; in each folder its files by name, then its subfolders by name, compared as
bytes; folders reached by a symbolic link after all these, and files reached by one last, so that a photo
keeps the path without the link. A folder or file is found by the first of its paths: device and inode tell.
This module opens only folders and ignore files, and does not know what a photo is.
"""

import codecs
import os
import stat
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TypeAlias

from pipeline.sources.ignore_patterns import IgnorePattern, parse_pattern
from pipeline.values import PhotoFile

NO_MEDIA = b".nomedia"
"""A file of this name excludes its folder and all below: a convention of Android."""

IGNORE_FILE = b".faceindexignore"
"""Patterns as in ``.gitignore``, for the folder that holds it and all below."""

_IGNORE_FILE_LIMIT = 1 << 20  # bytes; a thousand times what anyone writes by hand


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
    roots: Sequence[bytes], on_skip: Callable[[Skipped], None], known_as: KnownAs = lambda _: None
) -> Iterator[PhotoFile]:
    """Return an iterator that finds every regular file under files and folders, each once, as it is read.

    Hidden files and folders, folders that hold ``.nomedia``, and what ``.faceindexignore`` files exclude are
    skipped, but never a root for its name. Symbolic links are followed. A folder that is reached by several
    paths is visited by the first; so is a file, by a link to it or by a hard link. A folder that cannot be
    listed is skipped. Paths are absolute and normalised, but links are not resolved. ``on_skip`` is called
    with each thing skipped, when the crawl reaches it.

    ``known_as`` tells it of what is reached by a symbolic link; what is known outside of this crawl is
    skipped, as if it had been visited there.

    Raises:
        OSError: A root does not exist or cannot be looked at. Raised at once, before the walk.
    """
    paths = [os.path.abspath(root) for root in roots]
    for path in paths:
        os.stat(path)
    return _Crawl(on_skip, known_as).run(paths)


_Rules: TypeAlias = tuple[tuple[bytes, IgnorePattern], ...]
"""Patterns, each with the folder of its ignore file, the one that decides first: the nearest file's last."""


_Identity: TypeAlias = tuple[int, int]
"""Device and inode."""


@dataclass(slots=True, eq=False)
class _Folder:
    """A folder to walk; ``rules`` are those above it, and its own too once it is listed."""

    path: bytes
    rules: _Rules = ()


@dataclass(slots=True)
class _Crawl:
    on_skip: Callable[[Skipped], None]
    known_as: KnownAs
    visited: dict[_Identity, _Folder] = field(default_factory=dict)
    files: dict[_Identity, bytes] = field(default_factory=dict)  # found, if another path may lead there too
    linked: deque[_Folder] = field(default_factory=deque)
    linked_files: list[bytes] = field(default_factory=list)

    def run(self, roots: Sequence[bytes]) -> Iterator[PhotoFile]:
        for root in roots:
            yield from self._root(root)
        while self.linked:
            folder = self.linked.popleft()
            if not self._is_known(folder.path):
                yield from self._walk(folder)
        for path in self.linked_files:
            if not self._is_known(path):
                yield from self._root(path)

    def _root(self, path: bytes) -> Iterator[PhotoFile]:
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
            yield from self._file(path, found)
            self.files.setdefault(_identity(found), path)

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
            visited = self.visited.get(_identity(os.stat(folder)))
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
            try:
                entries = self._list(folder)
            except OSError:
                self._skip(folder.path, SkipReason.UNREADABLE)
                continue
            if entries:
                yield from self._visit(folder, entries, pending)

    def _list(self, folder: _Folder) -> list[os.DirEntry[bytes]]:
        """Return a folder's entries by name; none if it is left out."""
        identity = _identity(os.stat(folder.path))
        first = self.visited.get(identity)
        if first is not None:
            self._skip(folder.path, SkipReason.VISITED, first.path)
            return []
        with os.scandir(folder.path) as listing:
            entries = sorted(listing, key=lambda entry: entry.name)
        if any(entry.name == NO_MEDIA for entry in entries):
            self._skip(folder.path, SkipReason.NO_MEDIA)
            return []
        self.visited[identity] = folder
        folder.rules = self._rules(folder, entries)
        return entries

    def _visit(
        self, folder: _Folder, entries: list[os.DirEntry[bytes]], pending: list[_Folder]
    ) -> Iterator[PhotoFile]:
        """Yield a folder's files, and push its subfolders on the stack with the first on top."""
        rules = folder.rules
        subfolders: list[_Folder] = []
        for entry in entries:
            if entry.name.startswith(b"."):
                if entry.name != IGNORE_FILE:
                    self._skip(entry.path, SkipReason.HIDDEN)
                continue
            found = self._stat(entry)
            if found is None:
                continue
            is_folder = stat.S_ISDIR(found.st_mode)
            if rules and _is_ignored(rules, entry.path, is_folder):
                self._skip(entry.path, SkipReason.IGNORED)
            elif is_folder:
                (self.linked if entry.is_symlink() else subfolders).append(_Folder(entry.path, rules))
            elif entry.is_symlink():
                self.linked_files.append(entry.path)
            else:
                yield from self._file(entry.path, found)
        pending.extend(reversed(subfolders))

    def _file(self, path: bytes, found: os.stat_result) -> Iterator[PhotoFile]:
        if not stat.S_ISREG(found.st_mode):
            self._skip(path, SkipReason.NOT_REGULAR)
            return
        first = self.files.get(_identity(found))
        if first is not None:
            self._skip(path, SkipReason.VISITED, first)
            return
        if found.st_nlink > 1:
            self.files[_identity(found)] = path
        yield PhotoFile(path, found.st_size, found.st_mtime_ns)

    def _stat(self, entry: os.DirEntry[bytes]) -> os.stat_result | None:
        """Return the status of the entry or the file it links to; ``None`` if that fails."""
        try:
            return entry.stat()
        except OSError as error:
            if entry.is_symlink():
                self._skip(entry.path, SkipReason.BROKEN_LINK)
            elif not isinstance(error, FileNotFoundError):  # gone since the folder was listed
                self._skip(entry.path, SkipReason.UNREADABLE)
            return None

    def _rules(self, folder: _Folder, entries: list[os.DirEntry[bytes]]) -> _Rules:
        if not any(entry.name == IGNORE_FILE for entry in entries):
            return folder.rules
        path = os.path.join(folder.path, IGNORE_FILE)
        try:
            patterns = _read_patterns(path)
        except (OSError, ValueError):
            self._skip(path, SkipReason.UNREADABLE)
            return folder.rules
        return (*((folder.path, pattern) for pattern in reversed(patterns)), *folder.rules)

    def _skip(self, path: bytes, reason: SkipReason, first: bytes | None = None) -> None:
        self.on_skip(Skipped(path, reason, first))


def _identity(found: os.stat_result) -> _Identity:
    return found.st_dev, found.st_ino


def _is_ignored(rules: _Rules, path: bytes, is_folder: bool) -> bool:
    for base, pattern in rules:
        if pattern.matches(os.fsdecode(path[len(base) :].lstrip(b"/")), is_folder):
            return pattern.excludes
    return False


def _read_patterns(path: bytes) -> list[IgnorePattern]:
    """Read an ignore file; skip meaningless patterns, as git does.

    Raises:
        OSError: It cannot be read.
        ValueError: It is no regular file, or far too long for patterns.
    """
    # Without O_NONBLOCK, opening a named pipe of that name would wait for a writer.
    with os.fdopen(os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC), "rb") as stream:
        if not stat.S_ISREG(os.fstat(stream.fileno()).st_mode):
            raise ValueError("not a regular file")
        content = stream.read(_IGNORE_FILE_LIMIT + 1)
    if len(content) > _IGNORE_FILE_LIMIT:
        raise ValueError("too long for an ignore file")
    lines = content.removeprefix(codecs.BOM_UTF8).split(b"\n")
    patterns = (parse_pattern(os.fsdecode(line.removesuffix(b"\r"))) for line in lines)
    return [pattern for pattern in patterns if pattern is not None]

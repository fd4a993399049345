"""Lists folders and looks at what is in them: several calls at once where the storage is slow.

On a network or a disk that sleeps, each call takes milliseconds, and a crawl makes one for each file. Where
answers come from memory, threads would only cost time. So the time that calls take decides. Nothing here uses
``os.DirEntry``, which keeps all of Python's threads waiting while it asks for a status.
"""

import codecs
import os
import stat
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future
from dataclasses import dataclass
from time import monotonic, perf_counter
from typing import Self, TypeAlias

from pipeline.sources.ignore_patterns import IgnorePattern, parse_pattern
from pipeline.sources.storage_threads import STOP_SECONDS, StorageThreads

IGNORE_FILE = b".faceindexignore"
"""Patterns as in ``.gitignore``, for the folder that holds it and all below."""

SLOW_SECONDS = 0.0005
"""A call that takes longer waits for a device: an answer from memory takes a hundredth of that."""

AT_ONCE = 32
"""Calls under way at once on slow storage: at 10 ms each, 3,200 files a second."""

_WEIGHT = 1 / 8
"""Of the latest call, in the mean time of calls."""

_LISTED_AHEAD = 64
"""Folders listed before the crawl comes to them, at most; each keeps its names in memory."""

_FIRST_FILES = 16
"""Files of such a folder that are looked at together with it."""

_IGNORE_FILE_LIMIT = 1 << 20  # bytes; a thousand times what anyone writes by hand

Identity: TypeAlias = tuple[int, int]
"""Device and inode."""


@dataclass(slots=True, eq=False)
class Entry:
    """What is at a path.

    Attributes:
        is_link: Whether it is a symbolic link.
        found: Its status, or that of what it links to, or why there is none.
    """

    path: bytes
    is_link: bool
    found: os.stat_result | OSError


@dataclass(frozen=True, slots=True, eq=False)
class Listing:
    """A folder's content.

    Attributes:
        names: All its names, sorted as bytes.
        entries: What is at each name that is not hidden, in this order; for one thread.
        patterns: Those of its ignore file; ``None`` if they cannot be read.
    """

    identity: Identity
    names: tuple[bytes, ...]
    entries: Iterator[Entry]
    patterns: tuple[IgnorePattern, ...] | None


class Folders:
    """Lists the folders of one crawl. For one thread; ``stop`` it at the end.

    Attributes:
        is_slow: Whether calls take longer than ``slow_seconds`` at present.
    """

    def __init__(self, slow_seconds: float = SLOW_SECONDS) -> None:
        self._slow_seconds = slow_seconds
        self._mean_seconds = 0.0
        self.is_slow = slow_seconds <= 0
        self._threads = StorageThreads("crawl", AT_ONCE)
        self._ahead: dict[bytes, Future[Listing]] = {}

    def stop(self) -> None:
        """End the threads."""
        self._threads.stop(monotonic() + STOP_SECONDS)

    def expect(self, paths: Iterable[bytes]) -> None:
        """Begin to list folders, if the storage is slow, that will be asked for soon."""
        if self.is_slow:
            for path in paths:
                if path not in self._ahead and len(self._ahead) < _LISTED_AHEAD:
                    self._ahead[path] = self._threads.submit(self._list, path)

    def list(self, path: bytes) -> Listing:
        """List a folder; OSError if that is not possible."""
        listing = self._ahead.pop(path, None)
        return self._list(path) if listing is None else listing.result()

    def _list(self, path: bytes) -> Listing:
        started = perf_counter()
        found = os.stat(path)
        self._note(perf_counter() - started)
        names = tuple(sorted(os.listdir(path)))
        files = [os.path.join(path, name) for name in names if not name.startswith(b".")]
        patterns = _read_patterns(os.path.join(path, IGNORE_FILE)) if IGNORE_FILE in names else ()
        return Listing(identity(found), names, _Entries(self, files), patterns)

    def look_at(self, path: bytes) -> Entry:
        """Return what is at a path, and behind it if it is a symbolic link."""
        is_link = False
        started = perf_counter()
        try:
            found = os.lstat(path)
            is_link = stat.S_ISLNK(found.st_mode)
            return Entry(path, is_link, os.stat(path) if is_link else found)
        except OSError as error:
            return Entry(path, is_link, error)
        finally:
            self._note(perf_counter() - started)

    def look_at_soon(self, path: bytes) -> Future[Entry]:
        """Look at a path in another thread."""
        return self._threads.submit(self.look_at, path)

    def _note(self, seconds: float) -> None:
        self._mean_seconds += _WEIGHT * (seconds - self._mean_seconds)
        self.is_slow = self._mean_seconds >= self._slow_seconds


class _Entries:
    """Looks at paths in their order, some ahead where the storage is slow; begins at once."""

    def __init__(self, folders: Folders, paths: Iterable[bytes]) -> None:
        self._folders = folders
        self._paths = iter(paths)
        self._ahead: deque[Future[Entry]] = deque()
        self._look_ahead(_FIRST_FILES)

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> Entry:
        if self._folders.is_slow:
            self._look_ahead(AT_ONCE)
        return self._ahead.popleft().result() if self._ahead else self._folders.look_at(next(self._paths))

    def _look_ahead(self, most: int) -> None:
        while self._folders.is_slow and len(self._ahead) < most and (path := next(self._paths, None)):
            self._ahead.append(self._folders.look_at_soon(path))


def identity(found: os.stat_result) -> Identity:
    """Return what tells whether two paths lead to the same file or folder."""
    return found.st_dev, found.st_ino


def _read_patterns(path: bytes) -> tuple[IgnorePattern, ...] | None:
    """Read an ignore file, and skip meaningless patterns, as git does.

    Return ``None`` if it cannot be read, is no regular file, or is far too long for patterns.
    """
    try:
        # Without O_NONBLOCK, opening a named pipe of that name would wait for a writer.
        with os.fdopen(os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC), "rb") as stream:
            is_regular = stat.S_ISREG(os.fstat(stream.fileno()).st_mode)
            content = stream.read(_IGNORE_FILE_LIMIT + 1) if is_regular else b""
    except OSError:
        return None
    if not is_regular or len(content) > _IGNORE_FILE_LIMIT:
        return None
    lines = content.removeprefix(codecs.BOM_UTF8).split(b"\n")
    patterns = (parse_pattern(os.fsdecode(line.removesuffix(b"\r"))) for line in lines)
    return tuple(pattern for pattern in patterns if pattern is not None)

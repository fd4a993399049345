"""What a scan has to do: the folders as they are, compared with what the library knows of them.

Of new files the first bytes are read, to tell which are photos; of the others nothing. Nothing is written.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from faceindex.results import Planned
from index.values import PhotoState
from pipeline.decoding.readers import is_photo
from pipeline.errors import PhotoError
from pipeline.sources.crawl import Skipped, SkipReason, crawl
from pipeline.sources.photo_file_access import OpenPhoto
from pipeline.values import PhotoFailed, PhotoFile, Reason, Stage


@dataclass(slots=True)
class Survey:
    """What the crawl met.

    Attributes:
        seen: Paths of photos, and of files that were photos or may be some.
        unlisted: Folders that could not be listed.
        unchanged: How many photos are known as they are.
        failed: How many are known as they are, and known not to be readable.
        returned: Paths that were missing, and are as they were.
        doubtful: Files that are the same by size and time, which may deceive.
        fresh: Files that must be looked at.
    """

    seen: set[bytes] = field(default_factory=set)
    unlisted: list[bytes] = field(default_factory=list)
    unchanged: int = 0
    failed: int = 0
    returned: list[bytes] = field(default_factory=list)
    doubtful: list[PhotoFile] = field(default_factory=list)
    fresh: list[PhotoFile] = field(default_factory=list)

    def skip(self, skipped: Skipped, states: Mapping[bytes, PhotoState]) -> None:
        """Remember what could not be looked into: of its photos nothing is known.

        A link that leads nowhere counts where a folder was behind it: that of a disk that is not mounted.
        """
        is_away = skipped.reason is SkipReason.BROKEN_LINK and _has_photos(skipped.path, states)
        if is_away or skipped.reason is SkipReason.UNREADABLE:
            self.unlisted.append(skipped.path)

    def add(self, file: PhotoFile, state: PhotoState | None) -> None:
        """Sort a file by what is known of it."""
        self.seen.add(file.path)
        if state is None or _is_fresh(file, state):
            self.fresh.append(file)
        elif state.racy:
            self.doubtful.append(file)
        else:
            self._add_known(file, state)

    def _add_known(self, file: PhotoFile, state: PhotoState) -> None:
        if state.missing:
            self.returned.append(file.path)
        if state.failed:
            self.failed += 1
        else:
            self.unchanged += 1


def survey(states: Mapping[bytes, PhotoState], roots: Sequence[bytes]) -> Survey:
    """Walk some folders and files.

    Args:
        states: What the library knows of the photos under the roots.
        roots: Absolute paths of folders and files that exist.

    Raises:
        OSError: A root vanished, or cannot be looked at.
    """
    found = Survey()
    named = frozenset(roots)
    for file in crawl(roots, lambda skipped: found.skip(skipped, states)):
        state = states.get(file.path)
        if state is not None or file.path in named or _may_be_photo(file):
            found.add(file, state)
    return found


def plan(states: Mapping[bytes, PhotoState], roots: Sequence[bytes]) -> Iterator[Planned]:
    """What a scan would read and why.

    Args:
        states: What the library knows of the photos under the roots.
        roots: Absolute paths of folders and files that exist.
    """
    skipped: list[Skipped] = []
    named = frozenset(roots)
    for file in crawl(roots, skipped.append):
        yield from map(_left_out, skipped)
        skipped.clear()
        yield _planned(file, states.get(file.path), is_named=file.path in named)
    yield from map(_left_out, skipped)


def not_a_photo(file: PhotoFile) -> PhotoFailed:
    """The failure of a file that was named as a photo and is none."""
    message = "it holds no picture of a format that is read"
    return PhotoFailed(file, Stage.DECODE, Reason.NOT_AN_IMAGE, message, None)


def _left_out(skipped: Skipped) -> Planned:
    return Planned(skipped.path, read=False, reason=skipped.reason)


def _planned(file: PhotoFile, state: PhotoState | None, *, is_named: bool) -> Planned:
    if state is not None and not _is_fresh(file, state):
        # One that was changed shortly before it was read is read again, in case it has changed since.
        return Planned(file.path, state.racy, reason="perhaps changed" if state.racy else "unchanged")
    try:
        with OpenPhoto(file) as photo:
            if not (is_photo(photo) or is_named):
                return Planned(file.path, read=False, reason="not a photo")
    except PhotoError as error:
        return Planned(file.path, read=False, reason=error.message)
    known = "unread before" if state is not None and state.unread else "changed"
    return Planned(file.path, read=True, reason="new" if state is None else known)


def _may_be_photo(file: PhotoFile) -> bool:
    """Whether a file counts as a photo by its first bytes; one that cannot be opened may be one.

    The pipeline would tell too, but a folder in which only a text is new must not load the networks.
    """
    try:
        with OpenPhoto(file) as photo:
            return is_photo(photo)
    except PhotoError:
        return True


def _has_photos(folder: bytes, states: Mapping[bytes, PhotoState]) -> bool:
    """Whether photos are known below a path."""
    return any(path.startswith(folder + b"/") for path in states)


def _is_fresh(file: PhotoFile, state: PhotoState) -> bool:
    """Whether a known file has to be looked at: it has changed, or could not be read the last time."""
    return state.unread or (state.size, state.mtime_ns) != (file.size, file.mtime_ns)

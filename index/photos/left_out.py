"""Remembers files that are no photos, or that nothing here reads, so that no scan opens them again.

Such a file is opened once, because any name may be that of a photo, and then known by path, size and time.
"""

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from functools import cache

from sqlalchemy import Connection, delete, func, select

from index.figures import LeftOutCount
from index.photos.siblings import count_siblings
from index.store.schema import left_out
from index.store.statements import are_under, in_chunks, upsert
from index.store.store import Store
from index.values import LeftOutFile
from pipeline.values import OTHER_FILE, PhotoSkipped

_CHUNK = 1000
"""Paths in one statement."""

_UNKNOWN_TIME = -1
"""For a file that may have changed since it was read, within the resolution of its time."""


class LeftOut:
    """The files of one library that are left out; each method is one transaction.

    ``is_none`` tells whether what a decoder, as an outcome names it, left out would be left out now.
    """

    def __init__(self, store: Store, is_none: Callable[[str], bool]) -> None:
        self._store = store
        self._is_none = is_none

    def known_under(self, roots: Sequence[bytes]) -> dict[bytes, LeftOutFile]:
        """Read what is known at these paths, or in these folders at any depth, by path."""
        columns = left_out.c
        query = select(left_out)
        is_none = cache(self._is_none)
        with self._store.read() as connection:
            return {
                row.path: LeftOutFile(
                    row.size,
                    row.mtime_ns,
                    row.kind,
                    row.needs,
                    unread=row.decoder is not None and not is_none(row.decoder),
                )
                for each in are_under(columns.path, roots)
                for row in connection.execute(query.where(each))
            }

    def replace(self, gone: Iterable[bytes], passed: Mapping[bytes, str]) -> None:
        """Forget some paths; remember others, that are no files, each with its kind."""
        rows = [_row(path, 0, _UNKNOWN_TIME, kind) for path, kind in passed.items()]
        lost = set(gone) - passed.keys()
        if lost or rows:
            with self._store.write() as connection:
                forget_left_out(connection, lost)
                upsert(connection, left_out, rows, key="path")


def put_left_out(connection: Connection, files: Iterable[PhotoSkipped], racy: Collection[int]) -> None:
    """Remember files; those whose time is in ``racy`` are opened again by the next scan."""
    rows = [
        _row(
            each.file.path,
            each.file.size,
            _UNKNOWN_TIME if each.file.mtime_ns in racy else each.file.mtime_ns,
            each.kind,
            each.needs,
            each.decoder,
        )
        for each in files
    ]
    upsert(connection, left_out, rows, key="path")


def forget_left_out(connection: Connection, paths: Collection[bytes]) -> None:
    """Forget files, such as those that are photos now."""
    for chunk in in_chunks([*paths], _CHUNK):
        connection.execute(delete(left_out).where(left_out.c.path.in_(chunk)))


def count_left_out(connection: Connection) -> tuple[LeftOutCount, ...]:
    """Count all files by kind, siblings of photos too, in the order of ``counted``."""
    columns = left_out.c
    query = select(columns.kind, columns.needs, func.count()).group_by(columns.kind, columns.needs)
    files = Counter({(kind, needs): files for kind, needs, files in connection.execute(query)})
    files.update({(kind, None): number for kind, number in count_siblings(connection).items()})
    return counted(files)


def counted(files: Mapping[tuple[str, str | None], int]) -> tuple[LeftOutCount, ...]:
    """Order numbers of files, by kind and needed extra: what could be read first, then the most frequent."""
    counts = (LeftOutCount(kind, number, needs) for (kind, needs), number in Counter(files).items() if number)
    return tuple(
        sorted(counts, key=lambda each: (each.needs is None, each.kind == OTHER_FILE, -each.files, each.kind))
    )


def _row(
    path: bytes,
    size: int,
    mtime_ns: int,
    kind: str,
    needs: str | None = None,
    decoder: str | None = None,
) -> dict[str, object]:
    return {
        "path": path,
        "size": size,
        "mtime_ns": mtime_ns,
        "kind": kind,
        "needs": needs,
        "decoder": decoder,
    }

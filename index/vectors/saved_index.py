"""The index of a library and its file, which is a cache of the database; only a writer saves it.

The database has the digest of what counts of the file, and the digest before, which a crash may have left
valid: nothing else in the file is used. Ids alone would not do: in a restored database new faces get the ids
of lost ones. New faces are appended; the file is written anew when a fifth of its rows are of faces that are
gone, or when a face must leave it at once.
"""

import os
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from sqlalchemy import select, update

from index.errors import LibraryDamaged, accessible
from index.id_arrays import are_among
from index.photos.catalog import Catalog
from index.store.schema import vector_index
from index.store.statements import upsert
from index.store.store import Store
from index.values import I64, StoredDescriptors
from index.vectors.coded_index import CodedIndex
from index.vectors.exact_index import ExactIndex
from index.vectors.faiss_index import FaissIndex
from index.vectors.index_file import (
    FileEnd,
    NotSaved,
    Rows,
    append_rows,
    read_rows,
    verify,
    write_rows,
)
from index.whole_file import sync_to_disk, written_whole
from pipeline.values import ModelId

EXACT_BYTES = 512 << 20
"""Size of its stored descriptors up to which a library has an exact index: 131,072 faces of 2048 elements, or
2,097,152 of 128. Larger ones have a coded index; docs/search.md has the figures."""

_GONE_SHARE = 5
"""A file is written anew when one in so many of its rows is of a face that is gone."""

_MOST_SEGMENTS = 200
"""A file of more is written anew: reading each takes some calls."""


@dataclass(frozen=True, slots=True, eq=False)
class LoadedIndex:
    """An index that holds exactly the faces that the database lists.

    Attributes:
        note: Why it was rebuilt, for the user; ``None`` if it was not.
        saved: The file has the same content.
    """

    index: FaissIndex
    note: str | None
    saved: bool


def index_path(library: Path, model: ModelId) -> Path:
    """Return the path of a library's index for a model, beside the library."""
    return library.with_name(f"{library.name}.{model}.faiss")


def index_version(store: Store, model: ModelId) -> bytes | None:
    """Return the BLAKE3 of the model's index saved last, from the database; ``None`` before the first.

    Faces added or removed since do not change it: a scan saves the index when it ends.
    """
    saved = _saved_digests(store, model)
    return saved[0] if saved else None


def load_index(
    catalog: Catalog, model: ModelId, dimension: int, exact_bytes: int | None = None
) -> LoadedIndex:
    """Load the index of a library from its file, or make it from the database if the file is unusable.

    The number of faces decides the kind of index. Nothing is written. ``catalog`` must stay open while the
    index is searched; ``exact_bytes`` replaces ``EXACT_BYTES``.

    Raises:
        LibraryDamaged: The database holds an unreadable descriptor, or one of another length.
    """
    listed = catalog.described_faces(model)
    is_exact = 2 * dimension * len(listed) <= (EXACT_BYTES if exact_bytes is None else exact_bytes)
    index = _empty(catalog, model, dimension, is_exact)
    index.reserve(len(listed))
    note = None
    try:
        _read_into(index, catalog, model)
    except ValueError as error:
        path = index_path(catalog.path, model)
        note = f"the index file {path} was not used: {error}. The index was built anew from the library"
    changed = index.sync(listed)
    end = index.file_end
    return LoadedIndex(index, note, saved=not changed and end is not None and not end.beyond)


def open_saved_index(catalog: Catalog, model: ModelId, dimension: int) -> LoadedIndex:
    """Load the index of a library as it was saved last, without comparing it with the database.

    It may lack faces that were added since, and have faces that are gone: these drop out where rows of the
    database are joined. Without a usable file it is made from the database, as ``load_index`` does.
    """
    query = select(vector_index.c.kind).where(vector_index.c.model == model)
    with catalog.store.read() as connection:
        kind = connection.scalar(query)
    if kind is not None:
        index = _empty(catalog, model, dimension, kind == ExactIndex.KIND)
        with suppress(ValueError):
            if end := _read_into(index, catalog, model):
                return LoadedIndex(index, None, saved=not end.beyond)
    return load_index(catalog, model, dimension)


def load_searchable_index(catalog: Catalog, model: ModelId, dimension: int) -> LoadedIndex:
    """Load the index of a library with all faces that it has now, and perhaps some that are gone.

    It is compared with the database only if faces were added since it was saved.
    """
    opened = open_saved_index(catalog, model, dimension)
    return opened if holds_latest(opened.index, catalog, model) else load_index(catalog, model, dimension)


def holds_latest(index: FaissIndex, catalog: Catalog, model: ModelId) -> bool:
    """Return whether an index of the model holds the faces that were added last."""
    return bool(are_among(catalog.latest_described(model), index.ids()).all())


def _read_into(index: FaissIndex, catalog: Catalog, model: ModelId) -> FileEnd | None:
    """Fill an empty index from its file; otherwise as ``_read_saved``."""
    index.file_end = _read_saved(catalog, model, index)
    index.rows_in_file = len(index)
    return index.file_end


def _empty(catalog: Catalog, model: ModelId, dimension: int, is_exact: bool) -> FaissIndex:
    source = partial(stored_descriptors, catalog, model, dimension)
    return ExactIndex(dimension, source) if is_exact else CodedIndex(dimension, source)


def save_index(index: FaissIndex, catalog: Catalog, model: ModelId, *, whole: bool = False) -> None:
    """Save an index for the next run; raise ``LibraryInaccessible`` if the file cannot be written.

    New faces are appended to the file that the index was loaded from, if it is still there. ``whole``: the
    file must have nothing of other faces. Only one process at a time may call it. A crash at any point leaves
    a file that the database knows.
    """
    path = index_path(catalog.path, model)
    with accessible(path):
        end = _end_to_append_at(index, path, whole)
        if end is None:
            _rewrite(index, catalog, model)
        elif index.rows_in_file < len(index):
            _append(index, end, catalog, model)
        else:
            _record_count(index, catalog, model)


def _end_to_append_at(index: FaissIndex, path: Path, whole: bool) -> FileEnd | None:
    """Return where the file that the index was loaded from ends; ``None`` if it must be written anew."""
    end = index.file_end
    if end is None or end.segments >= _MOST_SEGMENTS or index.gone_from_file * _GONE_SHARE > end.rows:
        return None
    try:
        state = os.stat(path)
    except FileNotFoundError:
        return None
    is_it = (state.st_dev, state.st_ino) == end.file and state.st_size >= end.offset
    is_whole = index.gone_from_file == 0 and state.st_size == end.offset
    return end if is_it and (is_whole or not whole) else None


def _append(index: FaissIndex, end: FileEnd, catalog: Catalog, model: ModelId) -> None:
    path = index_path(catalog.path, model)
    with open(path, "r+b") as file:
        try:
            later = append_rows(file, index, index.rows_in_file, end)
        except BaseException:
            with suppress(OSError):
                os.truncate(path, end.offset)
            raise
    sync_to_disk(path)
    _record(index, catalog, model, later, end)
    index.file_end, index.rows_in_file = later, len(index)


def _rewrite(index: FaissIndex, catalog: Catalog, model: ModelId) -> None:
    """Write the file anew. Until the new one is in its place, the database knows both."""
    path = index_path(catalog.path, model)
    with written_whole(path) as unfinished:
        with open(unfinished, "w+b") as file:
            end = write_rows(file, index)
        _record(index, catalog, model, end, _end_on_disk(catalog, model))
    index.file_end, index.rows_in_file, index.gone_from_file = end, len(index), 0


def _end_on_disk(catalog: Catalog, model: ModelId) -> FileEnd | None:
    try:
        return _read_saved(catalog, model, None)
    except ValueError:
        return None  # no file, or an unusable one: its digest is not needed


def _record(
    index: FaissIndex, catalog: Catalog, model: ModelId, end: FileEnd, before: FileEnd | None
) -> None:
    row = {"model": model, "kind": index.kind, "count": len(index), "digest": end.digest}
    with catalog.store.write() as connection:
        upsert(connection, vector_index, [row | {"previous": before and before.digest}], "model")


def _record_count(index: FaissIndex, catalog: Catalog, model: ModelId) -> None:
    """Record that faces are gone; their rows stay in the file."""
    changed = update(vector_index).where(vector_index.c.model == model).values(count=len(index))
    with catalog.store.write() as connection:
        connection.execute(changed)


def index_fault(catalog: Catalog, model: ModelId) -> str | None:
    """Return why the index file cannot be used; ``None`` if it can be, or none was ever saved.

    Faces added or removed since it was saved are no fault.
    """
    try:
        _read_saved(catalog, model, None)
    except ValueError as error:
        return str(error)
    return None


def _read_saved(catalog: Catalog, model: ModelId, rows: Rows | None) -> FileEnd | None:
    """Read what counts of the index file of a model into ``rows``; return ``None`` if none was ever saved.

    Without ``rows`` it is only verified. Raises a ``ValueError``, which says why, if the library did not save
    the file or it is missing.
    """
    known = _saved_digests(catalog.store, model)
    while known is not None:
        try:
            with open(index_path(catalog.path, model), "rb", buffering=0) as file:
                # Queried once the file is open: if another one is saved meanwhile, this is the previous one.
                accepted = _saved_digests(catalog.store, model) or known
                return read_rows(file, rows, accepted) if rows is not None else verify(file, accepted)
        except FileNotFoundError as error:
            raise ValueError("it is missing") from error
        except OSError as error:
            raise ValueError(error.strerror or str(error)) from error
        except NotSaved:
            before, known = known, _saved_digests(catalog.store, model)
            if known == before:
                raise
    return None


def _saved_digests(store: Store, model: ModelId) -> tuple[bytes, bytes | None] | None:
    """Read the digest of the index saved last, and the one before; ``None`` if none was ever saved."""
    query = select(vector_index.c.digest, vector_index.c.previous).where(vector_index.c.model == model)
    with store.read() as connection:
        row = connection.execute(query).one_or_none()
    return None if row is None else (row.digest, row.previous)


def stored_descriptors(
    catalog: Catalog, model: ModelId, dimension: int, face_ids: I64
) -> Iterator[StoredDescriptors]:
    """Read descriptors as a ``DescriptorSource``.

    Raises a ``LibraryDamaged`` if one is unreadable or of another length.
    """
    for chunk in catalog.stored_descriptors(model, face_ids):
        if chunk.halves.shape[1] != dimension:
            reason = f"a descriptor has {chunk.halves.shape[1]} elements, where {model} gives {dimension}"
            raise LibraryDamaged(catalog.path, reason)
        yield chunk

"""The index of a library and its file, which is a cache of the database; only a writer saves it.

The file is read only if its BLAKE3 is that of the index saved last, or of the one before, which a crash may
have left: FAISS trusts what it reads. Then the index is synchronised with the database. Ids alone would not
do: in a restored database new faces get the ids of lost ones.
"""

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import BinaryIO

from blake3 import blake3
from sqlalchemy import select

from index.errors import LibraryDamaged
from index.photos.catalog import Catalog
from index.store.schema import vector_index
from index.store.statements import upsert
from index.store.store import Store
from index.values import I64, Descriptors
from index.vectors.coded_index import CodedIndex
from index.vectors.exact_index import ExactIndex
from index.vectors.faiss_index import FaissIndex
from index.whole_file import written_whole
from pipeline.platform_support import path_of
from pipeline.values import ModelId

EXACT_BYTES = 64 << 20
"""Size of its descriptors, as float32, up to which a library has an exact index: 8,192 faces of 2048
elements, or 131,072 of 128. Larger ones have a coded index; docs/search.md has the figures."""


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
    is_exact = 4 * dimension * len(listed) <= (EXACT_BYTES if exact_bytes is None else exact_bytes)
    source = partial(checked_descriptors, catalog, model, dimension)
    make = partial(ExactIndex if is_exact else CodedIndex, dimension, source)
    index: FaissIndex = make()
    note, was_read = None, False
    try:
        if file := _open_saved(catalog, model):
            with file:
                index.read(file)
            was_read = True
    except ValueError as error:
        path = index_path(catalog.path, model)
        note = f"the index file {path} was not used: {error}. The index was built anew from the library"
        index = make()
    changed = index.sync(listed)
    return LoadedIndex(index, note, saved=was_read and not changed)


def save_index(index: FaissIndex, catalog: Catalog, model: ModelId) -> None:
    """Save an index for the next run; raise ``LibraryInaccessible`` if the file cannot be written.

    Only one process at a time may call it. A crash at any point leaves the old file or the new one, and the
    database knows both.
    """
    path, on_disk = index_path(catalog.path, model), None
    try:
        if file := _open_saved(catalog, model):
            with file:
                on_disk = _digest(file)
    except ValueError:
        pass  # no file, or an unusable one: its digest is not needed
    with written_whole(path) as unfinished:
        with open(unfinished, "w+b") as written:
            index.write(written)
            written.flush()
            digest = _digest(written)
        row = {"model": model, "kind": index.kind, "count": len(index), "digest": digest}
        with catalog.store.write() as connection:
            upsert(connection, vector_index, [row | {"previous": on_disk}], "model")


def index_fault(catalog: Catalog, model: ModelId) -> str | None:
    """Return why the index file cannot be used; ``None`` if it can be, or none was ever saved.

    Faces added or removed since it was saved are no fault.
    """
    try:
        if file := _open_saved(catalog, model):
            file.close()
    except ValueError as error:
        return str(error)
    return None


def _open_saved(catalog: Catalog, model: ModelId) -> BinaryIO | None:
    """Open the index file of a model at its start; ``None`` if none was ever saved.

    Raises a ``ValueError``, which says why, if the library did not save the file or it is missing.
    """
    if _saved_digests(catalog.store, model) is None:
        return None
    try:
        with ExitStack() as stack:
            file = stack.enter_context(open(index_path(catalog.path, model), "rb"))
            digest = _digest(file)
            # Queried once the file is open: if another one is saved meanwhile, this is the previous one.
            if digest not in (_saved_digests(catalog.store, model) or ()):
                raise ValueError("it is damaged, or not one that this library saved")
            stack.pop_all()
            return file
    except FileNotFoundError as error:
        raise ValueError("it is missing") from error
    except OSError as error:
        raise ValueError(error.strerror or str(error)) from error


def _saved_digests(store: Store, model: ModelId) -> tuple[bytes, bytes | None] | None:
    """Read the BLAKE3 of the index saved last, and of the file before; ``None`` if none was ever saved."""
    query = select(vector_index.c.digest, vector_index.c.previous).where(vector_index.c.model == model)
    with store.read() as connection:
        row = connection.execute(query).one_or_none()
    return None if row is None else (row.digest, row.previous)


def checked_descriptors(
    catalog: Catalog, model: ModelId, dimension: int, face_ids: I64
) -> Iterator[Descriptors]:
    """Read descriptors as a ``DescriptorSource``.

    Raises a ``LibraryDamaged`` if one is unreadable or of another length.
    """
    for chunk in catalog.descriptors(model, face_ids):
        if chunk.vectors.shape[1] != dimension:
            reason = f"a descriptor has {chunk.vectors.shape[1]} elements, where {model} gives {dimension}"
            raise LibraryDamaged(catalog.path, reason)
        yield chunk


_BLOCK = 1 << 20
"""Bytes read at once from a file that cannot be mapped into memory."""


def _digest(file: BinaryIO) -> bytes:
    hasher = blake3(max_threads=blake3.AUTO)
    path = path_of(file)
    if path is not None:
        return hasher.update_mmap(path).digest()
    file.seek(0)
    while block := file.read(_BLOCK):
        hasher.update(block)
    file.seek(0)
    return hasher.digest()

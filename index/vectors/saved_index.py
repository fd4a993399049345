"""The index of a library and its file, which is a cache of the database.

The file may be deleted, truncated or flipped at any moment. It is read only if its BLAKE3 is one of the two
that the database keeps for each model: that of the index saved last, and that of the file before, which a
crash may have left in place. FAISS, which trusts what it reads, sees no other bytes. What is loaded is then
brought up to date with the faces that the database lists. So neither a crash, nor an older copy of the file
or of the database brought back, nor faces added or removed since can give a wrong answer: at worst the index
is built anew. (Ids alone would not tell: after a copy of the database was brought back, other faces get the
same ids.) Only a writer saves; a reader never writes.
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
"""The descriptors of a library, as float32, up to which its index holds them whole: 8,192 faces of 2048
elements, or 131,072 of 128. Above it holds codes; docs/search.md has the figures behind the rule."""


@dataclass(frozen=True, slots=True, eq=False)
class LoadedIndex:
    """An index that holds exactly the faces that the database lists.

    Attributes:
        index: In memory.
        note: Why it had to be rebuilt, for the person who waited; ``None`` where it had not.
        saved: The file holds the same, so that saving it again would change nothing.
    """

    index: FaissIndex
    note: str | None
    saved: bool


def index_path(library: Path, model: ModelId) -> Path:
    """Where a library's index for a model is saved: beside it, one file for each model."""
    return library.with_name(f"{library.name}.{model}.faiss")


def index_version(store: Store, model: ModelId) -> bytes | None:
    """Tell whether another index was saved: the BLAKE3 of the model's index that was saved last.

    It takes one row of the database, and no look at the file. It is another one after each save that changed
    the index, and ``None`` before the first. Faces that were added or removed since are not in it: a scan
    saves the index when it ends.
    """
    saved = _saved_digests(store, model)
    return saved[0] if saved else None


def load_index(
    catalog: Catalog, model: ModelId, dimension: int, exact_bytes: int | None = None
) -> LoadedIndex:
    """Load the index of a library from its file, if that can be used, and else make it from the database.

    Its kind follows from the number of faces alone: a library that has outgrown its kind gets the other
    one here, built anew. The catalog must stay open as long as the index is searched.

    Args:
        catalog: Of the library; nothing is written.
        model: The model it belongs to.
        dimension: D, the length of the model's descriptors.
        exact_bytes: Descriptors that take more bytes than this, as float32, are searched by codes;
            ``EXACT_BYTES`` where it is not said.

    Raises:
        LibraryDamaged: The database holds an unreadable descriptor, or one of another length.
        LibraryError: The database cannot be read.
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
    """Save an index for the next run. To be called by one process at a time.

    A crash at any point leaves the old file or the new one, and the database knows both.

    Raises:
        LibraryInaccessible: The file cannot be written.
        LibraryError: The database cannot be written.
    """
    path, on_disk = index_path(catalog.path, model), None
    try:
        if file := _open_saved(catalog, model):
            with file:
                on_disk = _digest(file)
    except ValueError:
        pass  # there is no file, or none that may be used: it need not be known any longer
    with written_whole(path) as unfinished:
        with open(unfinished, "w+b") as written:
            index.write(written)
            written.flush()
            digest = _digest(written)
        row = {
            "model": model, "kind": index.kind, "count": len(index), "digest": digest, "previous": on_disk
        }  # fmt: skip
        with catalog.store.write() as connection:
            upsert(connection, vector_index, [row], "model")


def index_fault(catalog: Catalog, model: ModelId) -> str | None:
    """Why the index file would not be used; ``None`` where it would, or none was ever saved.

    Faces that came or went since are no fault: they are put in and taken out where it is loaded.
    """
    try:
        if file := _open_saved(catalog, model):
            file.close()
    except ValueError as error:
        return str(error)
    return None


def _open_saved(catalog: Catalog, model: ModelId) -> BinaryIO | None:
    """Open the index file of a model at its start; ``None`` where none was ever saved.

    Raises:
        ValueError: It is missing, or is not one that the library saved; the message says why.
    """
    if _saved_digests(catalog.store, model) is None:
        return None
    try:
        with ExitStack() as stack:
            file = stack.enter_context(open(index_path(catalog.path, model), "rb"))
            digest = _digest(file)
            # Asked after the file was opened: if another one is saved meanwhile, this is the one before.
            if digest not in (_saved_digests(catalog.store, model) or ()):
                raise ValueError("it is damaged, or not one that this library saved")
            stack.pop_all()
            return file
    except FileNotFoundError as error:
        raise ValueError("it is missing") from error
    except OSError as error:
        raise ValueError(error.strerror or str(error)) from error


def _saved_digests(store: Store, model: ModelId) -> tuple[bytes, bytes | None] | None:
    """BLAKE3 of the index saved last, and of the one before; ``None`` where none was ever saved."""
    query = select(vector_index.c.digest, vector_index.c.previous).where(vector_index.c.model == model)
    with store.read() as connection:
        row = connection.execute(query).one_or_none()
    return None if row is None else (row.digest, row.previous)


def checked_descriptors(
    catalog: Catalog, model: ModelId, dimension: int, face_ids: I64
) -> Iterator[Descriptors]:
    """Read the descriptors of faces, whose ids rise, in chunks; unknown faces are left out.

    Raises:
        LibraryDamaged: A descriptor cannot be read, or is of another length.
    """
    for chunk in catalog.descriptors(model, face_ids):
        if chunk.vectors.shape[1] != dimension:
            reason = f"a descriptor has {chunk.vectors.shape[1]} elements, where {model} gives {dimension}"
            raise LibraryDamaged(catalog.path, reason)
        yield chunk


_BLOCK = 1 << 20
"""Bytes of a file that are read at once, where it cannot be mapped into memory."""


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

"""Nearest descriptors: which kind of index a library has, and its file, which is a cache of the database.

The file may be deleted, truncated or flipped at any moment. It is believed only where its BLAKE3 is the
one in the database's manifest; FAISS, which trusts what it reads, sees no other bytes. Whatever is
loaded is then made to hold exactly the faces that the database lists, so that neither a crash between
two steps of saving, nor a copy of the database brought back, nor faces added or removed since can give
a wrong answer: at worst the index is built anew. Only a writer saves; a reader never writes.

This module knows descriptors and ids, and nothing of photos.
"""

import os
from collections.abc import Callable
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from functools import partial
from io import BufferedIOBase
from pathlib import Path
from typing import Protocol

import numpy as np
from blake3 import blake3

from index.errors import LibraryDamaged, LibraryError, LibraryInaccessible
from index.photos.catalog import Catalog
from index.values import I64, IndexFile, Neighbor
from index.vectors.faiss_index import CodedIndex, ExactIndex, FaissIndex
from pipeline.values import F32, ModelId

EXACT_BYTES = 64 << 20
"""The descriptors of a library, as float32, up to which its index holds them whole: 8,192 faces of 2048
elements, or 131,072 of 128. Above it holds codes; docs/search.md has the figures behind the rule."""


class VectorIndex(Protocol):
    """Descriptors by face id, and which are nearest to a probe."""

    def __len__(self) -> int:
        """How many faces it holds."""

    def ids(self) -> I64:
        """The faces it holds, int64 [N], rising."""

    def add(self, ids: I64, vectors: F32) -> None:
        """Put faces in.

        Args:
            ids: int64 [N], none of them in the index.
            vectors: float32 [N, D], of unit norm.
        """

    def remove(self, ids: I64) -> None:
        """Take faces out, int64 [N]; those that are not in it are passed over."""

    def search(self, queries: F32, k: int, exclude: I64) -> list[list[Neighbor]]:
        """The nearest faces of each probe, by falling similarity.

        Args:
            queries: float32 [N, D], of unit norm.
            k: How many; fewer come back where the index holds fewer.
            exclude: int64 [M], faces that are passed over.
        """


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


def load_index(
    catalog: Catalog, model: ModelId, dimension: int, exact_bytes: int | None = None
) -> LoadedIndex:
    """The index of a library, from its file as far as that can be believed, and else from the database.

    Its kind follows from the number of faces alone: a library that has outgrown its kind gets the other
    one here, built anew. The catalog must stay open as long as the index is searched.

    Args:
        catalog: Of the library; nothing is written.
        model: The model it belongs to.
        dimension: D, the length of the model's descriptors.
        exact_bytes: Descriptors that take more bytes than this, as float32, are searched by codes;
            ``EXACT_BYTES`` where it is not said.

    Raises:
        LibraryDamaged: The database holds a descriptor that is none, or of another length.
        LibraryError: The database cannot be read.
    """
    path = index_path(catalog.path, model)
    manifest = catalog.manifest(model)
    listed = catalog.described_faces(model)
    is_exact = 4 * dimension * len(listed) <= (EXACT_BYTES if exact_bytes is None else exact_bytes)
    source = partial(catalog.descriptors, model)
    make = partial(ExactIndex, dimension) if is_exact else partial(CodedIndex, dimension, source)
    index, note = make(), None
    if manifest is not None:
        try:
            _read_believed(index, path, manifest.file)
        except ValueError as error:
            if catalog.manifest(model) != manifest:  # somebody saved another one just now
                return load_index(catalog, model, dimension, exact_bytes)
            note = f"the index file {path} was not used: {error}. The index was built anew from the library"
            index = make()
    changed = _reconcile(index, listed, catalog, model, dimension)
    return LoadedIndex(index, note, saved=manifest is not None and note is None and not changed)


def save_index(index: FaissIndex, catalog: Catalog, model: ModelId) -> None:
    """Save an index for the next run. To be called by one process at a time.

    The file is whole, under another name, before the manifest knows it, and gets its name after. A crash
    at any point leaves a file that the manifest knows, under one of the two names.

    Raises:
        LibraryInaccessible: The file cannot be written.
        LibraryError: The manifest cannot be written.
    """
    finish_saving(catalog, model)
    write_index_file(index, index_path(catalog.path, model), partial(catalog.write_manifest, model))


def finish_saving(catalog: Catalog, model: ModelId) -> None:
    """Leave nothing of a save that a crash cut short. To be called by one process at a time.

    Where the crash came between the manifest and the new name, the file gets its name; a file of which the
    manifest knows nothing goes.
    """
    path, manifest = index_path(catalog.path, model), catalog.manifest(model)
    with suppress(OSError):
        with open(_unfinished(path), "rb") as file:
            is_known = manifest is not None and _digest(file) == manifest.file.digest
        if is_known:
            os.replace(_unfinished(path), path)
        else:
            _unfinished(path).unlink()


def index_fault(catalog: Catalog, model: ModelId) -> str | None:
    """Why the file of the index saved last would not be used; ``None`` where it would, or there is none.

    Faces that came or went since are no fault: they are put in and taken out where it is loaded.
    """
    path = index_path(catalog.path, model)
    manifest = catalog.manifest(model)
    if manifest is None:
        return None
    try:
        _open_believed(path, manifest.file).close()
    except FileNotFoundError:
        fault = "it is missing"
    except (OSError, ValueError) as error:
        fault = str(error)
    else:
        return None
    return fault if catalog.manifest(model) == manifest else None


def write_index_file(
    index: FaissIndex, path: Path, announce: Callable[[IndexFile], None] = lambda file: None
) -> IndexFile:
    """Write an index so that there is the old file or the new one at every moment, and no half.

    Args:
        index: What is written.
        path: Where.
        announce: Called when the new file is on the disk, under another name; where it raises a
            ``LibraryError``, the old file stays.

    Raises:
        LibraryInaccessible: It cannot be written.
    """
    unfinished = _unfinished(path)
    digest = blake3()
    try:
        unfinished.unlink(missing_ok=True)  # a crashed run left it
        with open(os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:

            def write(piece: bytes) -> None:
                digest.update(piece)
                file.write(piece)

            index.write(write)
            file.flush()
            os.fsync(file.fileno())
        _sync_folder(path.parent)
        written = IndexFile(kind=index.kind, count=len(index), digest=digest.digest())
        announce(written)
        os.replace(unfinished, path)
        _sync_folder(path.parent)
    except LibraryError:
        unfinished.unlink(missing_ok=True)
        raise
    except OSError as error:
        unfinished.unlink(missing_ok=True)
        raise LibraryInaccessible(path, f"the index could not be written: {error}") from error
    return written


def _unfinished(path: Path) -> Path:
    return path.with_name(f"{path.name}.unfinished")


def _read_believed(index: FaissIndex, path: Path, expected: IndexFile) -> None:
    """Read an index file that is the one in the manifest.

    Raises:
        ValueError: It is not; the message says why. What is in the index then is not to be used.
    """
    if expected.kind != index.kind:
        raise ValueError(f"it is of the kind {expected.kind}, and a library of this size has {index.kind}")
    try:
        with _open_believed(path, expected) as file:
            index.read(file)
    except FileNotFoundError as error:
        raise ValueError("it is missing") from error
    except OSError as error:
        raise ValueError(error.strerror or str(error)) from error
    if len(index) != expected.count:
        raise ValueError(f"it holds {len(index)} faces, not {expected.count}")


def _open_believed(path: Path, expected: IndexFile) -> BufferedIOBase:
    """Open the file that is the one in the manifest, under whichever of its two names.

    Raises:
        ValueError: There is none; the message says why.
        OSError: There is no file, or it cannot be read.
    """
    fault: Exception | None = None
    # First the name that it has unless a crash came between; last, the same again: who saves it may have
    # renamed it just now.
    for name in (path, _unfinished(path), path):
        try:
            return _open_expected(name, expected)
        except (OSError, ValueError) as error:
            fault = fault or error
    raise fault or ValueError


def _open_expected(path: Path, expected: IndexFile) -> BufferedIOBase:
    with ExitStack() as stack:
        file = stack.enter_context(open(path, "rb"))
        if _digest(file) != expected.digest:
            raise ValueError("it is damaged, or not the one that was saved last")
        stack.pop_all()
        return file


def _reconcile(index: FaissIndex, listed: I64, catalog: Catalog, model: ModelId, dimension: int) -> bool:
    """Make an index hold the faces that the database lists, and no others; whether it did not."""
    held = index.ids()
    if np.array_equal(held, listed):
        return False
    index.remove(np.setdiff1d(held, listed, assume_unique=True))
    for chunk in catalog.descriptors(model, np.setdiff1d(listed, held, assume_unique=True)):
        if chunk.vectors.shape[1] != dimension:
            reason = f"a descriptor has {chunk.vectors.shape[1]} elements, where {model} gives {dimension}"
            raise LibraryDamaged(catalog.path, reason)
        index.add(chunk.ids, chunk.vectors)
    return True


def _digest(file: BufferedIOBase) -> bytes:
    hasher = blake3(max_threads=blake3.AUTO)
    return hasher.update_mmap(f"/dev/fd/{file.fileno()}").digest()


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)

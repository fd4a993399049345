"""Nearest descriptors: the index in memory, and its file, which is a cache of the database.

The file may be deleted, truncated or flipped at any moment. It is believed only where its SHA-256 is
the one in the database's manifest; FAISS, which trusts what it reads, sees no other bytes. Whatever is
loaded is then made to hold exactly the faces that the database lists, so that neither a crash between
two steps of saving, nor a copy of the database brought back, nor faces added or removed since can give
a wrong answer: at worst the index is built anew. Only a writer saves; a reader never writes.

FAISS runs as many threads as there are cores; OMP_NUM_THREADS limits it. This module knows descriptors
and ids, and nothing of photos.
"""

import errno
import hashlib
import os
from dataclasses import dataclass
from io import BufferedIOBase
from pathlib import Path
from typing import Any, Protocol

import faiss
import numpy as np

from index.catalog import Catalog
from index.errors import LibraryDamaged, LibraryInaccessible
from index.values import I64, IndexFile, Neighbor
from pipeline.values import F32, ModelId

_BYTES_AN_ID = np.dtype(np.int64).itemsize
_BYTES_AN_ELEMENT = np.dtype(np.float32).itemsize


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


class FaissIndex:
    """A ``VectorIndex`` that compares each probe with each face: exact, and fast for a million faces.

    Args:
        dimension: D, the length of the descriptors.
    """

    kind = "IDMap2,Flat inner product"

    def __init__(self, dimension: int) -> None:
        self._index: Any = faiss.IndexIDMap2(faiss.IndexFlatIP(dimension))

    def __len__(self) -> int:
        return int(self._index.ntotal)

    def ids(self) -> I64:
        """The faces it holds, int64 [N], rising."""
        return np.sort(faiss.vector_to_array(self._index.id_map))

    def add(self, ids: I64, vectors: F32) -> None:
        """Put faces in; see ``VectorIndex``."""
        self._index.add_with_ids(np.ascontiguousarray(vectors, np.float32), ids.astype(np.int64))

    def remove(self, ids: I64) -> None:
        """Take faces out; see ``VectorIndex``."""
        self._index.remove_ids(ids.astype(np.int64))

    def search(self, queries: F32, k: int, exclude: I64) -> list[list[Neighbor]]:
        """The nearest faces of each probe; see ``VectorIndex``."""
        if not len(self) or not len(queries):
            return [[] for _ in queries]
        # FAISS does not own its selectors: all three must live until the search is over.
        excluded = faiss.IDSelectorBatch(exclude.astype(np.int64))
        others = faiss.IDSelectorNot(excluded)
        parameters = faiss.SearchParameters()
        parameters.sel = others if len(exclude) else None
        found = self._index.search(
            np.ascontiguousarray(queries, np.float32), min(k, len(self)), params=parameters
        )
        similarities, ids = np.clip(found[0], -1.0, 1.0), found[1]
        return [_neighbors(ids[row], similarities[row]) for row in range(len(queries))]

    def write(self, file: BufferedIOBase) -> None:
        """Write it to a new file, open for reading and writing.

        Raises:
            OSError: The file is full before its end.
            RuntimeError: The same, as FAISS says it.
        """
        faiss.write_index(self._index, _name(file))
        # FAISS keeps the last bytes back until it closes the file, and does not raise if they do not fit.
        empty = len(faiss.serialize_index(FaissIndex(self._index.d)._index))
        size = empty + len(self) * (_BYTES_AN_ID + _BYTES_AN_ELEMENT * self._index.d)
        if os.fstat(file.fileno()).st_size < size:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    @classmethod
    def read(cls, file: BufferedIOBase, dimension: int) -> "FaissIndex":
        """Read one that ``write`` wrote, and that has not changed since: FAISS may crash on other bytes.

        Raises:
            ValueError: It is another kind of index, of another dimension, or of another FAISS.
        """
        file.seek(0)
        try:
            index = faiss.read_index(_name(file))
        except RuntimeError as error:
            raise ValueError("this version of FAISS cannot read it") from error
        if not isinstance(index, faiss.IndexIDMap2) or index.d != dimension:
            raise ValueError("it is an index of another kind or dimension")
        loaded = cls(dimension)
        loaded._index = index
        return loaded


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


def load_index(catalog: Catalog, model: ModelId, dimension: int) -> LoadedIndex:
    """The index of a library, from its file as far as that can be believed, and else from the database.

    Args:
        catalog: Of the library; nothing is written.
        model: The model it belongs to.
        dimension: D, the length of the model's descriptors.

    Raises:
        LibraryDamaged: The database holds a descriptor that is none, or of another length.
        LibraryError: The database cannot be read.
    """
    path = index_path(catalog.path, model)
    manifest = catalog.manifest(model)
    note = None
    index = FaissIndex(dimension)
    if manifest is not None:
        try:
            index = _read_believed(path, manifest.file, dimension)
        except ValueError as error:
            note = f"the index file {path} was not used: {error}. It was rebuilt from the library, in memory"
    changed = _reconcile(index, catalog, model, dimension)
    return LoadedIndex(index, note, saved=manifest is not None and note is None and not changed)


def save_index(index: FaissIndex, catalog: Catalog, model: ModelId) -> None:
    """Save an index for the next run.

    A crash at any point leaves a file that the manifest knows, or one that it does not, which the next
    ``load_index`` then passes over. To be called by one process at a time.

    Raises:
        LibraryInaccessible: The file cannot be written.
        LibraryError: The manifest cannot be written.
    """
    catalog.write_manifest(model, write_index_file(index, index_path(catalog.path, model)))


def write_index_file(index: FaissIndex, path: Path) -> IndexFile:
    """Write an index so that there is the old file or the new one at every moment, and no half.

    Raises:
        LibraryInaccessible: It cannot be written.
    """
    unfinished = path.with_name(f"{path.name}.unfinished")
    try:
        unfinished.unlink(missing_ok=True)  # a crashed run left it
        with open(os.open(unfinished, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600), "r+b") as file:
            index.write(file)
            sha256 = _sha256(file)
            os.fsync(file.fileno())
        os.replace(unfinished, path)
        _sync_folder(path.parent)
    except (OSError, RuntimeError) as error:  # RuntimeError is how FAISS says that the disk is full
        unfinished.unlink(missing_ok=True)
        raise LibraryInaccessible(path, f"the index could not be written: {error}") from error
    return IndexFile(kind=index.kind, count=len(index), sha256=sha256)


def _read_believed(path: Path, expected: IndexFile, dimension: int) -> FaissIndex:
    """Read an index file that is the one in the manifest.

    Raises:
        ValueError: It is not; the message says why.
    """
    if expected.kind != FaissIndex.kind:
        raise ValueError("it is of another kind")
    try:
        with open(path, "rb") as file:
            if _sha256(file) != expected.sha256:
                raise ValueError("it is damaged, or not the one that was saved last")
            index = FaissIndex.read(file, dimension)
    except FileNotFoundError as error:
        raise ValueError("it is missing") from error
    except OSError as error:
        raise ValueError(error.strerror or str(error)) from error
    if len(index) != expected.count:
        raise ValueError(f"it holds {len(index)} faces, not {expected.count}")
    return index


def _reconcile(index: FaissIndex, catalog: Catalog, model: ModelId, dimension: int) -> bool:
    """Make an index hold the faces that the database lists, and no others; whether it did not."""
    listed, held = catalog.described_faces(model), index.ids()
    gone = np.setdiff1d(held, listed, assume_unique=True)
    new = np.setdiff1d(listed, held, assume_unique=True)
    if len(gone):
        index.remove(gone)
    for chunk in catalog.descriptors(model, new):
        if chunk.vectors.shape[1] != dimension:
            reason = f"a descriptor has {chunk.vectors.shape[1]} elements, where {model} gives {dimension}"
            raise LibraryDamaged(catalog.path, reason)
        index.add(chunk.ids, chunk.vectors)
    return bool(len(gone) or len(new))


def _sha256(file: BufferedIOBase) -> bytes:
    file.seek(0)
    return hashlib.file_digest(file, "sha256").digest()


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _name(file: BufferedIOBase) -> str:
    """A name for an open file that is plain ASCII, and that stays the same file whatever replaces it."""
    return f"/dev/fd/{file.fileno()}"


def _neighbors(ids: I64, similarities: F32) -> list[Neighbor]:
    found = [
        Neighbor(face_id, similarity)
        for face_id, similarity in zip(ids.tolist(), similarities.tolist(), strict=True)
        if face_id >= 0  # FAISS fills up with -1
    ]
    return sorted(found, key=lambda each: (-each.similarity, each.face_id))

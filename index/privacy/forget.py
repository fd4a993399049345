"""Forgets a person for good: in the tables, the index files and copies of the library.

One transaction forgets the person in the tables; then the library and its index files are written anew, which
can be repeated. Deleted files still on the disk, and copies elsewhere, are out of reach.
"""

from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Connection, delete, select

from index.arrays import dimension_of
from index.clock import Clock, utc_now
from index.decisions.derived_tables import read_state, write_derived_tables
from index.decisions.drawn_rows import delete_unnamed_rows
from index.decisions.journal_rows import append_acts, read_decisions, readable
from index.decisions.model import Forget
from index.decisions.replay import replay
from index.decisions.same_faces import read_same_faces
from index.errors import DecisionRefused, accessible
from index.photos.catalog import Catalog
from index.photos.thumbnails import erase_stale_thumbnails
from index.privacy.redaction import faces_of_persons, keys_of, take_out_persons
from index.store.schema import descriptor, vector_index
from index.store.store import Store, library_files
from index.vectors.saved_index import index_path, load_index, save_index
from pipeline.values import ModelId

_INDEX = (".faiss", ".faiss.unfinished")
"""Suffixes of index files; the second is that of an unfinished one."""


@dataclass(frozen=True, slots=True)
class Purged:
    """What was done to the files of a library.

    Attributes:
        rewritten: The library and its indexes, as far as they were written anew.
        removed: Deleted copies of earlier states.
        left: Other databases beside the library, for the user to delete: they may be the only copy of
            something.
    """

    rewritten: tuple[Path, ...]
    removed: tuple[Path, ...]
    left: tuple[Path, ...]


@dataclass(frozen=True, slots=True)
class FacesToForget:
    """The faces of a person that ``forget`` deletes, and those that it lets go: ids, rising."""

    erased: tuple[int, ...]
    let_go: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Erased:
    """What was deleted with a person.

    Attributes:
        faces: Deleted faces of the person.
        decisions: Decisions from which persons or faces were deleted.
        let_go: Faces that were only recognised as the person, and stay without one.
    """

    name: str
    faces: int
    decisions: int
    purged: Purged
    let_go: int = 0


def faces_to_forget(store: Store, key: str, *, also_recognised: bool = False) -> FacesToForget:
    """Find what ``forget`` would do with the faces of a person; write nothing."""
    with readable(store.path), store.read() as connection:
        return _faces_to_forget(connection, keys_of(read_state(connection), key), also_recognised)


def _faces_to_forget(connection: Connection, keys: Collection[str], also_recognised: bool) -> FacesToForget:
    confirmed, recognised = (
        sorted(faces_of_persons(connection, keys, recognised=each)) for each in (False, True)
    )
    if also_recognised:
        return FacesToForget(tuple(sorted(confirmed + recognised)), ())
    return FacesToForget(tuple(confirmed), tuple(recognised))


def forget(
    store: Store,
    key: str,
    clock: Clock = utc_now,
    *,
    also_recognised: bool = False,
    source: str | None = None,
) -> Erased:
    """Forget a person, and all persons merged with it. It cannot be undone.

    Confirmed faces are deleted, and tombstones keep them out of later scans. Faces that were only recognised
    may be somebody else's: they stay, without a person, unless ``also_recognised``. The caller holds the
    lock, and updates clusters and recognised faces.

    Raises:
        DecisionRefused: The key is unknown.
        LibraryBusy: The person is forgotten, but the library's file could not be written anew, because
            another process reads it; ``purge`` does that.
        LibraryError: The library cannot be written; if it is one of its files, as for ``LibraryBusy``.
    """
    with readable(store.path), store.write() as connection:
        decisions = read_decisions(connection)
        state = replay(decisions, read_same_faces(connection))
        person = state.person(key)
        if person is None:
            raise DecisionRefused(store.path, f"no person has the key {key}")
        keys = keys_of(state, key)
        let_go = _faces_to_forget(connection, keys, also_recognised).let_go
        redacted = take_out_persons(connection, decisions, keys, also_recognised=also_recognised)
        made = append_acts(connection, map(Forget, keys), clock(), source)
        state = replay([*redacted.decisions, *made], read_same_faces(connection))
        write_derived_tables(connection, state)
        delete_unnamed_rows(connection)
    return Erased(person.name, redacted.faces, redacted.rewritten, purge(store), len(let_go))


def purge(store: Store) -> Purged:
    """Remove all traces of deleted rows from the library's files. Idempotent; raises as ``forget``."""
    catalog, path = Catalog(store), store.path
    indexes, rewritten = set(), [path]
    for model, dimension in _dimensions(store).items():
        file = index_path(path, model)
        indexes.add(file)
        loaded = load_index(catalog, model, dimension)
        if not loaded.saved:  # it differs from the database
            save_index(loaded.index, catalog, model, whole=True)
            rewritten.append(file)
    with accessible(path):
        copies = store.copies()
        stale = [each for each in library_files(path) if each.name.endswith(_INDEX) and each not in indexes]
        removed = tuple(sorted((*copies.of_upgrades, *stale)))
        for file in removed:
            file.unlink(missing_ok=True)
    erase_stale_thumbnails(store)
    store.vacuum()
    return Purged(tuple(rewritten), removed, copies.others)


def _dimensions(store: Store) -> dict[ModelId, int]:
    """Read the dimension of each model with descriptors; delete records of indexes of other models."""
    columns = descriptor.c
    with store.write() as connection:
        models = list(connection.scalars(select(columns.model).distinct()))
        connection.execute(delete(vector_index).where(vector_index.c.model.not_in(models)))
        vectors = {model: select(columns.vector).where(columns.model == model).limit(1) for model in models}
        return {
            ModelId(model): dimension_of(connection.execute(query).scalar_one())
            for model, query in vectors.items()
        }

"""Forgets a person for good: in the tables, the index files and copies of the library.

The tables come first, in one transaction, so that a person is forgotten or not, whatever happens. What
follows can be done again at any time. SQLite overwrites what it deletes, and the files are written anew:
they hold nothing of the person any more. What a disk keeps of deleted files, and copies elsewhere, such
as backups and exported journals, are not in reach.
"""

from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Connection, delete, select

from index.arrays import dimension_of
from index.clock import Clock, utc_now
from index.decisions.derived_tables import write_derived_tables
from index.decisions.journal_rows import append_acts, read_decisions, readable
from index.decisions.model import Forget
from index.decisions.replay import replay
from index.errors import DecisionRefused, accessible
from index.photos.catalog import Catalog
from index.privacy.redaction import keys_of, take_out_persons
from index.store.schema import descriptor, vector_index
from index.store.store import Store, library_files
from index.vectors.saved_index import index_path, load_index, save_index
from pipeline.values import ModelId

_INDEX = ".faiss"


@dataclass(frozen=True, slots=True)
class Purged:
    """What was done to the files of a library.

    Attributes:
        rewritten: Files that were written anew: the library, and its indexes.
        removed: Copies of earlier states that were deleted.
        left: Databases beside the library that may hold what was forgotten, and were not made by an
            upgrade: they may be all that somebody has, and are theirs to delete.
    """

    rewritten: tuple[Path, ...]
    removed: tuple[Path, ...]
    left: tuple[Path, ...]


@dataclass(frozen=True, slots=True)
class Erased:
    """What was deleted with a person.

    Attributes:
        name: What the person was called.
        faces: Faces that were deleted, with their descriptors: the confirmed and the recognised ones.
        decisions: Decisions that say less than before, or nothing.
        purged: What was done to the files.
    """

    name: str
    faces: int
    decisions: int
    purged: Purged


def forget(store: Store, key: str, clock: Clock = utc_now) -> Erased:
    """Forget a person, and all persons merged with it. It cannot be undone.

    The faces never come back, whatever is scanned: marks keep them out. Nobody else may use the library
    meanwhile but to read.

    Args:
        store: The library, open for writing.
        key: The person's.
        clock: For the time of the decision, which is kept without the name.

    Raises:
        DecisionRefused: Nobody is known by that key.
        LibraryBusy: The person is forgotten, but somebody reads the library, so that its file could not
            be written anew; ``purge`` does that.
        LibraryError: The library, or a file of it, cannot be written; if it is a file, see ``LibraryBusy``.
    """
    with readable(store.path), store.write() as connection:
        decisions = read_decisions(connection)
        state = replay(decisions)
        person = state.person(key)
        if person is None:
            raise DecisionRefused(store.path, f"nobody is known by the key {key}")
        keys = keys_of(state, key)
        redacted = take_out_persons(connection, decisions, keys)
        made = append_acts(connection, map(Forget, keys), clock())
        write_derived_tables(connection, replay([*redacted.decisions, *made]))
    return Erased(person.name, redacted.faces, redacted.rewritten, purge(store))


def purge(store: Store) -> Purged:
    """Remove all traces of deleted rows from the library's files. Idempotent.

    Raises:
        LibraryBusy: Somebody reads the library, and did not stop.
        LibraryError: A file cannot be read, written or deleted.
    """
    catalog, path = Catalog(store), store.path
    dimensions = _dimensions(store)
    rewritten = tuple(
        index_path(path, model) for model, each in dimensions.items() if _save_index(catalog, model, each)
    )
    indexes = {index_path(path, model) for model in dimensions}
    with accessible(path):
        copies = store.copies()
        stale = [each for each in library_files(path) if _is_index(each) and each not in indexes]
        removed = tuple(sorted((*copies.of_upgrades, *stale)))
        for file in removed:
            file.unlink(missing_ok=True)
    store.vacuum()
    return Purged((path, *rewritten), removed, copies.others)


def _dimensions(store: Store) -> dict[ModelId, int]:
    """The dimension of each model with descriptors; records of indexes of other models are deleted."""
    columns = descriptor.c
    with store.write() as connection:
        models = list(connection.scalars(select(columns.model).distinct()))
        connection.execute(delete(vector_index).where(vector_index.c.model.not_in(models)))
        return {ModelId(model): dimension_of(_any_vector(connection, model)) for model in models}


def _any_vector(connection: Connection, model: str) -> bytes:
    query = select(descriptor.c.vector).where(descriptor.c.model == model).limit(1)
    return bytes(connection.execute(query).scalar_one())


def _save_index(catalog: Catalog, model: ModelId, dimension: int) -> bool:
    """Save a model's index again if it differs from the database; returns whether it did."""
    loaded = load_index(catalog, model, dimension)
    if not loaded.saved:
        save_index(loaded.index, catalog, model)
    return not loaded.saved


def _is_index(file: Path) -> bool:
    """Whether a file beside the library is an index, or half of one."""
    return file.name.endswith((_INDEX, f"{_INDEX}.unfinished"))

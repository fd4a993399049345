"""Updates the derived data of a library after faces were added or removed."""

from faceindex.lock import turn
from faceindex.results import Listeners
from index.clustering.regroup import Regrouped, regroup
from index.photos.catalog import Catalog
from index.photos.redescription import Redescription
from index.recognition.stored_calibration import thresholds_for
from index.store.store import Store
from index.vectors.saved_index import load_index, save_index
from pipeline.models.registry import ModelSpec

_MANY_FACES = 20_000
"""Faces from which grouping them takes seconds, so that its progress is worth showing."""


def refresh_derived(
    database: Store, model: ModelSpec, listeners: Listeners, *, everything: bool = False
) -> None:
    """Update the saved index, the clusters and the recognised faces of a library in one turn to write.

    It is noted if the saved index could not be used, or if faces are not described yet. With ``everything``,
    all faces are judged once more afterwards; it is noted if that changes any.

    Raises:
        LibraryError: The library cannot be read or written.
    """
    with turn(database.path):
        group_faces(database, model, listeners)
        if everything:
            anew = group_faces(database, model, listeners, everything=True)
            if anew.differences:
                listeners.note(f"{anew.differences:,} faces were judged wrongly before, and are mended.")
    if waiting := Redescription(database, model.model_id).coverage().waiting:
        listeners.note(
            f"{waiting:,} faces are not described by {model.model_id} yet: 'faceindex reindex' does that."
        )


def group_faces(
    database: Store, model: ModelSpec, listeners: Listeners, *, everything: bool = False, write: bool = True
) -> Regrouped:
    """Update the saved index, the clusters and the recognised faces, in a turn to write.

    With ``everything``, all faces are judged anew. Without ``write``, changes are only counted.
    """
    catalog = Catalog(database)
    loaded = load_index(catalog, model.model_id, model.dimension)
    if loaded.note:
        listeners.note(loaded.note)
    if write and not loaded.saved:
        save_index(loaded.index, catalog, model.model_id)
    thresholds = thresholds_for(database, model.model_id)

    def on_step(what: str, done: int, total: int) -> None:
        if total >= _MANY_FACES:
            listeners.step(f"{done:,} of {total:,} faces {what}")

    return regroup(database, thresholds, loaded.index, everything=everything, write=write, on_step=on_step)

"""Updates the derived data of a library after faces were added or removed."""

from collections.abc import Callable

from faceindex.lock import turn
from index.clustering.regroup import regroup
from index.photos.catalog import Catalog
from index.photos.redescription import Redescription
from index.recognition.stored_calibration import thresholds_for
from index.store.store import Store
from index.vectors.saved_index import load_index, save_index
from pipeline.models.registry import ModelSpec


def refresh_derived(database: Store, model: ModelSpec, note: Callable[[str], None]) -> None:
    """Update the saved index, the clusters and the recognised faces of a library in one turn to write.

    ``note`` is told if the saved index could not be used, or if faces are not described yet.

    Raises:
        LibraryError: The library cannot be read or written.
    """
    with turn(database.path):
        catalog = Catalog(database)
        loaded = load_index(catalog, model.model_id, model.dimension)
        if loaded.note:
            note(loaded.note)
        if not loaded.saved:
            save_index(loaded.index, catalog, model.model_id)
        regroup(database, thresholds_for(database, model.model_id))
    if waiting := Redescription(database, model.model_id).coverage().waiting:
        note(f"{waiting:,} faces are not described by {model.model_id} yet: 'faceindex reindex' does that.")

"""Brings up to date what follows from photos and descriptors: the saved index, and who is whom.

It is run after a scan, and after whatever else adds or removes faces. It may be run at any time, and twice
is the same as once. This module decides nothing itself.
"""

from collections.abc import Callable

from index.clustering.regroup import regroup
from index.decisions.journal import Journal
from index.photos.catalog import Catalog
from index.photos.redescription import Redescription
from index.recognition.stored_calibration import thresholds_for
from index.store.store import Store
from index.vectors.saved_index import load_index, save_index
from pipeline.models.registry import ModelSpec


def refresh_derived(database: Store, model: ModelSpec, note: Callable[[str], None]) -> None:
    """Bring a library up to date with its own facts.

    Args:
        database: Open to write.
        model: The library's.
        note: Called with a sentence for the user, where the saved index could not be used, or faces wait for
            the nightly run.

    Raises:
        LibraryError: The library cannot be read or written.
    """
    Journal(database).relink()
    catalog = Catalog(database)
    loaded = load_index(catalog, model.model_id, model.dimension)
    if loaded.note:
        note(loaded.note)
    if not loaded.saved:
        save_index(loaded.index, catalog, model.model_id)
    regroup(database, thresholds_for(database, model.model_id))
    if waiting := Redescription(database, model.model_id).coverage().waiting:
        note(f"{waiting:,} faces are not described by {model.model_id} yet: 'faceindex reindex' does that.")

"""Keeps a library's index open between calls, for as long as it is the one that was saved last."""

from dataclasses import dataclass
from threading import Lock

from faceindex.session import Session
from index.vectors.faiss_index import FaissIndex
from index.vectors.saved_index import (
    LoadedIndex,
    holds_latest,
    index_version,
    load_searchable_index,
    open_saved_index,
    save_index,
)
from pipeline.values import ModelId


@dataclass(frozen=True, slots=True, eq=False)
class _Opened:
    session: Session
    model: ModelId
    version: bytes | None
    vectors: FaissIndex


class OpenIndex:
    """The index that the calls of several threads share; it reads by the session that opened it."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._opened: _Opened | None = None

    def as_saved(self, session: Session, writer: Session) -> FaissIndex:
        """Return the index as it was saved: it may lack faces that were added since.

        If its file cannot be used, ``writer``, which has a turn to write, saves it anew.
        """
        with self._lock:
            known = self._known(session)
            if known is not None:
                return known
            model = session.model()
            loaded = open_saved_index(session.catalog, model.model_id, model.dimension)
            if not loaded.saved:
                save_index(loaded.index, writer.catalog, model.model_id)
            return self._keep(session, loaded)

    def current(self, session: Session) -> FaissIndex:
        """Return the index with all faces of the library, and perhaps some that are gone."""
        with self._lock:
            model, known = session.model(), self._known(session)
            if known is not None and holds_latest(known, session.catalog, model.model_id):
                return known
            return self._keep(
                session, load_searchable_index(session.catalog, model.model_id, model.dimension)
            )

    def _known(self, session: Session) -> FaissIndex | None:
        known, model = self._opened, session.model().model_id
        is_it = known is not None and known.session is session and known.model == model
        if known is None or not is_it or known.version != index_version(session.database, model):
            return None
        return known.vectors

    def _keep(self, session: Session, loaded: LoadedIndex) -> FaissIndex:
        if loaded.note:
            session.listeners.note(loaded.note)
        model = session.model().model_id
        version = index_version(session.database, model)
        self._opened = _Opened(session, model, version, loaded.index)
        return loaded.index

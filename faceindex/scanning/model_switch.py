"""Changes a library to another model: describes every face by it, and then switches in one transaction.

The old descriptors stay, so changing back describes only new faces. A run that is stopped leaves the
library's model as it was, and the next run continues.
"""

import math
import time
from dataclasses import replace
from functools import partial

from faceindex.engine import build_runner
from faceindex.errors import explained
from faceindex.lock import locked, turn
from faceindex.model_lookup import find_model
from faceindex.results import Listeners, ModelSwitch, Preview
from faceindex.scanning.availability import too_many
from faceindex.scanning.drawn import describe_drawn
from faceindex.scanning.redescribe import describer
from faceindex.scanning.refresh_derived import refresh_derived
from faceindex.scanning.revisit import Revisited, patiently
from faceindex.scanning.scan import ScanOptions
from faceindex.session import Session
from faceindex.settings import Settings
from faceindex.stopping import undisturbed
from index.photos.redescription import Redescription
from index.recognition.model_comparison import Comparison, compare
from index.store.store import Store
from index.vectors.saved_index import load_index, save_index
from pipeline.models.registry import ModelSpec


def switch_model(
    settings: Settings, name: str, listeners: Listeners | None = None, options: ScanOptions | None = None
) -> ModelSwitch:
    """Describe all faces of a library by another model, and then change the library to it.

    ``options`` say when to stop, and whether to switch although many faces cannot be described. Stored
    descriptors are kept after every error.

    Raises:
        NoLibrary: There is no library.
        BadRequest: There is no model of this name.
        WeightsUnavailable: The model's weights are missing, or wrong.
        LibraryLocked: Another run like this one is at work.
    """
    with explained():
        with Session.open(settings) as session:
            session.model()  # an empty library has nothing to describe
            session.database.refuse_damaged()
            model = find_model(session.database, name)
        from pipeline.models.weights import WeightsStore  # it brings OpenVINO

        WeightsStore(settings.cache_dir).locate(model)
        with locked(settings.library, kind="describing"):
            return _ModelSwitcher(settings, model, listeners or Listeners(), options or ScanOptions()).run()


def preview(session: Session, name: str) -> Preview:
    """Count the faces that a model has described, and compare identities. Nothing is written."""
    current, model = session.model(), find_model(session.database, name)
    coverage = Redescription(session.database, model.model_id).coverage()
    comparison = _comparison(session.database, current, model)
    return Preview(current.model_id, model.model_id, coverage, comparison)


class _ModelSwitcher:
    def __init__(
        self, settings: Settings, model: ModelSpec, listeners: Listeners, options: ScanOptions
    ) -> None:
        self._settings = settings
        self._model = model
        self._listeners = listeners
        self._options = options
        self._open_to_write = patiently(settings, listeners)
        self._started = time.monotonic()

    def run(self) -> ModelSwitch:
        run = describer(
            self._open_to_write,
            partial(Session.open, self._settings),
            partial(Redescription, model=self._model.model_id),
            lambda detector: build_runner(self._settings, self._model, detector=detector).run,
            self._listeners,
        )
        while True:
            described = run.run(self._options.deadline)
            if not described.in_time:
                with Session.open(self._settings) as session:
                    return self._result(session, described, session.model(), None)
            drawn = describe_drawn(
                self._open_to_write,
                partial(Session.open, self._settings),
                self._model.model_id,
                lambda: build_runner(self._settings, self._model).drawn_faces.look_at,
                self._options.deadline,
            )
            described = replace(described, faces=described.faces + drawn)
            with self._open_to_write(math.inf) as session:
                # Somebody may have scanned since the last face was described.
                if not Redescription(session.database, self._model.model_id).undescribed(run.last, 1):
                    return self._change(session, described)

    def _change(self, session: Session, described: Revisited) -> ModelSwitch:
        before, redescription = session.model(), Redescription(session.database, self._model.model_id)
        coverage = redescription.coverage()
        comparison = _comparison(session.database, before, self._model)
        if self._options.allow_missing or not too_many(coverage.faces - coverage.described, coverage.faces):
            with turn(session.database.path):
                loaded = load_index(session.catalog, self._model.model_id, self._model.dimension)
                with undisturbed():
                    if not loaded.saved:
                        save_index(loaded.index, session.catalog, self._model.model_id)
                    redescription.make_current()
            refresh_derived(session.database, self._model, self._listeners)
        return self._result(session, described, before, comparison)

    def _result(
        self,
        session: Session,
        described: Revisited,
        before: ModelSpec,
        comparison: Comparison | None,
    ) -> ModelSwitch:
        redescription = Redescription(session.database, self._model.model_id)
        persons = session.people.everyone()
        unknown = redescription.unknown_persons(before.model_id) if described.in_time else ()
        return ModelSwitch(
            previous=before.model_id,
            model=self._model.model_id,
            changed=session.catalog.model() == self._model.model_id,
            described=described.faces,
            coverage=redescription.coverage(),
            comparison=comparison,
            failures=described.failures,
            in_time=described.in_time,
            seconds=time.monotonic() - self._started,
            unknown=tuple(persons[each].name for each in unknown),
        )


def _comparison(database: Store, before: ModelSpec, after: ModelSpec) -> Comparison | None:
    """Compare identities; ``None`` if the model is the same."""
    if before.model_id == after.model_id:
        return None
    return compare(database, before.model_id, after.model_id)

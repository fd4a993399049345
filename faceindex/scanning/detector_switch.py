"""Changes a library to another detector: looks at every photo by it, and then switches in one transaction.

The faces that other detectors found stay stored, so changing back looks only at new photos. A run that is
stopped leaves the library as it was, and the next run continues.
"""

import math
import time
from dataclasses import replace
from functools import partial

from faceindex.engine import build_runner
from faceindex.errors import explained
from faceindex.lock import locked, turn
from faceindex.results import DetectorPreview, DetectorSwitch, Listeners, PersonLoss
from faceindex.scanning.availability import too_many
from faceindex.scanning.redescribe import describer
from faceindex.scanning.redetect import DetectFaces
from faceindex.scanning.refresh_derived import refresh_derived
from faceindex.scanning.revisit import Revisit, Revisited, patiently
from faceindex.scanning.scan import ScanOptions
from faceindex.session import Session
from faceindex.settings import Settings
from faceindex.stopping import undisturbed
from index.people.queries import PeopleQueries
from index.photos.detections import faces_by
from index.photos.redescription import Redescription
from index.photos.redetection import Redetection
from index.store.store import Store
from index.values import DetectorComparison
from pipeline.models.registry import ModelSpec


def switch_detector(
    settings: Settings, name: str, listeners: Listeners | None = None, options: ScanOptions | None = None
) -> DetectorSwitch:
    """Look at all photos of a library by another detector, and then change the library to it.

    ``options`` say when to stop, and whether to switch although many photos are out of reach. What was found
    is kept after every error.

    Raises:
        NoLibrary: There is no library.
        BadRequest: There is no detector of this name.
        WeightsUnavailable: The weights of the library's model are missing, or wrong.
        LibraryLocked: Another run like this one, or a change of the model, is at work.
    """
    with explained():
        settings = settings.with_detector(name)
        with Session.open(settings) as session:
            model = session.model()  # an empty library has nothing to look at
            session.database.refuse_damaged()
        from pipeline.models.weights import WeightsStore  # it brings OpenVINO

        WeightsStore(settings.cache_dir).locate(model)
        with locked(settings.library, kind="describing"):  # no other model meanwhile
            return _DetectorSwitcher(
                settings, model, listeners or Listeners(), options or ScanOptions()
            ).run()


def preview_detector(session: Session, name: str) -> DetectorPreview:
    """Count what a detector has looked at, and compare what it has found. Nothing is written."""
    session.model()
    previous = session.own_settings().detector
    detector = session.settings.with_detector(name).detector
    redetection = Redetection(session.database, detector)
    return DetectorPreview(previous, detector, redetection.coverage(), redetection.compare())


class _DetectorSwitcher:
    def __init__(
        self, settings: Settings, model: ModelSpec, listeners: Listeners, options: ScanOptions
    ) -> None:
        self._settings = settings
        self._detector = settings.detector
        self._model = model
        self._listeners = listeners
        self._options = options
        self._open_to_write = patiently(settings, listeners)
        self._open_to_read = partial(Session.open, settings)
        self._started = time.monotonic()

    def run(self) -> DetectorSwitch:
        build = partial(build_runner, self._settings, self._model)
        task = DetectFaces(self._detector)
        detect = Revisit(self._open_to_write, self._open_to_read, task, build().run, self._listeners)
        while True:
            searched = detect.run(self._options.deadline)
            # Faces of an earlier run may be from before the library changed its model.
            describe = describer(
                self._open_to_write,
                self._open_to_read,
                self._faces,
                lambda detector: build(detector=detector).run,
                self._listeners,
            )
            in_time = searched.in_time and describe.run(self._options.deadline).in_time
            if not in_time:
                with Session.open(self._settings) as session:
                    return self._result(session, replace(searched, in_time=False))
            with self._open_to_write(math.inf) as session:
                # Somebody may have scanned since the last photo was looked at.
                if not Redetection(session.database, self._detector).unsearched(detect.last, 1):
                    return self._change(session, searched)

    def _faces(self, store: Store) -> Redescription:
        return Redescription(store, self._model.model_id, faces_by(self._detector))

    def _change(self, session: Session, searched: Revisited) -> DetectorSwitch:
        redetection = Redetection(session.database, self._detector)
        coverage, comparison = redetection.coverage(), redetection.compare()
        before, previous = _faces_of_persons(session.people), str(session.catalog.detector())
        out_of_reach = coverage.contents - coverage.looked_at
        if not self._options.allow_missing and too_many(out_of_reach, coverage.contents):
            return self._result(session, searched, comparison)
        with turn(session.database.path), undisturbed():
            redetection.make_current()
        refresh_derived(session.database, self._model, self._listeners)
        after = _faces_of_persons(session.people)
        fewer = tuple(
            PersonLoss(name, faces, after[name])
            for name, faces in before.items()
            if after.get(name, faces) < faces
        )
        return self._result(session, searched, comparison, previous, fewer)

    def _result(
        self,
        session: Session,
        searched: Revisited,
        comparison: DetectorComparison | None = None,
        previous: str | None = None,
        fewer: tuple[PersonLoss, ...] = (),
    ) -> DetectorSwitch:
        """Report on the run; ``previous`` is the detector before the library changed it, if it did."""
        redetection = Redetection(session.database, self._detector)
        return DetectorSwitch(
            previous=previous or str(session.catalog.detector()),
            detector=self._detector,
            changed=previous is not None,
            looked_at=searched.photos,
            found=searched.faces,
            coverage=redetection.coverage(),
            comparison=comparison,
            kept=redetection.kept(),
            fewer=fewer,
            failures=searched.failures,
            in_time=searched.in_time,
            seconds=time.monotonic() - self._started,
        )


def _faces_of_persons(people: PeopleQueries) -> dict[str, int]:
    """Count the faces of everyone who is not hidden, confirmed and recognised, by name."""
    return {
        each.person.name: each.confirmed + each.recognised
        for each in people.summaries()
        if not each.person.hidden
    }

"""Reads what the library holds, what waits, and whether a run is at work."""

from dataclasses import dataclass

from faceindex.session import Session
from index.figures import Statistics
from index.photos.redescription import Redescription
from index.store.opening import backend_of
from index.store.store import LastRun


@dataclass(frozen=True, slots=True)
class LibraryState:
    """A library in figures, and what is going on.

    Attributes:
        persons: How many are known, hidden ones too.
        run: The last scan or other run, which may be at work now; ``None`` if there was none here.
        undescribed: Faces in photos that are there, which the library's model has not described yet.
        films: Films that were not looked at to their ends.
    """

    figures: Statistics
    persons: int
    run: LastRun | None
    undescribed: int
    films: int


def state(session: Session) -> LibraryState:
    """Read the state of the library."""
    figures = session.catalog.statistics()
    undescribed = 0
    if figures.model is not None:
        undescribed = Redescription(session.database, figures.model).coverage().waiting
    path = session.settings.library
    return LibraryState(
        figures,
        len(session.people.everyone()),
        backend_of(path).last_run(path, "lock"),
        undescribed,
        len(session.catalog.unfinished_films(figures.roots)),
    )

"""Films of which parts are recorded one after another, in a transaction of the caller.

A film may be looked at again, at more frames a second: then each part that is looked at replaces the
tracklets that begin in it. Decisions name them by moments, which lie in the new ones
(``index.decisions.same_faces``); a tracklet that a decision is about stays if no new one takes its place.
"""

from collections.abc import Sequence

from sqlalchemy import ColumnElement, Connection, and_, delete, func, or_, select, update

from index.decisions.tracklets import tracklets_where
from index.store.schema import content, film, rejection, stored_face, tracklet, verdict
from index.store.statements import is_one_of, upsert
from pipeline.values import Descriptor, FilmPart

_SAME_TIME = 0.001
"""Seconds that a moment may differ after it was stored."""


is_film = func.coalesce(content.c.decoder, "").startswith("video ")
"""Selects contents that are films; others that have a row in ``film`` are photos with a film behind them."""


def unfinished(per_second: float) -> ColumnElement[bool]:
    """Select rows of ``film`` of which more is to be looked at, at so many frames a second at most."""
    return or_(film.c.until.is_not(None), film.c.per_second < per_second)


def goes_on(connection: Connection, content_id: int, part: FilmPart) -> bool:
    """Tell whether a part begins where the film was left, or is the first of a closer look."""
    known = connection.execute(select(film).where(film.c.content_id == content_id)).one_or_none()
    if known is None or (part.start == 0 and part.per_second > known.per_second):
        return part.start == 0
    left = known.until is not None and abs(known.until - part.start) <= _SAME_TIME
    return left and known.per_second == part.per_second


def put_film(connection: Connection, content_id: int, part: FilmPart, note: str | None = None) -> None:
    """Record how far a film was looked at, and what a later part lacks."""
    row = {"duration": part.duration, "per_second": part.per_second, "until": part.until}
    upsert(connection, film, [{"content_id": content_id, **row}], key="content_id")
    if note is not None:
        connection.execute(update(content).where(content.c.id == content_id).values(note=note))


def remove_stale(
    connection: Connection, content_id: int, part: FilmPart, found: Sequence[Descriptor]
) -> None:
    """Delete the tracklets that begin in a part, before those that were ``found`` in it are added."""
    begins = tracklet.c.start >= part.start - _SAME_TIME
    if part.until is not None:
        begins = and_(begins, tracklet.c.start < part.until - _SAME_TIME)
    before = tracklets_where(connection, and_(stored_face.c.content_id == content_id, begins))
    if not before:
        return
    ids = [each.face_id for each in before]
    decided = set[int]()
    for table in (verdict, rejection):
        decided.update(connection.scalars(select(table.c.face_id).where(is_one_of(table.c.face_id, ids))))
    tracks = [each.appearance for each in found if each.appearance is not None]
    gone = [
        each.face_id
        for each in before
        if each.face_id not in decided or any(each.is_in(track) for track in tracks)
    ]
    connection.execute(delete(stored_face).where(is_one_of(stored_face.c.id, gone)))

"""Lists the photos that show persons, by the time they were taken."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from faceindex.asking.find import PhotoQuery, find, persons_of
from faceindex.browsing.pages import Page, Ranked, cut, seconds_of
from faceindex.session import Session
from index.people.photo_search import FoundPhoto
from index.people.shown_in_photos import faces_in_photos

if TYPE_CHECKING:
    from faceindex.asking.identifier import Identifier


@dataclass(frozen=True, slots=True)
class PhotoTile:
    """A photo or film in a list, and its faces of the persons that were asked for, by id."""

    photo: FoundPhoto
    face_ids: tuple[int, ...]


def page_of_photos(
    session: Session,
    query: PhotoQuery,
    identifier: "Callable[[], Identifier] | None",
    after: str | None,
    most: int,
) -> Page[PhotoTile]:
    """Return a page of the photos that ``Library.find`` finds, the latest first."""
    key = ("photos", query, identifier is not None)
    page = cut(session.kept.get(key, lambda: _latest_first(find(session, query, identifier))), after, most)
    with session.database.read() as connection:
        persons = [each.id for each in persons_of(session, query)]
        shown = faces_in_photos(connection, [each.digest for each in page.items], persons)
    return page.of([PhotoTile(each, shown.get(each.digest, ())) for each in page.items])


def _latest_first(found: tuple[FoundPhoto, ...]) -> Ranked[FoundPhoto]:
    """Put photos in order; those without a date come last."""
    return Ranked.by(found, _place)


def _place(photo: FoundPhoto) -> tuple[bool, float, int]:
    taken = photo.taken_at
    seconds = 0.0 if taken is None else -seconds_of(taken)
    return taken is None, seconds, photo.photo_id

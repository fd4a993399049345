"""``library.lists``: what is looked at a page at a time: persons, clusters, faces and photos."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from faceindex.warm_sessions import WarmSessions

if TYPE_CHECKING:
    from datetime import date

    from faceindex.browsing.clusters import FaceGroup
    from faceindex.browsing.faces import DatedFace, FaceOrder, FaceState
    from faceindex.browsing.pages import Page
    from faceindex.browsing.people import PersonOrder
    from faceindex.browsing.photos import PhotoTile
    from index.people.person_tiles import PersonTile
    from index.people.persons import PersonName

PAGE = 60
"""Items of a page, by default."""


class Lists:
    """Lists of a library, a page at a time.

    ``after`` is the cursor of the page before: what follows is the same, whatever came or went meanwhile.
    ``most`` is the number of items of a page, up to 1,000. All methods raise ``BadRequest`` for the cursor
    of another list, and ``NotFound`` for an unknown person. A list is put in order once, and again when the
    library has changed; a page reads what it shows.
    """

    def __init__(self, sessions: WarmSessions) -> None:
        self._sessions = sessions

    def people(
        self,
        search: str = "",
        *,
        order: "PersonOrder" = "name",
        hidden: bool = False,
        after: str | None = None,
        most: int = PAGE,
    ) -> "Page[PersonTile]":
        """List the persons in whose names each word of ``search`` begins a word, or all.

        By ``name``, or those with most ``faces`` first. Case and accents do not matter in a search.
        """
        from faceindex.browsing.people import page_of_people

        return self._sessions.read(page_of_people, search, order, hidden=hidden, after=after, most=most)

    def tiles_of(self, *names: "PersonName") -> "tuple[PersonTile, ...]":
        """Return what the list of persons shows of some."""
        from faceindex.browsing.people import tiles_of

        return self._sessions.read(tiles_of, names)

    def clusters(self, *, after: str | None = None, most: int = PAGE) -> "Page[FaceGroup]":
        """List the clusters without a name, the largest first."""
        from faceindex.browsing.clusters import page_of_clusters

        return self._sessions.read(page_of_clusters, after, most)

    def tiles_of_clusters(self, numbers: Sequence[int]) -> "tuple[FaceGroup, ...]":
        """Return what the list of clusters shows of some, without those that have no face any more."""
        from faceindex.browsing.clusters import cluster_tiles

        return self._sessions.read(cluster_tiles, numbers)

    def sizes_of_clusters(self, numbers: Sequence[int]) -> dict[int, int]:
        """Return the numbers of faces of some clusters, without those that have none any more."""
        from faceindex.browsing.clusters import sizes_of_clusters

        return self._sessions.read(sizes_of_clusters, numbers)

    def ignored(self, *, after: str | None = None, most: int = PAGE) -> "Page[FaceGroup]":
        """List the faces that decisions call strangers, a group for each decision, the last one first."""
        from faceindex.browsing.clusters import page_of_ignored

        return self._sessions.read(page_of_ignored, after, most)

    def faces(
        self,
        name: "PersonName",
        *,
        order: "FaceOrder" = "date",
        state: "FaceState | None" = None,
        year: int | None = None,
        from_year: int | None = None,
        after: str | None = None,
        most: int = PAGE,
    ) -> "Page[DatedFace]":
        """List the faces of a person: by ``date`` the latest first, by ``similarity`` the doubtful first.

        Args:
            name: The person.
            order: Faces without a date come last.
            state: Only ``confirmed`` or only ``recognised`` faces.
            year: Only those of a year; 0 for those without a date.
            from_year: By date, the page begins with this year.
            after: See above, like ``most``.
            most: Up to 1,000.
        """
        from faceindex.browsing.faces import FaceFilter, page_of_faces

        chosen = FaceFilter(state, year, from_year)
        return self._sessions.read(
            lambda session: page_of_faces(session, session.people.named(name), order, chosen, after, most)
        )

    def faces_by_id(
        self, face_ids: Sequence[int], name: "PersonName | None" = None
    ) -> "tuple[DatedFace, ...]":
        """Return some faces as the lists show them, without those in no photo; ages are those of a person."""
        from faceindex.browsing.faces import dated_faces

        return self._sessions.read(
            lambda session: dated_faces(
                session, face_ids, None if name is None else session.people.named(name)
            )
        )

    def cluster(self, number: int, *, after: str | None = None, most: int = PAGE) -> "Page[DatedFace]":
        """List the faces of a cluster, those of best quality first; none if it does not exist."""
        from faceindex.browsing.faces import page_of_cluster

        return self._sessions.read(page_of_cluster, number, after, most)

    def probable(
        self, name: "PersonName", *, after: str | None = None, most: int = PAGE
    ) -> "Page[DatedFace]":
        """List the faces that are probably a person, and not recognised as one, the latest first."""
        from faceindex.browsing.faces import page_of_probable

        return self._sessions.read_judged(
            lambda session: page_of_probable(
                session, session.people.named(name), self._sessions.identifier, after, most
            )
        )

    def photos(
        self,
        *names: "PersonName",
        without: "Sequence[PersonName]" = (),
        only: bool = False,
        since: "str | date | None" = None,
        until: "str | date | None" = None,
        hidden: bool = False,
        probable: bool = False,
        after: str | None = None,
        most: int = PAGE,
    ) -> "Page[PhotoTile]":
        """List the photos that ``Library.find`` finds, the latest first, those without a date last."""
        from faceindex.asking.find import PhotoQuery
        from faceindex.browsing.photos import page_of_photos

        first, last = (None if each is None else str(each) for each in (since, until))
        query = PhotoQuery(names, tuple(without), only=only, since=first, until=last, hidden=hidden)
        if probable:
            return self._sessions.read_judged(page_of_photos, query, self._sessions.identifier, after, most)
        return self._sessions.read(page_of_photos, query, None, after, most)

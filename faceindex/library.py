"""The public API: one library and all that can be done with it. No printing, no command line."""

from collections.abc import Callable, Iterator, Sequence

from faceindex.asking.examine import examine
from faceindex.errors import explained
from faceindex.listeners import Listeners
from faceindex.maintenance import place_advice
from faceindex.results import Answer, ScanSummary
from faceindex.scanning.plan import check_roots
from faceindex.scanning.scan import ScanOptions, scan
from faceindex.session import Session
from index.recognition.identify import NeighborOptions
from index.values import Statistics
from pipeline.values import PhotoFailed

DEFAULT_NEIGHBORS = 5


class Library(Session):
    """An open library. Use it in a ``with`` block, in one thread."""

    def scan(
        self,
        roots: Sequence[bytes],
        listeners: Listeners | None = None,
        options: ScanOptions | None = None,
    ) -> ScanSummary:
        """Bring the library up to date with some folders and files.

        Args:
            roots: Absolute paths of folders and files.
            listeners: Who is told how it goes.
            options: How to go about it.

        Returns:
            What was done; also where the losses of some roots were not believed, which it then names.

        Raises:
            BadRequest: A root cannot be looked at, and is not known either, or another model was asked for
                than the library's.
            FaceindexError: See ``faceindex.errors``; what was done until then is kept.
        """
        listeners = listeners or Listeners()
        with explained():
            check_roots(self._settings, roots)
            if advice := place_advice(self._settings.library):
                listeners.note(advice)
            return scan(self, roots, listeners, options or ScanOptions())

    def who(
        self,
        photos: Sequence[bytes],
        wanted: NeighborOptions | None = None,
        note: Callable[[str], None] = lambda _: None,
        *,
        hidden: bool = False,
    ) -> Iterator[Answer | PhotoFailed]:
        """Find the faces of photos, who they are, and the faces of the library that are nearest to each.

        Args:
            photos: Absolute paths. They need not be in the library; where one is, its own faces are no
                matches.
            wanted: How many near faces, and how similar.
            note: Called with sentences for the user.
            hidden: Name hidden persons too.

        Yields:
            One answer, or failure, for each photo, in order.

        Raises:
            FaceindexError: See ``faceindex.errors``.
        """
        from faceindex.asking.identifier import Identifier
        from faceindex.engine import build_runner

        wanted = wanted or NeighborOptions(k=DEFAULT_NEIGHBORS)
        with explained():
            model = self.model()
            runner = build_runner(self._settings, model, workers=1)
            runner.prepare()  # the networks come from other files than the index
            identifier = Identifier(self, note, hidden=hidden)
            for found in examine(photos, runner):
                yield found if isinstance(found, PhotoFailed) else identifier.answer(found, wanted)

    def statistics(self) -> Statistics:
        """The library in figures."""
        with explained():
            return self._catalog.statistics()

"""Callbacks that report progress; a use case prints nothing itself."""

from collections.abc import Callable
from dataclasses import dataclass

from faceindex.results import Progress


@dataclass(frozen=True, slots=True)
class Listeners:
    """Callbacks, all called in the thread that called the library.

    ``progress`` is called after each photo, ``note`` with a sentence for the user, and ``download`` with the
    bytes received so far and in all.
    """

    progress: Callable[[Progress], None] = lambda _: None
    note: Callable[[str], None] = lambda _: None
    download: Callable[[int, int], None] = lambda done, total: None

"""Callbacks that report progress; a use case prints nothing itself."""

from collections.abc import Callable
from dataclasses import dataclass

from faceindex.results import Progress


@dataclass(frozen=True, slots=True)
class Listeners:
    """Callbacks, all called in the thread that called the library.

    Attributes:
        progress: After each photo.
        note: With a sentence for the user.
        download: With the bytes of a download received so far, and in all.
    """

    progress: Callable[[Progress], None] = lambda _: None
    note: Callable[[str], None] = lambda _: None
    download: Callable[[int, int], None] = lambda done, total: None

"""Who is told how work goes; a use case prints nothing itself."""

from collections.abc import Callable
from dataclasses import dataclass

from faceindex.results import Progress


@dataclass(frozen=True, slots=True)
class Listeners:
    """Callbacks of whoever started the work. All are called in the thread that called the library.

    Attributes:
        progress: After each photo.
        note: With a sentence for the user.
        download: With the bytes of a download that were received, and with all that there are.
    """

    progress: Callable[[Progress], None] = lambda _: None
    note: Callable[[str], None] = lambda _: None
    download: Callable[[int, int], None] = lambda done, total: None

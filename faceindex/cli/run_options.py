"""What the commands that bring a library up to date have in common: a time budget, and how they end."""

import math
import re
import time
from typing import TYPE_CHECKING

from faceindex.cli.context import EXIT_SOME_FAILED

if TYPE_CHECKING:
    from faceindex.cli.render import Reporter
    from faceindex.results import ScanSummary

EXIT_REFUSED = 1
"""Done, but for folders whose losses were not believed."""

_DURATION = re.compile(r"(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s)?", re.ASCII)


def deadline(budget: str | None) -> float:
    """When a run has to stop, by ``time.monotonic``.

    Args:
        budget: Hours, minutes and seconds from now, each as a whole number and in this order, as in
            ``1h30m``; ``None`` for no end.

    Raises:
        BadRequest: It is something else.
    """
    from faceindex.errors import BadRequest

    if budget is None:
        return math.inf
    found = _DURATION.fullmatch(budget)
    if not budget or found is None:
        raise BadRequest(f"{budget!r} is no time budget: write it as 90s, 30m, 2h or 1h30m.")
    hours, minutes, seconds = (int(part or 0) for part in found.groups())
    return time.monotonic() + hours * 3600 + minutes * 60 + seconds


def exit_code(summary: "ScanSummary") -> int:
    """The exit code of a run that came to its end."""
    if summary.refused:
        return EXIT_REFUSED
    return EXIT_SOME_FAILED if summary.failures else 0


def say_what_was_not_done(summary: "ScanSummary", reporter: "Reporter") -> None:
    """Name the folders whose losses were not believed, and say how much there was no time for."""
    for refusal in summary.refused:
        reporter.error(refusal.message)
    if summary.left:
        from faceindex.cli.render import count

        reporter.note(f"The time is up: {count(summary.left, 'photo')} left for the next run.")

"""Options that several commands have, and how the commands end that bring a library up to date."""

import math
import re
import time
from typing import TYPE_CHECKING, Annotated, TypeAlias

import typer

from faceindex.cli.context import EXIT_SOME_FAILED

if TYPE_CHECKING:
    from faceindex.cli.render import Reporter
    from faceindex.results import ScanSummary

Json: TypeAlias = Annotated[bool, typer.Option("--json", help="Print JSON, one object a line.")]
DryRun: TypeAlias = Annotated[
    bool, typer.Option("--dry-run", help="Show what would be done, without doing it.")
]
Hidden: TypeAlias = Annotated[bool, typer.Option("--hidden", help="Name hidden persons too.")]
AllowMissing: TypeAlias = Annotated[
    bool, typer.Option("--allow-missing", help="Mark photos missing even if most of a folder has vanished.")
]
TimeBudget: TypeAlias = Annotated[
    str | None,
    typer.Option(help="Stop after this time, such as 90s or 1h30m. The next run continues."),
]

EXIT_REFUSED = 1
"""Done, but for folders that lost so many photos that none was marked as missing."""

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
        raise BadRequest(f"{budget!r} is not a time budget: write 90s, 30m, 2h or 1h30m.")
    hours, minutes, seconds = (int(part or 0) for part in found.groups())
    return time.monotonic() + hours * 3600 + minutes * 60 + seconds


def finish(summary: "ScanSummary", reporter: "Reporter") -> None:
    """Say what was not done, and end the command with the exit code that it asks for."""
    for refusal in summary.refused:
        reporter.error(refusal.message)
    if summary.left:
        from faceindex.cli.render import count

        reporter.note(f"The time is up: at least {count(summary.left, 'photo')} left for the next run.")
    if summary.refused:
        raise typer.Exit(EXIT_REFUSED)
    if summary.failures:
        raise typer.Exit(EXIT_SOME_FAILED)

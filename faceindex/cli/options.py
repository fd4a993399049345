"""Arguments and options that several commands share, and the exit codes of scanning commands."""

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
Hidden: TypeAlias = Annotated[bool, typer.Option("--hidden", help="Include hidden persons.")]
Name: TypeAlias = Annotated[str, typer.Argument(help="A person, named as in 'people list'.")]
NewOrKnown: TypeAlias = Annotated[str, typer.Argument(help="A new name, or a known person.")]
Faces: TypeAlias = Annotated[
    list[str],
    typer.Argument(help="Numbers of faces, photos with one face, or PHOTO:2 for the second face of a photo."),
]
OptionalFaces: TypeAlias = Annotated[
    list[str] | None, typer.Argument(help="Faces, named as for 'people move'.", show_default=False)
]
Clusters: TypeAlias = Annotated[
    list[int] | None, typer.Option("--cluster", help="All faces of this cluster. May be repeated.")
]
Root: TypeAlias = Annotated[str, typer.Argument(help="A folder from 'faceindex roots list'.")]
AllowMissing: TypeAlias = Annotated[
    bool, typer.Option("--allow-missing", help="Mark photos missing even if most of a folder has vanished.")
]
TimeBudget: TypeAlias = Annotated[
    str | None,
    typer.Option(help="Stop after this time, such as 90s or 1h30m. The next run continues."),
]

EXIT_REFUSED = 1
"""Done, except for folders that lost so many photos that none was marked as missing."""

_DURATION = re.compile(r"(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s)?", re.ASCII)


def deadline(budget: str | None) -> float:
    """Return the ``time.monotonic`` to stop at, or infinity; ``BadRequest`` for a budget unlike 1h30m."""
    from faceindex.errors import BadRequest

    if budget is None:
        return math.inf
    found = _DURATION.fullmatch(budget)
    if not budget or found is None:
        raise BadRequest(f"{budget!r} is not a time budget: write 90s, 30m, 2h or 1h30m.")
    hours, minutes, seconds = (int(part or 0) for part in found.groups())
    return time.monotonic() + hours * 3600 + minutes * 60 + seconds


def finish(summary: "ScanSummary", reporter: "Reporter") -> None:
    """Print what was not done, and exit with the code for it."""
    for refusal in summary.refused:
        reporter.error(refusal.message)
    if summary.left or summary.films_left:
        from faceindex.wording.numbers import count

        photos = f"at least {count(summary.left, 'photo')}" if summary.left else ""
        films = count(summary.films_left, "film") if summary.films_left else ""
        left = " and ".join(filter(None, (photos, films)))
        reporter.note(f"The time is up: {left} left for the next run.")
    if summary.refused:
        raise typer.Exit(EXIT_REFUSED)
    if summary.failures:
        raise typer.Exit(EXIT_SOME_FAILED)

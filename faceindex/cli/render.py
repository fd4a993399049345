"""Prints: results to standard output, messages and progress to standard error. Nothing else prints.

Names are made printable: no byte of one may control a terminal. In JSON, lone surrogates (PEP 383) stand
for bytes that are not UTF-8.
"""

import os
import sys
import traceback
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Self

from rich.cells import cell_len
from rich.console import Console
from rich.table import Table
from rich.text import Text

from faceindex.printable import printable

if TYPE_CHECKING:
    from rich.progress import Progress, ProgressColumn

    from faceindex.results import FilmProgress, IncompletePhoto, Listeners, Planned
    from faceindex.results import Progress as PhotoProgress
    from faceindex.schemas.base import Schema
    from index.values import FailureRecord
    from pipeline.values import PhotoFailed

_WIDE = 10_000
"""Width of a table in a file or a pipe, so that no line is folded."""


def padded(text: str, width: int) -> str:
    """Return a name as it is printed, filled up to a number of columns of the terminal."""
    shown = printable(text)
    return shown + " " * (width - cell_len(shown))


def columns(texts: Iterable[str]) -> int:
    """Return how many columns of the terminal the widest text takes; 0 for none."""
    return max((cell_len(printable(each)) for each in texts), default=0)


class Reporter:
    """Prints results, as text or JSON lines, and messages, unless ``quiet``; closing ends progress bars."""

    def __init__(self, *, quiet: bool, as_json: bool = False) -> None:
        self._quiet = quiet
        self.as_json = as_json
        terminal = sys.stdout.isatty()
        self._out = Console(highlight=False, soft_wrap=True, width=None if terminal else _WIDE)
        self._err = Console(stderr=True, highlight=False, soft_wrap=True)
        self._bar: tuple[str, Progress] | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *raised: object) -> None:
        self._end_bar()

    @property
    def is_quiet(self) -> bool:
        """Whether messages are not wanted."""
        return self._quiet

    @property
    def listeners(self) -> "Listeners":
        """Progress bars, on a terminal only, and notes."""
        from faceindex.results import Listeners

        return Listeners(self._photos, self.note, self._download, self._step)

    def error(self, message: str) -> None:
        """Print an error, in one line."""
        self._end_bar()
        self._err.print(Text.assemble(("Error: ", "bold red"), printable(message)))

    def traceback(self, error: BaseException | None = None) -> None:
        """Print the traceback of an exception, by default of the one being handled."""
        self._end_bar()
        lines = traceback.format_exc() if error is None else "".join(traceback.format_exception(error))
        for line in lines.splitlines():
            self._err.print(Text(printable(line)))

    def note(self, message: str) -> None:
        """Print a message, unless quiet."""
        if not self._quiet:
            self._err.print(Text(printable(message)))

    def lines(self, lines: Iterable[str], *, headed: bool = False) -> None:
        """Print result lines unfolded; with ``headed`` the first is a heading."""
        self._end_bar()
        for number, line in enumerate(lines):
            if headed and not number:
                self._out.print(Text(printable(line), style="bold"))
            else:  # without a style, what rich would write, in a tenth of the time
                self._out.file.write(f"{printable(line)}\n")
        self._out.file.flush()

    def json(self, value: "Schema") -> None:
        """Print an object of the JSON contract."""
        self._end_bar()
        sys.stdout.write(f"{value.json_line()}\n")

    def result(self, value: "Schema", lines: Iterable[str], *, headed: bool = False) -> None:
        """Print a result at once: as JSON, or as lines."""
        if self.as_json:
            self.json(value)
            sys.stdout.flush()
        else:
            self.lines(lines, headed=headed)

    def results(self, values: "Iterable[Schema]", lines: Iterable[str], *, headed: bool = False) -> None:
        """Print several results, of which only JSON or lines are made: give generators."""
        if self.as_json:
            for value in values:
                self.json(value)
        else:
            self.lines(lines, headed=headed)

    def outcome(self, value: "Schema", notes: Iterable[str]) -> None:
        """Print what a command changed: as JSON, or as messages."""
        if self.as_json:
            self.json(value)
        else:
            for note in notes:
                self.note(note)

    def path(self, path: bytes, *, end: bytes, after: str = "", mark: str = "") -> None:
        """Print a path and what comes after: printable and with a ``mark`` on a terminal, else as bytes."""
        if self._out.is_terminal:
            self.lines([os.fsdecode(path) + after + mark])
        else:
            sys.stdout.buffer.write(path + after.encode() + end)

    def failure(self, failed: "PhotoFailed | FailureRecord") -> None:
        """Print that a photo could not be read."""
        from faceindex.schemas.scanning import FailureSchema
        from pipeline.values import PhotoFailed

        path = failed.file.path if isinstance(failed, PhotoFailed) else failed.path
        if self.as_json:
            self.json(FailureSchema.of(failed, path=path))
            return
        self._end_bar()
        text = f"{printable(path)}: {printable(failed.message)}"
        self._err.print(Text.assemble(("Failed: ", "bold yellow"), text))

    def incomplete(self, photos: "Iterable[IncompletePhoto]") -> None:
        """Print of which photos a part is missing."""
        from faceindex.schemas.scanning import IncompleteSchema

        for each in photos:
            if self.as_json:
                self.json(IncompleteSchema.of(each))
            else:
                self.note(f"Note: {os.fsdecode(each.path)}: {each.message}")

    def planned(self, file: "Planned") -> None:
        """Print what a scan would do with a file."""
        from faceindex.schemas.scanning import PlannedSchema

        verdict = "read" if file.read else "skip"
        self.result(PlannedSchema.of(file), [f"{verdict}  {os.fsdecode(file.path)}  ({file.reason})"])

    def rows(self, rows: Iterable[tuple[str, str]]) -> None:
        """Print names and values in two columns, unfolded, so that paths can be copied."""
        self._end_bar()
        known = tuple(rows)
        column = columns(name for name, _ in known)
        for name, value in known:
            self._out.print(Text.assemble((padded(name, column), "bold"), "  ", printable(value)))

    def table(self, headings: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
        """Print a table; cells that do not fit a terminal are folded."""
        table = Table(box=None, pad_edge=False, header_style="bold")
        for heading in headings:
            table.add_column(heading, overflow="fold")
        for row in rows:
            table.add_row(*row)
        self._out.print(table, soft_wrap=False)

    def _films(self, state: "PhotoProgress", films: "FilmProgress") -> None:
        from rich import progress

        from faceindex.film_times import clock

        bar = self._bar_of(
            "films",
            progress.BarColumn(bar_width=None),
            progress.TextColumn("{task.fields[time]} of films"),
            progress.TextColumn("{task.fields[faces]:,} faces"),
            progress.TimeRemainingColumn(),
        )
        if bar is not None:
            bar.update(
                bar.tasks[0].id,
                total=films.total,
                completed=films.done,
                time=f"{clock(films.done)} of {clock(films.total)}",
                faces=state.faces,
                visible=True,
            )

    def _photos(self, state: "PhotoProgress") -> None:
        from rich import progress

        if state.films is not None:
            self._films(state, state.films)
            return

        bar = self._bar_of(
            "photos",
            progress.BarColumn(bar_width=None),
            progress.TextColumn("{task.completed:,.0f} of {task.fields[at_least]}{task.total:,.0f} photos"),
            progress.TextColumn("{task.fields[rate]}"),
            progress.TextColumn("{task.fields[faces]:,} faces"),
            progress.TextColumn("{task.fields[failed]:,} failed"),
            progress.TimeRemainingColumn(),
        )
        if bar is not None:
            speed = bar.tasks[0].speed
            rate = "" if speed is None else f"{speed:.1f}/s"
            bar.update(
                bar.tasks[0].id,
                total=state.total,
                completed=state.done,
                at_least="" if state.complete else "at least ",
                rate=rate,
                faces=state.faces,
                failed=state.failed,
                visible=True,
            )

    def _download(self, done: int, total: int) -> None:
        from rich import progress

        bar = self._bar_of(
            "download",
            progress.BarColumn(bar_width=None),
            progress.DownloadColumn(),
            progress.TransferSpeedColumn(),
            progress.TimeRemainingColumn(),
        )
        if bar is not None:
            bar.update(bar.tasks[0].id, completed=done, total=total, visible=True)

    def _step(self, doing: str) -> None:
        from rich import progress

        bar = self._bar_of("step", progress.SpinnerColumn(), progress.TextColumn("{task.description}"))
        if bar is not None:
            bar.update(bar.tasks[0].id, description=doing, visible=True, refresh=True)

    def _bar_of(self, kind: str, *columns: "ProgressColumn") -> "Progress | None":
        """Return the only bar, of this kind; ``None`` if no bar may be shown."""
        from rich import progress

        if self._quiet or not self._err.is_terminal:
            return None
        if self._bar is None or self._bar[0] != kind:
            self._end_bar()
            bar = progress.Progress(*columns, console=self._err, transient=True)
            bar.add_task(kind, total=None, at_least="", rate="", faces=0, failed=0, visible=False)
            bar.start()
            self._bar = kind, bar
        return self._bar[1]

    def _end_bar(self) -> None:
        if self._bar is not None:
            self._bar[1].stop()
            self._bar = None

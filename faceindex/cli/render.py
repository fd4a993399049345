"""Prints: results to standard output, messages and progress to standard error. Nothing else prints.

Whatever comes from a file name is made safe first: a name may hold any byte, and none of them may reach a
terminal as a control sequence. In JSON a name that is not UTF-8 has lone surrogates (PEP 383), escaped.
"""

import os
import sys
import traceback
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from itertools import zip_longest
from typing import TYPE_CHECKING

from rich.console import Console
from rich.table import Table
from rich.text import Text

if TYPE_CHECKING:
    from pathlib import Path

    from faceindex.results import Planned, Progress, ScanSummary
    from faceindex.schemas.base import Schema
    from index.values import FailureRecord, Statistics
    from pipeline.models.registry import ModelSpec
    from pipeline.models.weights import Availability
    from pipeline.values import PhotoFailed

_WIDE = 10_000
"""Width of a table none of whose lines may be folded, as where it goes to a file or a pipe."""


def printable(text: str | bytes) -> str:
    r"""Text in which control characters and undecodable bytes are escapes such as ``\x1b``."""
    text = os.fsdecode(text) if isinstance(text, bytes) else text
    return "".join(each if each.isprintable() else _escape(each) for each in text)


def _escape(character: str) -> str:
    code = ord(character)
    if 0xDC80 <= code <= 0xDCFF:  # a byte that is not UTF-8
        return f"\\x{code - 0xDC00:02x}"
    return character.encode("unicode_escape").decode()


class Reporter:
    """Where a command's results and messages go."""

    def __init__(self, *, quiet: bool) -> None:
        self._quiet = quiet
        terminal = sys.stdout.isatty()
        self._out = Console(highlight=False, soft_wrap=True, width=None if terminal else _WIDE)
        self._err = Console(stderr=True, highlight=False, soft_wrap=True)

    def error(self, message: str) -> None:
        """Say what went wrong, in one line."""
        self._err.print(Text.assemble(("Error: ", "bold red"), printable(message)))

    def traceback(self) -> None:
        """Show the traceback of the exception being handled."""
        for line in traceback.format_exc().splitlines():
            self._err.print(Text(printable(line)))

    def note(self, message: str) -> None:
        """Say something that the user may want to know."""
        if not self._quiet:
            self._err.print(Text(printable(message)))

    def lines(self, lines: Iterable[str], *, heading: str | None = None) -> None:
        """Results, a line each, none of them folded; what comes from outside is made safe."""
        if heading is not None:
            self._out.print(Text(printable(heading), style="bold"))
        for line in lines:
            self._out.print(Text(printable(line)))

    def json(self, value: "Schema") -> None:
        """One object of the JSON contract."""
        sys.stdout.write(f"{value.json_line()}\n")

    def planned(self, planned: "Planned", *, as_json: bool) -> None:
        """One line of a dry run."""
        if as_json:
            from faceindex.schemas.scanning import PlannedSchema

            self.json(PlannedSchema.of(planned))
            return
        verdict = "read" if planned.read else "skip"
        self._out.print(Text(f"{verdict}  {printable(planned.path)}  ({planned.reason})"))

    @contextmanager
    def scan_progress(self) -> "Iterator[Callable[[Progress], None]]":
        """A bar with photos a second, faces, failures and time left; on a terminal only."""
        from rich import progress

        columns = (
            progress.BarColumn(bar_width=None),
            progress.TextColumn("{task.completed:,.0f} of {task.fields[at_least]}{task.total:,.0f} photos"),
            progress.TextColumn("{task.fields[rate]}"),
            progress.TextColumn("{task.fields[faces]:,} faces"),
            progress.TextColumn("{task.fields[failed]:,} failed"),
            progress.TimeRemainingColumn(),
        )
        with progress.Progress(
            *columns, console=self._err, transient=True, disable=self._quiet or not self._err.is_terminal
        ) as bar:
            task = bar.add_task("scan", total=None, at_least="", rate="", faces=0, failed=0, visible=False)

            def show(state: "Progress") -> None:
                speed = bar.tasks[0].speed
                bar.update(
                    task,
                    total=state.total,
                    completed=state.done,
                    at_least="" if state.complete else "at least ",
                    rate="" if speed is None else f"{speed:.1f}/s",
                    faces=state.faces,
                    failed=state.failed,
                    visible=True,
                )

            yield show

    @contextmanager
    def download_progress(self) -> Iterator[Callable[[int, int], None]]:
        """A bar for a download; on a terminal only."""
        from rich import progress

        columns = (
            progress.BarColumn(bar_width=None),
            progress.DownloadColumn(),
            progress.TransferSpeedColumn(),
            progress.TimeRemainingColumn(),
        )
        with progress.Progress(
            *columns, console=self._err, transient=True, disable=self._quiet or not self._err.is_terminal
        ) as bar:
            task = bar.add_task("download", total=None, visible=False)
            yield lambda done, total: bar.update(task, completed=done, total=total, visible=True)

    def scan_summary(self, summary: "ScanSummary", library: "Path", *, as_json: bool) -> None:
        """What a scan did, failures first."""
        for failure in summary.failures:
            self.failure_record(failure, as_json=as_json)
        if as_json:
            from faceindex.schemas.scanning import ScanSchema

            self.json(ScanSchema.of(summary))
            return
        if self._quiet:
            return
        totals = f"{count(summary.library_photos, 'photo')}, {count(summary.library_faces, 'face')}"
        rows = (
            ("Photos", _scan_counts(summary)),
            ("Faces", f"{summary.faces:,} found"),
            ("Library", f"{totals}, model {summary.model}, in {printable(str(library))}"),
            ("Time", _time(summary)),
        )
        self._rows(rows)

    def path(self, path: bytes, *, end: bytes) -> None:
        """A path as a result: made safe, and in a line, on a terminal; else its very bytes, then ``end``."""
        if self._out.is_terminal:
            self.lines([os.fsdecode(path)])
        else:
            sys.stdout.buffer.write(path + end)

    def failure(self, failed: "PhotoFailed", *, as_json: bool) -> None:
        """A photo that could not be read."""
        self._failed(failed, failed.file.path, as_json=as_json)

    def statistics(self, statistics: "Statistics", library: "Path", *, as_json: bool) -> None:
        """The library in figures."""
        if as_json:
            from faceindex.schemas.maintenance import StatisticsSchema

            self.json(StatisticsSchema.of(statistics, library=library))
            return
        self._rows(tuple(_statistics_rows(statistics, library)))

    def models(self, models: "Sequence[tuple[ModelSpec, Availability]]", *, as_json: bool) -> None:
        """The models there are."""
        if as_json:
            from faceindex.schemas.models import ModelSchema

            for model, status in models:
                self.json(ModelSchema.of(model, status=status))
            return
        table = Table(box=None, pad_edge=False, header_style="bold")
        for heading in ("model", "numbers", "weights", "what it is", "licence of the weights"):
            table.add_column(heading, overflow="fold")
        for model, status in models:
            table.add_row(model.model_id, str(model.dimension), status, model.summary, model.licence)
        self._out.print(table, soft_wrap=False)  # on a terminal, cells that do not fit are folded

    def failure_record(self, failure: "FailureRecord", *, as_json: bool) -> None:
        """A photo of the library that could not be read."""
        self._failed(failure, failure.path, as_json=as_json)

    def _failed(self, failure: "PhotoFailed | FailureRecord", path: bytes, *, as_json: bool) -> None:
        if as_json:
            from faceindex.schemas.scanning import FailureSchema

            self.json(FailureSchema.of(failure, path=path))
            return
        message = f"{printable(path)}: {printable(failure.message)}"
        self._err.print(Text.assemble(("Failed: ", "bold yellow"), message))

    def _rows(self, rows: Sequence[tuple[str, str]]) -> None:
        """Names and values, side by side; no line is folded, so that paths can be copied."""
        column = max(len(name) for name, _ in rows)
        for name, value in rows:
            self._out.print(Text.assemble((f"{name:<{column}}", "bold"), "  ", value))


def count(number: int, noun: str) -> str:
    """A number with its noun."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def _scan_counts(summary: "ScanSummary") -> str:
    """How many photos of each kind, leaving out what there were none of."""
    parts = [f"{summary.seen:,} seen"]
    names = ("indexed", "unchanged", "duplicate", "moved", "failed", "missing")
    parts += [f"{getattr(summary, name):,} {name}" for name in names if getattr(summary, name)]
    return ", ".join(parts)


def _time(summary: "ScanSummary") -> str:
    if not summary.indexed:
        return f"{summary.seconds:.1f} s"
    return f"{summary.seconds:.1f} s, {summary.indexed / summary.seconds:.1f} photos a second"


def _statistics_rows(statistics: "Statistics", library: "Path") -> Iterator[tuple[str, str]]:
    yield "Library", f"{printable(str(library))} ({_bytes(statistics.database_bytes)})"
    yield "Model", statistics.model or "none yet: nothing was scanned"
    for name, root in zip_longest(("Folders",), statistics.roots, fillvalue=""):
        yield name, printable(root)
    yield "Photos", f"{statistics.photos:,} ({_bytes(statistics.photo_bytes)})"
    yield "  duplicates", f"{statistics.duplicates:,}"
    yield "  without a face", f"{statistics.contents_without_face:,}"
    yield "  missing", f"{statistics.missing:,}"
    reasons = ", ".join(f"{each.photos:,} {each.reason}" for each in statistics.failed)
    yield "  failed", f"{statistics.failures:,}" + (f" ({reasons})" if reasons else "")
    if statistics.first_taken and statistics.last_taken:
        yield "Taken", f"{statistics.first_taken:%Y-%m-%d} to {statistics.last_taken:%Y-%m-%d}"
    most = f"{statistics.faces_per_photo:.2f} a photo, at most {statistics.most_faces:,}"
    yield "Faces", f"{statistics.faces:,} ({most})"
    yield "Descriptors", f"{statistics.descriptors:,} ({_bytes(statistics.descriptor_bytes)})"
    index = "not saved yet"
    if statistics.index_kind:
        index = f"{count(statistics.indexed_faces, 'face')}, {statistics.index_kind}"
    yield "Index", index


def _bytes(number: float) -> str:
    for unit in ("bytes", "kB", "MB", "GB"):
        if number < 1000:
            return f"{number:,.0f} {unit}" if unit == "bytes" else f"{number:,.1f} {unit}"
        number /= 1000
    return f"{number:,.1f} TB"

"""``faceindex scan`` and ``faceindex reindex``."""

from collections import Counter
from typing import TYPE_CHECKING, Annotated, Any

import typer

from faceindex.cli import scan_options
from faceindex.cli.context import EXIT_SOME_FAILED, command
from faceindex.cli.options import EXIT_REFUSED, AllowMissing, DryRun, Json, TimeBudget, deadline, finish
from faceindex.cli.text import scanning as text
from faceindex.cli.text import switching
from faceindex.errors import BadRequest

if TYPE_CHECKING:
    from collections.abc import Iterable

    from faceindex.cli.render import Reporter
    from faceindex.library import Library
    from faceindex.results import DetectorSwitch, ModelSwitch, Planned, ScanSummary
    from faceindex.scanning.scan import ScanOptions


def scan(
    context: typer.Context,
    folders: Annotated[
        list[str], typer.Argument(help="Folders, with everything below them, and single photos.")
    ],
    model: scan_options.Model = None,
    detector: scan_options.Detector = None,
    runtime: scan_options.Runtime = None,
    device: scan_options.Device = None,
    workers: scan_options.Workers = None,
    long_edge: scan_options.LongEdge = None,
    smallest_face: scan_options.SmallestFace = None,
    max_megapixels: scan_options.MaxMegapixels = None,
    thorough: scan_options.Thorough = False,
    raw: scan_options.Raw = None,
    motion: scan_options.Motion = None,
    allow_missing: AllowMissing = False,
    time_budget: TimeBudget = None,
    dry_run: DryRun = False,
    as_json: Json = False,
) -> None:
    """Find the faces in the photos and films of folders, and update the library."""
    flags: dict[str, Any] = {
        "model": model,
        "runtime": runtime,
        "device": device,
        "workers": workers,
        "long_edge": long_edge,
        "smallest_face": smallest_face,
        "detector": detector,
        "max_megapixels": max_megapixels,
    }
    with command(context, as_json, **flags) as (library, reporter):
        from faceindex.scanning.scan import ScanOptions
        from faceindex.schemas.scanning import ScanSchema
        from index.values import RawFiles

        raw_files = None if raw is None else RawFiles(raw)
        options = ScanOptions(allow_missing, deadline(time_budget), thorough, raw_files, motion)
        if dry_run:
            _plan(library.plan_scan(folders, options), reporter)
            return
        summary = library.scan(folders, options)
        _report(summary, reporter)
        if as_json:
            reporter.json(ScanSchema.of(summary))
        elif not reporter.is_quiet:
            reporter.rows(text.scanned(summary, library.settings.library))
            reporter.lines(text.left_out(summary.left_out))
        finish(summary, reporter)


def reindex(
    context: typer.Context,
    model: Annotated[
        str | None,
        typer.Option(
            help="Switch the library to this model, once all faces are described by it. Folders are not "
            "scanned."
        ),
    ] = None,
    detector: Annotated[
        str | None,
        typer.Option(
            help="Switch the library to this detector, once it has looked at all photos. Folders are not "
            "scanned."
        ),
    ] = None,
    time_budget: TimeBudget = None,
    allow_missing: AllowMissing = False,
    dry_run: DryRun = False,
    as_json: Json = False,
) -> None:
    """Scan all folders of the library again, and report what changed. Run it every night."""
    with command(context, as_json) as (library, reporter):
        from faceindex.scanning.scan import ScanOptions
        from faceindex.schemas.models import ModelPreviewSchema
        from faceindex.schemas.scanning import DetectorPreviewSchema

        options = ScanOptions(allow_missing, deadline(time_budget))
        if model is not None and detector is not None:
            raise BadRequest("--model and --detector cannot be changed at once: change one after the other.")
        if detector is not None and dry_run:
            found = library.preview_detector(detector)
            reporter.result(DetectorPreviewSchema.of(found), switching.detector_previewed(found))
        elif detector is not None:
            _switch_detector(library, detector, reporter, options)
        elif model is not None and dry_run:
            preview = library.preview_model(model)
            reporter.result(ModelPreviewSchema.of(preview), switching.model_previewed(preview))
        elif model is not None:
            _switch_model(library, model, reporter, options)
        elif dry_run:
            _plan(library.plan_reindex(), reporter)
            reporter.note(text.to_be_pruned(library.plan_pruning(), library.settings.keep_missing_days))
        else:
            _reindex(library, reporter, options)


def _reindex(library: "Library", reporter: "Reporter", options: "ScanOptions") -> None:
    from faceindex.schemas.scanning import ReindexSchema

    report = library.reindex(options)
    _report(report.scan, reporter)
    changes = text.reindexed(report)
    if reporter.as_json:
        reporter.json(ReindexSchema.of(report))
    else:
        reporter.lines([changes] if changes else [])
        for note in (*(() if changes else ["nothing changed"]), *text.left_out(report.scan.left_out)):
            reporter.note(note)
    finish(report.scan, reporter)


def _report(scan: "ScanSummary", reporter: "Reporter") -> None:
    """Print which photos are not whole, and which cannot be read; only count those told of before."""
    reporter.incomplete(scan.incomplete)
    for failure in scan.failures:
        if failure.new or reporter.as_json:
            reporter.failure(failure)
    for note in () if reporter.as_json else text.still_failed(scan.failures):
        reporter.note(note)


def _plan(plan: "Iterable[Planned]", reporter: "Reporter") -> None:
    """Print what a scan would do, as it is found; last, what it would leave out."""
    from index.photos.left_out import counted

    files: Counter[tuple[str, str | None]] = Counter()
    for each in plan:
        reporter.planned(each)
        if each.kind is not None:
            files[each.kind, each.needs] += 1
    for note in () if reporter.as_json else text.left_out(counted(files)):
        reporter.note(note)


def _switch_model(library: "Library", model: str, reporter: "Reporter", options: "ScanOptions") -> None:
    from faceindex.schemas.models import ModelSwitchSchema

    result = library.switch_model(model, options)
    for failure in result.failures:
        reporter.failure(failure)
    reporter.result(ModelSwitchSchema.of(result), switching.model_switched(result))
    _end_switch(result, switching.not_changed(result), reporter)


def _switch_detector(library: "Library", detector: str, reporter: "Reporter", options: "ScanOptions") -> None:
    from faceindex.schemas.scanning import DetectorSwitchSchema

    result = library.switch_detector(detector, options)
    for failure in result.failures:
        reporter.failure(failure)
    reporter.result(DetectorSwitchSchema.of(result), switching.detector_switched(result))
    _end_switch(result, switching.detector_not_changed(result), reporter)


def _end_switch(result: "ModelSwitch | DetectorSwitch", not_changed: str, reporter: "Reporter") -> None:
    """Say why the library is as it was, if it is; end with the code that says so, or that photos failed."""
    if result.changed and result.failures:
        raise typer.Exit(EXIT_SOME_FAILED)
    if not result.changed and not result.in_time:
        reporter.note(not_changed)
    elif not result.changed:
        reporter.error(not_changed)
        raise typer.Exit(EXIT_REFUSED)

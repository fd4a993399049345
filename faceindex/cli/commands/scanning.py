"""``faceindex scan`` and ``faceindex reindex``."""

from typing import TYPE_CHECKING, Annotated

import typer

from faceindex.cli.context import EXIT_SOME_FAILED, command
from faceindex.cli.options import EXIT_REFUSED, AllowMissing, DryRun, Json, TimeBudget, deadline, finish
from faceindex.cli.text import scanning as text
from faceindex.errors import BadRequest

if TYPE_CHECKING:
    from faceindex.cli.render import Reporter
    from faceindex.library import Library
    from faceindex.results import DetectorSwitch, ModelSwitch
    from faceindex.scanning.scan import ScanOptions


def scan(
    context: typer.Context,
    folders: Annotated[
        list[str], typer.Argument(help="Folders, with everything below them, and single photos.")
    ],
    model: Annotated[
        str | None,
        typer.Option(
            help="Model of a new library: a name from 'faceindex models list'.", show_default="auto"
        ),
    ] = None,
    detector: Annotated[
        str | None,
        typer.Option(
            help="Find the faces of a new library with 'cascade', 'yunet' or 'mtcnn'.", show_default="cascade"
        ),
    ] = None,
    runtime: Annotated[
        str | None,
        typer.Option(help="Run the model with 'openvino' or 'tensorflow'.", show_default="openvino"),
    ] = None,
    device: Annotated[
        str | None,
        typer.Option(help="Run the networks on 'cpu' or 'gpu'.", show_default="cpu"),
    ] = None,
    workers: Annotated[
        int | None,
        typer.Option(help="Process this many photos at a time. 0 means one for each core.", show_default="0"),
    ] = None,
    long_edge: Annotated[
        int | None,
        typer.Option(
            help="Shrink photos to this long edge, in pixels, to look for faces.", show_default="1600"
        ),
    ] = None,
    smallest_face: Annotated[
        float | None,
        typer.Option(
            help="Ignore faces smaller than this in the shrunk photo.", show_default="20 with mtcnn"
        ),
    ] = None,
    max_megapixels: Annotated[
        float | None, typer.Option(help="Skip photos above this many megapixels.", show_default="400")
    ] = None,
    allow_missing: AllowMissing = False,
    time_budget: TimeBudget = None,
    dry_run: DryRun = False,
    as_json: Json = False,
) -> None:
    """Find the faces in the photos of folders, and update the library."""
    flags = {
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

        options = ScanOptions(allow_missing, deadline(time_budget))
        if dry_run:
            reporter.plan(library.plan_scan(folders))
            return
        summary = library.scan(folders, options)
        reporter.scan_summary(summary, library.settings.library)
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
            reporter.result(DetectorPreviewSchema.of(found), text.detector_previewed(found))
        elif detector is not None:
            _switch_detector(library, detector, reporter, options)
        elif model is not None and dry_run:
            preview = library.preview_model(model)
            reporter.result(ModelPreviewSchema.of(preview), text.model_previewed(preview))
        elif model is not None:
            _switch_model(library, model, reporter, options)
        elif dry_run:
            reporter.plan(library.plan_reindex())
            reporter.note(text.to_be_pruned(library.plan_pruning(), library.settings.keep_missing_days))
        else:
            _reindex(library, reporter, options)


def _reindex(library: "Library", reporter: "Reporter", options: "ScanOptions") -> None:
    from faceindex.schemas.scanning import ReindexSchema

    report = library.reindex(options)
    reporter.incomplete(report.scan.incomplete)
    for failure in report.scan.failures if reporter.as_json else report.new_failures:
        reporter.failure(failure)
    if reporter.as_json:
        reporter.json(ReindexSchema.of(report))
    elif changes := text.reindexed(report):
        reporter.lines([changes])
    else:
        reporter.note("nothing changed")
    finish(report.scan, reporter)


def _switch_model(library: "Library", model: str, reporter: "Reporter", options: "ScanOptions") -> None:
    from faceindex.schemas.models import ModelSwitchSchema

    result = library.switch_model(model, options)
    for failure in result.failures:
        reporter.failure(failure)
    reporter.result(ModelSwitchSchema.of(result), text.model_switched(result))
    _end_switch(result, text.not_changed(result), reporter)


def _switch_detector(library: "Library", detector: str, reporter: "Reporter", options: "ScanOptions") -> None:
    from faceindex.schemas.scanning import DetectorSwitchSchema

    result = library.switch_detector(detector, options)
    for failure in result.failures:
        reporter.failure(failure)
    reporter.result(DetectorSwitchSchema.of(result), text.detector_switched(result))
    _end_switch(result, text.detector_not_changed(result), reporter)


def _end_switch(result: "ModelSwitch | DetectorSwitch", not_changed: str, reporter: "Reporter") -> None:
    """Say why the library is as it was, if it is; end with the code that says so, or that photos failed."""
    if result.changed and result.failures:
        raise typer.Exit(EXIT_SOME_FAILED)
    if not result.changed and not result.in_time:
        reporter.note(not_changed)
    elif not result.changed:
        reporter.error(not_changed)
        raise typer.Exit(EXIT_REFUSED)

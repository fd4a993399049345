"""``faceindex reindex``."""

from typing import TYPE_CHECKING, Annotated

import typer

from faceindex.cli.context import EXIT_SOME_FAILED, command
from faceindex.cli.options import EXIT_REFUSED, AllowMissing, DryRun, Json, TimeBudget, deadline, finish
from faceindex.cli.text import scanning as text

if TYPE_CHECKING:
    from faceindex.cli.render import Reporter
    from faceindex.library import Library
    from faceindex.scanning.scan import ScanOptions


def reindex(
    context: typer.Context,
    model: Annotated[
        str | None,
        typer.Option(
            help="Switch the library to this model, once all faces are described by it. Folders are not "
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

        options = ScanOptions(allow_missing, deadline(time_budget))
        if model is not None and dry_run:
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
    if result.changed and result.failures:
        raise typer.Exit(EXIT_SOME_FAILED)
    if not result.changed and not result.in_time:
        reporter.note(text.not_changed(result))
    elif not result.changed:
        reporter.error(text.not_changed(result))
        raise typer.Exit(EXIT_REFUSED)

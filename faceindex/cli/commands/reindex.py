"""``faceindex reindex``."""

from functools import partial
from typing import TYPE_CHECKING, Annotated

import typer

from faceindex.cli.context import EXIT_SOME_FAILED, reported
from faceindex.cli.run_options import EXIT_REFUSED, deadline, exit_code, say_what_was_not_done
from faceindex.cli.text import scanning as nightly_text

if TYPE_CHECKING:
    from faceindex.cli.render import Reporter
    from faceindex.scanning.scan import ScanOptions
    from faceindex.settings import Settings


def reindex(
    context: typer.Context,
    model: Annotated[
        str | None,
        typer.Option(help="Describe all faces by this model instead, and then change the library to it."),
    ] = None,
    time_budget: Annotated[
        str | None, typer.Option(help="Stop after so long, such as 90s or 1h30m; the next run does the rest.")
    ] = None,
    allow_missing: Annotated[
        bool, typer.Option("--allow-missing", help="Believe that the photos of a whole folder are gone.")
    ] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what would be done, and do nothing.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a line.")] = False,
) -> None:
    """Scan all folders of the library again, and say in one line what changed: the nightly job."""
    with reported(context) as (invocation, reporter):
        from faceindex.scanning.scan import ScanOptions

        options = ScanOptions(allow_missing, deadline(time_budget))
        settings = invocation.settings()
        if model is not None:
            run = _rehearse_change if dry_run else partial(_change_model, options=options)
            code = run(settings, model, reporter, as_json=as_json)
        elif dry_run:
            code = _rehearse(settings, reporter, as_json=as_json)
        else:
            code = _reindex(settings, reporter, options, as_json=as_json)
        if code:
            raise typer.Exit(code)


def _reindex(settings: "Settings", reporter: "Reporter", options: "ScanOptions", *, as_json: bool) -> int:
    from faceindex.library import Library
    from faceindex.listeners import Listeners
    from faceindex.scanning.reindex import reindex
    from faceindex.schemas.scanning import ReindexSchema

    with Library.open_to_write(settings, make=False) as library, reporter.scan_progress() as progress:
        report = reindex(library, Listeners(progress, reporter.note), options)
    for failure in report.scan.failures if as_json else report.new_failures:
        reporter.failure_record(failure, as_json=as_json)
    if as_json:
        reporter.json(ReindexSchema.of(report.scan, report))
    elif changes := nightly_text.reindexed(report):
        reporter.lines([changes])
    else:
        reporter.note("nothing changed")
    say_what_was_not_done(report.scan, reporter)
    return exit_code(report.scan)


def _rehearse(settings: "Settings", reporter: "Reporter", *, as_json: bool) -> int:
    from faceindex.scanning.reindex import plan_pruning, plan_reindex

    for planned in plan_reindex(settings):
        reporter.planned(planned, as_json=as_json)
    reporter.note(nightly_text.to_be_pruned(plan_pruning(settings), settings.keep_missing_days))
    return 0


def _change_model(
    settings: "Settings", model: str, reporter: "Reporter", *, as_json: bool, options: "ScanOptions"
) -> int:
    from faceindex.listeners import Listeners
    from faceindex.scanning.model_switch import switch_model
    from faceindex.schemas.models import ModelSwitchSchema

    with reporter.scan_progress() as progress:
        result = switch_model(settings, model, Listeners(progress, reporter.note), options)
    for failure in result.failures:
        reporter.failure(failure, as_json=as_json)
    if as_json:
        reporter.json(ModelSwitchSchema.of(result))
    else:
        reporter.lines(nightly_text.model_switched(result))
    if result.changed:
        return EXIT_SOME_FAILED if result.failures else 0
    if not result.in_time:
        reporter.note(nightly_text.not_changed(result))
        return 0
    reporter.error(nightly_text.not_changed(result))
    return EXIT_REFUSED


def _rehearse_change(settings: "Settings", model: str, reporter: "Reporter", *, as_json: bool) -> int:
    from faceindex.scanning.model_switch import preview
    from faceindex.schemas.models import ModelPreviewSchema

    found = preview(settings, model)
    if as_json:
        reporter.json(ModelPreviewSchema.of(found))
    else:
        reporter.lines(nightly_text.model_previewed(found))
    return 0

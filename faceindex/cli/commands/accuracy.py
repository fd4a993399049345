"""The commands that measure and improve accuracy."""

from pathlib import Path
from typing import Annotated

import typer

from faceindex.cli.context import command
from faceindex.cli.options import DryRun, Json


def evaluate(
    context: typer.Context,
    folder: Annotated[
        Path | None, typer.Argument(help="Labelled photos: a folder of photos for each person.")
    ] = None,
    pairs: Annotated[
        Path | None,
        typer.Option(help="Compare only the pairs in this file, which has the format of LFW's pairs.txt."),
    ] = None,
    own: Annotated[
        bool, typer.Option("--library", help="Measure the confirmed faces of the library instead.")
    ] = False,
    model: Annotated[
        str | None, typer.Option(help="Model that describes the faces in FOLDER.", show_default="auto")
    ] = None,
    groups: Annotated[
        Path | None,
        typer.Option(help="A file with lines PERSON,GROUP. Report figures for each group too."),
    ] = None,
    plots: Annotated[Path | None, typer.Option(help="Write plots, as PNG and HTML, to this folder.")] = None,
    fail_under: Annotated[
        list[str] | None,
        typer.Option(metavar="KEY=VALUE", help="Exit with 1 if a figure is lower, such as accuracy=0.99."),
    ] = None,
    as_json: Json = False,
) -> None:
    """Measure how accurately faces are recognised."""
    with command(context, as_json) as (library, reporter):
        from faceindex.accuracy.measures import parse_floors, shortfalls
        from faceindex.cli.text.accuracy import evaluation
        from faceindex.errors import BadRequest
        from faceindex.schemas.accuracy import EvaluationSchema

        floors = parse_floors(fail_under or ())
        if own == (folder is not None) or (own and (pairs or model)):
            raise BadRequest(
                "Name a folder of labelled photos, with or without --pairs, or use --library alone."
            )
        found = library.evaluate(folder, pairs=pairs, groups=groups, model=model)
        reporter.result(EvaluationSchema.of(found), evaluation(found))
        if plots is not None:
            for path in library.plot(found, plots, evaluation(found)):
                reporter.note(f"Written: {path}")
        missed = shortfalls(found, floors)
        for shortfall in missed:
            reporter.error(shortfall)
        if missed:
            raise typer.Exit(1)


def calibrate(
    context: typer.Context,
    reset: Annotated[
        bool, typer.Option("--reset", help="Return to the thresholds that the model comes with.")
    ] = False,
    dry_run: DryRun = False,
    as_json: Json = False,
) -> None:
    """Fit the similarity thresholds to your own decisions."""
    with command(context, as_json) as (library, reporter):
        from faceindex.cli.text import accuracy as text
        from faceindex.schemas.accuracy import CalibrationSchema

        done = library.calibrate(reset=reset, dry_run=dry_run)
        reporter.result(CalibrationSchema.of(done), text.calibrated(done))
        if not as_json:
            reporter.note("Stored." if done.stored else "Nothing was stored: leave out --dry-run.")


def adapt(
    context: typer.Context,
    dimension: Annotated[
        int | None, typer.Option(help="Length of the adapted descriptors.", show_default="unchanged")
    ] = None,
    dry_run: DryRun = False,
    as_json: Json = False,
) -> None:
    """Learn from the people you confirmed.

    The result is kept if it helps to recognise people it was not learned from.
    """
    with command(context, as_json) as (library, reporter):
        from faceindex.cli.text.accuracy import adapted
        from faceindex.cli.text.switching import not_changed
        from faceindex.schemas.models import AdaptationSchema

        found = library.adapt(dimension, dry_run=dry_run)
        reporter.result(AdaptationSchema.of(found), adapted(found))
        if found.change is not None and not found.change.changed:
            reporter.error(not_changed(found.change))
            raise typer.Exit(1)
        if found.trial.helps and found.kept is None:
            reporter.note("Nothing was kept: leave out --dry-run.")

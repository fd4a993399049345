"""``faceindex calibrate``."""

from typing import Annotated

import typer

from faceindex.cli.context import command
from faceindex.cli.options import DryRun, Json


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

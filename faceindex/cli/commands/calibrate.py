"""``faceindex calibrate``."""

from typing import Annotated

import typer

from faceindex.cli.context import reported


def calibrate(
    context: typer.Context,
    reset: Annotated[
        bool, typer.Option("--reset", help="Go back to the thresholds that the model comes with.")
    ] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would change.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object.")] = False,
) -> None:
    """Fit what similarity means to your own people: those that you confirmed, and rejected."""
    with reported(context) as (invocation, reporter):
        from faceindex.accuracy.calibrate import calibrate as fit
        from faceindex.accuracy.calibrate import reset as go_back
        from faceindex.cli.text import accuracy as accuracy_text
        from faceindex.library import Library
        from faceindex.schemas.accuracy import CalibrationSchema

        settings = invocation.settings()
        opened = Library.open(settings) if dry_run else Library.open_to_write(settings, make=False)
        with opened as library:
            done = go_back(library, write=not dry_run) if reset else fit(library, write=not dry_run)
        if as_json:
            reporter.json(CalibrationSchema.of(done))
            return
        reporter.lines(accuracy_text.calibrated(done))
        reporter.note("Stored." if done.stored else "Nothing was stored: leave --dry-run out to do so.")

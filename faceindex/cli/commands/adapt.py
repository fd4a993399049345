"""``faceindex adapt``."""

from typing import Annotated

import typer

from faceindex.cli.context import command
from faceindex.cli.options import DryRun, Json


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
        from faceindex.cli.text.scanning import not_changed
        from faceindex.schemas.models import AdaptationSchema

        found = library.adapt(dimension, dry_run=dry_run)
        reporter.result(AdaptationSchema.of(found), adapted(found))
        if found.change is not None and not found.change.changed:
            reporter.error(not_changed(found.change))
            raise typer.Exit(1)
        if found.trial.helps and found.kept is None:
            reporter.note("Nothing was kept: leave out --dry-run.")

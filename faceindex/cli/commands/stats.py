"""``faceindex stats``."""

import typer

from faceindex.cli.context import command
from faceindex.cli.options import Json


def stats(context: typer.Context, as_json: Json = False) -> None:
    """Show how many photos and faces the library holds."""
    with command(context, as_json) as (library, reporter):
        from faceindex.cli.render import statistics_rows
        from faceindex.schemas.maintenance import StatisticsSchema

        found, file = library.statistics(), library.settings.library
        if as_json:
            reporter.json(StatisticsSchema.of(found, library=file))
        else:
            reporter.rows(statistics_rows(found, file))

"""``faceindex check``."""

from typing import Annotated

import typer

from faceindex.cli.context import command
from faceindex.cli.options import Json

EXIT_FAULTS = 1
"""There are faults, and they were not, or could not be, repaired."""


def check(
    context: typer.Context,
    repair: Annotated[bool, typer.Option("--repair", help="Repair each fault after reporting it.")] = False,
    as_json: Json = False,
) -> None:
    """Look for faults in the library, and perhaps repair them."""
    with command(context, as_json) as (library, reporter):
        from faceindex.cli.text import maintenance as text
        from faceindex.schemas.maintenance import CheckSchema, FindingSchema, SalvageSchema
        from index.maintenance.check import Finding
        from index.store.store import Salvage

        left = 0
        for event in library.check(repair=repair):
            if isinstance(event, Finding):
                reporter.result(event, FindingSchema.of, lambda each: [text.finding(each, repair=repair)])
            elif isinstance(event, Salvage):
                reporter.result(event, SalvageSchema.of, text.salvage)
            else:
                reporter.result(event, CheckSchema.of, lambda each: text.checked(each, repair=repair))
                left = event.left
        if left:
            raise typer.Exit(EXIT_FAULTS)

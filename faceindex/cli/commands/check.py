"""``faceindex check``."""

from typing import Annotated

import typer

from faceindex.cli.context import reported

EXIT_FAULTS = 1
"""There are faults, and they were not, or could not be, repaired."""


def check(
    context: typer.Context,
    repair: Annotated[bool, typer.Option("--repair", help="Repair what is found; say so first.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a line.")] = False,
) -> None:
    """Look for faults in the library, and say what repair would do about each."""
    with reported(context) as (invocation, reporter):
        from faceindex import maintenance as upkeep
        from faceindex.cli.text import maintenance as text
        from faceindex.schemas.base import Schema
        from faceindex.schemas.maintenance import CheckSchema, FindingSchema, SalvageSchema
        from index.maintenance.findings import Finding
        from index.store.backend import Salvage

        left = 0
        for event in upkeep.check(invocation.settings(), repair=repair):
            value: Schema
            if isinstance(event, Finding):
                lines, value = [text.finding(event, repair=repair)], FindingSchema.of(event)
            elif isinstance(event, Salvage):
                lines, value = list(text.salvage(event)), SalvageSchema.of(event)
            else:
                lines, value = list(text.checked(event, repair=repair)), CheckSchema.of(event)
                left = event.left
            if as_json:
                reporter.json(value)
            else:
                reporter.lines(lines)
        if left:
            raise typer.Exit(EXIT_FAULTS)

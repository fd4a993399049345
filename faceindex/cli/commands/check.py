"""``faceindex check``."""

from typing import Annotated

import typer

from faceindex.cli.context import command
from faceindex.cli.options import Json

EXIT_FAULTS = 1
"""Faults are left."""


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
                reporter.result(FindingSchema.of(event), [text.finding(event, repair=repair)])
            elif isinstance(event, Salvage):
                reporter.result(SalvageSchema.of(event), text.salvage(event))
            else:
                reporter.result(CheckSchema.of(event), text.checked(event, repair=repair))
                left = event.left
        if left:
            raise typer.Exit(EXIT_FAULTS)

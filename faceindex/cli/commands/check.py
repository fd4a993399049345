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
        from faceindex.schemas import maintenance as contract
        from index.maintenance.findings import Finding
        from index.store.sqlite.salvage import Salvage

        left = 0
        for event in upkeep.check(invocation.settings(), repair=repair):
            if isinstance(event, Finding):
                lines, value = [text.finding(event, repair=repair)], contract.finding(event)
            elif isinstance(event, Salvage):
                lines, value = list(text.salvage(event)), contract.salvage(event)
            else:
                lines, value = list(text.checked(event, repair=repair)), contract.checked(event)
                left = event.left
            if as_json:
                reporter.json(value)
            else:
                reporter.lines(lines)
        if left:
            raise typer.Exit(EXIT_FAULTS)

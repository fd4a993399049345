"""``faceindex stats``."""

from typing import Annotated

import typer

from faceindex.cli.context import reported


def stats(
    context: typer.Context,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object.")] = False,
) -> None:
    """Show the library in figures."""
    with reported(context) as (invocation, reporter):
        from faceindex.library import Library

        settings = invocation.settings()
        with Library.open(settings) as library:
            reporter.statistics(library.statistics(), settings.library, as_json=as_json)

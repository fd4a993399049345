"""Runs a command that makes a decision."""

from collections.abc import Callable
from typing import TYPE_CHECKING

import typer

from faceindex.cli.context import command

if TYPE_CHECKING:
    from faceindex.naming.decide import Decided
    from faceindex.people import People


def decide(context: typer.Context, as_json: bool, made: "Callable[[People], Decided]") -> None:
    """Make a decision, and report its effects and how to take it back."""
    with command(context, as_json) as (library, reporter):
        from faceindex.cli.text.faces import poor
        from faceindex.cli.text.people import decided as text
        from faceindex.schemas.people import DecidedSchema

        decided = made(library.people)
        reporter.outcome(DecidedSchema.of(decided), [text(decided)])
        for warning in poor(decided.poor):
            reporter.note(warning)

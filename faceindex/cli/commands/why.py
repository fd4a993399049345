"""``faceindex why``."""

from typing import Annotated

import typer

from faceindex.cli.context import EXIT_SOME_FAILED, command
from faceindex.cli.options import Hidden, Json


def why(
    context: typer.Context,
    photo: Annotated[str, typer.Argument(help="A photo. It need not be in the library.")],
    face: Annotated[
        int | None,
        typer.Option(min=1, help="Explain only this face, numbered as 'faceindex who' lists them."),
    ] = None,
    hidden: Hidden = False,
    as_json: Json = False,
) -> None:
    """Explain an answer of 'faceindex who'.

    Shows what each face was compared with, and the rule that decided.
    """
    with command(context, as_json) as (library, reporter):
        from faceindex.cli.text.answers import explanation_rows
        from faceindex.schemas.answers import ExplanationSchema

        found = library.why(photo, face=face, hidden=hidden)
        if not isinstance(found, tuple):
            reporter.failure(found)
            raise typer.Exit(EXIT_SOME_FAILED)
        if not found:
            reporter.note("No face was found in the photo.")
        for each in found:
            reporter.result(ExplanationSchema.of(each), explanation_rows(each), headed=True)

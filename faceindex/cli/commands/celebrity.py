"""``faceindex celebrity``."""

from typing import Annotated

import typer

from faceindex.cli.context import EXIT_SOME_FAILED, command
from faceindex.cli.options import Json


def celebrity(
    context: typer.Context,
    photos: Annotated[list[str], typer.Argument(help="Photos. No library is needed.")],
    as_json: Json = False,
) -> None:
    """Guess which of 8,631 celebrities the faces in photos resemble."""
    with command(context, as_json) as (library, reporter):
        from faceindex.cli.text.answers import lookalikes_rows
        from faceindex.schemas.answers import LookalikesSchema
        from pipeline.values import PhotoFailed

        failed = False
        for found in library.celebrities(photos):
            if isinstance(found, PhotoFailed):
                reporter.failure(found)
                failed = True
            else:
                reporter.result(LookalikesSchema.of(found), lookalikes_rows(found), headed=True)
        if failed:
            raise typer.Exit(EXIT_SOME_FAILED)

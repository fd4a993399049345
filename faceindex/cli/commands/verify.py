"""``faceindex verify``."""

from typing import Annotated

import typer

from faceindex.cli.context import EXIT_SOME_FAILED, command
from faceindex.cli.options import Json


def verify(
    context: typer.Context,
    first: Annotated[str, typer.Argument(metavar="PHOTO_A", help="A photo. No library is needed.")],
    second: Annotated[str, typer.Argument(metavar="PHOTO_B", help="Another photo.")],
    face_a: Annotated[
        int | None,
        typer.Option(min=1, help="Compare this face of PHOTO_A, numbered as 'faceindex who' lists them."),
    ] = None,
    face_b: Annotated[int | None, typer.Option(min=1, help="Compare this face of PHOTO_B.")] = None,
    as_json: Json = False,
) -> None:
    """Say whether two photos show the same person. The exit code is 0 either way."""
    with command(context, as_json) as (library, reporter):
        from faceindex.asking.verify import Unread
        from faceindex.cli.text.answers import verification_rows
        from faceindex.schemas.answers import VerificationSchema

        found = library.verify(first, second, face_a=face_a, face_b=face_b)
        if isinstance(found, Unread):
            for failure in found.failures:
                reporter.failure(failure)
            raise typer.Exit(EXIT_SOME_FAILED)
        reporter.result(VerificationSchema.of(found), verification_rows(found))

"""``faceindex verify``."""

from typing import Annotated

import typer

from faceindex.cli.context import EXIT_SOME_FAILED, absolute, reported


def verify(
    context: typer.Context,
    first: Annotated[str, typer.Argument(metavar="PHOTO_A", help="A photo; no library is needed.")],
    second: Annotated[str, typer.Argument(metavar="PHOTO_B", help="Another one.")],
    face_a: Annotated[
        int | None, typer.Option(min=1, help="Number of the face in the first, as 'faceindex who' counts.")
    ] = None,
    face_b: Annotated[int | None, typer.Option(min=1, help="Number of the face in the second.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object.")] = False,
) -> None:
    """Say whether the faces of two photos are one person; the exit code is 0 either way."""
    with reported(context) as (invocation, reporter):
        from faceindex.asking.verify import Side, Unread
        from faceindex.asking.verify import verify as compare
        from faceindex.cli.text.answers import verification_rows
        from faceindex.schemas.answers import VerificationSchema

        a, b = absolute([first, second])
        with reporter.download_progress() as progress:
            found = compare(
                invocation.settings(), (Side(a, face_a), Side(b, face_b)), reporter.note, progress
            )
        if isinstance(found, Unread):
            for failure in found.failures:
                reporter.failure(failure, as_json=as_json)
            raise typer.Exit(EXIT_SOME_FAILED)
        if as_json:
            reporter.json(VerificationSchema.of(found))
        else:
            reporter.lines(verification_rows(found))

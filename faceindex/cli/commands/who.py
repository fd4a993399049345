"""``faceindex who``."""

from pathlib import Path
from typing import Annotated

import typer

from faceindex.cli.context import EXIT_SOME_FAILED, command
from faceindex.cli.options import Hidden, Json


def who(
    context: typer.Context,
    photos: Annotated[list[str], typer.Argument(help="Photos. They need not be in the library.")],
    k: Annotated[
        int, typer.Option("-k", min=1, max=1000, help="Show this many similar faces for each face.")
    ] = 5,
    min_similarity: Annotated[
        float, typer.Option(min=-1, max=1, help="Hide faces that are less similar than this cosine.")
    ] = -1.0,
    hidden: Hidden = False,
    annotate: Annotated[
        Path | None, typer.Option(help="Write a copy of the photo, with the faces marked, to this file.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Say who is in photos, and which faces are most similar."""
    with command(context, as_json) as (library, reporter):
        from faceindex.cli.text.answers import answer_faces, photo_title
        from faceindex.errors import BadRequest
        from faceindex.results import Answer
        from faceindex.schemas.answers import AnswerSchema

        if annotate is not None:
            if len(photos) != 1:
                raise BadRequest("--annotate writes one picture: name one photo.")
            library.check_picture(annotate, photos[0])
        failed = False
        for found in library.who(photos, k=k, min_similarity=min_similarity, hidden=hidden):
            if not isinstance(found, Answer):
                reporter.failure(found)
                failed = True
                continue
            if not as_json:
                reporter.lines([photo_title(found.photo)])
            reporter.result(AnswerSchema.of(found), answer_faces(found.faces), headed=True)
            if annotate is not None:
                library.annotate(found, annotate)
                reporter.note(f"The annotated photo is {annotate}")
        if failed:
            raise typer.Exit(EXIT_SOME_FAILED)

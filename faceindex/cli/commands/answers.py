"""The commands that answer questions about photos."""

import os
from pathlib import Path
from typing import Annotated

import typer

from faceindex.cli.context import EXIT_SOME_FAILED, command
from faceindex.cli.options import Hidden, Json


def who(
    context: typer.Context,
    photos: Annotated[
        list[str],
        typer.Argument(
            help="Photos, films, folders of them, URLs, or - for standard input. None need be in the library."
        ),
    ],
    k: Annotated[
        int, typer.Option("-k", min=1, max=1000, help="Show this many similar faces for each face.")
    ] = 5,
    min_similarity: Annotated[
        float, typer.Option(min=-1, max=1, help="Hide faces that are less similar than this cosine.")
    ] = -1.0,
    hidden: Hidden = False,
    annotate: Annotated[
        Path | None,
        typer.Option(help="Write the photo with its faces marked, or the faces of a film, to this file."),
    ] = None,
    as_json: Json = False,
) -> None:
    """Say who is in photos and films, and which faces are most similar."""
    with command(context, as_json) as (library, reporter):
        from faceindex.cli.text.answers import answer_rows, photo_title
        from faceindex.errors import BadRequest
        from faceindex.results import Answer
        from faceindex.schemas.answers import AnswerSchema

        if annotate is not None:
            if len(photos) != 1 or os.path.isdir(photos[0]):
                raise BadRequest("--annotate writes one picture: name one photo, and no folder.")
            library.check_picture(annotate, photos[0])
        failed = answered = False
        for found in library.who(photos, k=k, min_similarity=min_similarity, hidden=hidden):
            if not isinstance(found, Answer):
                reporter.failure(found)
                failed = True
                continue
            answered = True
            if not as_json:
                reporter.lines([photo_title(found.photo)])
            reporter.result(AnswerSchema.of(found), answer_rows(found), headed=True)
            if annotate is not None:
                library.annotate(found, annotate)
                drawn = "annotated photo is" if found.people is None else "faces of the film are in"
                reporter.note(f"The {drawn} {annotate}")
        if not answered and not failed:
            reporter.note("No photo found: the folder holds none, or leaves them out.")
        if failed:
            raise typer.Exit(EXIT_SOME_FAILED)


def why(
    context: typer.Context,
    photo: Annotated[
        str, typer.Argument(help="A photo, a URL, or - for standard input. It need not be in the library.")
    ],
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
        from faceindex.cli.text.why import explanation_rows
        from faceindex.schemas.answers import ExplanationSchema

        found = library.why(photo, face=face, hidden=hidden)
        if not isinstance(found, tuple):
            reporter.failure(found)
            raise typer.Exit(EXIT_SOME_FAILED)
        if not found:
            reporter.note("No face was found in the photo.")
        for each in found:
            reporter.result(ExplanationSchema.of(each), explanation_rows(each), headed=True)


def verify(
    context: typer.Context,
    first: Annotated[
        str, typer.Argument(metavar="PHOTO_A", help="A photo, a URL, or -. No library is needed.")
    ],
    second: Annotated[str, typer.Argument(metavar="PHOTO_B", help="Another one.")],
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


def celebrity(
    context: typer.Context,
    photos: Annotated[list[str], typer.Argument(help="Photos, folders of photos, URLs, or -.")],
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

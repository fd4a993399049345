"""``faceindex why``."""

from typing import Annotated

import typer

from faceindex.cli.context import EXIT_SOME_FAILED, absolute, reported


def why(
    context: typer.Context,
    photo: Annotated[str, typer.Argument(help="A photo; it need not be in the library.")],
    face: Annotated[
        int | None, typer.Option(min=1, help="One face, numbered as 'faceindex who' counts; else all.")
    ] = None,
    hidden: Annotated[bool, typer.Option("--hidden", help="Name hidden persons too.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object for each face.")] = False,
) -> None:
    """Explain an answer of 'faceindex who': what a face was compared with, and the rule that decided."""
    with reported(context) as (invocation, reporter):
        from faceindex.asking.why import Question
        from faceindex.asking.why import why as explain
        from faceindex.cli.text.answers import explanation_rows
        from faceindex.library import Library
        from faceindex.schemas.answers import ExplanationSchema
        from pipeline.values import PhotoFailed

        (path,) = absolute([photo])
        with Library.open(invocation.settings()) as library:
            explanations = explain(library, Question(path, face, hidden), reporter.note)
        if isinstance(explanations, PhotoFailed):
            reporter.failure(explanations, as_json=as_json)
            raise typer.Exit(EXIT_SOME_FAILED)
        if not explanations:
            reporter.note("There is no face in the photo.")
        for each in explanations:
            if as_json:
                reporter.json(ExplanationSchema.of(each.face, each))
            else:
                title, *rows = explanation_rows(each)
                reporter.lines(rows, heading=title)

"""``faceindex who``."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from faceindex.cli.context import EXIT_SOME_FAILED, absolute, reported

if TYPE_CHECKING:
    from faceindex.cli.render import Reporter
    from faceindex.results import Answer


def who(
    context: typer.Context,
    photos: Annotated[list[str], typer.Argument(help="Photos; they need not be in the library.")],
    k: Annotated[int, typer.Option("-k", min=1, max=1000, help="How many near faces to show.")] = 5,
    min_similarity: Annotated[
        float, typer.Option(min=-1, max=1, help="Show no face that is less similar.")
    ] = -1.0,
    hidden: Annotated[bool, typer.Option("--hidden", help="Name hidden persons too.")] = False,
    annotate: Annotated[
        Path | None, typer.Option(help="Write the photo with its faces marked to this file.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a line.")] = False,
) -> None:
    """Say who is in photos, and which faces of the library are most similar."""
    with reported(context) as (invocation, reporter):
        from faceindex.errors import BadRequest
        from faceindex.library import Library
        from faceindex.results import Answer
        from index.recognition.identify import NeighborOptions

        if annotate is not None and len(photos) != 1:
            raise BadRequest("--annotate writes one picture: ask about one photo.")
        paths = absolute(photos)
        settings = invocation.settings()
        failed = False
        with Library.open(settings) as library:
            if annotate is not None:
                from faceindex.output.annotated_photo import annotate as write_annotated
                from faceindex.output.annotated_photo import check_target

                check_target(annotate, paths[0], library)
            for answer in library.who(
                paths, NeighborOptions(k, min_similarity), reporter.note, hidden=hidden
            ):
                if not isinstance(answer, Answer):
                    reporter.failure(answer, as_json=as_json)
                    failed = True
                    continue
                _show(answer, reporter, as_json=as_json)
                if annotate is not None:
                    write_annotated(answer, annotate, settings)
                    reporter.note(f"The annotated photo is {annotate}")
        if failed:
            raise typer.Exit(EXIT_SOME_FAILED)


def _show(answer: "Answer", reporter: "Reporter", *, as_json: bool) -> None:
    from faceindex.cli.text.answers import answer_rows, answer_title
    from faceindex.schemas.answers import AnswerSchema

    if as_json:
        reporter.json(AnswerSchema.of(answer))
        return
    reporter.lines([answer_title(answer)])
    if answer.faces:
        heading, *rows = answer_rows(answer.faces)
        reporter.lines(rows, heading=heading)

"""``faceindex celebrity``."""

from typing import Annotated

import typer

from faceindex.cli.context import EXIT_SOME_FAILED, absolute, reported


def celebrity(
    context: typer.Context,
    photos: Annotated[list[str], typer.Argument(help="Photos; no library is needed.")],
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a line.")] = False,
) -> None:
    """Guess which of 8,631 celebrities the faces of photos look like."""
    with reported(context) as (invocation, reporter):
        from faceindex.asking.celebrity import CAUTION, Celebrities
        from faceindex.cli.text.celebrity import heading, rows
        from faceindex.schemas.answers import LookalikesSchema
        from pipeline.models.weights import WeightsStore
        from pipeline.values import PhotoFailed

        paths = absolute(photos)
        settings = invocation.settings()
        with reporter.download_progress() as progress:
            celebrities = Celebrities.load(settings, WeightsStore(settings.cache_dir), progress)
        failed = False
        reporter.note(CAUTION)
        for found in celebrities.guess(paths):
            if isinstance(found, PhotoFailed):
                reporter.failure(found, as_json=as_json)
                failed = True
            elif as_json:
                reporter.json(LookalikesSchema.of(found))
            else:
                reporter.lines(rows(found), heading=heading(found))
        if failed:
            raise typer.Exit(EXIT_SOME_FAILED)

"""``faceindex models``."""

from pathlib import Path
from typing import Annotated

import typer

from faceindex.cli.context import reported

app = typer.Typer(
    help="The descriptor models, and their weights.", no_args_is_help=True, rich_markup_mode=None
)


@app.command("list")
def list_models(
    context: typer.Context,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a line.")] = False,
) -> None:
    """Show the models there are, and which can be used now."""
    with reported(context) as (invocation, reporter):
        from pipeline.models.registry import MODELS
        from pipeline.models.weights import WeightsStore

        store = WeightsStore(invocation.settings().cache_dir)
        reporter.models([(model, store.status(model)) for model in MODELS], as_json=as_json)


@app.command()
def fetch(
    context: typer.Context,
    name: Annotated[str, typer.Argument(help="A name from 'faceindex models list'.")],
    source: Annotated[
        Path | None, typer.Option("--from", help="Take the weights from this file, without a network.")
    ] = None,
) -> None:
    """Download the weights of a model, once; a broken download is gone on with."""
    with reported(context) as (invocation, reporter):
        from faceindex.errors import BadRequest, explained
        from pipeline.models.registry import fetchable
        from pipeline.models.weights import WeightsStore

        store = WeightsStore(invocation.settings().cache_dir)
        with explained(), reporter.download_progress() as progress:
            model = fetchable(name)
            if source is None:
                weights = store.fetch(model, progress)
            elif source.is_file():
                weights = store.install(model, source)
            else:
                raise BadRequest(f"There is no file {source}: check --from.")
        reporter.note(f"The file for {name} is {weights.path}, SHA-256 {weights.sha256}")

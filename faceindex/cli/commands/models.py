"""``faceindex models``."""

from pathlib import Path
from typing import Annotated

import typer

from faceindex.cli.context import command
from faceindex.cli.options import Json

app = typer.Typer(
    help="List the descriptor models, and download their weights.",
    no_args_is_help=True,
    rich_markup_mode=None,
)


@app.command("list")
def list_models(context: typer.Context, as_json: Json = False) -> None:
    """Show all models, and which of them can be used now."""
    with command(context, as_json) as (library, reporter):
        from faceindex.schemas.models import ModelSchema

        found = library.models.list()
        if as_json:
            for each in found:
                reporter.json(ModelSchema.of(each))
            return
        columns = ("model", "numbers", "weights", "what it is", "licence of the weights")
        specs = ((each.model, each.availability) for each in found)
        rows = ((it.model_id, str(it.dimension), state, it.summary, it.licence) for it, state in specs)
        reporter.table(columns, rows)


@app.command()
def fetch(
    context: typer.Context,
    name: Annotated[str, typer.Argument(help="A name from 'faceindex models list'.")],
    source: Annotated[
        Path | None, typer.Option("--from", help="Copy the weights from this file instead of downloading.")
    ] = None,
) -> None:
    """Download the weights of a model. An interrupted download is continued."""
    with command(context) as (library, reporter):
        weights = library.models.fetch(name, source)
        reporter.note(f"The file for {name} is {weights.path}, SHA-256 {weights.sha256}")

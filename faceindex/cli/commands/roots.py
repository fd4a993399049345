"""``faceindex roots``: the folders that are scanned."""

from typing import Annotated

import typer

from faceindex.cli.context import command
from faceindex.cli.options import DryRun, Json, Root

app = typer.Typer(help="List, move and forget scanned folders.", no_args_is_help=True, rich_markup_mode=None)


@app.command("list")
def list_roots(context: typer.Context, as_json: Json = False) -> None:
    """Show the folders that 'faceindex reindex' scans, and how many photos each has."""
    with command(context, as_json) as (library, reporter):
        from faceindex.cli.text.roots import root_row
        from faceindex.schemas.scanning import RootSchema

        for each in library.roots.list():
            reporter.result(RootSchema.of(each), [root_row(each)])


@app.command()
def move(
    context: typer.Context,
    old: Root,
    new: Annotated[str, typer.Argument(help="Where the folder is now.")],
    dry_run: DryRun = False,
) -> None:
    """Tell the library that a folder has moved. Its photos are not read again."""
    with command(context) as (library, reporter):
        from faceindex.cli.text.roots import moved

        reporter.note(moved(library.roots.move(old, new, dry_run=dry_run), old, new, dry_run=dry_run))


@app.command()
def forget(
    context: typer.Context,
    folder: Root,
    dry_run: DryRun = False,
) -> None:
    """Stop scanning a folder. Its photos count as missing; reindex deletes them after keep_missing_days."""
    with command(context) as (library, reporter):
        from faceindex.cli.text.roots import forgotten

        missing = library.roots.forget(folder, dry_run=dry_run)
        reporter.note(forgotten(folder, missing, library.settings.keep_missing_days, dry_run=dry_run))

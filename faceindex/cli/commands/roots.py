"""``faceindex roots``: the folders and files that are scanned."""

from typing import Annotated

import typer

from faceindex.cli.context import absolute, reported

app = typer.Typer(
    help="The folders that the library is made from.", no_args_is_help=True, rich_markup_mode=None
)

_DryRun = Annotated[bool, typer.Option("--dry-run", help="Say what would change, and change nothing.")]


@app.command("list")
def list_roots(
    context: typer.Context,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a line.")] = False,
) -> None:
    """Show the folders that 'faceindex reindex' scans, and how many photos each has."""
    with reported(context) as (invocation, reporter):
        from faceindex.cli.text.scanning import root_rows
        from faceindex.library import Library
        from faceindex.scanning import scan_roots as roots
        from faceindex.schemas.scanning import RootSchema

        with Library.open(invocation.settings()) as library:
            found = roots.list_roots(library)
        if as_json:
            for each in found:
                reporter.json(RootSchema.of(each))
        else:
            reporter.lines(root_rows(found))


@app.command()
def move(
    context: typer.Context,
    old: Annotated[str, typer.Argument(help="A folder from 'faceindex roots list'.")],
    new: Annotated[str, typer.Argument(help="Where it is now.")],
    dry_run: _DryRun = False,
) -> None:
    """Say that a folder is at another place now: its photos are the same, and are not read again."""
    with reported(context) as (invocation, reporter):
        from faceindex.cli.text.scanning import moved
        from faceindex.library import Library
        from faceindex.scanning.scan_roots import move_root

        before, after = absolute([old, new])
        settings = invocation.settings()
        with Library.open(settings) if dry_run else Library.open_to_write(settings, make=False) as library:
            found = move_root(library, before, after, dry_run=dry_run)
        reporter.note(moved(found, before, after, dry_run=dry_run))


@app.command()
def forget(
    context: typer.Context,
    folder: Annotated[str, typer.Argument(help="A folder from 'faceindex roots list'.")],
    dry_run: _DryRun = False,
) -> None:
    """Scan a folder no more: its photos count as missing, and are given up later, as all missing ones."""
    with reported(context) as (invocation, reporter):
        from faceindex.cli.text.scanning import forgotten
        from faceindex.library import Library
        from faceindex.scanning.scan_roots import forget_root

        (path,) = absolute([folder])
        settings = invocation.settings()
        with Library.open(settings) if dry_run else Library.open_to_write(settings, make=False) as library:
            missing = forget_root(library, path, dry_run=dry_run)
        reporter.note(forgotten(path, missing, settings.keep_missing_days, dry_run=dry_run))

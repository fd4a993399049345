"""``faceindex backup`` and ``faceindex restore``."""

from pathlib import Path
from typing import Annotated

import typer

from faceindex.cli.context import command
from faceindex.cli.options import DryRun, Json


def backup(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(help="Write to this file. Only you can read it.")],
    force: Annotated[bool, typer.Option("--force", help="Replace an earlier backup of that name.")] = False,
    as_json: Json = False,
) -> None:
    """Copy the library to one file, even while a scan is running. Photos are not included."""
    with command(context, as_json) as (library, reporter):
        from faceindex.cli.text import maintenance as text
        from faceindex.schemas.maintenance import BackupSchema

        contents = library.backup(file, force=force)
        value = BackupSchema.of(contents, event="backup", file=file)
        reporter.outcome(value, [text.backed_up(contents, file)])


def restore(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(help="A file that 'faceindex backup' wrote.")],
    dry_run: DryRun = False,
    as_json: Json = False,
) -> None:
    """Replace the library by a backup. The replaced library is kept beside it."""
    with command(context, as_json) as (library, reporter):
        from faceindex.cli.text import maintenance as text
        from faceindex.schemas.maintenance import BackupSchema

        restored = library.restore(file, dry_run=dry_run)
        event = "would-restore" if dry_run else "restore"
        value = BackupSchema.of(restored.contents, event=event, file=file, kept=restored.kept)
        reporter.outcome(value, text.restored(restored, library.settings.library, dry_run=dry_run))

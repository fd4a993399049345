"""``faceindex backup`` and ``faceindex restore``."""

from pathlib import Path
from typing import Annotated

import typer

from faceindex.cli.context import reported


def backup(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(help="The file to write. Only you can read it.")],
    force: Annotated[bool, typer.Option("--force", help="Replace an earlier backup of that name.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object.")] = False,
) -> None:
    """Copy the library to one file, also while a scan is at work. Photos are not in it."""
    with reported(context) as (invocation, reporter):
        from faceindex.cli.text import maintenance as text
        from faceindex.maintenance import make_backup
        from faceindex.schemas.maintenance import BackupSchema

        contents = make_backup(invocation.settings(), file, force=force)
        if as_json:
            reporter.json(BackupSchema.of(contents, event="backup", file=file))
        else:
            reporter.note(text.backed_up(contents, file))


def restore(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(help="A backup.")],
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would be restored.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object.")] = False,
) -> None:
    """Put a backup in the place of the library, which is kept beside it."""
    with reported(context) as (invocation, reporter):
        from faceindex.cli.text import maintenance as text
        from faceindex.maintenance import restore_backup
        from faceindex.schemas.maintenance import BackupSchema

        settings = invocation.settings()
        restored = restore_backup(settings, file, dry_run=dry_run)
        if as_json:
            event = "would-restore" if dry_run else "restore"
            reporter.json(BackupSchema.of(restored.contents, restored, event=event, file=file))
            return
        for line in text.restored(restored, settings.library, dry_run=dry_run):
            reporter.note(line)

"""The commands about the library file: figures, export, checks and backups."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from faceindex.cli.context import command
from faceindex.cli.options import DryRun, Json


def stats(
    context: typer.Context,
    failed: Annotated[
        bool, typer.Option("--failed", help="List the photos that cannot be read, and why.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Show how many photos and faces the library holds."""
    with command(context, as_json) as (library, reporter):
        from faceindex.cli.text import maintenance as text
        from faceindex.schemas.maintenance import StatisticsSchema
        from faceindex.schemas.scanning import FailureSchema

        if failed:
            failures = library.failures()
            reporter.results(map(FailureSchema.of, failures), map(text.failure, failures))
        elif as_json:
            reporter.json(StatisticsSchema.of(library.statistics(), library=library.settings.library))
        else:
            reporter.rows(text.statistics_rows(library.statistics(), library.settings.library))


class ExportFormat(StrEnum):
    """A file format for faces."""

    JSONL = "jsonl"
    NPZ = "npz"


def export(
    context: typer.Context,
    file: Annotated[
        Path | None, typer.Argument(help="Write to this file. Without it, jsonl goes to standard output.")
    ] = None,
    form: Annotated[ExportFormat, typer.Option("--format", help="Only npz includes descriptors.")] = (
        ExportFormat.JSONL
    ),
) -> None:
    """Write all faces of the library as JSON lines or NumPy arrays."""
    with command(context, as_json=True) as (library, reporter):
        from faceindex.errors import BadRequest
        from faceindex.schemas.faces import FaceSchema

        if file is not None:
            library.export(file, form.value)
        elif form is ExportFormat.NPZ:
            raise BadRequest(
                "An npz file cannot go to standard output: name a file, 'export --format npz FILE'."
            )
        else:
            for each in library.faces():
                reporter.json(FaceSchema.of(each))


EXIT_FAULTS = 1
"""Faults are left."""


def check(
    context: typer.Context,
    repair: Annotated[bool, typer.Option("--repair", help="Repair each fault after reporting it.")] = False,
    as_json: Json = False,
) -> None:
    """Check the library for faults; --repair repairs them."""
    with command(context, as_json) as (library, reporter):
        from faceindex.cli.text import maintenance as text
        from faceindex.schemas.maintenance import CheckSchema, FindingSchema, SalvageSchema
        from index.maintenance.check import Finding
        from index.store.store import Salvage

        left = 0
        for event in library.check(repair=repair):
            if isinstance(event, Finding):
                reporter.result(FindingSchema.of(event), [text.finding(event, repair=repair)])
            elif isinstance(event, Salvage):
                reporter.result(SalvageSchema.of(event), text.salvage(event))
            else:
                reporter.result(CheckSchema.of(event), text.checked(event, repair=repair))
                left = event.left
        if left:
            raise typer.Exit(EXIT_FAULTS)


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

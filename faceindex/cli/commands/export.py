"""``faceindex export``."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from faceindex.cli.context import command


class ExportFormat(StrEnum):
    """What faces are written as."""

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

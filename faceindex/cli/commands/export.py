"""``faceindex export``."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from faceindex.cli.context import reported


class ExportFormat(StrEnum):
    """What faces are written as."""

    JSONL = "jsonl"
    NPZ = "npz"


def export(
    context: typer.Context,
    file: Annotated[Path | None, typer.Argument(help="File to write; jsonl goes to standard output.")] = None,
    form: Annotated[ExportFormat, typer.Option("--format", help="With npz, the descriptors too.")] = (
        ExportFormat.JSONL
    ),
) -> None:
    """Write all faces of the library: as JSON lines, or as NumPy arrays with their descriptors."""
    with reported(context) as (invocation, reporter):
        from faceindex.errors import BadRequest
        from faceindex.library import Library
        from faceindex.output.export import known_faces, write_jsonl, write_npz
        from faceindex.schemas.faces import FaceSchema

        if form is ExportFormat.NPZ and file is None:
            raise BadRequest(
                "An npz file is not for standard output: name a file, 'export --format npz FILE'."
            )
        with Library.open(invocation.settings()) as library:
            if file is None:
                for face, standing in known_faces(library):
                    reporter.json(FaceSchema.of(face, standing))
            elif form is ExportFormat.JSONL:
                write_jsonl(library, file)
            else:
                write_npz(library, file)

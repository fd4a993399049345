"""``faceindex people enroll``."""

from typing import Annotated

import typer

from faceindex.cli.context import EXIT_SOME_FAILED, command
from faceindex.cli.options import Json


def enroll(
    context: typer.Context,
    name: Annotated[str | None, typer.Argument(help="A new name, or a known person.")] = None,
    photos: Annotated[list[str] | None, typer.Argument(help="Photos that show one face each.")] = None,
    folders: Annotated[
        str | None, typer.Option(help="Enroll everybody in this folder, laid out as NAME/photo.jpg.")
    ] = None,
    face: Annotated[
        int | None,
        typer.Option(min=1, help="Use this face of each photo, numbered as 'faceindex who' lists them."),
    ] = None,
    as_json: Json = False,
) -> None:
    """Add a person from one or more photos. The photos become part of the library."""
    with command(context, as_json) as (library, reporter):
        from faceindex.cli.text.people import enrolled, left_out
        from faceindex.errors import BadRequest
        from faceindex.schemas.people import EnrolledSchema, LeftOutSchema

        if folders is not None and name is None and not photos:
            done = library.people.enroll_folder(folders, face=face)
        elif folders is None and name is not None and photos:
            done = library.people.enroll(name, photos, face=face)
        else:
            raise BadRequest(
                "Name a person and photos, or give --folders a folder laid out as NAME/photo.jpg."
            )
        for each in done.left_out:
            reporter.outcome(LeftOutSchema.of(each), [left_out(each)])
        reporter.outcome(EnrolledSchema.of(done), [enrolled(done)])
        if done.left_out:
            raise typer.Exit(EXIT_SOME_FAILED)

"""``faceindex people enroll``."""

from typing import Annotated

import typer

from faceindex.cli.context import EXIT_SOME_FAILED, absolute, reported


def enroll(
    context: typer.Context,
    name: Annotated[str | None, typer.Argument(help="The person, new or known.")] = None,
    photos: Annotated[list[str] | None, typer.Argument(help="Photos with one face each.")] = None,
    folders: Annotated[
        str | None, typer.Option(help="Enroll everybody in this folder, laid out as NAME/photo.jpg.")
    ] = None,
    face: Annotated[
        int | None, typer.Option(min=1, help="Which face of each photo, as 'faceindex who' counts them.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a line.")] = False,
) -> None:
    """Make a person known from one photo or more."""
    with reported(context) as (invocation, reporter):
        from faceindex.cli.text import people as people_text
        from faceindex.errors import BadRequest
        from faceindex.library import Library
        from faceindex.naming.decide import clean
        from faceindex.naming.enroll import PersonToEnroll, people_in_folder
        from faceindex.naming.enroll import enroll as make_known
        from faceindex.schemas.people import EnrolledSchema, LeftOutSchema

        if (folders is None) == (name is None or not photos):
            raise BadRequest(
                "Say who and from which photos, or --folders for a folder laid out as NAME/photo.jpg."
            )
        if folders is not None:
            sitters = people_in_folder(absolute([folders])[0])
        else:
            sitters = (PersonToEnroll(clean(name or ""), tuple(absolute(photos or []))),)
        with Library.open_to_write(invocation.settings()) as library:
            done = make_known(library, sitters, face, reporter.note)
        if as_json:
            for each in done.left_out:
                reporter.json(LeftOutSchema.of(each))
            reporter.json(EnrolledSchema.of(done))
        else:
            for line in people_text.enrolled(done):
                reporter.note(line)
        if done.left_out:
            raise typer.Exit(EXIT_SOME_FAILED)

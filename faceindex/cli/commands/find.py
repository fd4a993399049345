"""``faceindex find``."""

from pathlib import Path
from typing import Annotated

import typer

from faceindex.cli.context import command
from faceindex.cli.options import Hidden, Json


def find(
    context: typer.Context,
    name: Annotated[str, typer.Argument(help="A person who is in the photos.")],
    with_: Annotated[
        list[str] | None, typer.Option("--with", help="Another person in the photos. May be repeated.")
    ] = None,
    without: Annotated[
        list[str] | None, typer.Option(help="A person who is not in the photos. May be repeated.")
    ] = None,
    only: Annotated[bool, typer.Option("--only", help="Leave out photos with any other face.")] = False,
    since: Annotated[
        str | None, typer.Option(help="Only photos taken then or later: 2019, 2019-07 or 2019-07-14.")
    ] = None,
    until: Annotated[str | None, typer.Option(help="Only photos taken then or earlier.")] = None,
    hidden: Hidden = False,
    link: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Create or update a folder of symbolic links to the photos."),
    ] = None,
    zero: Annotated[
        bool, typer.Option("-0", help="End each path with a NUL byte, as 'xargs -0' expects.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Find the photos that show a person.

    Their paths are printed in the order in which the photos were taken.
    """
    with command(context, as_json) as (library, reporter):
        from faceindex.cli.text.answers import links_note
        from faceindex.errors import BadRequest
        from faceindex.schemas.answers import FoundPhotoSchema

        if zero and as_json:
            raise BadRequest("-0 and --json exclude each other: leave one out.")
        names = (name, *(with_ or ()))
        photos = library.find(
            *names, without=without or (), only=only, since=since, until=until, hidden=hidden
        )
        if not photos:
            undated = "" if since is None and until is None else " Photos without a date are left out."
            reporter.note(f"No photo found.{undated}")
        if link is not None:
            reporter.note(links_note(library.link(photos, link), str(link)))
            return
        for photo in photos:
            if as_json:
                reporter.json(FoundPhotoSchema.of(photo))
            else:
                reporter.path(photo.path, end=b"\0" if zero else b"\n")

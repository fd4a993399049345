"""``faceindex find``."""

from pathlib import Path
from typing import Annotated

import typer

from faceindex.cli.context import reported


def find(
    context: typer.Context,
    name: Annotated[str, typer.Argument(help="A person who is in the photos.")],
    with_: Annotated[list[str] | None, typer.Option("--with", help="Another person in them.")] = None,
    without: Annotated[list[str] | None, typer.Option(help="A person who is not.")] = None,
    only: Annotated[bool, typer.Option("--only", help="No other face is in them.")] = False,
    since: Annotated[
        str | None, typer.Option(help="Taken then or later: a year, a month or a day, as 2019-07-14.")
    ] = None,
    until: Annotated[str | None, typer.Option(help="Taken then or earlier.")] = None,
    hidden: Annotated[bool, typer.Option("--hidden", help="Find hidden persons too.")] = False,
    link: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Make a folder of links to the photos, or renew it.")
    ] = None,
    zero: Annotated[bool, typer.Option("-0", help="A NUL after each path, as for 'xargs -0'.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a line.")] = False,
) -> None:
    """Find the photos that show a person, and print their paths, in the order they were taken."""
    with reported(context) as (invocation, reporter):
        from faceindex.asking.find import PhotoQuery
        from faceindex.asking.find import find as find_photos
        from faceindex.cli.text.answers import links_note
        from faceindex.errors import BadRequest
        from faceindex.library import Library
        from faceindex.output.photo_links import link as link_photos
        from faceindex.schemas.answers import FoundPhotoSchema

        if zero and as_json:
            raise BadRequest("-0 and --json are two forms of the same: leave one out.")
        names = (name, *(with_ or ()))
        wish = PhotoQuery(names, tuple(without or ()), only=only, since=since, until=until, hidden=hidden)
        with Library.open(invocation.settings()) as library:
            photos = find_photos(library, wish)
        if not photos:
            undated = "" if since is None and until is None else " Photos without a date are left out."
            reporter.note(f"No photo found.{undated}")
        if link is not None:
            reporter.note(links_note(link_photos([photo.path for photo in photos], link), str(link)))
            return
        for photo in photos:
            if as_json:
                reporter.json(FoundPhotoSchema.of(photo))
            else:
                reporter.path(photo.path, end=b"\0" if zero else b"\n")

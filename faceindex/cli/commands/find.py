"""The command that finds photos and films by the persons in them."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from faceindex.cli.context import command
from faceindex.cli.options import Hidden, Json

if TYPE_CHECKING:
    from faceindex.cli.render import Reporter
    from index.people.photo_search import FoundPhoto


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
        str | None, typer.Option(help="Only photos taken on or after this date: 2019, 2019-07 or 2019-07-14.")
    ] = None,
    until: Annotated[str | None, typer.Option(help="Only photos taken on or before this date.")] = None,
    hidden: Hidden = False,
    probable: Annotated[
        bool, typer.Option("--probable", help="Add photos in which 'faceindex who' calls them probable.")
    ] = False,
    link: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Create or update a folder of symbolic links to the photos."),
    ] = None,
    zero: Annotated[
        bool, typer.Option("-0", help="End each path with a NUL byte, as 'xargs -0' expects.")
    ] = False,
    moments: Annotated[
        bool, typer.Option("--moments", help="Print when each film shows all of the persons, after its path.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Find the photos and films that show a person.

    Their paths are printed in the order in which the photos were taken.
    """
    with command(context, as_json) as (library, reporter):
        from faceindex.cli.text.answers import links_note, probable_note
        from faceindex.errors import BadRequest

        if zero and (as_json or moments):
            raise BadRequest("-0 goes with neither --json nor --moments: leave one out.")
        photos = library.find(
            *(name, *(with_ or ())),
            without=without or (),
            only=only,
            since=since,
            until=until,
            hidden=hidden,
            probable=probable,
        )
        if not photos:
            reporter.note("No photo found.")
        elif probable:
            reporter.note(probable_note(photos))
        if link is not None:
            reporter.note(links_note(library.link(photos, link), str(link)))
        else:
            _print(reporter, photos, b"\0" if zero else b"\n", moments=moments)


def _print(reporter: "Reporter", photos: "Sequence[FoundPhoto]", end: bytes, *, moments: bool) -> None:
    from faceindex.cli.text.answers import found_times

    if reporter.as_json:
        from faceindex.schemas.answers import FoundPhotoSchema  # it brings what compares faces

        for photo in photos:
            reporter.json(FoundPhotoSchema.of(photo))
        return
    for photo in photos:
        mark = "  (probably)" if photo.probable else ""
        reporter.path(photo.path, end=end, after=found_times(photo) if moments else "", mark=mark)

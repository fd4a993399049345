"""The commands of ``faceindex people`` about a person beyond its faces."""

from typing import TYPE_CHECKING, Annotated

import typer

from faceindex.cli.commands.deciding import decide
from faceindex.cli.options import Json, Name, NewOrKnown

if TYPE_CHECKING:
    from pipeline.values import Box


def draw(
    context: typer.Context,
    name: NewOrKnown,
    photo: Annotated[str, typer.Argument(help="A photo or film of the library.")],
    box: Annotated[str, typer.Argument(help="X,Y,W,H: left, top, width and height in pixels.")],
    at: Annotated[float | None, typer.Option("--at", help="The moment of a film, in seconds.")] = None,
    as_json: Json = False,
) -> None:
    """Say that a face is there which was not found, and who it is.

    If landmarks are found in the box, people are recognised by the face; else it is named only.
    """
    decide(context, as_json, lambda people: people.draw(photo, _box(box, at), name))


def _box(text: str, moment: float | None) -> "Box":
    from faceindex.errors import BadRequest
    from pipeline.values import Box

    try:
        x, y, w, h = map(float, text.split(","))
    except ValueError:
        raise BadRequest(f"{text!r} is no box: write X,Y,W,H, four numbers of pixels.") from None
    return Box(x, y, w, h, moment)


def add_photo(
    context: typer.Context,
    name: NewOrKnown,
    photos: Annotated[list[str], typer.Argument(help="Photos of the library.")],
    remove: Annotated[bool, typer.Option("--remove", help="Say that the person is not in them.")] = False,
    as_json: Json = False,
) -> None:
    """Say that a person is in photos, without a face: seen from behind, or too small to be found.

    'find' lists these photos too. Nothing is recognised by them.
    """
    if remove:
        decide(context, as_json, lambda people: people.remove_from_photo(name, photos))
    else:
        decide(context, as_json, lambda people: people.add_to_photo(name, photos))


def portrait(
    context: typer.Context,
    name: Name,
    face: Annotated[str, typer.Argument(help="A face of the person, named as for 'people move'.")],
    as_json: Json = False,
) -> None:
    """Choose the face that the page shows for a person."""
    decide(context, as_json, lambda people: people.set_portrait(name, face))


def born(
    context: typer.Context,
    name: Name,
    date: Annotated[
        str | None, typer.Argument(help="A day, month or year: 2010-05-17, 2010-05 or 2010.")
    ] = None,
    unknown: Annotated[bool, typer.Option("--unknown", help="Say that the date is not known.")] = False,
    as_json: Json = False,
) -> None:
    """Say when a person was born, for the age in each photo."""
    decide(context, as_json, lambda people: people.set_born(name, _one_of(date, unknown)))


def _one_of(date: str | None, unknown: bool) -> str | None:
    from faceindex.errors import BadRequest

    if (date is None) != unknown:
        raise BadRequest("Give either a date of birth or --unknown.")
    return date

"""``faceindex people``; ``faceindex.cli.commands.journal`` has the commands about the journal."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from faceindex.cli.commands import enroll, journal
from faceindex.cli.context import command
from faceindex.cli.options import Faces, Hidden, Json, Name, NewOrKnown, OptionalFaces

if TYPE_CHECKING:
    from faceindex.naming.decide import Decided
    from faceindex.people import People

app = typer.Typer(
    help="Name people, correct mistakes, and undo decisions.",
    no_args_is_help=True,
    rich_markup_mode=None,
)
app.command("enroll")(enroll.enroll)
app.command("undo")(journal.undo)
app.command("log")(journal.log)
app.command("export")(journal.export)
app.command("import")(journal.import_)
app.command("forget")(journal.forget)


@app.command("list")
def list_people(
    context: typer.Context,
    hidden: Hidden = False,
    as_json: Json = False,
) -> None:
    """Show all persons, and how many faces each has."""
    with command(context, as_json) as (library, reporter):
        from faceindex.cli.text import people as text
        from faceindex.schemas.people import PersonSchema

        found = library.people.list(hidden=hidden)
        if found:
            reporter.results(map(PersonSchema.of, found), text.people(found), headed=True)
        elif not as_json:
            reporter.note("Nobody has a name yet: 'faceindex cluster' shows who could have one.")


@app.command()
def show(
    context: typer.Context,
    name: Annotated[str | None, typer.Argument(help="A person.")] = None,
    cluster: Annotated[int | None, typer.Option(help="Show the faces of this cluster instead.")] = None,
    faces: Annotated[
        list[str] | None, typer.Option("--face", help="Show this face instead. May be repeated.")
    ] = None,
    sheet: Annotated[Path | None, typer.Option(help="Draw the faces into this picture.")] = None,
    as_json: Json = False,
) -> None:
    """Show the faces of a person or cluster, with their numbers."""
    with command(context, as_json) as (library, reporter):
        from faceindex.cli.render import count
        from faceindex.cli.text import people as text
        from faceindex.schemas.faces import PersonFaceSchema

        if sheet is not None:
            library.check_picture(sheet)
        found = library.people.faces(name, cluster=cluster, faces=faces or ())
        reporter.results(map(PersonFaceSchema.of, found), text.faces(found), headed=True)
        if sheet is not None:
            reporter.note(f"{count(library.draw_faces(found, sheet), 'face')} drawn in {sheet}")


@app.command()
def name(
    context: typer.Context,
    cluster: Annotated[int, typer.Argument(help="A number from 'faceindex cluster'.")],
    name: NewOrKnown,
    as_json: Json = False,
) -> None:
    """Say who the faces of a cluster are."""
    _decide(context, as_json, lambda people: people.name(cluster, name))


@app.command()
def confirm(
    context: typer.Context,
    name: Name,
    faces: OptionalFaces = None,
    every: Annotated[
        bool, typer.Option("--all", help="Confirm all faces that are recognised as this person.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Confirm that faces show a person."""
    _decide(context, as_json, lambda people: people.confirm(name, faces or (), every=every))


@app.command()
def reject(context: typer.Context, name: Name, faces: Faces, as_json: Json = False) -> None:
    """Say that faces do not show a person."""
    _decide(context, as_json, lambda people: people.reject(name, faces))


@app.command()
def move(context: typer.Context, name: NewOrKnown, faces: Faces, as_json: Json = False) -> None:
    """Say whom faces show, whoever they were assigned to before."""
    _decide(context, as_json, lambda people: people.move(name, faces))


@app.command()
def merge(
    context: typer.Context,
    name: Annotated[str, typer.Argument(help="A person, whose name is kept.")],
    other: Annotated[str, typer.Argument(help="Another name of the same person.")],
    as_json: Json = False,
) -> None:
    """Make two persons one."""
    _decide(context, as_json, lambda people: people.merge(name, other))


@app.command()
def split(
    context: typer.Context,
    name: Name,
    faces: Faces,
    new_name: Annotated[str, typer.Option("--as", help="Name of the new person.")],
    as_json: Json = False,
) -> None:
    """Move some faces of a person to a new person."""
    _decide(context, as_json, lambda people: people.split(name, faces, new_name))


@app.command()
def ignore(
    context: typer.Context,
    faces: OptionalFaces = None,
    clusters: Annotated[
        list[int] | None, typer.Option("--cluster", help="Ignore all faces of a cluster. May be repeated.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Say that faces show strangers, and never ask about them again."""
    _decide(context, as_json, lambda people: people.ignore(faces or (), clusters or ()))


@app.command("not-a-face")
def not_a_face(context: typer.Context, faces: Faces, as_json: Json = False) -> None:
    """Say that detections are not faces."""
    _decide(context, as_json, lambda people: people.not_a_face(faces))


@app.command()
def rename(
    context: typer.Context,
    name: Name,
    new_name: Annotated[str, typer.Argument(help="The new name of the person.")],
    as_json: Json = False,
) -> None:
    """Give a person another name."""
    _decide(context, as_json, lambda people: people.rename(name, new_name))


@app.command()
def hide(
    context: typer.Context,
    name: Name,
    off: Annotated[bool, typer.Option("--off", help="Show the person again.")] = False,
    as_json: Json = False,
) -> None:
    """Leave a person out of lists and answers. No face is lost."""
    _decide(context, as_json, lambda people: people.hide(name, hidden=not off))


@app.command()
def review(
    context: typer.Context,
    most: Annotated[int, typer.Option("-n", min=1, help="Show this many suggestions.")] = 20,
    as_json: Json = False,
) -> None:
    """Suggest which faces to look at, the most useful first.

    Each suggestion comes with the command that would settle it.
    """
    with command(context, as_json) as (library, reporter):
        from faceindex.cli.text import people as text
        from faceindex.schemas.people import SuggestionSchema

        found = library.people.review()
        shown = found[:most]
        values = (SuggestionSchema.of(each, command=text.command(each)) for each in shown)
        reporter.results(values, text.suggestions(shown))
        if as_json:
            return
        if len(found) > most:
            reporter.note(f"{len(found) - most:,} more: -n {len(found)} shows all.")
        if not found:
            reporter.note("Nothing to review.")


def _decide(context: typer.Context, as_json: bool, decide: "Callable[[People], Decided]") -> None:
    """Make one decision, and print its effects."""
    with command(context, as_json) as (library, reporter):
        from faceindex.cli.text import people as text
        from faceindex.schemas.people import DecidedSchema

        decided = decide(library.people)
        reporter.outcome(DecidedSchema.of(decided), [text.decided(decided)])

"""``faceindex people``: who is who. ``faceindex.cli.commands.journal`` has the commands about the journal."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from faceindex.cli.commands import enroll, journal
from faceindex.cli.context import reported

if TYPE_CHECKING:
    from faceindex.library import Library
    from faceindex.naming.decide import Decided

app = typer.Typer(
    help="Name people, correct what is wrong, and take decisions back.",
    no_args_is_help=True,
    rich_markup_mode=None,
)
app.command("enroll")(enroll.enroll)
app.command("undo")(journal.undo)
app.command("log")(journal.log)
app.command("export")(journal.export)
app.command("import")(journal.import_)
app.command("forget")(journal.forget)

_Name = Annotated[str, typer.Argument(help="A person, as 'people list' has the name.")]
_Faces = Annotated[
    list[str], typer.Argument(help="Numbers of faces; or photos with one face; or PHOTO:2 for the second.")
]
_Json = Annotated[bool, typer.Option("--json", help="One JSON object a line.")]


@app.command("list")
def list_people(
    context: typer.Context,
    hidden: Annotated[bool, typer.Option("--hidden", help="Hidden persons too.")] = False,
    as_json: _Json = False,
) -> None:
    """Show who is known, and by how many faces."""
    with reported(context) as (invocation, reporter):
        from faceindex.cli.text import people as people_text
        from faceindex.errors import explained
        from faceindex.library import Library
        from faceindex.schemas.people import PersonSchema
        from index.people.queries import PeopleQueries

        with Library.open(invocation.settings()) as library, explained():
            summaries = [
                each
                for each in PeopleQueries(library.database).summaries()
                if hidden or not each.person.hidden
            ]
        if as_json:
            for each in summaries:
                reporter.json(PersonSchema.of(each))
        elif summaries:
            heading, *lines = people_text.people(summaries)
            reporter.lines(lines, heading=heading)
        else:
            reporter.note("Nobody has a name yet: 'faceindex cluster' shows who could have one.")


@app.command()
def show(
    context: typer.Context,
    name: Annotated[str | None, typer.Argument(help="A person.")] = None,
    cluster: Annotated[int | None, typer.Option(help="A cluster, instead.")] = None,
    faces: Annotated[
        list[str] | None, typer.Option("--face", help="A face, instead; may be repeated.")
    ] = None,
    sheet: Annotated[Path | None, typer.Option(help="Draw the faces into this picture.")] = None,
    as_json: _Json = False,
) -> None:
    """Show the faces of a person or a cluster, or single ones, with their numbers."""
    with reported(context) as (invocation, reporter):
        from faceindex.cli.render import count
        from faceindex.cli.text import people as people_text
        from faceindex.library import Library
        from faceindex.naming.decide import faces_of
        from faceindex.output.annotated_photo import check_target
        from faceindex.output.face_sheet import draw_sheet
        from faceindex.schemas.faces import PersonFaceSchema

        settings = invocation.settings()
        with Library.open(settings) as library:
            if sheet is not None:
                check_target(sheet, b"", library)
            records, standings = faces_of(library, name, cluster, faces or ())
            if as_json:
                for each in records:
                    reporter.json(PersonFaceSchema.of(each, standings[each.face_id]))
            else:
                heading, *lines = people_text.faces(records, standings)
                reporter.lines(lines, heading=heading)
            if sheet is not None:
                drawn = draw_sheet(records, sheet, settings)
                reporter.note(f"{count(drawn, 'face')} drawn in {sheet}")


@app.command()
def name(
    context: typer.Context,
    cluster: Annotated[int, typer.Argument(help="A number from 'faceindex cluster'.")],
    name: Annotated[str, typer.Argument(help="A new name, or that of a person who is known.")],
    as_json: _Json = False,
) -> None:
    """Say who the faces of a cluster are."""
    from faceindex.naming import decide as people

    _decide(context, lambda library: people.name_cluster(library, cluster, name), as_json=as_json)


@app.command()
def confirm(
    context: typer.Context,
    name: _Name,
    faces: Annotated[list[str] | None, typer.Argument(help="Faces; see 'people show'.")] = None,
    every: Annotated[
        bool, typer.Option("--all", help="All faces that are recognised as this person.")
    ] = False,
    as_json: _Json = False,
) -> None:
    """Say that faces are a person."""
    from faceindex.naming import decide as people

    _decide(context, lambda library: people.confirm(library, name, faces or [], every=every), as_json=as_json)


@app.command()
def reject(context: typer.Context, name: _Name, faces: _Faces, as_json: _Json = False) -> None:
    """Say that faces are not a person."""
    from faceindex.naming import decide as people

    _decide(context, lambda library: people.reject(library, name, faces), as_json=as_json)


@app.command()
def move(
    context: typer.Context,
    name: Annotated[str, typer.Argument(help="Who they are: a new name, or a person who is known.")],
    faces: _Faces,
    as_json: _Json = False,
) -> None:
    """Say who faces are, whoever they were taken for."""
    from faceindex.naming import decide as people

    _decide(context, lambda library: people.move(library, name, faces), as_json=as_json)


@app.command()
def merge(
    context: typer.Context,
    name: Annotated[str, typer.Argument(help="A person, whose name stays.")],
    other: Annotated[str, typer.Argument(help="Another name of the same person.")],
    as_json: _Json = False,
) -> None:
    """Say that two persons are one."""
    from faceindex.naming import decide as people

    _decide(context, lambda library: people.merge(library, name, other), as_json=as_json)


@app.command()
def split(
    context: typer.Context,
    name: _Name,
    faces: _Faces,
    new_name: Annotated[str, typer.Option("--as", help="What the other person is called.")],
    as_json: _Json = False,
) -> None:
    """Say that some faces of a person are somebody else."""
    from faceindex.naming import decide as people

    _decide(context, lambda library: people.split(library, name, faces, new_name), as_json=as_json)


@app.command()
def ignore(
    context: typer.Context,
    faces: Annotated[list[str] | None, typer.Argument(help="Faces; see 'people show --cluster'.")] = None,
    clusters: Annotated[
        list[int] | None, typer.Option("--cluster", help="All faces of a cluster; may be repeated.")
    ] = None,
    as_json: _Json = False,
) -> None:
    """Say that faces are strangers of whom you do not want to be asked."""
    from faceindex.naming import decide as people

    _decide(context, lambda library: people.ignore(library, faces or [], clusters or []), as_json=as_json)


@app.command("not-a-face")
def not_a_face(context: typer.Context, faces: _Faces, as_json: _Json = False) -> None:
    """Say that what was found is no face of anybody."""
    from faceindex.naming import decide as people

    _decide(context, lambda library: people.not_a_face(library, faces), as_json=as_json)


@app.command()
def rename(
    context: typer.Context,
    name: _Name,
    new_name: Annotated[str, typer.Argument(help="What the person is called from now on.")],
    as_json: _Json = False,
) -> None:
    """Call a person something else."""
    from faceindex.naming import decide as people

    _decide(context, lambda library: people.rename(library, name, new_name), as_json=as_json)


@app.command()
def hide(
    context: typer.Context,
    name: _Name,
    off: Annotated[bool, typer.Option("--off", help="Show the person again.")] = False,
    as_json: _Json = False,
) -> None:
    """Leave a person out of lists and answers; no face is lost."""
    from faceindex.naming import decide as people

    _decide(context, lambda library: people.hide(library, name, hidden=not off), as_json=as_json)


@app.command()
def review(
    context: typer.Context,
    most: Annotated[int, typer.Option("-n", min=1, help="How many suggestions.")] = 20,
    as_json: _Json = False,
) -> None:
    """Show what needs your eye, the most useful first, with the command that settles it."""
    with reported(context) as (invocation, reporter):
        from faceindex.cli.text import people as people_text
        from faceindex.library import Library
        from faceindex.naming.review import review as suggest
        from faceindex.schemas.people import SuggestionSchema

        with Library.open(invocation.settings()) as library:
            found = suggest(library)
        if as_json:
            for each in found[:most]:
                reporter.json(SuggestionSchema.of(each, command=people_text.command(each)))
            return
        reporter.lines(people_text.suggestions(found[:most]))
        if len(found) > most:
            reporter.note(f"{len(found) - most:,} more: -n {len(found)} shows all.")
        if not found:
            reporter.note("Nothing to review.")


def _decide(context: typer.Context, decide: "Callable[[Library], Decided]", *, as_json: bool) -> None:
    """Make one decision on the library, and say what came of it."""
    with reported(context) as (invocation, reporter):
        from faceindex.cli.text import people as people_text
        from faceindex.library import Library
        from faceindex.schemas.people import DecidedSchema
        from index.decisions.journal import Journal

        with Library.open_to_write(invocation.settings(), make=False) as library:
            decided = decide(library)
            (logged,) = [
                each
                for each in Journal(library.database).decisions()
                if each.decision.id == decided.decision.id
            ]
        if as_json:
            reporter.json(DecidedSchema.of(decided))
        else:
            reporter.note(people_text.decided(decided, logged.person_name, logged.other_name))

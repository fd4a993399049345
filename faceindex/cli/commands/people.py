"""``faceindex people`` and ``cluster``; ``journal`` has the commands about the journal of decisions."""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from faceindex.cli.commands import facts, journal
from faceindex.cli.commands.deciding import decide
from faceindex.cli.context import EXIT_SOME_FAILED, command
from faceindex.cli.options import Clusters, DryRun, Faces, Hidden, Json, Name, NewOrKnown, OptionalFaces

if TYPE_CHECKING:
    from faceindex.results import LibraryFace
    from faceindex.schemas.base import Schema
    from index.people.queries import PersonSummary

app = typer.Typer(
    help="Name people, correct mistakes, and undo decisions.",
    no_args_is_help=True,
    rich_markup_mode=None,
)


def cluster(
    context: typer.Context,
    most: Annotated[int, typer.Option("-n", min=0, help="List this many clusters, the largest first.")] = 20,
    why: Annotated[
        bool, typer.Option("--why", help="Only say why faces are in no cluster, and change nothing.")
    ] = False,
    dry_run: DryRun = False,
    as_json: Json = False,
) -> None:
    """Group faces without a name, and recognise people who have one."""
    with command(context, as_json) as (library, reporter):
        from faceindex.cli.text import people as text
        from faceindex.cli.text.faces import clusters
        from faceindex.schemas.faces import ClusterSchema
        from faceindex.schemas.people import RegroupedSchema, UngroupedSchema

        if why:
            found = library.ungrouped()
            reporter.result(UngroupedSchema.of(found), text.ungrouped(found))
            return
        done = library.cluster(dry_run=dry_run)
        listed = library.clusters(most)
        if listed.shown:
            reporter.results(map(ClusterSchema.of, listed.shown), clusters(listed.shown), headed=True)
        reporter.outcome(RegroupedSchema.of(done), [text.regrouped(done, dry=dry_run)])
        if listed.total > most and not as_json:
            reporter.note(
                f"{listed.total - most:,} smaller clusters are not listed: -n {listed.total} shows all."
            )


@app.command()
def enroll(
    context: typer.Context,
    name: Annotated[str | None, typer.Argument(help="A new name, or a known person.")] = None,
    photos: Annotated[
        list[str] | None,
        typer.Argument(help="Photos that show one face each, or films of one person."),
    ] = None,
    folders: Annotated[
        str | None, typer.Option(help="Enroll everybody in this folder, laid out as NAME/photo.jpg.")
    ] = None,
    face: Annotated[
        int | None,
        typer.Option(
            min=1,
            help="Use this face of each photo, numbered as 'faceindex who' lists them.",
        ),
    ] = None,
    as_json: Json = False,
) -> None:
    """Add a person from photos or films. They become part of the library."""
    with command(context, as_json) as (library, reporter):
        from faceindex.cli.text.faces import poor
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
        reporter.outcome(EnrolledSchema.of(done), enrolled(done))
        for warning in poor(done.poor):
            reporter.note(warning)
        if done.left_out:
            raise typer.Exit(EXIT_SOME_FAILED)


@app.command("list")
def list_people(
    context: typer.Context,
    hidden: Hidden = False,
    as_json: Json = False,
) -> None:
    """Show all persons, and how many faces each has."""
    with command(context, as_json) as (library, reporter):
        from faceindex.cli.text import people as text

        found = library.people.list(hidden=hidden)
        if found:
            reporter.results(_persons(found), text.people(found), headed=True)
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
        from faceindex.cli.text.faces import faces as face_rows
        from faceindex.cli.text.people import exemplars
        from faceindex.wording.numbers import count

        if sheet is not None:
            library.check_picture(sheet)
        found = library.people.faces(name, cluster=cluster, faces=faces or ())
        reporter.results(_faces(found), face_rows(found), headed=True)
        if name is not None and (kept := library.people.get(name).exemplar_ids):
            reporter.note(exemplars(kept))
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
    decide(context, as_json, lambda people: people.name(cluster, name))


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
    decide(context, as_json, lambda people: people.confirm(name, faces or (), every=every))


@app.command()
def reject(
    context: typer.Context,
    name: Name,
    faces: OptionalFaces = None,
    clusters: Clusters = None,
    as_json: Json = False,
) -> None:
    """Say that faces do not show a person."""
    decide(context, as_json, lambda people: people.reject(name, faces or (), clusters or ()))


@app.command()
def move(
    context: typer.Context,
    name: NewOrKnown,
    faces: OptionalFaces = None,
    clusters: Clusters = None,
    as_json: Json = False,
) -> None:
    """Say whom faces show, whoever they were assigned to before."""
    decide(context, as_json, lambda people: people.move(name, faces or (), clusters or ()))


@app.command()
def merge(
    context: typer.Context,
    name: Annotated[str, typer.Argument(help="A person, whose name is kept.")],
    others: Annotated[list[str], typer.Argument(help="Other names of the same person.")],
    as_json: Json = False,
) -> None:
    """Make two persons, or more, one."""
    decide(context, as_json, lambda people: people.merge(name, *others))


@app.command()
def apart(
    context: typer.Context,
    name: Name,
    other: Annotated[str, typer.Argument(help="Another person.")],
    as_json: Json = False,
) -> None:
    """Say that two persons are two, however much they look alike.

    They are not suggested as one person again, and 'merge' refuses them until you undo it.
    """
    decide(context, as_json, lambda people: people.apart(name, other))


@app.command()
def split(
    context: typer.Context,
    name: Name,
    faces: Faces,
    new_name: Annotated[str, typer.Option("--as", help="Name of the new person.")],
    as_json: Json = False,
) -> None:
    """Move some faces of a person to a new person."""
    decide(context, as_json, lambda people: people.split(name, faces, new_name))


@app.command()
def ignore(
    context: typer.Context,
    faces: OptionalFaces = None,
    clusters: Clusters = None,
    as_json: Json = False,
) -> None:
    """Say that faces show strangers, and never ask about them again."""
    decide(context, as_json, lambda people: people.ignore(faces or (), clusters or ()))


@app.command("not-a-face")
def not_a_face(context: typer.Context, faces: Faces, as_json: Json = False) -> None:
    """Say that detections are not faces."""
    decide(context, as_json, lambda people: people.not_a_face(faces))


@app.command()
def rename(
    context: typer.Context,
    name: Name,
    new_name: Annotated[str, typer.Argument(help="The new name of the person.")],
    as_json: Json = False,
) -> None:
    """Give a person another name."""
    decide(context, as_json, lambda people: people.rename(name, new_name))


@app.command()
def hide(
    context: typer.Context,
    names: Annotated[list[str], typer.Argument(help="Persons, named as in 'people list'.")],
    off: Annotated[bool, typer.Option("--off", help="Show them again.")] = False,
    as_json: Json = False,
) -> None:
    """Leave persons out of lists and answers. No face is lost."""
    decide(context, as_json, lambda people: people.hide(*names, hidden=not off))


@app.command()
def review(
    context: typer.Context,
    most: Annotated[int, typer.Option("-n", min=1, help="Show this many suggestions.")] = 20,
    as_json: Json = False,
) -> None:
    """Suggest which faces to look at, the most useful first.

    Each suggestion comes with the command that carries it out, and the one that says it is wrong.
    """
    with command(context, as_json) as (library, reporter):
        from faceindex.cli.text import review as text
        from faceindex.schemas.people import SuggestionSchema

        found = library.people.review(most)
        values = (
            SuggestionSchema.of(each, command=text.command(each), otherwise=text.otherwise(each))
            for each in found
        )
        reporter.results(values, text.suggestions(found))
        if as_json:
            return
        if found.total > len(found):
            reporter.note(f"{found.total - len(found):,} more: -n {found.total} shows all.")
        if not found:
            reporter.note("Nothing to review.")


app.command()(facts.draw)
app.command("add-photo")(facts.add_photo)
app.command()(facts.portrait)
app.command()(facts.born)
app.command()(journal.undo)
app.command()(journal.log)
app.command()(journal.export)
app.command("import")(journal.import_)
app.command()(journal.forget)


def _persons(found: "Iterable[PersonSummary]") -> "Iterator[Schema]":
    """Yield JSON; the schemas, which take long to import, are imported only if it is asked for."""
    from faceindex.schemas.people import PersonSchema

    yield from map(PersonSchema.of, found)


def _faces(found: "Iterable[LibraryFace]") -> "Iterator[Schema]":
    """Yield JSON, as ``_persons`` does."""
    from faceindex.schemas.faces import PersonFaceSchema

    yield from map(PersonFaceSchema.of, found)

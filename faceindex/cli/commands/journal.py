"""The commands of ``faceindex people`` about the journal of decisions."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from faceindex.cli.context import command
from faceindex.cli.options import DryRun, Json, Name


def undo(
    context: typer.Context,
    numbers: Annotated[
        list[int] | None,
        typer.Argument(help="Numbers from 'people log'.", show_default="the last decision that holds"),
    ] = None,
    as_json: Json = False,
) -> None:
    """Take back a decision, or several together. An undo can be undone too."""
    with command(context, as_json) as (library, reporter):
        from faceindex.cli.text import people as text
        from faceindex.schemas.people import UndoneSchema

        undone = library.people.undo(*(numbers or ()))
        reporter.outcome(UndoneSchema.of(undone), text.undone(undone))


def log(
    context: typer.Context,
    last: Annotated[
        int | None, typer.Option("-n", min=1, help="Show only this many decisions, the latest.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Show all decisions, the oldest first."""
    with command(context, as_json) as (library, reporter):
        from faceindex.cli.text import people as text
        from faceindex.schemas.people import LoggedSchema

        decisions = library.people.log(last)
        reporter.results(map(LoggedSchema.of, decisions), text.log(decisions))


def export(
    context: typer.Context,
    file: Annotated[
        Path | None, typer.Argument(help="Write to this file. Without it, to standard output.")
    ] = None,
) -> None:
    """Write all decisions as JSON lines.

    They restore every name in a library of the same photos.
    """
    with command(context) as (library, reporter):
        if file is None:
            sys.stdout.writelines(f"{line}\n" for line in library.people.journal())
        else:
            reporter.note(f"{library.people.export_journal(file):,} lines written to {file}")


def import_(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(help="A file that 'people export' wrote.")],
    as_json: Json = False,
) -> None:
    """Add the decisions in a file. Decisions that are known already are skipped.

    The others count as later than yours. Where they say something else of a face or a person, that is listed.
    """
    with command(context, as_json) as (library, reporter):
        from faceindex.cli.text import people as text
        from faceindex.schemas.people import ImportedSchema

        imported = library.people.import_journal(file)
        reporter.outcome(ImportedSchema.of(imported), text.imported(imported))


def forget(
    context: typer.Context,
    name: Name,
    also_recognised: Annotated[
        bool,
        typer.Option("--also-recognised", help="Erase faces that were only recognised as this person too."),
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask for confirmation.")] = False,
    dry_run: DryRun = False,
    as_json: Json = False,
) -> None:
    """Erase a person's name and confirmed faces. This cannot be undone.

    Faces that were only recognised may be somebody else's: they stay, without a name.
    """
    with command(context, as_json) as (library, reporter):
        from faceindex.cli.text import people as text
        from faceindex.errors import BadRequest
        from faceindex.schemas.people import ErasedSchema, ForgetPlanSchema, ForgottenFaceSchema

        plan = library.people.plan_forget(name, also_recognised=also_recognised)
        if dry_run:
            reporter.outcome(ForgetPlanSchema.of(plan), text.forget_plan(plan))
            faces = [
                *(ForgottenFaceSchema.of(each, event="would-erase") for each in plan.erased),
                *(ForgottenFaceSchema.of(each, event="would-let-go") for each in plan.let_go),
            ]
            reporter.results(faces, text.forgotten_faces(plan), headed=True)
            return
        question = text.forget_question(plan)
        if not yes:
            if not sys.stdin.isatty():
                raise BadRequest(f"{question} Standard input is no terminal: confirm with --yes.")
            if not typer.confirm(question, err=True):
                return
        erased = library.people.forget(name, also_recognised=also_recognised)
        reporter.outcome(ErasedSchema.of(erased), text.erased(erased))

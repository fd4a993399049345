"""The commands of ``faceindex people`` about the journal: look at it, undo, take it elsewhere, forget."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from faceindex.cli.context import reported


def undo(
    context: typer.Context,
    number: Annotated[
        int | None, typer.Argument(help="A number from 'people log'; else the last decision that holds.")
    ] = None,
) -> None:
    """Take a decision back; an undo, too."""
    with reported(context) as (invocation, reporter):
        from faceindex.cli.text import people as people_text
        from faceindex.library import Library
        from faceindex.naming.decide import undo as take_back

        with Library.open_to_write(invocation.settings(), make=False) as library:
            undone = take_back(library, number)
        (line,) = people_text.log([undone])
        reporter.note(f"Undone: {line.strip()}")


def log(
    context: typer.Context,
    last: Annotated[int | None, typer.Option("-n", min=1, help="Only the last so many.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a line.")] = False,
) -> None:
    """Show all that was ever decided, the oldest first."""
    with reported(context) as (invocation, reporter):
        from faceindex.cli.text import people as people_text
        from faceindex.errors import explained
        from faceindex.library import Library
        from faceindex.schemas.people import LoggedSchema
        from index.decisions.journal import Journal

        with Library.open(invocation.settings()) as library, explained():
            decisions = Journal(library.database).decisions()
        first = 0 if last is None else max(0, len(decisions) - last)
        if as_json:
            numbers = {each.decision.uid: each.decision.id for each in decisions}
            for each in decisions[first:]:
                reporter.json(LoggedSchema.of(each, numbers))
        else:
            reporter.lines(list(people_text.log(decisions))[first:])


def export(
    context: typer.Context,
    file: Annotated[Path | None, typer.Argument(help="Where to; else standard output.")] = None,
) -> None:
    """Write the journal as JSON lines: it restores every name in a library of the same photos."""
    with reported(context) as (invocation, reporter):
        from faceindex.errors import explained
        from faceindex.library import Library
        from faceindex.output.export import write_lines
        from index.decisions.journal import Journal

        with Library.open(invocation.settings()) as library, explained():
            lines = list(Journal(library.database).export_lines())
        if file is None:
            sys.stdout.writelines(f"{line}\n" for line in lines)
        else:
            write_lines(lines, file)
            reporter.note(f"{len(lines):,} lines written to {file}")


def import_(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(help="A journal that 'people export' wrote.")],
) -> None:
    """Take over the decisions of a journal file; those that are known already are passed over."""
    with reported(context) as (invocation, reporter):
        from faceindex.library import Library
        from faceindex.naming.decide import import_journal

        with Library.open_to_write(invocation.settings(), make=False) as library:
            imported = import_journal(library, file)
        redacted = f", {imported.redacted:,} about somebody who was forgotten" if imported.redacted else ""
        reporter.note(f"{imported.added:,} decisions added, {imported.known:,} known already{redacted}")


def forget(
    context: typer.Context,
    name: Annotated[str, typer.Argument(help="A person.")],
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would be erased.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object.")] = False,
) -> None:
    """Erase a person for good: descriptors, boxes and name. It cannot be undone."""
    with reported(context) as (invocation, reporter):
        from faceindex.cli.render import count
        from faceindex.cli.text import people as people_text
        from faceindex.errors import BadRequest
        from faceindex.library import Library
        from faceindex.naming.decide import about_to_forget
        from faceindex.naming.decide import forget as erase
        from faceindex.schemas.people import ErasedSchema

        with Library.open_to_write(invocation.settings(), make=False) as library:
            summary = about_to_forget(library, name)
            faces = count(summary.confirmed + summary.recognised, "face")
            question = f"Erase {summary.person.name} and {faces}, for good?"
            if dry_run:
                reporter.note(f"Would erase {summary.person.name} and {faces}.")
                return
            if not yes:
                if not sys.stdin.isatty():
                    raise BadRequest(f"{question} Nobody is there to answer: say --yes.")
                if not typer.confirm(question, err=True):
                    return
            erased = erase(library, name)
        if as_json:
            reporter.json(ErasedSchema.of(erased))
        else:
            for line in people_text.erased(erased):
                reporter.note(line)

"""``faceindex evaluate``."""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from faceindex.cli.context import Invocation, reported

if TYPE_CHECKING:
    from faceindex.accuracy.measures import Evaluation
    from faceindex.cli.render import Reporter


def evaluate(
    context: typer.Context,
    folder: Annotated[
        Path | None, typer.Argument(help="Labelled photos: a folder of photos for each person.")
    ] = None,
    pairs: Annotated[
        Path | None,
        typer.Option(help="Compare the pairs of this list alone, in the format of LFW's pairs.txt."),
    ] = None,
    own: Annotated[
        bool, typer.Option("--library", help="Measure the confirmed faces of the library instead.")
    ] = False,
    model: Annotated[str | None, typer.Option(help="Describes the faces; the library's is its own.")] = None,
    groups: Annotated[
        Path | None, typer.Option(help="Lines PERSON,GROUP: the groups to be told apart in the figures.")
    ] = None,
    plots: Annotated[Path | None, typer.Option(help="A folder for a page of plots, PNG and HTML.")] = None,
    fail_under: Annotated[
        list[str] | None,
        typer.Option(metavar="KEY=VALUE", help="Exit 1 if a figure is less, such as accuracy=0.99."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object.")] = False,
) -> None:
    """Measure how well faces are recognised."""
    with reported(context) as (invocation, reporter):
        from faceindex.accuracy.report import write_report
        from faceindex.accuracy.required_figures import parse_floors, shortfalls
        from faceindex.cli.text import accuracy as accuracy_text
        from faceindex.schemas.accuracy import EvaluationSchema

        floors = parse_floors(fail_under or ())
        sources = _Sources(folder, pairs, groups, own)
        found = _evaluate(invocation, reporter, sources, model)
        if as_json:
            reporter.json(EvaluationSchema.of(found))
        else:
            reporter.lines(accuracy_text.evaluation(found))
        if plots is not None:
            for path in write_report(found, accuracy_text.evaluation(found), plots):
                reporter.note(f"Written: {path}")
        missed = shortfalls(found, floors)
        for shortfall in missed:
            reporter.error(shortfall)
        if missed:
            raise typer.Exit(1)


@dataclass(frozen=True, slots=True)
class _Sources:
    """What is to be evaluated, as it stands on the command line."""

    folder: Path | None
    pairs: Path | None
    groups: Path | None
    own: bool


def _evaluate(
    invocation: Invocation, reporter: "Reporter", sources: _Sources, model: str | None
) -> "Evaluation":
    from faceindex.accuracy.dataset import groups_of_people
    from faceindex.accuracy.evaluate import evaluate_folder, evaluate_library, evaluate_pairs
    from faceindex.errors import BadRequest
    from faceindex.library import Library
    from faceindex.listeners import Listeners

    if sources.own == (sources.folder is not None) or (sources.own and (sources.pairs or model)):
        raise BadRequest("Name a folder of labelled photos, with or without --pairs, or say --library alone.")
    if sources.pairs and sources.groups:
        raise BadRequest("--groups goes with a folder or the library: pairs of a list are not told apart.")
    groups = groups_of_people(sources.groups) if sources.groups else {}
    if sources.folder is None:
        with Library.open(invocation.settings()) as library:
            return evaluate_library(library, groups, Listeners(note=reporter.note))
    settings = invocation.settings(model=model)
    folder = Path(os.path.abspath(sources.folder))
    with reporter.scan_progress() as progress, reporter.download_progress() as download:
        listeners = Listeners(progress, reporter.note, download)
        if sources.pairs:
            return evaluate_pairs(settings, sources.pairs, folder, listeners)
        return evaluate_folder(settings, folder, groups, listeners)

"""``faceindex adapt``."""

from typing import TYPE_CHECKING, Annotated

import typer

from faceindex.cli.context import reported

if TYPE_CHECKING:
    from faceindex.adapt.adaptation import Adaptation
    from faceindex.cli.render import Reporter


def adapt(
    context: typer.Context,
    dimension: Annotated[
        int | None, typer.Option(help="Length of the adapted descriptors; by default as it is.")
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say whether it would help.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object.")] = False,
) -> None:
    """Adapt the descriptors to the people that you confirmed, if that helps with people left out."""
    with reported(context) as (invocation, reporter):
        from faceindex.adapt.adaptation import AdaptationOptions
        from faceindex.adapt.adaptation import adapt as learn
        from faceindex.cli.text import adapt as adapt_text
        from faceindex.listeners import Listeners
        from faceindex.schemas.models import AdaptationSchema

        settings = invocation.settings()
        with reporter.scan_progress() as progress:
            listeners = Listeners(progress, reporter.note)
            found = learn(settings, AdaptationOptions(dimension, write=not dry_run), listeners)
        if as_json:
            reporter.json(AdaptationSchema.of(found))
        else:
            reporter.lines(adapt_text.adapted(found))
        _finish(found, reporter)


def _finish(found: "Adaptation", reporter: "Reporter") -> None:
    from faceindex.cli.text import scanning as nightly_text

    if found.change is not None and not found.change.changed:
        reporter.error(nightly_text.not_changed(found.change))
        raise typer.Exit(1)
    if found.trial.helps and found.kept is None:
        reporter.note("Nothing was kept: leave --dry-run out to do so.")

"""``faceindex cluster``."""

from typing import Annotated

import typer

from faceindex.cli.context import command
from faceindex.cli.options import DryRun, Json


def cluster(
    context: typer.Context,
    most: Annotated[int, typer.Option("-n", min=0, help="List this many clusters, the largest first.")] = 20,
    dry_run: DryRun = False,
    as_json: Json = False,
) -> None:
    """Group faces without a name, and recognise people who have one."""
    with command(context, as_json) as (library, reporter):
        from faceindex.cli.text import people as text
        from faceindex.schemas.faces import ClusterSchema
        from faceindex.schemas.people import RegroupedSchema

        done = library.cluster(dry_run=dry_run)
        listed = library.clusters(most)
        if listed.shown:
            reporter.results(map(ClusterSchema.of, listed.shown), text.clusters(listed.shown), headed=True)
        reporter.outcome(RegroupedSchema.of(done), [text.regrouped(done, dry=dry_run)])
        if listed.total > most and not as_json:
            reporter.note(
                f"{listed.total - most:,} smaller clusters are not listed: -n {listed.total} shows all."
            )

"""``faceindex cluster``."""

from typing import Annotated

import typer

from faceindex.cli.context import reported


def cluster(
    context: typer.Context,
    most: Annotated[
        int, typer.Option("-n", min=0, help="How many clusters to list, the largest first.")
    ] = 20,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would change.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a line.")] = False,
) -> None:
    """Group the faces that have no name, and recognise the people who have one."""
    with reported(context) as (invocation, reporter):
        from faceindex.cli.text import people as people_text
        from faceindex.library import Library
        from faceindex.naming.decide import clusters, regroup
        from faceindex.schemas.faces import ClusterSchema
        from faceindex.schemas.people import RegroupedSchema

        settings = invocation.settings()
        opened = Library.open(settings) if dry_run else Library.open_to_write(settings, make=False)
        with opened as library:
            done = regroup(library, write=not dry_run)
            listed, total = clusters(library, most)
        if as_json:
            for faces, exemplar in listed:
                reporter.json(ClusterSchema.of(faces, exemplar))
            reporter.json(RegroupedSchema.of(done))
            return
        if listed:
            heading, *lines = people_text.clusters(listed)
            reporter.lines(lines, heading=heading)
        reporter.note(people_text.regrouped(done, dry=dry_run))
        if total > most:
            reporter.note(f"{total - most:,} smaller clusters are not listed: -n {total} shows all.")

"""``faceindex scan``."""

from typing import Annotated

import typer

from faceindex.cli.context import absolute, reported
from faceindex.cli.run_options import deadline, exit_code, say_what_was_not_done


def scan(
    context: typer.Context,
    folders: Annotated[list[str], typer.Argument(help="Folders and files; folders with all below them.")],
    model: Annotated[
        str | None,
        typer.Option(help="Descriptor model of a new library: a name from 'faceindex models list', or auto."),
    ] = None,
    runtime: Annotated[str | None, typer.Option(help="openvino, or tensorflow.")] = None,
    device: Annotated[
        str | None, typer.Option(help="cpu; or gpu, which TensorFlow then uses for the descriptors.")
    ] = None,
    workers: Annotated[int | None, typer.Option(help="Photos worked on side by side; 0: one a core.")] = None,
    long_edge: Annotated[
        int | None, typer.Option(help="Seek faces in a copy with this long edge, pixels; 1600.")
    ] = None,
    smallest_face: Annotated[
        float | None, typer.Option(help="Smallest face sought, pixels of that copy; 20.")
    ] = None,
    thresholds: Annotated[
        tuple[float, float, float] | None,
        typer.Option(help="Of P-Net, R-Net and O-Net; 0.6 0.7 0.8."),
    ] = None,
    max_megapixels: Annotated[float | None, typer.Option(help="Photos of more are not read; 400.")] = None,
    allow_missing: Annotated[
        bool, typer.Option("--allow-missing", help="Believe that the photos of a whole folder are gone.")
    ] = False,
    time_budget: Annotated[
        str | None,
        typer.Option(help="Stop after so long, such as 90s or 1h30m; the next scan does the rest."),
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would be read and why.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a line.")] = False,
) -> None:
    """Find the faces in all photos of some folders, and bring the library up to date."""
    with reported(context) as (invocation, reporter):
        from faceindex.library import Library
        from faceindex.listeners import Listeners
        from faceindex.scanning.plan import check_roots, plan_scan
        from faceindex.scanning.scan import ScanOptions

        settings = invocation.settings(
            model=model,
            runtime=runtime,
            device=device,
            workers=workers,
            long_edge=long_edge,
            smallest_face=smallest_face,
            thresholds=thresholds,
            max_megapixels=max_megapixels,
        )
        options = ScanOptions(allow_missing, deadline(time_budget))
        roots = absolute(folders)
        if dry_run:
            for planned in plan_scan(settings, roots):
                reporter.planned(planned, as_json=as_json)
            return
        check_roots(settings, roots)  # before a library is made for a slip of the pen
        with Library.open_to_write(settings) as library:
            with reporter.download_progress() as progress:
                library.ensure_model(reporter.note, progress)
            with reporter.scan_progress() as progress:
                listeners = Listeners(progress=progress, note=reporter.note)
                summary = library.scan(roots, listeners, options)
        reporter.scan_summary(summary, settings.library, as_json=as_json)
        say_what_was_not_done(summary, reporter)
        if code := exit_code(summary):
            raise typer.Exit(code)

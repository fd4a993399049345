"""``faceindex scan``."""

from typing import Annotated

import typer

from faceindex.cli.context import command
from faceindex.cli.options import AllowMissing, DryRun, Json, TimeBudget, deadline, finish


def scan(
    context: typer.Context,
    folders: Annotated[
        list[str], typer.Argument(help="Folders, with everything below them, and single photos.")
    ],
    model: Annotated[
        str | None,
        typer.Option(
            help="Model of a new library: a name from 'faceindex models list'.", show_default="auto"
        ),
    ] = None,
    runtime: Annotated[
        str | None,
        typer.Option(help="Run the model with 'openvino' or 'tensorflow'.", show_default="openvino"),
    ] = None,
    device: Annotated[
        str | None,
        typer.Option(help="Compute descriptors on 'cpu' or, with TensorFlow, 'gpu'.", show_default="cpu"),
    ] = None,
    workers: Annotated[
        int | None,
        typer.Option(help="Process this many photos at a time. 0 means one for each core.", show_default="0"),
    ] = None,
    long_edge: Annotated[
        int | None,
        typer.Option(
            help="Shrink photos to this long edge, in pixels, to look for faces.", show_default="1600"
        ),
    ] = None,
    smallest_face: Annotated[
        float | None,
        typer.Option(help="Ignore faces smaller than this in the shrunk photo.", show_default="20"),
    ] = None,
    thresholds: Annotated[
        tuple[float, float, float] | None,
        typer.Option(
            help="Confidence that P-Net, R-Net and O-Net require of a face.", show_default="0.6 0.7 0.8"
        ),
    ] = None,
    max_megapixels: Annotated[
        float | None, typer.Option(help="Skip photos above this many megapixels.", show_default="400")
    ] = None,
    allow_missing: AllowMissing = False,
    time_budget: TimeBudget = None,
    dry_run: DryRun = False,
    as_json: Json = False,
) -> None:
    """Find the faces in the photos of folders, and update the library."""
    flags = {
        "model": model,
        "runtime": runtime,
        "device": device,
        "workers": workers,
        "long_edge": long_edge,
        "smallest_face": smallest_face,
        "thresholds": thresholds,
        "max_megapixels": max_megapixels,
    }
    with command(context, as_json, **flags) as (library, reporter):
        from faceindex.scanning.scan import ScanOptions

        options = ScanOptions(allow_missing, deadline(time_budget))
        if dry_run:
            reporter.plan(library.plan_scan(folders))
            return
        summary = library.scan(folders, options)
        reporter.scan_summary(summary, library.settings.library)
        finish(summary, reporter)

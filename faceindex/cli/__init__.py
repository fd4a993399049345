"""The command line. Commands are thin over ``faceindex.library``; ``render`` alone prints.

Nothing heavy is imported here: ``faceindex --help`` must answer at once.
"""

import io
import sys
from pathlib import Path
from typing import Annotated

import typer

from faceindex.cli.commands import (
    accuracy,
    answers,
    find,
    maintenance,
    models,
    people,
    roots,
    scanning,
    serve,
)
from faceindex.cli.context import Invocation

__all__ = ["main"]

app = typer.Typer(
    name="faceindex",
    help="Find who is in your photographs. Everything stays on this machine.",
    no_args_is_help=True,
    rich_markup_mode=None,  # the plain help comes in half the time
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command()(scanning.scan)
app.command()(scanning.reindex)
app.command()(answers.who)
app.command()(people.cluster)
app.add_typer(people.app, name="people")
app.command()(answers.verify)
app.command()(find.find)
app.command()(answers.why)
app.command()(serve.serve)
app.command()(maintenance.export)
app.command()(maintenance.stats)
app.command()(accuracy.evaluate)
app.command()(accuracy.calibrate)
app.command()(accuracy.adapt)
app.command()(maintenance.check)
app.command()(maintenance.backup)
app.command()(maintenance.restore)
app.command()(answers.celebrity)
app.add_typer(roots.app, name="roots")
app.add_typer(models.app, name="models")


def _version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        typer.echo(f"faceindex {version('faceindex')}")
        raise typer.Exit


@app.callback()
def _globals(
    context: typer.Context,
    library: Annotated[
        Path | None,
        typer.Option(
            help="Use this library file.", show_default="$FACEINDEX_LIBRARY, or one in your data folder"
        ),
    ] = None,
    config: Annotated[
        Path | None,
        typer.Option(help="Read settings from this file.", show_default="config.toml in your config folder"),
    ] = None,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Show only results and errors.")] = False,
    verbose: Annotated[
        bool, typer.Option("--verbose", "-v", help="Show a traceback with each error.")
    ] = False,
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version and exit.")
    ] = False,
) -> None:
    context.obj = Invocation(library, config, quiet, verbose)


def main() -> None:
    """Run the command line."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # a name may hold letters that the terminal lacks
            stream.reconfigure(errors="backslashreplace")
    app(prog_name="faceindex")  # also when run as a module

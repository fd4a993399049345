"""The command line. Commands are thin over ``faceindex.library``; ``render`` alone prints.

Nothing heavy is imported here: ``faceindex --help`` must answer at once.
"""

import io
import signal
import sys
from pathlib import Path
from types import FrameType
from typing import Annotated, NoReturn

import typer

from faceindex.cli import export, models, scan, stats, who
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
app.command("scan")(scan.scan)
app.command("who")(who.who)
app.command("export")(export.export)
app.command("stats")(stats.stats)
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
        typer.Option(help="The library's file; else $FACEINDEX_LIBRARY, else one in the user's data folder."),
    ] = None,
    config: Annotated[
        Path | None, typer.Option(help="A config file; else config.toml in the user's config folder.")
    ] = None,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Only results and errors.")] = False,
    verbose: Annotated[
        bool, typer.Option("--verbose", "-v", help="Tracebacks with errors, for a bug report.")
    ] = False,
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Say the version, and stop.")
    ] = False,
) -> None:
    context.obj = Invocation(library, config, quiet, verbose)


class Stopped(KeyboardInterrupt):
    """SIGTERM, as an exception in the main thread: it ends a run just as Ctrl-C does."""


def _stop(number: int, frame: FrameType | None) -> NoReturn:
    """End the run once; a second Ctrl-C must not lose the work that the first has it put away."""
    for each in (signal.SIGINT, signal.SIGTERM):
        signal.signal(each, signal.SIG_IGN)
    raise Stopped if number == signal.SIGTERM else KeyboardInterrupt


def main() -> None:
    """Run the command line; the entry point of the console script."""
    signal.signal(signal.SIGTERM, _stop)
    if signal.getsignal(signal.SIGINT) is not signal.SIG_IGN:  # as it is in the background of a shell
        signal.signal(signal.SIGINT, _stop)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # a name may hold letters that the terminal has not
            stream.reconfigure(errors="backslashreplace")
    app(prog_name="faceindex")  # also where it runs as a module

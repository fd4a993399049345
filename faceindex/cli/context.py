"""The frame of every command: global options, a library, and errors turned into exit codes."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from faceindex.stopping import EXIT_INTERRUPTED, EXIT_TERMINATED, Stopped, stop_cleanly

if TYPE_CHECKING:
    from faceindex.cli.render import Reporter
    from faceindex.library import Library

EXIT_SOME_FAILED = 3
"""Done, except for photos that could not be read."""


@dataclass(frozen=True, slots=True)
class Invocation:
    """The options before the command."""

    library: Path | None
    config: Path | None
    quiet: bool
    verbose: bool


@contextmanager
def command(
    context: typer.Context, as_json: bool = False, source: str = "command line", **settings: Any
) -> "Iterator[tuple[Library, Reporter]]":
    """Run a command's body: an error in it becomes one line on standard error and an exit code.

    ``source`` is what the log calls what decisions are made by; ``settings`` are those that the command has
    flags for; ``None`` means not given.
    """
    from faceindex.cli.render import Reporter
    from faceindex.errors import FaceindexError

    invocation: Invocation = context.obj
    reporter = Reporter(quiet=invocation.quiet, as_json=as_json)
    try:
        stop_cleanly()
        from faceindex.library import Library
        from faceindex.settings import Settings

        loaded = Settings.load(invocation.config, library=invocation.library, **settings)
        with reporter, Library(loaded, reporter.listeners, source=source) as library:
            yield library, reporter
    except FaceindexError as error:
        _fail(reporter, invocation, str(error))
        raise typer.Exit(error.exit_code) from error
    except KeyboardInterrupt as error:
        terminated = isinstance(error, Stopped)
        reporter.error("stopped; all finished work is kept")
        raise typer.Exit(EXIT_TERMINATED if terminated else EXIT_INTERRUPTED) from error
    except BrokenPipeError as error:  # the reader of our output has ended, as in "| head"
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise typer.Exit(1) from error
    except (OSError, MemoryError) as error:
        hint = "" if invocation.verbose else " (run with --verbose for details)"
        _fail(reporter, invocation, f"Operating system error: {error or type(error).__name__}{hint}.")
        raise typer.Exit(1) from error


def _fail(reporter: "Reporter", invocation: Invocation, message: str) -> None:
    if invocation.verbose:
        reporter.traceback()
    reporter.error(message)

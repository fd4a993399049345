"""What every command starts with: the options before it, and errors made into messages and exit codes."""

import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from faceindex.stopping import EXIT_INTERRUPTED, EXIT_TERMINATED, Stopped, stop_cleanly

if TYPE_CHECKING:
    from faceindex.cli.render import Reporter
    from faceindex.settings import Settings

EXIT_SOME_FAILED = 3
"""Done, but some photos could not be read."""


@dataclass(frozen=True, slots=True)
class Invocation:
    """The options that stand before the command."""

    library: Path | None
    config: Path | None
    quiet: bool
    verbose: bool

    def settings(self, **flags: Any) -> "Settings":
        """The settings, with a command's own flags; those that are ``None`` are as if not given."""
        from faceindex.settings import Settings

        return Settings.load(self.config, library=self.library, **flags)


def absolute(names: Sequence[str]) -> list[bytes]:
    """Absolute paths of files and folders named on the command line.

    Raises:
        BadRequest: A name is empty, as of a shell variable that is not set: it would mean this folder.
    """
    from faceindex.errors import BadRequest

    if "" in names:
        raise BadRequest("An empty name is no file and no folder: look for a variable that is not set.")
    return [os.path.abspath(os.fsencode(name)) for name in names]


@contextmanager
def reported(context: typer.Context) -> Iterator[tuple[Invocation, "Reporter"]]:
    """A command's body: whatever goes wrong in it ends in one line on standard error and an exit code."""
    from faceindex.cli.render import Reporter
    from faceindex.errors import FaceindexError

    invocation: Invocation = context.obj
    reporter = Reporter(quiet=invocation.quiet)
    try:
        stop_cleanly()
        yield invocation, reporter
    except FaceindexError as error:
        if invocation.verbose:
            reporter.traceback()
        reporter.error(str(error))
        raise typer.Exit(error.exit_code) from error
    except KeyboardInterrupt as error:
        terminated = isinstance(error, Stopped)
        reporter.error("stopped; all finished work is kept")
        raise typer.Exit(EXIT_TERMINATED if terminated else EXIT_INTERRUPTED) from error
    except BrokenPipeError as error:  # whoever read our output has had enough, as in "| head"
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise typer.Exit(1) from error
    except (OSError, MemoryError) as error:
        if invocation.verbose:
            reporter.traceback()
        reporter.error(f"this machine is in trouble: {error or type(error).__name__}")
        raise typer.Exit(1) from error

"""The entry point of the command line: ``faceindex`` and ``python -m faceindex``."""

import contextlib
import os
import sys
import threading


def main() -> None:
    """Run the command line."""
    try:
        _leave_working_directory_off_the_path()
        from faceindex.stopping import leave_at_once

        leave_at_once()  # before the slow imports, during which the user may press Ctrl-C
    except KeyboardInterrupt:
        raise SystemExit(130) from None
    from faceindex.cli import main as run

    try:
        run()
    except SystemExit as end:
        # A network may still be loading: in a run that a signal has stopped, or that needed none in the end.
        # If Python ended its threads, the libraries that it uses would abort the process.
        if isinstance(end.code, int) and any(each.daemon for each in threading.enumerate()):
            with contextlib.suppress(OSError):
                sys.stdout.flush()
                sys.stderr.flush()
            os._exit(end.code)
        raise


def _leave_working_directory_off_the_path() -> None:
    """Import nothing from the working directory, as ``python -m`` would, unless this package is in it."""
    home = os.path.dirname(os.path.dirname(os.path.realpath(__file__)))
    try:
        here = os.path.realpath(os.curdir)
    except OSError:  # it was deleted
        return
    if here != home:
        sys.path[:] = [place for place in sys.path if os.path.realpath(place) != here]


if __name__ == "__main__":  # and not where a decoding process imports this module
    main()

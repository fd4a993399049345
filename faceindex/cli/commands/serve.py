"""``faceindex serve``: the page in the browser."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from ipaddress import ip_address
from tempfile import NamedTemporaryFile
from typing import TYPE_CHECKING, Annotated

import typer

from faceindex.cli.context import command

if TYPE_CHECKING:
    from faceindex.web.access import Access

HERE = "127.0.0.1"
PORT = 8420
VARIABLE = "FACEINDEX_PASSPHRASE"


def serve(
    context: typer.Context,
    port: Annotated[int, typer.Option(min=0, max=65535, help="Listen here; 0 takes any free port.")] = PORT,
    host: Annotated[
        str,
        typer.Option(help=f"Let other machines in at this address, by the passphrase in ${VARIABLE}."),
    ] = HERE,
    open_page: Annotated[bool, typer.Option("--open", help="Open the page in the browser.")] = False,
) -> None:
    """Show people and photos in the browser, and name them there."""
    with command(context, source="page") as (library, reporter):
        from faceindex.errors import FaceindexError

        try:
            from faceindex.web.app import make_app
            from faceindex.web.server import listen
            from faceindex.web.server import serve as run
        except ImportError as error:
            raise FaceindexError("The page needs the extra web: pip install 'faceindex[web]'.") from error

        library.version()  # before a port is taken for a library that is not there
        passphrase = None if host == HERE else _passphrase()
        with listen(host, port) as listening:
            access = _access(listening.getsockname()[1], passphrase)
            address = f"http://{_reached(host)}:{access.port}/?token={access.token}"
            if passphrase is not None:
                reporter.note(
                    "Warning: everybody who reaches this address and knows the passphrase sees your photos, "
                    "and the connection is not encrypted. Use it in a network that you trust."
                )
            reporter.lines([address])
            reporter.note("Open this address in a browser of this machine. Ctrl-C stops the server.")

            def report(text: str, error: BaseException | None) -> None:
                reporter.error(text if error is None else f"In a page: {type(error).__name__}: {error}")
                if error is not None and context.obj.verbose:
                    reporter.traceback(error)

            with _opened(address) if open_page else nullcontext():
                run(make_app(library, access), listening, report)


@contextmanager
def _opened(address: str) -> Iterator[None]:
    """Open an address in the browser, by a file that only its owner can read.

    As an argument of the browser, everybody on this machine could see the token in the list of processes.
    """
    with NamedTemporaryFile("w", prefix="faceindex-", suffix=".html") as file:  # of mode 0600
        file.write(f'<!doctype html><meta http-equiv="refresh" content="0;url={address}">')
        file.flush()
        typer.launch(file.name)
        yield


def _reached(host: str) -> str:
    """Return by which name a browser of this machine reaches an address."""
    if ip_address(host).is_unspecified:
        return HERE
    return f"[{host}]" if ":" in host else host


def _access(port: int, passphrase: str | None) -> "Access":
    from faceindex.web.access import Access

    return Access.here(port) if passphrase is None else Access.anywhere(port, passphrase)


def _passphrase() -> str:
    """Return the passphrase from the environment, or ask for it; never an argument, which others can see."""
    from faceindex.errors import BadRequest

    passphrase = os.environ.get(VARIABLE, "")
    if not passphrase and sys.stdin.isatty():
        passphrase = typer.prompt("Passphrase for other machines", hide_input=True, err=True)
    if not passphrase.strip():
        raise BadRequest(f"--host lets other machines in: put a passphrase into {VARIABLE}.")
    return passphrase

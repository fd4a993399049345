"""Starts ``faceindex serve`` as a user does, and stops it."""

import os
import re
import signal
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from urllib.parse import urlsplit

from tests.functional.command import CommandLine
from tests.waiting import SECONDS, wait_until


@dataclass(frozen=True)
class Served:
    """A server that runs: its ``address`` with the token, its command line, and its process."""

    address: str
    command: CommandLine
    process_id: int

    @property
    def origin(self) -> str:
        """The address without path and token."""
        parts = urlsplit(self.address)
        return f"{parts.scheme}://{parts.netloc}"

    def at(self, path: str) -> str:
        """The address of a page."""
        return self.origin + path


@contextmanager
def serve(command: CommandLine, *options: str) -> Iterator[Served]:
    """Run a server on a free port until the end; it must then stop at once, by the code for SIGTERM."""
    with tempfile.TemporaryFile() as output:
        process = command.start("serve", "--port", "0", *options, terminal=output.fileno())
        try:

            def printed() -> re.Match[str] | None:
                said = os.pread(output.fileno(), 1 << 16, 0).decode()
                assert process.poll() is None, said
                return re.search(r"http://\S+", said)

            wait_until(printed)
            address = printed()
            assert address is not None
            yield Served(address[0], command, process.pid)
            process.send_signal(signal.SIGTERM)
            assert process.wait(SECONDS) == 143, os.pread(output.fileno(), 1 << 16, 0).decode()
        finally:
            process.kill()
            process.wait()

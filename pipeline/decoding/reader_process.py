"""The other side of a reader: starts the process, talks to it, notices what it died of, and ends it.

This module knows what a reader is asked and answers, and nothing of what to do when one dies: see
`pipeline.decoding.decoders`.
"""

import mmap
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import datetime
from pathlib import Path

import numpy as np

from pipeline.decoding.reader_messages import Channel, Decoded, Message, Needs, Ready
from pipeline.errors import DecodersUnavailable
from pipeline.values import DecodedPhoto, PhotoFile, Reason, Size

_START_SECONDS = 60.0
"""A reader takes a fifth of a second of a core to start; this is for machines that have much else to do."""

_DAMAGED = "it is damaged, or made to do harm; copy it again from where it came"

_BOOT = (
    "import sys; sys.path[:] = sys.argv[3:]; from pipeline.decoding.reader_main import main; "
    "main(int(sys.argv[1]), sys.argv[2])"
)

# A reader has one thread: more would each reserve memory. And it keeps memory for the next photo (glibc): to
# give pages back and ask for them again takes a third of the time of decoding a photo at full size.
_MEMORY = {
    "OPENBLAS_NUM_THREADS": "1",
    "OMP_NUM_THREADS": "1",
    "MALLOC_ARENA_MAX": "1",
    "MALLOC_MMAP_THRESHOLD_": str(1 << 30),
    "MALLOC_TRIM_THRESHOLD_": str(1 << 30),
}

# They are for the run, which ends its readers when it has finished what it must.
_SIGNALS_OF_THE_RUN = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class ReaderDied(Exception):
    """A reader died of a photo, or had to be killed."""

    def __init__(self, reason: Reason, message: str) -> None:
        super().__init__(message)
        self.reason = reason
        self.message = message


class ReaderProcess:
    """One reader process, from its start to its end.

    Attributes:
        photos: How many it has decoded, or found that it cannot.
        most_memory: Bytes that it took for the one that took most.
        busy: Whether it has an order that it has not answered.
    """

    def __init__(self, entry: str) -> None:
        self.photos = 0
        self.most_memory = 0
        self.busy = False
        self._loaded = False
        self._memory: mmap.mmap | None = None
        try:
            with ExitStack() as stack:
                ours, theirs = map(stack.enter_context, socket.socketpair())
                with _blocked(_SIGNALS_OF_THE_RUN):
                    self._process = _start(theirs.fileno(), entry)
                self._channel = Channel(ours.dup())
        except OSError as error:
            raise DecodersUnavailable(f"No process can be started to decode photos: {error}.") from error

    def ask(self, message: Message, seconds: float, descriptor: int | None = None) -> Message:
        """Send a message, and wait for the answer.

        Raises:
            DecodersUnavailable: It has not started, for a reason that no photo is to blame for.
            ReaderDied: It died, or did not answer in time and was killed.
        """
        self._wait_until_loaded()
        self.busy = True
        try:
            self._channel.send(message, descriptor)
            received = self._channel.receive(time.monotonic() + seconds)
        except TimeoutError as error:
            raise ReaderDied(
                Reason.TIMED_OUT, f"decoding it takes longer than {seconds:.0f} s: {_DAMAGED}"
            ) from error
        except (EOFError, OSError) as error:
            raise self._cause_of_death() from error
        if received.descriptor is not None:
            self._map(received.descriptor)
        self.busy = isinstance(received.message, Needs)
        self.photos += not self.busy
        return received.message

    def photo(self, file: PhotoFile, digest: bytes, decoded: Decoded) -> DecodedPhoto:
        """The photo that the reader has just decoded; its pixels are overwritten by the next one."""
        if self._memory is None:
            raise TypeError("a reader shared no memory")
        shape = (decoded.rows, decoded.columns, 3)
        pixels = np.frombuffer(self._memory, np.uint8, decoded.rows * decoded.columns * 3).reshape(shape)
        taken_at = None if decoded.taken_at is None else datetime.fromisoformat(decoded.taken_at)
        size = Size(decoded.width, decoded.height)
        return DecodedPhoto(file, digest, size, taken_at, pixels, decoded.scale)

    def end(self) -> None:
        """End the process, whatever it is at."""
        self._channel.close()
        self._process.kill()
        with self._process:  # closes its pipes and waits for it
            pass

    def _map(self, descriptor: int) -> None:
        try:
            size = os.fstat(descriptor).st_size
            flags = mmap.MAP_SHARED | getattr(mmap, "MAP_POPULATE", 0)
            self._memory = mmap.mmap(descriptor, size, flags)
        except OSError as error:
            raise MemoryError("no room for the pixels of a photo") from error
        finally:
            os.close(descriptor)

    def _wait_until_loaded(self) -> None:
        if self._loaded:
            return
        try:
            message = self._channel.receive(time.monotonic() + _START_SECONDS).message
        except (EOFError, OSError) as error:
            death = self._cause_of_death()
            if death.reason is Reason.KILLED:
                raise death from error
            raise DecodersUnavailable(
                f"The process that decodes photos fails: {self._last_words()}."
            ) from error
        if not isinstance(message, Ready):
            raise TypeError(f"unexpected first word of a reader: {message}")
        self._loaded = True
        if self._process.stderr:
            self._process.stderr.close()

    def _cause_of_death(self) -> ReaderDied:
        """What the process died of."""
        try:
            status = self._process.wait(1)
        except subprocess.TimeoutExpired:  # it lives, and does not answer
            self._process.kill()
            self._process.wait()
            return ReaderDied(Reason.CRASHED, f"its decoder was lost: {_DAMAGED}")
        if status == -signal.SIGKILL:
            return ReaderDied(
                Reason.KILLED,
                "its decoder was killed, as happens when memory runs out: the next scan tries again",
            )
        how = signal.Signals(-status).name if status < 0 else f"exit status {status}"
        return ReaderDied(Reason.CRASHED, f"its decoder crashes ({how}): {_DAMAGED}")

    def _last_words(self) -> str:
        said = self._process.stderr.read() if self._process.stderr else b""
        lines = said.decode(errors="replace").split("\n")
        return next((line.strip() for line in reversed(lines) if line.strip()), "it says nothing")


def _start(descriptor: int, entry: str) -> subprocess.Popen[bytes]:
    # Its own session, so that a key pressed in the terminal is not for it; isolated, so that neither the
    # working directory nor the environment decide what it imports, which is what this process would.
    home = str(Path(__file__).resolve().parents[2])
    path = [home, *(place for place in sys.path if place and place != home)]
    return subprocess.Popen(  # noqa: S603 -- this Python itself
        [sys.executable, "-I", "-c", _BOOT, str(descriptor), entry, *path],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        pass_fds=[descriptor],
        start_new_session=True,
        env={**os.environ, **_MEMORY},
    )


@contextmanager
def _blocked(signals: tuple[signal.Signals, ...]) -> Iterator[None]:
    """What is started meanwhile never gets these signals."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, signals)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)

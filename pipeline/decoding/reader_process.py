"""The other side of a reader: starts the process, talks to it, notices what it died of, and ends it.

This module knows what a reader is asked and answers, and nothing of what to do when one dies: see
`pipeline.decoding.decoders`.
"""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from pipeline.decoding.reader_messages import (
    Channel,
    Continue,
    Decoded,
    DecodeRequest,
    HeaderRead,
    Message,
    Nonsense,
    OutOfMemory,
    Ready,
    Refused,
)
from pipeline.errors import DecodersUnavailable
from pipeline.platform_support import SharedMemory, share
from pipeline.values import U8, Reason

_START_SECONDS = 60.0
"""A reader takes a fifth of a second of a core to start; this is for machines that have much else to do."""

_DAMAGED = "it is damaged, or made to do harm; copy it again from where it came"

NONSENSE = f"its decoder answers nonsense: {_DAMAGED}"

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
        busy: Whether it has a request that it has not answered.
    """

    def __init__(self, entry: str) -> None:
        self.photos = 0
        self.most_memory = 0
        self.busy = False
        self._loaded = False
        self._memory: SharedMemory | None = None
        try:
            with ExitStack() as stack:
                ours, theirs = map(stack.enter_context, socket.socketpair())
                with _blocked(_SIGNALS_OF_THE_RUN):
                    self._process = _start(theirs.fileno(), entry)
                self._channel = Channel(ours.dup())
        except OSError as error:
            raise DecodersUnavailable(f"No process can be started to decode photos: {error}.") from error

    def request(
        self, request: DecodeRequest, descriptor: int | None, seconds: float
    ) -> HeaderRead | Refused | OutOfMemory:
        """Have a photo decoded, up to its header; the answer is ``HeaderRead`` where all is well.

        Args:
            request: What is asked for.
            descriptor: Of the content, where it has no name.
            seconds: How long that may take.

        Raises:
            DecodersUnavailable: It has not started, for a reason that no photo is to blame for.
            ReaderDied: It died, made no sense, or did not answer in time; it is of no more use.
        """
        self._wait_until_loaded()
        self.busy = True
        answer = self._ask(request, descriptor, seconds)
        with _checked():
            if isinstance(answer, HeaderRead):
                answer.check(request.pixel_cap)
                self.most_memory = max(self.most_memory, answer.decoding + answer.result)
                return answer
        return self._done(answer)

    def go_on(self, header: HeaderRead, seconds: float) -> Decoded | Refused | OutOfMemory:
        """Have the pixels decoded; errors are those of ``request``."""
        go_on, descriptor = Continue(), None
        if self._memory is None or self._memory.size < header.result:
            self._drop_memory()
            # Made and sealed here: a reader that is taken over cannot take it away from this process.
            self._memory = share(header.result)
            go_on = Continue(self._memory.size, self._memory.name)
            descriptor = self._memory.descriptor
        answer = self._ask(go_on, descriptor, seconds)
        if not isinstance(answer, Decoded):
            return self._done(answer)
        with _checked():
            answer.check(header.pixels, self._memory.size)
        self._answered()
        return answer

    def pixels(self, decoded: Decoded) -> U8:
        """The pixels that the reader has just decoded; they are overwritten by the next ones."""
        if self._memory is None:
            raise ValueError("there is no memory for pixels yet")
        found = self._memory.pixels(decoded.rows * decoded.columns * 3)
        return found.reshape(decoded.rows, decoded.columns, 3)

    def end(self) -> None:
        """End the process, whatever it is at."""
        self._channel.close()
        self._process.kill()
        with self._process:  # closes its pipes and waits for it
            pass
        self._drop_memory()

    def _drop_memory(self) -> None:
        if self._memory is not None:
            self._memory.close()
            self._memory = None

    def _done(self, answer: Message) -> Refused | OutOfMemory:
        """The answer of a reader that has not decoded the photo."""
        if not isinstance(answer, Refused | OutOfMemory):
            raise ReaderDied(Reason.CRASHED, NONSENSE)
        self._answered()
        return answer

    def _answered(self) -> None:
        self.busy = False
        self.photos += 1

    def _ask(self, message: Message, descriptor: int | None, seconds: float) -> Message:
        try:
            with _checked():
                self._channel.send(message, descriptor)
                return self._channel.receive(time.monotonic() + seconds)
        except TimeoutError as error:
            raise ReaderDied(
                Reason.TIMED_OUT, f"decoding it takes longer than {seconds:.0f} s: {_DAMAGED}"
            ) from error
        except (EOFError, OSError) as error:
            raise self._exit_cause() from error

    def _wait_until_loaded(self) -> None:
        if self._loaded:
            return
        try:
            message = self._channel.receive(time.monotonic() + _START_SECONDS)
        except (EOFError, OSError, Nonsense) as error:
            cause = self._exit_cause()
            if cause.reason is Reason.KILLED:
                raise cause from error
            raise DecodersUnavailable(
                f"The process that decodes photos fails: {self._last_line()}."
            ) from error
        if not isinstance(message, Ready):
            raise TypeError(f"unexpected first message of a reader: {message}")
        self._loaded = True
        if self._process.stderr:
            self._process.stderr.close()

    def _exit_cause(self) -> ReaderDied:
        """Why the process ended, or was ended."""
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

    def _last_line(self) -> str:
        """The last that the process wrote to standard error."""
        output = self._process.stderr.read() if self._process.stderr else b""
        lines = output.decode(errors="replace").split("\n")
        return next((line.strip() for line in reversed(lines) if line.strip()), "it says nothing")


@contextmanager
def _checked() -> Iterator[None]:
    """Treat a reader whose message makes no sense as one that crashed on the photo."""
    try:
        yield
    except Nonsense as error:
        raise ReaderDied(Reason.CRASHED, NONSENSE) from error


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

"""Starts and ends a reader process, has it decode photos, checks its answers, and finds out why it died."""

import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from pipeline.decoding.format_reader import MemoryNeeded, Unreadable
from pipeline.decoding.process.reader_messages import (
    MOST_PICTURES,
    Channel,
    Continue,
    Dated,
    DateRequest,
    Decoded,
    DecodeRequest,
    Message,
    Nonsense,
    Ready,
    Refused,
)
from pipeline.errors import DecodersUnavailable, PhotoError
from pipeline.platform_support import SharedMemory
from pipeline.sources.photo_file_access import OpenPhoto
from pipeline.values import MOST_MISSING, DecodedPhoto, PhotoFile, Reason, Size, Taken

_START_SECONDS = 60.0
"""A reader takes a fifth of a second of a core to start; busy machines need longer."""

_DAMAGED = "the file is damaged or malicious; restore it from the original"

_SECONDS_A_PIXEL = 2e-7
"""A panorama may take longer: five times what PNG with a colour profile takes here, the slowest of all."""

_DIGEST = re.compile("[0-9a-f]{64}")

_SCALES = (1.0, 0.5, 0.25, 0.125)

_BYTES_A_PIXEL = 32
"""More than any picture takes while it is decoded, beside its result."""

_BOOT = (
    "import sys; sys.path[:] = sys.argv[3:]; from pipeline.decoding.process.reader_main import main; "
    "main(int(sys.argv[1]), *sys.argv[2].split())"
)

_HOME = str(Path(__file__).resolve().parents[3])
_PATH = [_HOME, *(place for place in sys.path if place and place != _HOME)]
"""What a reader imports from, as it is now. While a thread imports OpenCV, its folder stands before Python's
own, and a reader that started then would take ``cv2/typing`` for ``typing``."""

# A reader has one thread, as each more would reserve memory, and keeps memory for the next photo (glibc):
# returning pages and getting new ones takes a third of the time of decoding at full size.
_MEMORY = {
    "OPENBLAS_NUM_THREADS": "1",
    "OMP_NUM_THREADS": "1",
    "MALLOC_ARENA_MAX": "1",
    "MALLOC_MMAP_THRESHOLD_": str(1 << 30),
    "MALLOC_TRIM_THRESHOLD_": str(1 << 30),
}

# For the run, which ends its readers when it has finished.
_SIGNALS_OF_THE_RUN = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class ReaderDied(Unreadable):
    """A photo killed a reader, or the reader had to be killed."""


class ReaderProcess:
    """One reader process, from its start to its end; it runs ``entry``: two of ``module:function``.

    Attributes:
        photos: How many it has decoded or refused.
        most_memory: Bytes that the largest photo took.
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

    def decode(self, photo: OpenPhoto, request: DecodeRequest, seconds: float) -> DecodedPhoto:
        """Have a photo decoded; the next one overwrites its pixels.

        It may take ``seconds``; each megapixel of a large photo adds a fifth of a second.

        Raises:
            PhotoError: The photo cannot be read.
            DecodersUnavailable: The process did not start, and no photo is to blame.
            ReaderDied: It died, sent nonsense, or was too slow; do not use it again.
        """
        content = self.begin(photo)
        answer, needed = self.ask(photo.file, request, content, seconds), None
        for _ in range(MOST_PICTURES):
            if not isinstance(answer, MemoryNeeded):
                break
            needed = answer
            answer = self._go_on(photo, request, needed, seconds)
        memory = self._memory
        if not isinstance(answer, Decoded) or needed is None or memory is None:
            raise invalid_answer()
        if answer.scale not in _SCALES:
            raise invalid_answer()
        decoded = answer
        size = Size(decoded.width, decoded.height)
        rows, columns = (-(-edge // round(1 / decoded.scale)) for edge in (size.height, size.width))
        if 3 * rows * columns != needed.result or not _is_plausible_result(decoded, needed.pixels):
            raise invalid_answer()
        self.answered()
        pixels = memory.array()[: needed.result].reshape(rows, columns, 3)
        return DecodedPhoto(
            file=photo.file,
            digest=photo.digest(),
            size=size,
            taken_at=decoded.taken_at,
            pixels=pixels,
            scale=decoded.scale,
            picture=bytes.fromhex(decoded.picture),
            missing=decoded.missing,
            taken_from=decoded.taken_from,
            live_photo=decoded.live_photo,
            note=decoded.note,
        )

    def begin(self, photo: OpenPhoto) -> int:
        """Get ready for a photo; return the descriptor of its content. Errors are those of ``decode``."""
        content = photo.descriptor()
        self._wait_until_loaded()
        self.busy = True
        return content

    def _go_on(
        self, photo: OpenPhoto, request: DecodeRequest, needed: MemoryNeeded, seconds: float
    ) -> Message:
        """Give the memory that a picture needs, and return the reader's answer."""
        if not _is_plausible(needed, request.pixel_cap):
            raise invalid_answer()
        self.most_memory = max(self.most_memory, needed.decoding + needed.result)
        photo.reserve(needed.decoding + needed.result)
        _, go_on, descriptor = self.share(needed.result)
        return self.ask(photo.file, go_on, descriptor, seconds + _SECONDS_A_PIXEL * needed.pixels)

    def date(self, file: PhotoFile, request: DateRequest, content: int, seconds: float) -> Taken | None:
        """Have the date read of a photo, or of its sidecar, from a descriptor; otherwise as ``decode``."""
        self._wait_until_loaded()
        self.busy = True
        dated = self.ask(file, request, content, seconds)
        if not isinstance(dated, Dated) or (dated.taken_at is None) != (dated.taken_from is None):
            raise invalid_answer()
        self.answered()
        if dated.taken_at is None or dated.taken_from is None:
            return None
        return Taken(dated.taken_at, dated.taken_from)

    def end(self) -> None:
        """End the process, whatever it is doing."""
        self._channel.close()
        self._process.kill()
        with self._process:  # closes its pipes and waits for it
            pass
        self._drop_memory()

    def share(self, size: int) -> tuple[SharedMemory, Continue, int | None]:
        """Return memory of ``size`` bytes at least, the message about it, and its descriptor if it is new."""
        if self._memory is not None and self._memory.size >= size:
            return self._memory, Continue(None), None
        self._drop_memory()
        # Made and sealed here, so that a hijacked reader cannot truncate it.
        self._memory = SharedMemory(size)
        return self._memory, Continue(self._memory.size), self._memory.descriptor

    def _drop_memory(self) -> None:
        if self._memory is not None:
            self._memory.close()
            self._memory = None

    def answered(self) -> None:
        """Count a photo as done."""
        self.busy = False
        self.photos += 1

    def tell(self, message: Message, descriptor: int | None = None) -> None:
        """Send a message; OSError if the reader has died."""
        self._channel.send(message, descriptor)

    def ask(
        self,
        file: PhotoFile,
        message: Message | None,
        descriptor: int | None,
        seconds: float,
        alone: bool = True,
    ) -> Message:
        """Send a message, if any, and return what the reader says; errors are those of ``decode``."""
        try:
            if message is not None:
                self.tell(message, descriptor)
            answer = self._channel.receive(time.monotonic() + seconds, alone)
        except Nonsense as error:
            raise invalid_answer() from error
        except TimeoutError as error:
            raise ReaderDied(
                Reason.TIMED_OUT, f"decoding it takes longer than {seconds:.0f} s: {_DAMAGED}"
            ) from error
        except (EOFError, OSError) as error:
            raise self._exit_cause() from error
        if not isinstance(answer, Refused):
            return answer
        if not answer.message.isprintable():
            raise invalid_answer()
        if answer.reason is Reason.OUT_OF_MEMORY:
            raise ReaderDied(answer.reason, answer.message)
        self.answered()
        raise PhotoError(file, answer.stage, answer.reason, answer.message)

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
        output = self._process.stderr.read() if self._process.stderr else b""
        lines = output.decode(errors="replace").split("\n")
        return next((line.strip() for line in reversed(lines) if line.strip()), "it says nothing")


def invalid_answer() -> ReaderDied:
    """Return the error for an answer that makes no sense."""
    return ReaderDied(Reason.CRASHED, f"its decoder returned an invalid answer: {_DAMAGED}")


def _is_plausible(needed: MemoryNeeded, pixel_cap: int) -> bool:
    return (
        0 < needed.pixels <= pixel_cap
        and 0 < needed.result <= 3 * needed.pixels
        and 0 <= needed.decoding <= _BYTES_A_PIXEL * needed.pixels
    )


def _is_plausible_result(decoded: Decoded, pixels: int) -> bool:
    share = 0.0 if decoded.missing is None else decoded.missing.share
    return (
        min(decoded.width, decoded.height) >= 1
        and decoded.width * decoded.height <= pixels
        and _DIGEST.fullmatch(decoded.picture) is not None
        and 0 <= share <= MOST_MISSING
        and all(each is None or each.isprintable() for each in (decoded.note, decoded.live_photo))
    )


def _start(descriptor: int, entry: str) -> subprocess.Popen[bytes]:
    # A session of its own, so that terminal keys do not reach it; isolated, so that neither the working
    # directory nor the environment decides what it imports, which is what this process would.
    return subprocess.Popen(  # noqa: S603 -- this Python itself
        [sys.executable, "-I", "-c", _BOOT, str(descriptor), entry, *_PATH],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        pass_fds=[descriptor],
        start_new_session=True,
        env={**os.environ, **_MEMORY},
    )


@contextmanager
def _blocked(signals: tuple[signal.Signals, ...]) -> Iterator[None]:
    """Keep these signals from processes that are started within the block."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, signals)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)

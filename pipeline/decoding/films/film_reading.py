"""One look of a reader process through a film: its header, its frames as they come, and its end.

It checks what the reader says. A reader that dies is a ``ReaderDied``: that is for others to survive.
"""

from contextlib import suppress

import numpy as np

from pipeline.decoding.format_reader import REDUCTIONS
from pipeline.decoding.process.reader_messages import (
    Enough,
    FilmEnded,
    FilmFrame,
    FilmGoesOn,
    FilmOpened,
    FrameTaken,
    LookRequest,
    Message,
)
from pipeline.decoding.process.reader_process import ReaderDied, ReaderProcess, invalid_answer
from pipeline.platform_support import SharedMemory
from pipeline.sources.photo_file_access import OpenPhoto
from pipeline.values import U8, Reason

_PLACES = 2
"""Frames in shared memory: one is looked at while the next is decoded."""

_LARGEST_FRAME = 1 << 28
_BYTES_A_PIXEL = 128
"""More than a reader asks for, in pixels and in bytes for each."""

_USUAL_SHARE = 0.25
"""Most films keep few frames for reference: so much of what decoding takes at most is held for it."""

_MOST_STUCK = 20
"""Seconds, about, in which a film may come no further."""


class FilmReading:
    """A film that a reader looks through, open from the start.

    Each step of the reader may take ``seconds``, and there may be many before a frame. All methods raise
    ``PhotoError`` if the reader refuses the film, and ``ReaderDied`` if it fails: do not use it again.

    Attributes:
        opened: The film's header.
    """

    def __init__(self, reader: ReaderProcess, photo: OpenPhoto, request: LookRequest, seconds: float) -> None:
        self._reader = reader
        self._photo = photo
        self._seconds = seconds
        opened = self._next_message(request, reader.begin(photo))
        if not isinstance(opened, FilmOpened) or not _is_plausible(opened):
            raise invalid_answer()
        self.opened = opened
        needed = int(_USUAL_SHARE * opened.decoding) + _PLACES * opened.result
        reader.most_memory = max(reader.most_memory, needed)
        photo.reserve(needed)
        self._memory = self._share()

    def next(self) -> tuple[FilmFrame, U8] | FilmEnded:
        """Return the next frame and its pixels, uint8 [H, W, 3], or how the film ended.

        The pixels are valid until ``release``.
        """
        frame = self._next_message(None)
        if isinstance(frame, FilmEnded):
            if frame.duration < 0 or (frame.note is not None and not frame.note.isprintable()):
                raise invalid_answer()
            self._reader.answered()
            return frame
        if not isinstance(frame, FilmFrame) or frame.place not in range(_PLACES) or frame.moment < 0:
            raise invalid_answer()
        rows, columns = _shape(self.opened)
        start = frame.place * self.opened.result
        return frame, self._memory.array()[start : start + self.opened.result].reshape(rows, columns, 3)

    def release(self) -> None:
        """Give the place of the last frame back to the reader."""
        with suppress(OSError):  # for the next call to find out
            self._reader.tell(FrameTaken())

    def stop(self) -> None:
        """End the look before the film ends."""
        message: Message | None = Enough()
        while not isinstance(self._next_message(message), FilmEnded):
            message = None
        self._reader.answered()

    def _share(self) -> SharedMemory:
        memory, go_on, descriptor = self._reader.share(_PLACES * self.opened.result)
        with suppress(OSError):  # for the next call to find out
            self._reader.tell(go_on, descriptor)
        return memory

    def _next_message(self, message: Message | None, descriptor: int | None = None) -> Message:
        """Send a message, if any, and return the reader's next word other than that it goes on."""
        file = self._photo.file
        answer = self._reader.ask(file, message, descriptor, self._seconds, alone=False)
        stuck, reached = 0, -np.inf
        while isinstance(answer, FilmGoesOn):
            stuck = 0 if answer.reached > reached else stuck + 1
            reached = max(reached, answer.reached)
            if stuck > _MOST_STUCK:
                raise ReaderDied(Reason.TIMED_OUT, "decoding it comes to no end: the file is damaged")
            answer = self._reader.ask(file, None, None, self._seconds, alone=False)
        return answer


def _shape(opened: FilmOpened) -> tuple[int, int]:
    """Return height and width of a frame as it is given."""
    return -(-opened.height // opened.reduction), -(-opened.width // opened.reduction)


def _is_plausible(opened: FilmOpened) -> bool:
    if opened.reduction not in (1, *REDUCTIONS) or min(opened.width, opened.height) < 1:
        return False
    rows, columns = _shape(opened)
    return (
        opened.width * opened.height <= _LARGEST_FRAME
        and opened.result == 3 * rows * columns
        and 0 <= opened.decoding <= _BYTES_A_PIXEL * opened.width * opened.height
        and (opened.duration is None or opened.duration >= 0)
        and (opened.live_photo is None or opened.live_photo.isprintable())
    )

"""What is asked of a film, and what comes of it: some of its frames, upright, one after another.

A ``FilmDecoder``, as `pipeline.decoding.decoders` lends one, has a film decoded in a reader process.
"""

from collections.abc import Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from pipeline.sources.photo_file_access import OpenPhoto
from pipeline.values import U8, DateSource, DecodedPhoto, Size


@dataclass(frozen=True, slots=True)
class FilmRequest:
    """Which frames of a film are wanted.

    The frames from ``start`` on are those that a look from the beginning would give there: each is chosen by
    what is near it, not by how many came before.

    Attributes:
        start: Moment of the first wanted frame, in seconds.
        per_second: About how many frames a second are wanted at most; frames after a hard cut come besides.
        long_edge: A frame is scaled down to 1/2, 1/4 or 1/8 while its longer edge keeps so many pixels;
            ``None`` asks for full size.
        begin: Offset of the film in its file, in bytes; at 0, the film behind the picture of a motion photo
            is sought.
        length: Bytes of the film; ``None`` if it is the rest of the file.
    """

    start: float = 0.0
    per_second: float = 1.0
    long_edge: int | None = None
    begin: int = 0
    length: int | None = None


@dataclass(frozen=True, slots=True)
class FilmHeader:
    """What the container of a film says.

    Attributes:
        size: Of an upright frame at full size, with square pixels.
        duration: Seconds that the container states, which may be wrong; ``None`` if it states none.
        taken_at: When it was taken; aware if the offset from UTC is known.
        live_photo: Apple's identifier of a photo and the film that belongs to it.
        picture: BLAKE3 of what the film shows, 32 bytes: the same if only metadata differ, for MP4 and
            QuickTime; for other containers, and if the digest of the photo was trusted, that of the file.
        taken_from: ``CONTAINER``, if the time is known.
        codec: FFmpeg's name of how its pictures are coded, such as ``h264``.
    """

    size: Size
    duration: float | None
    taken_at: datetime | None
    live_photo: str | None
    picture: bytes
    taken_from: DateSource | None = None
    codec: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class Frame:
    """A frame of a film, as ``DecodedPhoto``; its pixels are valid until the next one is asked for.

    Attributes:
        moment: When it is shown, in seconds from the first frame of the film, to a millisecond.
        size: As ``FilmHeader.size``.
        pixels: uint8 [H, W, 3], sRGB.
        scale: Decoded pixels per full-size pixel: 1.0, or 0.5, 0.25, 0.125.
        after_cut: Whether a hard cut lies between this frame and the one given before it.
    """

    moment: float
    size: Size
    pixels: U8
    scale: float
    after_cut: bool


@dataclass(frozen=True, slots=True)
class FilmEnd:
    """How a film ends.

    Attributes:
        duration: Seconds from the first frame to where the last one that can be read ends.
        note: What of it cannot be read, in one line without the path; ``None`` if it is whole.
    """

    duration: float
    note: str | None


class Film(Protocol):
    """A film open for reading; iterate over it once. For one thread at a time."""

    @property
    def header(self) -> FilmHeader:
        """What its container says."""

    @property
    def end(self) -> FilmEnd | None:
        """How it ends; ``None`` until the iteration has come there."""

    def __iter__(self) -> Iterator[Frame]:
        """Yield the wanted frames in the order of time, while the next one is decoded elsewhere.

        A film that cannot be read to its end yields what there is; ``end`` then has a note.

        Raises:
            PhotoError: No frame of it can be read, or the file has changed since the crawl.
            DecodersUnavailable: No reader can be started.
        """


class FilmDecoder(Protocol):
    """Decodes films. For one thread at a time."""

    def open_film(self, photo: OpenPhoto, request: FilmRequest) -> AbstractContextManager[Film]:
        """Return a context manager that reads a film's header, and ends the film early if it is left early.

        Raises:
            PhotoError: It is no film that can be read; the message says why.
            DecodersUnavailable: No reader can be started.
        """

    def frame_at(self, photo: OpenPhoto, moment: float, long_edge: int | None) -> DecodedPhoto:
        """Return the frame that a film shows at a moment, in seconds; errors are those of ``open_film``.

        Its pixels are valid until the decoder's next call.
        """

"""Opens the files of films to be played, and says whether browsers can play them."""

import os
import stat
from dataclasses import dataclass
from types import TracebackType
from typing import Self

from faceindex.errors import PictureUnavailable
from index.photos.picture_sources import PhotoSource
from pipeline.decoding.films.film_containers import container_of
from pipeline.sources.photo_file_access import HEAD_BYTES

_MEDIA_TYPES = {
    "mov": "video/mp4",  # QuickTime too, which browsers play under this name alone
    "matroska": "video/webm",
    "avi": "video/x-msvideo",
    "mpeg": "video/mpeg",
    "mpegvideo": "video/mpeg",
    "mpegts": "video/mp2t",
    "ogg": "video/ogg",
    "asf": "video/x-ms-wmv",
    "flv": "video/x-flv",
}
_PLAYED = {
    "mov": frozenset({"h264", "vp9", "av1"}),
    "matroska": frozenset({"vp8", "vp9", "av1"}),
}
"""What all browsers play: codecs by container. HEVC needs hardware or a system that decodes it."""


@dataclass(frozen=True, slots=True)
class FilmInfo:
    """A film of the library.

    Attributes:
        media_type: By its container, such as ``video/mp4``.
        codec: FFmpeg's name of how its pictures are coded, such as ``h264``.
        playable: Whether browsers play it; of others, frames can be shown.
    """

    media_type: str
    codec: str
    playable: bool


class FilmFile:
    """The file of a film, open for reading; a context manager that closes it.

    Attributes:
        size: Bytes.
        mtime_ns: Last change, nanoseconds since the epoch.
        media_type: As in ``FilmInfo``.
    """

    def __init__(self, source: PhotoSource) -> None:
        """Open the file that the library knows.

        Raises:
            PictureUnavailable: It is no film, or it has changed since it was scanned.
        """
        path = source.file.path
        if not source.is_film:
            raise PictureUnavailable(path, "it is no film")
        try:  # without O_NONBLOCK, opening a named pipe of that name would wait for a writer
            self._descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC)
        except OSError as error:
            raise PictureUnavailable(path, error.strerror or str(error)) from error
        found = os.fstat(self._descriptor)
        self.size, self.mtime_ns = found.st_size, found.st_mtime_ns
        known = source.file.size, source.file.mtime_ns
        if not stat.S_ISREG(found.st_mode) or known != (self.size, self.mtime_ns):
            self.close()
            raise PictureUnavailable(path, "it has changed since the last scan: scan it again")
        self.container = container_of(path, self.read(0, HEAD_BYTES)) or ""
        self.media_type = _MEDIA_TYPES.get(self.container, "application/octet-stream")

    def read(self, offset: int, length: int) -> bytes:
        """Read some bytes, fewer where the file ends."""
        return os.pread(self._descriptor, length, offset)

    def close(self) -> None:
        """Close the file, once."""
        os.close(self._descriptor)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def info(self, codec: str) -> FilmInfo:
        """Say what kind of film it is."""
        playable = codec in _PLAYED.get(self.container, frozenset())
        return FilmInfo(self.media_type, codec, playable)

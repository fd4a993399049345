"""Reads JPEG; imports the libraries for it, which is slow, only when a picture is opened."""

from functools import cached_property
from importlib.metadata import version
from typing import BinaryIO

from pipeline.decoding.format_reader import OpenPicture
from pipeline.decoding.formats import Format, sniff


class JpegReader:
    """The ``FormatReader`` of JPEG."""

    formats = frozenset({Format.JPEG})

    @cached_property
    def libraries(self) -> tuple[str, ...]:
        """Pillow, which reads the header and whatever simplejpeg refuses, and simplejpeg."""
        return f"pillow {version('pillow')}", f"simplejpeg {version('simplejpeg')}"

    def sniff(self, path: bytes, head: bytes) -> Format | None:
        """As ``FormatReader.sniff``."""
        found = sniff(path, head)
        return found if found in self.formats else None

    def open(self, stream: BinaryIO, kind: Format, length: int) -> OpenPicture:
        """As ``FormatReader.open``."""
        from pipeline.decoding.jpeg.jpeg_picture import JpegPicture

        return JpegPicture(stream, length)

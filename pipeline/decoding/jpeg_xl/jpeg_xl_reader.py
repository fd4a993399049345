"""Reads JPEG XL; imports the library for it, which is slow, only when a picture is opened."""

from functools import cached_property
from importlib.metadata import version
from typing import BinaryIO

from pipeline.decoding.format_reader import OpenPicture
from pipeline.decoding.formats import Format, sniff


class JpegXlReader:
    """The ``FormatReader`` of JPEG XL."""

    formats = frozenset({Format.JPEG_XL})

    @cached_property
    def libraries(self) -> tuple[str, ...]:
        """imagecodecs, which has libjxl."""
        return (f"imagecodecs {version('imagecodecs')}",)

    def sniff(self, path: bytes, head: bytes) -> Format | None:
        """As ``FormatReader.sniff``."""
        found = sniff(path, head)
        return found if found in self.formats else None

    def open(self, stream: BinaryIO, kind: Format, length: int) -> OpenPicture:
        """As ``FormatReader.open``."""
        from pipeline.decoding.jpeg_xl.jpeg_xl_picture import JpegXlPicture

        return JpegXlPicture(stream)

"""Reads TIFF; imports the libraries for it, which is slow, only when a picture is opened."""

from functools import cached_property
from importlib.metadata import version
from typing import BinaryIO

from pipeline.decoding.format_reader import OpenPicture
from pipeline.decoding.formats import Format, sniff


class TiffReader:
    """The ``FormatReader`` of TIFF."""

    formats = frozenset({Format.TIFF})

    @cached_property
    def libraries(self) -> tuple[str, ...]:
        """Pillow, and tifffile with imagecodecs, which read what Pillow gets wrong."""
        return tuple(f"{name} {version(name)}" for name in ("pillow", "tifffile", "imagecodecs"))

    def sniff(self, path: bytes, head: bytes) -> Format | None:
        """As ``FormatReader.sniff``."""
        found = sniff(path, head)
        return found if found in self.formats else None

    def open(self, stream: BinaryIO, kind: Format, length: int) -> OpenPicture:
        """As ``FormatReader.open``."""
        from pipeline.decoding.tiff.tiff_picture import TiffPicture

        return TiffPicture(stream, length)

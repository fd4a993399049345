"""Reads the formats that Pillow decodes; imports it, which is slow, only when a picture is opened."""

from functools import cached_property
from importlib.metadata import version
from typing import BinaryIO

from pipeline.decoding.format_reader import OpenPicture
from pipeline.decoding.formats import Format, sniff


class PillowReader:
    """The ``FormatReader`` of Pillow's formats."""

    formats = frozenset({Format.PNG, Format.WEBP, Format.BMP, Format.GIF, Format.JPEG_2000, Format.AVIF})

    @cached_property
    def libraries(self) -> tuple[str, ...]:
        """Pillow."""
        return (f"pillow {version('pillow')}",)

    def sniff(self, path: bytes, head: bytes) -> Format | None:
        """As ``FormatReader.sniff``."""
        found = sniff(path, head)
        return found if found in self.formats else None

    def open(self, stream: BinaryIO, kind: Format, length: int) -> OpenPicture:
        """As ``FormatReader.open``."""
        if kind is Format.AVIF:
            from pipeline.decoding.heif.avif_picture import AvifPicture
            from pipeline.decoding.heif.heif_container import HeifContainer

            content = stream.read()
            return AvifPicture(content, HeifContainer(content, kind))
        from pipeline.decoding.pillow.pillow_picture import PillowPicture

        return PillowPicture(stream, kind, length)

"""Reads HEIC and HEIF by pillow-heif, an extra of the package; imports it only when a picture is opened."""

from functools import cached_property
from importlib.metadata import version
from typing import BinaryIO

from pipeline.decoding.format_reader import OpenPicture
from pipeline.decoding.formats import Format, sniff


class HeicReader:
    """The ``FormatReader`` of HEIC, whose files are named HEIF and HIF too."""

    formats = frozenset({Format.HEIC})

    @cached_property
    def libraries(self) -> tuple[str, ...]:
        """pillow-heif, whose wheels contain the decoder."""
        return (f"pillow-heif {version('pillow-heif')}",)

    def sniff(self, path: bytes, head: bytes) -> Format | None:
        """As ``FormatReader.sniff``."""
        found = sniff(path, head)
        return found if found in self.formats else None

    def open(self, stream: BinaryIO, kind: Format, length: int) -> OpenPicture:
        """As ``FormatReader.open``."""
        from pipeline.decoding.heif.heic_picture import HeicPicture
        from pipeline.decoding.heif.heif_container import HeifContainer

        content = stream.read()
        return HeicPicture(content, HeifContainer(content, kind))

"""Reads camera raw files; imports LibRaw, which is slow, only when one is opened."""

from functools import cached_property
from importlib.metadata import version
from typing import BinaryIO

from pipeline.decoding.format_reader import OpenPicture
from pipeline.decoding.formats import Format, sniff


class RawReader:
    """The ``FormatReader`` of camera raw, by rawpy."""

    formats = frozenset({Format.RAW})

    @cached_property
    def libraries(self) -> tuple[str, ...]:
        """Rawpy, whose wheels bundle LibRaw."""
        return (f"rawpy {version('rawpy')}",)

    def sniff(self, path: bytes, head: bytes) -> Format | None:
        """As ``FormatReader.sniff``."""
        found = sniff(path, head)
        return found if found in self.formats else None

    def open(self, stream: BinaryIO, kind: Format, length: int) -> OpenPicture:
        """As ``FormatReader.open``."""
        from pipeline.decoding.raw.raw_picture import open_raw

        return open_raw(stream)

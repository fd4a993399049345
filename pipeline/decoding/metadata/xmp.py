"""Reads simple properties of an XMP packet (ISO 16684-1), written as attributes, elements or lists.

A file can say anything in it: entities are refused, size and depth are bounded, and of a packet that is
damaged what stands before the damage is read.
"""

from collections.abc import Mapping
from contextlib import suppress
from enum import StrEnum
from xml.parsers import expat

_RDF = "http://www.w3.org/1999/02/22-rdf-syntax-ns# "

MOST_BYTES = 4 << 20
"""Bytes of a packet that are parsed, in a twentieth of a second."""

_DEEPEST = 64
"""Elements within each other; Lightroom's masks have a dozen."""

_LONGEST = 200
"""Characters of a property that are kept."""


class Property(StrEnum):
    """The properties that are read: namespace, a space, name."""

    ORIGINAL = "http://ns.adobe.com/exif/1.0/ DateTimeOriginal"
    CREATED = "http://ns.adobe.com/photoshop/1.0/ DateCreated"
    FILE_CREATED = "http://ns.adobe.com/xap/1.0/ CreateDate"
    DIGITIZED = "http://ns.adobe.com/exif/1.0/ DateTimeDigitized"
    GPS_TIME = "http://ns.adobe.com/exif/1.0/ GPSTimeStamp"
    EXTENSION = "http://ns.adobe.com/xmp/note/ HasExtendedXMP"


def read_properties(packet: bytes) -> Mapping[Property, str]:
    """Read the properties of the packet's subject, not of what that was made from; none if it is no XMP."""
    reading = _Reading()
    parser = expat.ParserCreate(namespace_separator=" ")
    parser.buffer_text = True
    parser.StartElementHandler = reading.start
    parser.EndElementHandler = reading.end
    parser.CharacterDataHandler = reading.text
    parser.StartDoctypeDeclHandler = _refuse
    # The latter two are of unknown encodings.
    with suppress(expat.ExpatError, _RefusedError, ValueError, LookupError):
        parser.Parse(packet[:MOST_BYTES].lstrip(b" \t\r\n"), True)
    return reading.found


class _RefusedError(Exception):
    """The packet has what no XMP has."""


def _refuse(*_: object) -> None:
    raise _RefusedError


class _Reading:
    """Collects properties: those directly in an ``rdf:Description`` directly in ``rdf:RDF``."""

    def __init__(self) -> None:
        self.found: dict[Property, str] = {}
        self._open: list[str] = []
        self._property: Property | None = None
        self._property_depth = 0
        self._text = ""

    def start(self, name: str, attributes: Mapping[str, str]) -> None:
        if len(self._open) >= _DEEPEST:
            raise _RefusedError
        if self._property is not None:
            self._text = ""
        elif self._open[-1:] == [_RDF + "RDF"] and name == _RDF + "Description":
            for each, value in attributes.items():
                self._keep(_known(each), value)
        elif self._open[-2:] == [_RDF + "RDF", _RDF + "Description"]:
            self._property, self._property_depth, self._text = _known(name), len(self._open), ""
        self._open.append(name)

    def text(self, data: str) -> None:
        if self._property is not None and len(self._text) < _LONGEST:
            self._text += data

    def end(self, _: str) -> None:
        self._open.pop()
        if self._property is not None:
            self._keep(self._property, self._text)
            self._text = ""
            if len(self._open) == self._property_depth:
                self._property = None

    def _keep(self, name: Property | None, value: str) -> None:
        if name is not None and value.strip():
            self.found.setdefault(name, value.strip()[:_LONGEST])


def _known(name: str) -> Property | None:
    return Property(name) if name in _NAMES else None


_NAMES = frozenset(Property)

import time

import pytest

from pipeline.decoding.metadata.xmp import MOST_BYTES, Property, read_properties
from tests.pipeline.decoding.metadata.made_metadata import xmp_packet

DATE = "1998-05-06T07:08:09"


@pytest.mark.parametrize(
    "inside",
    [
        f"<exif:DateTimeOriginal>{DATE}</exif:DateTimeOriginal>",
        f"<exif:DateTimeOriginal>\n  {DATE}\n</exif:DateTimeOriginal>",
        f"<exif:DateTimeOriginal><rdf:Alt><rdf:li>{DATE}</rdf:li></rdf:Alt></exif:DateTimeOriginal>",
        f"<exif:DateTimeOriginal> <rdf:Seq> <rdf:li>{DATE}</rdf:li> <rdf:li>2005</rdf:li> </rdf:Seq> "
        "</exif:DateTimeOriginal>",
        f'<exif:DateTimeOriginal rdf:parseType="Resource"><rdf:value>{DATE}</rdf:value>'
        "</exif:DateTimeOriginal>",
    ],
)
def test_a_property_as_an_element(inside: str) -> None:
    assert read_properties(xmp_packet(inside=inside)) == {Property.ORIGINAL: DATE}


def test_a_property_as_an_attribute() -> None:
    assert read_properties(xmp_packet({"exif:DateTimeOriginal": DATE})) == {Property.ORIGINAL: DATE}


def test_several_descriptions_and_other_prefixes() -> None:
    packet = (
        '<r:RDF xmlns:r="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
        '<r:Description xmlns:a="http://ns.adobe.com/xap/1.0/" a:CreateDate="2001"/>'
        '<r:Description xmlns:b="http://ns.adobe.com/photoshop/1.0/"><b:DateCreated>1998</b:DateCreated>'
        "</r:Description></r:RDF>"
    )

    found = read_properties(packet.encode())

    assert found == {Property.FILE_CREATED: "2001", Property.CREATED: "1998"}


def test_what_a_picture_was_made_from_does_not_count() -> None:
    inside = (
        '<xmpMM:Pantry><rdf:Bag><rdf:li><rdf:RDF><rdf:Description photoshop:DateCreated="1970"/></rdf:RDF>'
        "</rdf:li><rdf:li><rdf:Description><exif:DateTimeOriginal>1971</exif:DateTimeOriginal>"
        "</rdf:Description></rdf:li></rdf:Bag></xmpMM:Pantry>"
    )

    assert Property.ORIGINAL not in read_properties(xmp_packet(inside=inside))


@pytest.mark.parametrize("encoding", ["utf-16", "utf-8-sig"])
def test_other_encodings(encoding: str) -> None:
    packet = xmp_packet({"exif:DateTimeOriginal": DATE}).decode().encode(encoding)

    assert read_properties(packet) == {Property.ORIGINAL: DATE}


@pytest.mark.parametrize(
    "around", [(b"  \n", b"\0" * 2048), (b"", b" " * 2048 + b"junk"), (b"", b"<unclosed")]
)
def test_padding(around: tuple[bytes, bytes]) -> None:
    packet = around[0] + xmp_packet({"exif:DateTimeOriginal": DATE}) + around[1]

    assert read_properties(packet) == {Property.ORIGINAL: DATE}


def test_of_a_damaged_packet_the_beginning_is_read() -> None:
    packet = xmp_packet({"exif:DateTimeOriginal": DATE}, inside="<xmp:CreateDate>2001</xmp:CreateDate>")

    assert read_properties(packet[: packet.index(b"2001") + 2]) == {Property.ORIGINAL: DATE}


def test_entities_are_refused() -> None:
    laughs = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10 if n else "lol"}">' for n in range(10))
    packet = f"<!DOCTYPE x [{laughs}]>".encode() + xmp_packet({"exif:DateTimeOriginal": "&l9;"})

    assert read_properties(packet) == {}


def test_hostile_packets_cost_little() -> None:
    deep = b"<a>" * (MOST_BYTES // 3)
    wide = xmp_packet(inside="<xmp:CreateDate>" + "2" * MOST_BYTES)
    started = time.process_time()

    assert read_properties(deep) == {}
    assert read_properties(wide) == {}
    assert time.process_time() - started < 5


def test_an_unknown_encoding() -> None:
    packet = b'<?xml version="1.0" encoding="no-such"?>' + xmp_packet({"exif:DateTimeOriginal": DATE})

    assert read_properties(packet) == {}

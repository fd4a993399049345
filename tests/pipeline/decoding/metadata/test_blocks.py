"""Where metadata stand in files of each format."""

import io
import struct
import zlib
from datetime import datetime
from typing import Literal

import numpy as np
import pytest
import tifffile
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from pipeline.decoding.metadata.blocks import Metadata
from pipeline.decoding.metadata.taken import when_taken
from pipeline.values import DateSource
from tests.pipeline.decoding.metadata.made_metadata import (
    DATE_TIME,
    ORIGINAL,
    exif_block,
    iptc_block,
    jpeg,
    jpeg_with,
    photoshop_block,
    picture,
    png,
    xmp_packet,
)

DAY = datetime(1998, 5, 6)
XMP = xmp_packet({"exif:DateTimeOriginal": "1998-05-06"})
IPTC = iptc_block([(55, "19980506")])


def taken(metadata: Metadata) -> tuple[datetime, DateSource] | None:
    found = when_taken(metadata)
    return None if found is None else (found.at, found.source)


def of_png(content: bytes) -> Metadata:
    return Metadata.of_png(io.BytesIO(content))


def of_tiff(content: bytes) -> Metadata:
    return Metadata.of_tiff(io.BytesIO(content))


def test_iptc_of_a_jpeg_in_two_segments() -> None:
    block = photoshop_block(IPTC)
    parts = [(0xED, b"Photoshop 3.0\0" + part) for part in (block[:20], block[20:])]

    assert taken(Metadata.of_jpeg(jpeg(*parts))) == (DAY, DateSource.IPTC)


def test_extended_xmp_counts_if_the_packet_names_it() -> None:
    name = b"0123456789ABCDEF0123456789ABCDEF"
    main = xmp_packet({"xmpNote:HasExtendedXMP": name.decode()})
    pieces = [(0, XMP[:100]), (100, XMP[100:])]
    head = b"http://ns.adobe.com/xmp/extension/\0" + name
    parts = [(0xE1, head + struct.pack(">II", len(XMP), start) + part) for start, part in reversed(pieces)]
    packet = (0xE1, b"http://ns.adobe.com/xap/1.0/\0" + main)
    other = (0xE1, b"http://ns.adobe.com/xap/1.0/\0" + xmp_packet())

    assert taken(Metadata.of_jpeg(jpeg(packet, *parts))) == (DAY, DateSource.XMP)
    assert taken(Metadata.of_jpeg(jpeg(other, *parts))) is None


def test_the_beginning_of_a_jpeg_is_enough() -> None:
    whole = jpeg_with(xmp=XMP)

    assert taken(Metadata.of_jpeg(whole[: len(XMP) + 60])) == (DAY, DateSource.XMP)


@pytest.mark.parametrize("place", ["before", "after"])
@pytest.mark.parametrize("is_compressed", [False, True])
def test_xmp_of_a_png(place: str, is_compressed: bool) -> None:
    text = zlib.compress(XMP) if is_compressed else XMP
    chunk = (b"iTXt", b"XML:com.adobe.xmp\0" + bytes([is_compressed, 0]) + b"\0\0" + text)
    content = png([chunk]) if place == "before" else png(after=[chunk])

    assert taken(of_png(content)) == (DAY, DateSource.XMP)


def test_exif_of_a_png_behind_its_pixels() -> None:
    block = exif_block({}, {ORIGINAL: "1998:05:06 00:00:00"}).removeprefix(b"Exif\0\0")

    assert taken(of_png(png(after=[(b"eXIf", block)]))) == (DAY, DateSource.ORIGINAL)


@pytest.mark.parametrize(
    "written", ["Wed, 06 May 1998 00:00:00", "1998-05-06", "1998:05:06 00:00:00", "6 May 1998 00:00:00"]
)
@pytest.mark.parametrize("is_compressed", [False, True])
def test_creation_time_of_a_png(written: str, is_compressed: bool) -> None:
    info = PngInfo()
    info.add_text("Creation Time", written, zip=is_compressed)

    assert taken(of_png(picture("PNG", pnginfo=info))) == (DAY, DateSource.PNG)


def test_blocks_that_imagemagick_writes_into_a_png() -> None:
    block = photoshop_block(IPTC)
    text = f"\niptc\n{len(block):8}\n{block.hex()}\n"
    info = PngInfo()
    info.add_text("Raw profile type iptc", text, zip=True)

    assert taken(of_png(picture("PNG", pnginfo=info))) == (DAY, DateSource.IPTC)


def test_a_text_that_explodes_costs_nothing() -> None:
    bomb = zlib.compress(b"2" * (200 << 20), 9)

    assert taken(of_png(png([(b"zTXt", b"Creation Time\0\0" + bomb)]))) is None


def test_the_tags_of_a_tiff() -> None:
    exif = exif_block({}, {ORIGINAL: "1998:05:06 00:00:00"})

    assert taken(of_tiff(picture("TIFF", tiffinfo={700: XMP}))) == (DAY, DateSource.XMP)
    assert taken(of_tiff(picture("TIFF", tiffinfo={33723: IPTC}))) == (DAY, DateSource.IPTC)
    assert taken(of_tiff(picture("TIFF", tiffinfo={34377: photoshop_block(IPTC)}))) == (DAY, DateSource.IPTC)
    assert taken(of_tiff(picture("TIFF", exif=exif))) == (DAY, DateSource.ORIGINAL)


@pytest.mark.parametrize("big", [False, True])
@pytest.mark.parametrize("order", ["<", ">"])
def test_tiffs_of_either_order_and_size(order: Literal["<", ">"], big: bool) -> None:
    stream = io.BytesIO()
    iptc = IPTC + b"\0" * (-len(IPTC) % 4)
    swapped = struct.unpack(f"{'>' if order == '<' else '<'}{len(iptc) // 4}I", iptc)
    with tifffile.TiffWriter(stream, bigtiff=big, byteorder=order) as writer:
        tags = [(33723, "I", len(swapped), swapped, True)]
        writer.write(np.zeros((4, 4), np.uint8), extratags=tags)

    assert taken(of_tiff(stream.getvalue())) == (DAY, DateSource.IPTC)


def test_the_date_of_a_second_directory() -> None:
    content = io.BytesIO()
    later = Image.new("L", (4, 4))
    later.encoderinfo = {"tiffinfo": {ORIGINAL: "1998:05:06 00:00:00"}}
    Image.new("L", (4, 4)).save(
        content, "TIFF", save_all=True, append_images=[later], tiffinfo={DATE_TIME: "2020:01:01 00:00:00"}
    )

    assert taken(of_tiff(content.getvalue())) == (DAY, DateSource.ORIGINAL)


@pytest.mark.parametrize("kind", ["WEBP", "AVIF"])
def test_blocks_that_pillow_finds(kind: str) -> None:
    with Image.open(io.BytesIO(picture(kind, xmp=XMP))) as image:
        image.load()

        assert taken(Metadata.of_image(image)) == (DAY, DateSource.XMP)


def test_xmp_of_a_gif() -> None:
    trailer = b"\1" + bytes(range(255, -1, -1)) + b"\0"
    content = picture("GIF")[:-1] + b"\x21\xff\x0bXMP DataXMP" + XMP + trailer + b";"

    assert taken(Metadata.of_gif(io.BytesIO(content))) == (DAY, DateSource.XMP)


def test_directories_that_lead_to_themselves() -> None:
    loop = b"II*\0\x08\0\0\0" + struct.pack("<HHHIII", 1, 0x8769, 4, 1, 8, 8)

    assert taken(of_tiff(loop)) is None

"""The date of a photo and its source come through a reader process, whatever the format."""

import io
from datetime import datetime
from pathlib import Path

import pytest
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from pipeline.decoding.decoders import Decoders
from pipeline.sources.photo_file_access import OpenPhoto
from pipeline.values import DateSource
from tests.pipeline.decoding.metadata.made_metadata import (
    DATE_TIME,
    exif_block,
    iptc_block,
    jpeg_with,
    picture,
    xmp_packet,
)
from tests.pipeline.iso_boxes import box
from tests.pipeline.pictures import decoded, written

EDITED = exif_block({DATE_TIME: "2019:07:04 12:30:45"})
PACKET = xmp_packet({"exif:DateTimeOriginal": "1998-05-06T07:08:09.25"})
MOMENT = datetime(1998, 5, 6, 7, 8, 9, 250_000)


def png_with_xmp() -> bytes:
    info = PngInfo()
    info.add_itxt("XML:com.adobe.xmp", PACKET.decode())
    return picture("PNG", pnginfo=info, exif=EDITED)


def tiff_with_xmp(compression: str | None) -> bytes:
    return picture("TIFF", tiffinfo={700: PACKET, DATE_TIME: "2019:07:04 12:30:45"}, compression=compression)


def jp2_with(*blocks: tuple[bytes, bytes]) -> bytes:
    return picture("JPEG2000") + b"".join(box(b"uuid", name, block) for name, block in blocks)


EXIF_IN_JP2 = b"JpgTiffExif->JP2"
XMP_IN_JP2 = bytes.fromhex("be7acfcb97a942e89c71999491e3afac")
IPTC_IN_JP2 = bytes.fromhex("33c7a4d2b81d4723a0baf1a3e097ad38")

FILES = {
    "jpeg": jpeg_with(EDITED, PACKET),
    "png": png_with_xmp(),
    "tiff": tiff_with_xmp(None),
    "packed tiff": tiff_with_xmp("tiff_lzw"),
    "webp": picture("WEBP", exif=EDITED, xmp=PACKET),
    "avif": picture("AVIF", exif=EDITED, xmp=PACKET),
    "jp2": jp2_with((EXIF_IN_JP2, EDITED), (XMP_IN_JP2, PACKET)),
}


@pytest.mark.parametrize("name", FILES)
def test_xmp_says_when_a_photo_was_taken_that_was_edited_later(tmp_path: Path, name: str) -> None:
    photo = decoded(written(tmp_path / name, FILES[name]))

    assert (photo.taken_at, photo.taken_from) == (MOMENT, DateSource.XMP)


def test_a_jp2_has_exif_and_iptc_in_boxes_that_may_be_damaged(tmp_path: Path) -> None:
    iptc = (IPTC_IN_JP2, iptc_block([(55, "19980506")]))
    for name, content, taken_from in (
        ("both", jp2_with((EXIF_IN_JP2, EDITED), iptc), DateSource.IPTC),
        ("exif", jp2_with((EXIF_IN_JP2, EDITED)), DateSource.CHANGED),
        ("another", jp2_with((bytes(16), EDITED)), None),
        ("cut", jp2_with((EXIF_IN_JP2, EDITED), iptc)[:-4], DateSource.CHANGED),
        ("codestream", picture("JPEG2000", no_jp2=True), None),
    ):
        assert decoded(written(tmp_path / name, content)).taken_from == taken_from


def test_a_reader_process_passes_it_on(tmp_path: Path) -> None:
    file = written(tmp_path / "a.jpg", jpeg_with(EDITED, iptc=iptc_block([(55, "19980506")])))
    decoders = Decoders()
    try:
        with OpenPhoto(file) as photo, decoders.lend() as decoder:
            found = decoder.decode(photo, None)
    finally:
        decoders.close()

    assert (found.taken_at, found.taken_from) == (datetime(1998, 5, 6), DateSource.IPTC)


def test_a_jpeg_that_is_decoded_by_pillow_has_the_same_date(tmp_path: Path) -> None:
    stream = io.BytesIO()
    Image.new("CMYK", (16, 12)).save(stream, "JPEG", exif=EDITED, xmp=PACKET)
    photo = decoded(written(tmp_path / "a.jpg", stream.getvalue()))

    assert (photo.taken_at, photo.taken_from) == (MOMENT, DateSource.XMP)

import io
from pathlib import Path

import pytest
from PIL import Image

from pipeline.decoding.formats import Format, sniff
from pipeline.decoding.readers import skipped
from pipeline.sources.photo_file_access import HEAD_BYTES, OpenPhoto
from tests.pipeline.pictures import one_of_each, written


@pytest.mark.parametrize(("name", "content"), one_of_each().items())
def test_every_format_is_told_from_its_first_bytes(name: str, content: bytes) -> None:
    kind = sniff(b"a.bin", content[:HEAD_BYTES])

    assert kind is not None
    assert kind.lower() == name.split()[0]


@pytest.mark.parametrize(
    ("head", "kind"),
    [
        (b"\x00\x00\x00\x18ftypheic\x00\x00\x00\x00mif1heic", Format.HEIC),
        (b"\x00\x00\x00\x18ftypmif1\x00\x00\x00\x00mif1heic", Format.HEIC),
        (b"\x00\x00\x00\x1cftypmif1\x00\x00\x00\x00mif1avifmiaf", Format.AVIF),
        (b"\x00\x00\x00\x18ftypcrx \x00\x00\x00\x01crx isom", Format.RAW),
        (b"\x00\x00\x00\x18ftypmp42\x00\x00\x00\x00mp42isom", Format.FILM),
        (
            b"\x00\x00\x00\x14ftypqt  \x00\x00\x00\x00qt  avif",
            Format.FILM,
        ),  # no brand
        (b"II\x2a\x00\x10\x00\x00\x00CR\x02\x00", Format.RAW),
        (b"FUJIFILMCCD-RAW 0201", Format.RAW),
        (b"IIU\x00\x18\x00\x00\x00", Format.RAW),
        (b"II\x2b\x00\x08\x00\x00\x00", Format.TIFF),
        (b"\x00\x00\x00\x0cjP  \r\n\x87\n", Format.JPEG_2000),
        (b"\x00\x00\x00\x0cJXL \r\n\x87\n", Format.JPEG_XL),
        (b"8BPS\x00\x01", Format.PHOTOSHOP),
        (b"RIFF\x00\x00\x00\x00WAVEfmt ", None),
        (b"BMW is a maker of cars", None),
        (b"<svg/>", None),
        (b"\xff\xd8", None),
        (b"", None),
    ],
)
def test_signatures(head: bytes, kind: Format | None) -> None:
    assert sniff(b"a.bin", head) is kind


def test_a_raw_file_that_is_a_tiff_inside_is_known_by_its_name() -> None:
    stream = io.BytesIO()
    Image.new("RGB", (16, 12)).save(stream, "TIFF")

    assert sniff(b"DSC_1.NEF", stream.getvalue()) is Format.RAW
    assert sniff(b"DSC_1.tif", stream.getvalue()) is Format.TIFF
    assert sniff(b"DSC_1.nef", b"\xff\xd8\xff\xe0") is Format.JPEG  # the content decides


PHOTOSHOP = b"8BPS\x00\x01"


@pytest.mark.parametrize(
    ("name", "head", "kind"),
    [
        ("notes.txt", b"\xff\xd8\xff\xe0", None),
        ("notes.txt", b"a text", "document"),
        ("holiday.jpg", b"a text", None),
        ("holiday.nef", b"a text", None),
        ("holiday.psd", PHOTOSHOP, "Photoshop"),
        ("holiday", PHOTOSHOP, "Photoshop"),
        ("holiday.mp4", b"", None),  # a film that is not whole
    ],
)
def test_what_is_left_out(tmp_path: Path, name: str, head: bytes, kind: str | None) -> None:
    with OpenPhoto(written(tmp_path / name, head)) as photo:
        left_out = skipped(photo)
    assert (left_out and left_out.kind) == kind

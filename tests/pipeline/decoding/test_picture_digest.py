"""Files that differ in metadata alone are one picture; whatever changes what is seen makes another."""

import io
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageCms, PngImagePlugin

from pipeline.decoding.decode import decode
from pipeline.decoding.formats import Format
from pipeline.decoding.process.reader_messages import DecodeRequest
from tests.pipeline.pictures import OwnMemory, decoded, encoded, noise, written

EXIF, ORIENTATION = "exif", 0x0112

FORMATS = ["JPEG", "PNG", "WEBP", "TIFF", "AVIF", "HEIF", "GIF"]


def digest(folder: Path, content: bytes, long_edge: int | None = None) -> bytes:
    found = decoded(written(folder / "photo", content), long_edge).picture
    assert len(found) == 32
    return found


def tags(**values: object) -> Image.Exif:
    exif = Image.Exif()
    exif[0x010E] = values.pop("description", "a caption")
    if orientation := values.pop("orientation", None):
        exif[ORIENTATION] = orientation
    return exif


@pytest.fixture
def image() -> Image.Image:
    return Image.fromarray(noise(48, 64))


def tagged(image: Image.Image, name: str, **values: object) -> bytes:
    return encoded(image, name, exif=tags(**values).tobytes(), comment="tagged")


@pytest.mark.parametrize("name", [each for each in FORMATS if each != "GIF"])
def test_metadata_is_no_part_of_the_picture(tmp_path: Path, image: Image.Image, name: str) -> None:
    plain = digest(tmp_path, encoded(image, name))
    assert digest(tmp_path, tagged(image, name)) == plain
    assert digest(tmp_path, tagged(image, name, description="another, and longer" * 50)) == plain


@pytest.mark.parametrize("name", FORMATS)
def test_one_pixel_is(tmp_path: Path, image: Image.Image, name: str) -> None:
    pixels = np.array(image)
    pixels[8:16, 8:16] = 255 - pixels[8:16, 8:16]
    assert digest(tmp_path, encoded(Image.fromarray(pixels), name)) != digest(tmp_path, encoded(image, name))


@pytest.mark.parametrize("name", ["JPEG", "PNG", "WEBP", "TIFF"])
def test_so_is_the_orientation(tmp_path: Path, image: Image.Image, name: str) -> None:
    upright = digest(tmp_path, tagged(image, name, orientation=1))
    assert upright == digest(tmp_path, encoded(image, name))
    assert digest(tmp_path, tagged(image, name, orientation=3)) != upright


@pytest.mark.parametrize("name", ["JPEG", "PNG"])
def test_so_is_the_colour_profile(tmp_path: Path, image: Image.Image, name: str) -> None:
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB")).tobytes()
    assert digest(tmp_path, encoded(image, name, icc_profile=profile)) != digest(
        tmp_path, encoded(image, name)
    )


def test_so_is_the_palette(tmp_path: Path) -> None:
    one = Image.new("P", (8, 8))
    one.putpalette([1, 2, 3] * 256)
    other = one.copy()
    other.putpalette([3, 2, 1] * 256)
    assert digest(tmp_path, encoded(one, "PNG")) != digest(tmp_path, encoded(other, "PNG"))


@pytest.mark.parametrize("name", FORMATS)
def test_the_size_that_is_asked_for_is_not(tmp_path: Path, name: str) -> None:
    content = encoded(Image.fromarray(noise(256, 320)), name)
    assert digest(tmp_path, content, long_edge=64) == digest(tmp_path, content)


def inserted(content: bytes, marker: int, data: bytes) -> bytes:
    return content[:2] + bytes([0xFF, marker]) + (len(data) + 2).to_bytes(2) + data + content[2:]


@pytest.mark.parametrize(
    ("change", "same"),
    [
        (lambda jpeg: inserted(jpeg, 0xED, b"Photoshop 3.0\0 caption"), True),
        (lambda jpeg: inserted(jpeg, 0xFE, b"\xff\xda a comment like a scan \xff\xd9"), True),
        (lambda jpeg: inserted(jpeg, 0xE1, b"http://ns.adobe.com/xap/1.0/\0<x/>"), True),
        (lambda jpeg: inserted(jpeg, 0xE2, b"MPF\0 a second picture"), True),
        (lambda jpeg: jpeg[:2] + b"\xff\xff" + jpeg[3:], True),
        (lambda jpeg: jpeg[:2] + b"\xff\xfe\0\3c, no marker" + jpeg[2:], True),
        (lambda jpeg: jpeg + b"a second picture, or a film", True),
        (lambda jpeg: inserted(jpeg, 0xEE, b"Adobe\0\x64\0\0\0\0\0"), False),
    ],
)
@pytest.mark.parametrize("progressive", [False, True])
def test_segments_of_a_jpeg(
    tmp_path: Path, image: Image.Image, change: Callable[[bytes], bytes], same: bool, progressive: bool
) -> None:
    jpeg = encoded(image, "JPEG", progressive=progressive)
    assert (digest(tmp_path, change(jpeg)) == digest(tmp_path, jpeg)) is same


def test_the_last_scan_of_a_progressive_jpeg_counts(tmp_path: Path, image: Image.Image) -> None:
    jpeg = encoded(image, "JPEG", progressive=True)
    last = jpeg.rindex(b"\xff\xda")
    changed = bytearray(jpeg)
    changed[last + 14] ^= 0x10
    assert digest(tmp_path, bytes(changed)) != digest(tmp_path, jpeg)


def test_a_text_chunk_of_a_png_is_metadata(tmp_path: Path, image: Image.Image) -> None:
    stream, text = io.BytesIO(), PngImagePlugin.PngInfo()
    text.add_text("Comment", "who is in it")
    image.save(stream, "PNG", pnginfo=text)
    assert digest(tmp_path, stream.getvalue()) == digest(tmp_path, encoded(image, "PNG"))


@pytest.mark.parametrize("name", ["JPEG", "PNG"])
def test_a_known_digest_is_not_computed_again(tmp_path: Path, image: Image.Image, name: str) -> None:
    content = encoded(image, name)
    request = DecodeRequest("", len(content), Format[name], None, 10_000, picture="ab" * 32)
    assert decode(io.BytesIO(content), request, OwnMemory()).picture == b"\xab" * 32

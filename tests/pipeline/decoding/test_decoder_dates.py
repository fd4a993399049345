"""A reader says when a photo was taken, without decoding it, whatever is in place of its sidecar."""

import os
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import pytest

from pipeline.decoding.decoders import Decoder, Decoders
from pipeline.errors import PhotoError
from pipeline.sources.photo_file_access import OpenPhoto
from pipeline.values import DateSource, PhotoFile, Sidecar, Taken
from tests.pipeline.decoding.metadata.made_metadata import (
    ORIGINAL,
    exif_block,
    iptc_block,
    jpeg_with,
    picture,
    png,
    xmp_packet,
)
from tests.pipeline.pictures import written

PACKET = xmp_packet({"exif:DateTimeOriginal": "1998-05-06"})
DAY = datetime(1998, 5, 6)


@pytest.fixture(scope="module")
def decoder() -> Iterator[Decoder]:
    with Decoders() as decoders, decoders.lend() as lent:
        yield lent


@pytest.fixture
def file(tmp_path: Path) -> PhotoFile:
    return written(tmp_path / "a.jpg", jpeg_with(exif_block({}, {ORIGINAL: "2001:02:03 04:05:06"})))


def sidecar(path: Path) -> Sidecar:
    return Sidecar(bytes(path), 100, 1)


def test_a_sidecar(decoder: Decoder, file: PhotoFile, tmp_path: Path) -> None:
    (tmp_path / "a.xmp").write_bytes(PACKET)
    assert decoder.taken_by_sidecar(file, sidecar(tmp_path / "a.xmp")) == Taken(DAY, DateSource.SIDECAR)


@pytest.mark.parametrize("what", ["nothing", "folder", "pipe", "empty", "no XMP", "as large as a film"])
def test_what_is_no_sidecar_says_nothing(
    decoder: Decoder, file: PhotoFile, tmp_path: Path, what: str
) -> None:
    path = tmp_path / "a.xmp"
    match what:
        case "folder":
            path.mkdir()
        case "pipe":
            os.mkfifo(path)
        case "empty":
            path.touch()
        case "no XMP":
            path.write_bytes(os.urandom(1000))
        case "as large as a film":
            with path.open("wb") as stream:
                stream.truncate(5 << 30)
    assert decoder.taken_by_sidecar(file, sidecar(path)) is None


@pytest.mark.parametrize(
    ("name", "content", "source"),
    [
        ("jpeg", jpeg_with(xmp=PACKET), DateSource.XMP),
        ("png", png(after=[(b"iTXt", b"XML:com.adobe.xmp\0\0\0\0\0" + PACKET)]), DateSource.XMP),
        ("tiff", picture("TIFF", tiffinfo={33723: iptc_block([(55, "19980506")])}), DateSource.IPTC),
        ("webp", picture("WEBP", xmp=PACKET), DateSource.XMP),
        ("avif", picture("AVIF", xmp=PACKET), DateSource.XMP),
    ],
)
@pytest.mark.parametrize("is_read", [False, True])
def test_each_format(
    decoder: Decoder, tmp_path: Path, name: str, content: bytes, source: DateSource, is_read: bool
) -> None:
    with OpenPhoto(written(tmp_path / name, content)) as photo:
        if is_read:
            photo.read()
        assert decoder.taken(photo) == Taken(DAY, source)


def test_a_photo_that_cannot_be_read(decoder: Decoder, tmp_path: Path) -> None:
    with OpenPhoto(written(tmp_path / "a.webp", picture("WEBP")[:40])) as photo, pytest.raises(PhotoError):
        decoder.taken(photo)

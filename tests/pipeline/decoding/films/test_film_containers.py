"""Films are told from other files by their first bytes, and each container is named for FFmpeg."""

import pytest

from pipeline.decoding.films.film_containers import container_of
from pipeline.decoding.formats import Format, sniff

PACKET = b"\x47\x40\x11\x10" + bytes(184)
TEXT = b"GGGG and more words, so that a G stands wherever one may look for it. " * 20


@pytest.mark.parametrize(
    ("name", "head", "container"),
    [
        ("a", b"\x00\x00\x00\x18ftypisom\x00\x00\x02\x00isomavc1", "mov"),
        ("a.m4v", b"\x00\x00\x00\x14ftypM4V \x00\x00\x00\x00M4V ", "mov"),
        ("a.3gp", b"\x00\x00\x00\x14ftyp3gp4\x00\x00\x00\x003gp4", "mov"),
        ("a.mov", b"\x00\x00\x00\x08wide\x00\x12\x34\x56mdat", "mov"),
        ("a.mov", b"\x00\x01\x00\x00moov\x00\x00\x00\x6cmvhd", "mov"),
        ("a.m4a", b"\x00\x00\x00\x18ftypM4A \x00\x00\x02\x00isomiso2", None),
        ("a.m4a", b"\x00\x00\x00\x18ftypisom\x00\x00\x02\x00isomiso2", None),
        ("a.mkv", b"\x1a\x45\xdf\xa3\x01\x00\x00\x00\x00\x00\x00\x23\x42\x86", "matroska"),
        ("a.mka", b"\x1a\x45\xdf\xa3\x01\x00\x00\x00\x00\x00\x00\x23\x42\x86", None),
        ("a", b"RIFF\x00\x00\x10\x00AVI LIST", "avi"),
        ("a", b"RIFF\x00\x00\x10\x00WAVEfmt ", None),
        ("a.wmv", b"\x30\x26\xb2\x75\x8e\x66\xcf\x11\xa6\xd9\x00\xaa\x00\x62\xce\x6c", "asf"),
        ("a.wma", b"\x30\x26\xb2\x75\x8e\x66\xcf\x11\xa6\xd9\x00\xaa\x00\x62\xce\x6c", None),
        ("a", b"FLV\x01\x05\x00\x00\x00\x09", "flv"),
        ("a", b"\x00\x00\x01\xba\x44\x00\x04", "mpeg"),
        ("a.mts", b"".join(b"\x00\x00\x00\x01" + PACKET for _ in range(5)), "mpegts"),
        ("a.ts", PACKET * 5, "mpegts"),
        ("a.ts", bytes(100) + PACKET * 5, "mpegts"),
        ("a.ts", PACKET * 2, None),
        ("a.ts", TEXT, None),
        ("places.log", b"GPS,4415.16,N,07631.12,W,00095".ljust(188, b".") * 6, None),
        ("a.ts", b"import { Film } from './film'\n" * 40, None),
        ("a", b"OggS\x00\x02" + bytes(22) + b"\x80theora\x03", "ogg"),
        ("a.ogg", b"OggS\x00\x02" + bytes(22) + b"\x01vorbis", None),
        ("a.h264", b"\x00\x00\x00\x01\x67\x42", "h264"),
        ("a.bin", b"\x00\x00\x00\x01\x67\x42", None),
        ("a.m3u8", b"#EXTM3U\n#EXT-X-VERSION:3\n", None),  # FFmpeg would open what it names
        ("a.txt", b"ffconcat version 1.0\nfile secret\n", None),
        ("a", b"", None),
    ],
)
def test_containers(name: str, head: bytes, container: str | None) -> None:
    assert container_of(name.encode(), head[:1024]) == container
    assert sniff(name.encode(), head[:1024]) is (None if container is None else Format.FILM)


def test_pictures_in_boxes_are_no_films() -> None:
    for brand in (b"heic", b"avif", b"crx "):
        head = b"\x00\x00\x00\x18ftyp" + brand + b"\x00\x00\x00\x00isommp42"
        assert sniff(b"a.mp4", head) is not Format.FILM

"""Faults beside the pixels of PNG, WebP and JPEG cost no pixel, and no fault of a pixel is hidden."""

import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from pipeline.values import U8, DecodedPhoto, Reason
from tests.pipeline.decoding.test_decode import failure
from tests.pipeline.pictures import decoded, encoded, noise, swapped_profile, written

PIXELS = noise(64, 48)
GREY = Image.fromarray(noise(32, 32)).convert("L")
HEADER_END = 33


def png(**options: object) -> bytes:
    return encoded(Image.fromarray(PIXELS), "PNG", **options)


def chunk(name: bytes, data: bytes, *, sound: bool = True) -> bytes:
    check = zlib.crc32(name + data) ^ (not sound)
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", check)


def after_header(inserted: bytes, content: bytes | None = None) -> bytes:
    content = content or png()
    return content[:HEADER_END] + inserted + content[HEADER_END:]


def shown(folder: Path, content: bytes) -> U8:
    return read(folder, content).pixels


def read(folder: Path, content: bytes) -> DecodedPhoto:
    return decoded(written(folder / "photo", content))


def packed(length: int) -> bytes:
    return zlib.compress(bytes(length))


PNG_FAULTS = {
    "a text of 3 MB": chunk(b"zTXt", b"key\0\0" + packed(3 << 20)),
    "a text of 40 MB": chunk(b"zTXt", b"key\0\0" + packed(40 << 20)),
    "an international text of 40 MB": chunk(b"iTXt", b"key\0\1\0\0\0" + packed(40 << 20)),
    "90 MB of texts": chunk(b"zTXt", b"key\0\0" + packed(1 << 20)) * 90,
    "a profile of 3 MB": chunk(b"iCCP", b"key\0\0" + packed(3 << 20)),
    "a profile of 40 MB": chunk(b"iCCP", b"key\0\0" + packed(40 << 20)),
    "a profile that is none": chunk(b"iCCP", b"key\0\0junk"),
    "a profile of another compression": chunk(b"iCCP", b"key\0\1" + packed(9)),
    "two profiles": chunk(b"iCCP", b"key\0\0" + packed(9)) * 2,
    "a text under a name that Pillow takes": chunk(b"tEXt", b"transparency\0red")
    + chunk(b"tEXt", b"icc_profile\0x"),
    "an odd text": chunk(b"tEXt", b"\xff\xfe"),
    "a length far beyond the file": struct.pack(">I", 99_999_999) + b"tEXtkey\0value",
    "a length that is too short": struct.pack(">I", 2) + b"tEXtkey\0value of some bytes",
}
ANCILLARY = (
    b"acTL bKGD cHRM eXIf fcTL fdAT gAMA hIST iCCP iTXt oFFs pHYs sBIT sPLT sRGB tEXt tIME tRNS vpAg zTXt"
).split()


class TestPng:
    @pytest.mark.parametrize("fault", PNG_FAULTS)
    def test_a_fault_in_metadata_costs_no_pixel(self, tmp_path: Path, fault: str) -> None:
        assert np.array_equal(shown(tmp_path, after_header(PNG_FAULTS[fault])), PIXELS)

    @pytest.mark.parametrize("name", [*ANCILLARY, b"PLTE"])
    def test_no_chunk_beside_the_pixels_matters(self, tmp_path: Path, name: bytes) -> None:
        """Damaged, empty, too short, twice, before the pixels or behind them."""
        for data in (b"", b"\0", b"ab", bytes(40)):
            for sound in (True, False):
                odd = chunk(name, data, sound=sound)
                for content in (after_header(odd), after_header(odd * 2), png()[:-12] + odd + png()[-12:]):
                    assert np.array_equal(shown(tmp_path, content), PIXELS)

    @pytest.mark.parametrize("lost", [1, 4, 11, 12, 14])
    def test_no_end(self, tmp_path: Path, lost: int) -> None:
        assert np.array_equal(shown(tmp_path, png()[:-lost]), PIXELS)

    def test_what_stands_behind_the_end(self, tmp_path: Path) -> None:
        assert np.array_equal(shown(tmp_path, png() + b"\0more" * 99), PIXELS)

    def test_sound_metadata_count(self, tmp_path: Path) -> None:
        exif = Image.Exif()
        exif[0x0112] = 6
        content = png(exif=exif.tobytes(), icc_profile=swapped_profile())
        damaged = after_header(chunk(b"pHYs", b"123456789", sound=False), content)

        assert np.array_equal(shown(tmp_path, damaged), shown(tmp_path, content))
        assert shown(tmp_path, damaged).shape == (64, 48, 3)

    def test_damaged_pixels_are_damage(self, tmp_path: Path) -> None:
        content = bytearray(png())
        content[content.index(b"IDAT") + 100] ^= 4

        error = failure(written(tmp_path / "a.png", bytes(content)))

        assert error.reason is Reason.CORRUPT
        assert "IDAT" in error.message

    def test_a_palette_is_needed_where_pixels_name_its_colours(self, tmp_path: Path) -> None:
        content = bytearray(encoded(Image.fromarray(PIXELS).quantize(20), "PNG"))
        content[content.index(b"PLTE") + 5] ^= 4

        assert failure(written(tmp_path / "a.png", bytes(content))).reason is Reason.CORRUPT

    def test_half_a_picture_is_none(self, tmp_path: Path) -> None:
        assert failure(written(tmp_path / "a.png", png()[:3000])).reason is Reason.TRUNCATED

    def test_what_no_reader_knows_is_unsupported(self, tmp_path: Path) -> None:
        for odd in (after_header(chunk(b"NEWS", b"x")), png()[:8] + chunk(b"CgBI", b"1234") + png()[8:]):
            assert failure(written(tmp_path / "a.png", odd)).reason is Reason.UNSUPPORTED
        damaged = after_header(chunk(b"NEWS", b"x", sound=False))
        assert failure(written(tmp_path / "a.png", damaged)).reason is Reason.CORRUPT


def webp(*metadata: tuple[bytes, bytes], profile: bytes | None = None) -> bytes:
    """An extended WebP with these chunks behind its pixels."""
    edges = b"".join((edge - 1).to_bytes(3, "little") for edge in PIXELS.shape[1::-1])
    chunks = [(b"VP8X", bytes([0x20 | 8 | 4, 0, 0, 0]) + edges)]
    chunks += [] if profile is None else [(b"ICCP", profile)]
    lossless = encoded(Image.fromarray(PIXELS), "WEBP", lossless=True)[12:]
    body = b"WEBP" + b"".join(map(riff, chunks)) + lossless + b"".join(map(riff, metadata))
    return b"RIFF" + struct.pack("<I", len(body)) + body


def riff(part: tuple[bytes, bytes]) -> bytes:
    name, data = part
    return name + struct.pack("<I", len(data)) + data + bytes(len(data) % 2)


class TestWebp:
    @pytest.mark.parametrize("name", [b"EXIF", b"XMP ", b"odd "])
    @pytest.mark.parametrize("data", [b"", b"junk", b"II*\0\xff\xff\xff\xff"])
    def test_a_fault_in_metadata_costs_no_pixel(self, tmp_path: Path, name: bytes, data: bytes) -> None:
        exif = (b"EXIF", b"")
        content = webp(exif, (name, data))
        for damaged in (content, content[:-2], webp(exif, (name, data), profile=b"junk")):
            assert np.array_equal(shown(tmp_path, damaged), PIXELS)

    def test_one_that_ends_within_its_exif_might_lie_on_its_side(self, tmp_path: Path) -> None:
        exif = Image.Exif()
        exif[0x0112] = 6
        content = webp((b"EXIF", exif.tobytes()[6:]))

        assert shown(tmp_path, content).shape == (64, 48, 3)
        assert failure(written(tmp_path / "a.webp", content[:-4])).reason is Reason.TRUNCATED

    @pytest.mark.parametrize("wrong", [-30, 30])
    def test_a_wrong_length_of_the_whole(self, tmp_path: Path, wrong: int) -> None:
        content = webp((b"EXIF", b"junk"))
        damaged = content[:4] + struct.pack("<I", len(content) - 8 + wrong) + content[8:]

        assert np.array_equal(shown(tmp_path, damaged), PIXELS)

    def test_half_a_picture_is_none(self, tmp_path: Path) -> None:
        assert failure(written(tmp_path / "a.webp", webp()[:2000])).reason is Reason.TRUNCATED


class TestJpeg:
    @pytest.mark.parametrize("marker", [*range(0xE0, 0xF0), 0xFE])
    def test_a_fault_in_metadata_costs_no_pixel(self, tmp_path: Path, marker: int) -> None:
        content = encoded(Image.fromarray(PIXELS), "JPEG")
        expected = shown(tmp_path, content)
        for start in (
            b"",
            b"JFIF\0",
            b"Exif\0\0",
            b"ICC_PROFILE\0",
            b"Photoshop 3.0\0008BIM",
            b"MPF\0MM",
            b"Adobe",
        ):
            for more in (b"", b"\1", b"\xff\0\xff"):
                odd = b"\xff" + bytes([marker]) + struct.pack(">H", len(start + more) + 2) + start + more
                assert np.array_equal(shown(tmp_path, content[:2] + odd + content[2:]), expected)


class TestAnimation:
    @pytest.mark.parametrize("name", ["PNG", "GIF", "WEBP", "AVIF"])
    def test_the_first_frame_that_shows_something(self, tmp_path: Path, name: str) -> None:
        image, other = Image.fromarray(PIXELS), Image.fromarray(PIXELS[::-1])
        black = Image.new("RGB", image.size)
        options = {"save_all": True, "append_images": [black.copy(), image, other]}

        pixels = shown(tmp_path, encoded(black, name, **options)).astype(int)

        assert np.abs(pixels - PIXELS).mean() < 30 < np.abs(pixels - PIXELS[::-1]).mean()

    @pytest.mark.parametrize("name", ["PNG", "WEBP"])
    def test_a_frame_that_is_transparent_shows_nothing(self, tmp_path: Path, name: str) -> None:
        image = Image.fromarray(PIXELS).convert("RGBA")
        clear = image.copy()
        clear.putalpha(0)
        options = {"save_all": True, "append_images": [image], "lossless": True}

        assert np.array_equal(shown(tmp_path, encoded(clear, name, **options)), PIXELS)

    def test_one_of_nothing_is_its_first_frame(self, tmp_path: Path) -> None:
        black, white = Image.new("RGB", (16, 16)), Image.new("RGB", (16, 16), "white")

        assert not shown(tmp_path, encoded(black, "PNG", save_all=True, append_images=[white])).any()

    def test_a_frame_that_reaches_beyond_the_first_is_cut_there(self, tmp_path: Path) -> None:
        content = bytearray(encoded(Image.new("L", (32, 32)), "GIF", save_all=True, append_images=[GREY]))
        descriptor = b",\0\0\0\0" + struct.pack("<2H", 32, 32)
        at = content.rindex(descriptor)
        content[at + 1 : at + 5] = struct.pack("<2H", 8, 4)

        pixels = shown(tmp_path, bytes(content))

        assert pixels.shape == (32, 32, 3)
        assert np.array_equal(pixels[4:, 8:, 0], np.asarray(GREY)[:-4, :-8])

    def test_a_picture_for_decoders_without_animation_is_no_frame(self, tmp_path: Path) -> None:
        options = {"save_all": True, "default_image": True, "append_images": [Image.fromarray(PIXELS)]}
        content = encoded(Image.fromarray(PIXELS[::-1]), "PNG", **options)

        assert np.array_equal(shown(tmp_path, content), PIXELS)

    def test_damage_in_an_animation_leaves_the_picture_before_it(self, tmp_path: Path) -> None:
        options = {"save_all": True, "append_images": [Image.fromarray(PIXELS[::-1])]}
        content = png(**options)
        for name, at in ((b"fcTL", 7), (b"acTL", 6), (b"fdAT", 40)):
            damaged = bytearray(content)
            damaged[damaged.index(name) + at] ^= 7
            assert np.array_equal(shown(tmp_path, bytes(damaged)), PIXELS)
        assert np.array_equal(shown(tmp_path, content[: content.index(b"fdAT") + 50]), PIXELS)

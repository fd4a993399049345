import os
import random
import struct
import subprocess
import sys
import textwrap
import zlib
from datetime import datetime
from pathlib import Path

import numpy as np
import pytest
from blake3 import blake3
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from pipeline.decoding.formats import Format
from pipeline.decoding.readers import format_of, skipped
from pipeline.errors import PhotoError
from pipeline.sources.photo_file_access import OpenPhoto
from pipeline.values import U8, PhotoFile, Reason, Size, Stage
from tests.pipeline.pictures import (
    CORNERS,
    corner_names,
    cuts,
    decoded,
    decoded_here,
    encoded,
    four_corners,
    noise,
    one_of_each,
    photo_file,
    written,
)

VARIETIES = one_of_each()

# Which side of the upright photo the first stored row and the first stored column show (EXIF 2.32, 4.6.4).
STORED_SIDES = {
    1: ("top", "left"),
    2: ("top", "right"),
    3: ("bottom", "right"),
    4: ("bottom", "left"),
    5: ("left", "top"),
    6: ("right", "top"),
    7: ("right", "bottom"),
    8: ("left", "bottom"),
}


def stored_as(upright: U8, orientation: int) -> U8:
    """The rows and columns that a camera stores for an upright photo."""
    rows, columns = STORED_SIDES[orientation]
    stored = upright if rows in ("top", "bottom") else upright.transpose(1, 0, 2)
    if rows in ("bottom", "right"):
        stored = stored[::-1]
    if columns in ("bottom", "right"):
        stored = stored[:, ::-1]
    return np.ascontiguousarray(stored)


def failure(file: PhotoFile, pixel_cap: int = 400_000_000) -> PhotoError:
    """Why the photo cannot be decoded."""
    with pytest.raises(PhotoError) as caught:
        decoded(file, None, pixel_cap)
    assert caught.value.file == file
    assert caught.value.message.isprintable()
    return caught.value


class TestOrientation:
    @pytest.mark.parametrize("orientation", range(1, 9))
    @pytest.mark.parametrize("name", ["JPEG", "PNG", "WEBP", "TIFF", "AVIF"])
    def test_photos_are_upright(self, tmp_path: Path, name: str, orientation: int) -> None:
        exif = Image.Exif()
        exif[0x0112] = orientation
        image = Image.fromarray(stored_as(four_corners(), orientation))
        file = written(tmp_path / "photo", encoded(image, name, exif=exif.tobytes()))

        for long_edge in (None, 20):
            photo = decoded(file, long_edge)
            assert corner_names(photo.pixels) == list(CORNERS)
            assert photo.size == Size(48, 32)

    @pytest.mark.parametrize("orientation", range(1, 9))
    def test_compressed_tiff(self, tmp_path: Path, orientation: int) -> None:
        image = Image.fromarray(stored_as(four_corners(), orientation))
        tags = {0x0112: orientation}
        content = encoded(image, "TIFF", compression="tiff_lzw", tiffinfo=tags)

        assert corner_names(decoded(written(tmp_path / "photo", content)).pixels) == list(CORNERS)

    def test_exif_that_stands_after_the_pixels_of_a_png(self, tmp_path: Path) -> None:
        exif = Image.Exif()
        exif[0x0112] = 6
        block = b"eXIf" + exif.tobytes()[6:]
        chunk = struct.pack(">I", len(block) - 4) + block + struct.pack(">I", zlib.crc32(block))
        plain = encoded(Image.fromarray(stored_as(four_corners(), 6)), "PNG")
        file = written(tmp_path / "a.png", plain[:-12] + chunk + plain[-12:])

        assert corner_names(decoded(file).pixels) == list(CORNERS)

    def test_broken_exif_fails_no_photo(self, tmp_path: Path) -> None:
        exif = Image.Exif()
        exif[0x010F], exif[0x0110], exif[0x0132] = "camera" * 9, "model" * 9, "2021:06:05 12:00:30"
        block = exif.tobytes()
        for at in range(6, len(block), 7):
            content = encoded(Image.fromarray(four_corners()), "JPEG", exif=block[:at])
            assert corner_names(decoded(written(tmp_path / "a.jpg", content)).pixels) == list(CORNERS)


class TestScale:
    @pytest.mark.parametrize("name", ["JPEG", "PNG"])
    @pytest.mark.parametrize(
        ("long_edge", "scale"),
        [
            (None, 1),
            (999, 1),
            (401, 1),
            (201, 1),
            (200, 0.5),
            (101, 0.5),
            (100, 0.25),
            (50, 0.125),
            (1, 0.125),
        ],
    )
    def test_the_smallest_that_is_large_enough(
        self, tmp_path: Path, name: str, long_edge: int | None, scale: float
    ) -> None:
        file = written(tmp_path / "photo", encoded(Image.fromarray(noise(400, 240)), name))

        photo = decoded(file, long_edge)

        assert photo.scale == scale
        assert photo.pixels.shape == (240 * scale, 400 * scale, 3)
        assert photo.size == Size(400, 240)

    @settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
    @given(st.integers(1, 90), st.integers(1, 90), st.integers(1, 90), st.sampled_from(["JPEG", "PNG"]))
    def test_any_size(self, tmp_path: Path, width: int, height: int, long_edge: int, name: str) -> None:
        file = written(tmp_path / "photo", encoded(Image.fromarray(noise(width, height)), name))

        photo = decoded(file, long_edge)

        by = round(1 / photo.scale)
        assert photo.pixels.shape == (-(-height // by), -(-width // by), 3)
        assert photo.pixels.dtype == np.uint8
        assert photo.pixels.flags.c_contiguous
        assert max(photo.pixels.shape) >= min(long_edge, max(width, height))

    def test_one_open_photo_serves_several_sizes(self, tmp_path: Path) -> None:
        for content in VARIETIES.values():
            file = written(tmp_path / "photo", content)
            with OpenPhoto(file) as photo:
                small, full, again = (decoded_here(photo, edge) for edge in (16, None, 16))

            assert (small.scale, full.scale) == (0.25, 1)
            assert np.array_equal(small.pixels, again.pixels)
            assert np.array_equal(full.pixels, decoded(file).pixels)

    def test_scaled_down_it_still_is_the_same_photo(self, hopper: Path) -> None:
        full = decoded(photo_file(hopper))
        half = decoded(photo_file(hopper), 300)

        by_eye = np.asarray(Image.fromarray(full.pixels).reduce(2)).astype(int)
        assert half.scale == 0.5
        assert np.abs(half.pixels - by_eye).mean() < 3


class TestContent:
    def test_a_real_photo(self, hopper: Path) -> None:
        photo = decoded(photo_file(hopper))

        with Image.open(hopper) as image:
            assert np.array_equal(photo.pixels, np.asarray(image.convert("RGB")))
        assert photo.digest == blake3(hopper.read_bytes()).digest()

    @pytest.mark.parametrize("variety", VARIETIES)
    def test_every_format_shows_the_first_frame(self, tmp_path: Path, variety: str) -> None:
        photo = decoded(written(tmp_path / "photo", VARIETIES[variety]))

        assert {photo.size.width, photo.size.height} == {64, 48}
        assert (photo.size.height, photo.size.width, 3) == photo.pixels.shape
        if "animated" in variety:
            expected = noise(64, 48).astype(int)
            assert np.abs(photo.pixels - expected).mean() < np.abs(photo.pixels - expected[::-1, ::-1]).mean()

    def test_a_jpeg_with_a_second_picture_in_it(self, tmp_path: Path) -> None:
        first, second = Image.fromarray(four_corners(400, 240)), Image.new("RGB", (400, 240))
        content = encoded(first, "MPO", save_all=True, append_images=[second])

        photo = decoded(written(tmp_path / "a.jpg", content), 100)

        assert photo.scale == 0.25
        assert corner_names(photo.pixels) == list(CORNERS)

    def test_the_content_decides_and_not_the_name(self, tmp_path: Path) -> None:
        for name in ("notes.txt", "wrong.png", "IMG.NEF"):
            file = written(tmp_path / name, VARIETIES["jpeg"])
            with OpenPhoto(file) as photo:
                assert format_of(photo) is Format.JPEG
                assert skipped(photo) is None
            assert decoded(file).scale == 1

    def test_names_need_not_be_utf8(self, tmp_path: Path) -> None:
        name = os.path.join(os.fsencode(tmp_path), b"caf\xe9\n.jpg")
        Path(os.fsdecode(name)).write_bytes(VARIETIES["jpeg"])

        assert decoded(photo_file(name)).file.path == name

    def test_taken_at(self, tmp_path: Path) -> None:
        for variety in ("jpeg", "png", "webp", "avif"):
            photo = decoded(written(tmp_path / "photo", VARIETIES[variety]))
            assert photo.taken_at == datetime(2020, 1, 2, 3, 4, 5)

    def test_taken_at_of_a_tiff(self, tmp_path: Path) -> None:
        image = Image.fromarray(four_corners())
        for compression in ("raw", "tiff_lzw"):
            content = encoded(
                image, "TIFF", compression=compression, tiffinfo={0x0132: "2020:01:02 03:04:05"}
            )
            assert decoded(written(tmp_path / "a.tif", content)).taken_at == datetime(2020, 1, 2, 3, 4, 5)


class TestWhatIsNoPhoto:
    def test_an_empty_file(self, tmp_path: Path) -> None:
        error = failure(written(tmp_path / "a.jpg", b""))

        assert (error.stage, error.reason) == (Stage.DECODE, Reason.EMPTY)

    @pytest.mark.parametrize(
        ("content", "words"),
        [
            (b"not a picture", "it is a text"),
            (b"\xef\xbb\xbf\n<!DOCTYPE html><title>404</title>", "it is a web page"),
            (b"<HTML><body>Sign in", "it is a web page"),
            (b"\x00\x05\x16\x07\x00\x02\x00\x00Mac OS X        " + bytes(90), "macOS"),
            (bytes(4096), "nothing but zeros"),
            (b"%PDF-1.7\n%\xe2\xe3", "(PDF)"),
            (b"PK\x03\x04\x14\x00", "(archive)"),
            (b"ID3\x04\x00", "(sound file)"),
            (bytes(range(256)), "its content is not"),
        ],
    )
    def test_something_else_with_the_name_of_a_picture(
        self, tmp_path: Path, content: bytes, words: str
    ) -> None:
        error = failure(written(tmp_path / "a.jpg", content))

        assert (error.stage, error.reason) == (Stage.DECODE, Reason.NOT_AN_IMAGE)
        assert words in error.message

    def test_a_text(self, tmp_path: Path) -> None:
        with OpenPhoto(written(tmp_path / "a.txt", b"BMW")) as photo:
            assert skipped(photo) is not None

    def test_a_format_without_a_reader_is_named(self, tmp_path: Path) -> None:
        error = failure(written(tmp_path / "a.psd", b"8BPS\x00\x01" + bytes(99)))

        assert (error.stage, error.reason) == (Stage.DECODE, Reason.UNSUPPORTED)
        assert error.message == "it holds no picture of a supported format: Photoshop"

    def test_camera_raw_is_not_taken_for_its_thumbnail(self, tmp_path: Path) -> None:
        with_raw_pixels = {254: 1, 330: 8}  # a preview, and another directory
        thumbnail = encoded(Image.new("RGB", (160, 120)), "TIFF", tiffinfo=with_raw_pixels)

        with OpenPhoto(written(tmp_path / "a.nef", thumbnail)) as photo:
            assert format_of(photo) is Format.RAW
        assert failure(written(tmp_path / "a.nef", thumbnail)).reason is Reason.UNSUPPORTED
        assert failure(written(tmp_path / "a.tif", thumbnail)).reason is Reason.UNSUPPORTED

    @pytest.mark.parametrize(
        ("marker", "bits", "word"),
        [
            (0xC1, 12, "12-bit"),
            (0xC2, 12, "12-bit"),
            (0xC3, 16, "16-bit"),
            (0xC5, 8, "hierarchical"),
            (0xC7, 8, "hierarchical"),
            (0xCB, 8, "lossless arithmetic"),
            (0xCD, 8, "hierarchical"),
            (0xF7, 8, "JPEG-LS"),
        ],
    )
    def test_a_jpeg_of_a_kind_that_is_not_read(
        self, tmp_path: Path, marker: int, bits: int, word: str
    ) -> None:
        content = bytearray(VARIETIES["jpeg"])
        start = content.index(b"\xff\xc0")
        content[start + 1], content[start + 4] = marker, bits

        error = failure(written(tmp_path / "a.jpg", bytes(content)))

        assert error.reason is Reason.UNSUPPORTED
        assert word in error.message
        assert "copy" not in error.message

    def test_a_jpeg_whose_height_stands_behind_its_pixels(self, tmp_path: Path) -> None:
        content = bytearray(VARIETIES["jpeg"])
        start = content.index(b"\xff\xc0")
        content[start + 5 : start + 7] = bytes(2)

        assert failure(written(tmp_path / "a.jpg", bytes(content))).reason is Reason.UNSUPPORTED


class TestDamage:
    @pytest.mark.parametrize("variety", VARIETIES)
    def test_a_photo_that_is_cut_short_is_never_half_read(self, tmp_path: Path, variety: str) -> None:
        content = VARIETIES[variety]
        whole = decoded(written(tmp_path / "photo", content)).pixels
        reasons = set()
        for length in cuts(content):
            file = written(tmp_path / "photo.jpg", content[:length])
            try:
                photo = decoded(file)
                if photo.missing is not None:
                    assert variety.startswith("jpeg")  # see test_cut_jpeg
                    continue
                assert np.array_equal(photo.pixels, whole)
                # The end of a PNG is no part of its picture, nor what follows an animation's first frame.
                end = 12 if variety.startswith("png") else 1
                assert length >= len(content) - end or "animated" in variety or variety == "gif"
            except PhotoError as error:
                reasons.add(error.reason)

        # libtiff does not say what is missing when a TIFF is cut within its directory.
        assert reasons - ({Reason.CORRUPT} if variety.startswith("tiff") else set()) == {Reason.TRUNCATED}

    def test_a_compressed_tiff_that_is_cut_short_behind_its_header(self, tmp_path: Path) -> None:
        # Fax data has no end of its own: the decoder would fill in white.
        bits = np.packbits(noise(64, 48)[..., 0] > 120, axis=1).tobytes()
        entries = [
            (256, 64),
            (257, 48),
            (258, 1),
            (259, 2),
            (262, 0),
            (273, 200),
            (278, 48),
            (279, len(bits)),
        ]
        header = b"II\x2a\x00" + struct.pack("<IH", 8, len(entries))
        header += b"".join(struct.pack("<HHII", tag, 4, 1, value) for tag, value in entries) + bytes(4)
        content = header.ljust(200, b"\0") + bits

        assert failure(written(tmp_path / "a.tif", content[:-40])).reason is Reason.TRUNCATED

    @pytest.mark.parametrize(("variety", "reason"), [("jpeg", Reason.TRUNCATED), ("png", Reason.CORRUPT)])
    def test_a_copy_that_broke_off_and_left_zeros(self, tmp_path: Path, variety: str, reason: Reason) -> None:
        content = VARIETIES[variety]
        zeros = len(content) * 3 // 4

        assert failure(written(tmp_path / "photo", content[:-zeros] + bytes(zeros))).reason is reason

    @pytest.mark.parametrize("variety", VARIETIES)
    def test_damaged_bits_never_raise_anything_else(self, tmp_path: Path, variety: str) -> None:
        chance = random.Random(variety)  # noqa: S311
        for _ in range(200):
            content = bytearray(VARIETIES[variety])
            reach = chance.choice([200, len(content)])
            for _ in range(chance.randint(1, 5)):
                content[chance.randrange(12, min(reach, len(content)))] ^= 1 << chance.randrange(8)
            try:
                decoded(written(tmp_path / "a.jpg", bytes(content)), None, 1_000_000)
            except PhotoError as error:
                assert error.stage is Stage.DECODE  # noqa: PT017

    @settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
    @given(st.sampled_from(sorted(VARIETIES)), st.integers(12, 64), st.binary(max_size=200))
    def test_any_bytes_after_a_valid_start(
        self, tmp_path: Path, variety: str, keep: int, rest: bytes
    ) -> None:
        file = written(tmp_path / "a.jpg", VARIETIES[variety][:keep] + rest)

        assert failure(file, 1_000_000).stage is Stage.DECODE

    def test_odd_files_are_read_without_a_word(self, tmp_path: Path) -> None:
        exif = Image.Exif()
        exif[0x010F] = "camera" * 9
        image = Image.fromarray(four_corners())
        warned, logged = tmp_path / "a.jpg", tmp_path / "b.tif"
        warned.write_bytes(encoded(image, "JPEG", exif=exif.tobytes()[:-20]))
        samples = struct.pack("<HHII", 277, 3, 1, 3)
        logged.write_bytes(encoded(image, "TIFF").replace(samples, struct.pack("<HHII", 277, 3, 1, 999)))
        with pytest.warns(UserWarning, match="Truncated"), Image.open(warned) as odd:
            odd.getexif()
        assert "samples per pixel" in failure(photo_file(logged)).message

        script = """
            import pathlib, sys
            from pipeline.errors import PhotoError
            from tests.pipeline.pictures import decoded, photo_file
            for path in map(pathlib.Path, sys.argv[1:]):
                try:
                    decoded(photo_file(path))
                except PhotoError as error:
                    print(error.reason)
        """
        run = subprocess.run(
            [sys.executable, "-W", "error", "-c", textwrap.dedent(script), warned, logged],
            cwd=Path(__file__).parents[3],
            capture_output=True,
            check=False,
        )

        assert (run.returncode, run.stdout, run.stderr) == (0, b"corrupt\n", b"")


class TestPixelCap:
    @pytest.mark.parametrize("variety", ["jpeg", "png", "webp", "tiff", "tiff lzw", "bmp", "gif", "avif"])
    def test_more_pixels_than_the_cap_fail(self, tmp_path: Path, variety: str) -> None:
        file = written(tmp_path / "photo", VARIETIES[variety])

        assert decoded(file, None, 64 * 48).scale == 1
        error = failure(file, 64 * 48 - 1)
        assert (error.stage, error.reason) == (Stage.DECODE, Reason.TOO_LARGE)

    def test_it_is_checked_before_pixels_are_decoded(self, tmp_path: Path) -> None:
        content = VARIETIES["png"]
        size = b"IHDR" + struct.pack(">II", 200_000, 200_000) + content[24:29]
        bomb = content[:12] + size + struct.pack(">I", zlib.crc32(size)) + content[33:]

        error = failure(written(tmp_path / "a.png", bomb))  # 120 GB of pixels

        assert error.reason is Reason.TOO_LARGE
        assert "200000 x 200000" in error.message

    def test_below_it_pillow_has_no_say(self, tmp_path: Path) -> None:
        image = Image.new("1", (14_000, 13_000))  # more than Pillow's own limit of 179 million

        assert decoded(written(tmp_path / "a.png", encoded(image, "PNG")), 1600).scale == 0.125


class TestReading:
    def test_a_file_that_vanished(self, tmp_path: Path) -> None:
        file = written(tmp_path / "a.jpg", VARIETIES["jpeg"])
        (tmp_path / "a.jpg").unlink()

        error = failure(file)

        assert (error.stage, error.reason) == (Stage.READ, Reason.VANISHED)

    def test_once_it_is_open_it_may_vanish(self, tmp_path: Path) -> None:
        with OpenPhoto(written(tmp_path / "a.jpg", VARIETIES["jpeg"])) as photo:
            (tmp_path / "a.jpg").unlink()
            assert decoded_here(photo, None).scale == 1

    @pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
    def test_permission_denied(self, tmp_path: Path) -> None:
        file = written(tmp_path / "a.jpg", VARIETIES["jpeg"])
        (tmp_path / "a.jpg").chmod(0)

        error = failure(file)

        assert (error.stage, error.reason) == (Stage.READ, Reason.UNREADABLE)
        assert "permission" in error.message

    def test_a_pipe_in_its_place_is_not_waited_for(self, tmp_path: Path) -> None:
        file = written(tmp_path / "a.jpg", VARIETIES["jpeg"])
        (tmp_path / "a.jpg").unlink()
        os.mkfifo(tmp_path / "a.jpg")

        assert failure(file).reason is Reason.UNREADABLE

    def test_a_folder_in_its_place(self, tmp_path: Path) -> None:
        assert failure(PhotoFile(os.fsencode(tmp_path), 1, 1)).reason is Reason.UNREADABLE

    def test_changed_since_the_crawl(self, tmp_path: Path) -> None:
        file = written(tmp_path / "a.jpg", VARIETIES["jpeg"])
        os.utime(tmp_path / "a.jpg", ns=(1, 1))

        error = failure(file)

        assert (error.stage, error.reason) == (Stage.READ, Reason.CHANGED)

    @pytest.mark.parametrize("cut", [100, 5000])
    def test_changed_between_digest_and_decode(self, tmp_path: Path, cut: int) -> None:
        """A file that is still being written is not a damaged one."""
        content = encoded(Image.fromarray(noise(400, 240)), "JPEG")
        file = written(tmp_path / "a.jpg", content[:-cut])
        with OpenPhoto(file) as photo:
            photo.digest()
            with (tmp_path / "a.jpg").open("ab") as stream:
                stream.write(content[-cut:])
            with pytest.raises(PhotoError) as caught:
                decoded_here(photo, None)
        assert caught.value.reason is Reason.CHANGED

    def test_a_whole_one_that_changes_after_it_was_read(self, tmp_path: Path) -> None:
        with OpenPhoto(written(tmp_path / "a.jpg", VARIETIES["jpeg"])) as photo:
            photo.digest()
            with (tmp_path / "a.jpg").open("ab") as stream:
                stream.write(b"more")
            assert decoded_here(photo, None).scale == 1

"""JPEG XL and JPEG 2000: what was encoded is shown, upright; what is not all there is told."""

import random
import struct
from datetime import datetime
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import Any

import imagecodecs
import numpy as np
import pytest
import skimage.data
from numpy.typing import NDArray
from PIL import Image

from pipeline.decoding.decoders import Decoders
from pipeline.errors import PhotoError
from pipeline.sources.photo_file_access import OpenPhoto
from pipeline.values import U8, Reason, Size
from tests.pipeline.decoding.test_decode import failure, stored_as
from tests.pipeline.pictures import CORNERS, corner_names, decoded, encoded, four_corners, noise, written

FACE: U8 = skimage.data.astronaut()[40:200, 150:290]
GREY: U8 = np.asarray(Image.fromarray(FACE).convert("L"))


def jxl(samples: NDArray[Any], **options: Any) -> bytes:
    return bytes(imagecodecs.jpegxl_encode(samples, effort=1, **{"lossless": True, **options}))


def jp2(samples: NDArray[Any], **options: Any) -> bytes:
    return bytes(imagecodecs.jpeg2k_encode(samples, level=0, **options))


def difference(folder: Path, content: bytes, truth: NDArray[Any], long_edge: int | None = None) -> float:
    pixels = decoded(written(folder / "photo", content), long_edge).pixels
    truth = truth if truth.ndim == 3 else truth[..., None]
    assert pixels.shape[:2] == truth.shape[:2]
    return float(np.abs(pixels.astype(int) - truth).mean())


def boxed(*boxes: tuple[bytes, bytes]) -> bytes:
    """A container of JPEG XL (ISO/IEC 18181-2) with these boxes."""
    head = [(b"JXL ", b"\r\n\x87\n"), (b"ftyp", b"jxl \0\0\0\0jxl ")]
    return b"".join(struct.pack(">I", 8 + len(data)) + name + data for name, data in [*head, *boxes])


def exif(orientation: int) -> bytes:
    block = Image.Exif()
    block[0x0112], block[0x0132] = orientation, "2020:01:02 03:04:05"
    return block.tobytes().removeprefix(b"Exif\0\0")


class TestJpegXl:
    @pytest.mark.parametrize("kind", ["u1", "u2", "f4"])
    @pytest.mark.parametrize("colour", ["grey", "rgb", "alpha"])
    @pytest.mark.parametrize("options", [{"lossless": True}, {"lossless": False, "level": 95}])
    def test_every_type(self, tmp_path: Path, kind: str, colour: str, options: dict[str, Any]) -> None:
        truth = GREY if colour == "grey" else FACE
        pixels = np.dstack([FACE, np.full_like(GREY, 255)]) if colour == "alpha" else truth
        samples = pixels / 255 if kind == "f4" else pixels.astype("u4") * (257 if kind == "u2" else 1)
        content = jxl(
            samples.astype(kind), photometric="minisblack" if colour == "grey" else "rgb", **options
        )

        assert difference(tmp_path, content, truth) < 3

    @pytest.mark.parametrize(
        "size",
        [(8, 8), (9, 13), (256, 256), (300, 400), (400, 300), (257, 1), (1, 700), (160, 90), (600, 512)],
    )
    def test_every_way_to_state_a_size(self, tmp_path: Path, size: tuple[int, int]) -> None:
        """Ratios of edges, multiples of 8 and numbers of any length have their own codes."""
        width, height = size
        pixels = noise(width, height)

        photo = decoded(written(tmp_path / "a.jxl", jxl(pixels)))

        assert photo.size == Size(width, height)
        assert np.array_equal(photo.pixels, pixels)

    def test_it_is_scaled_down(self, tmp_path: Path) -> None:
        half = np.asarray(Image.fromarray(FACE).reduce(2))

        assert difference(tmp_path, jxl(FACE), half, 80) < 1

    @pytest.mark.parametrize("orientation", range(1, 9))
    def test_a_jpeg_in_it_is_turned_once(self, tmp_path: Path, orientation: int) -> None:
        """The orientation stands in the codestream, and again in EXIF."""
        image = Image.fromarray(stored_as(four_corners(64, 48), orientation))
        content = imagecodecs.jpegxl_encode_jpeg(encoded(image, "JPEG", exif=b"Exif\0\0" + exif(orientation)))
        for long_edge in (None, 30):
            photo = decoded(written(tmp_path / "a.jxl", bytes(content)), long_edge)
            assert corner_names(photo.pixels) == list(CORNERS)
            assert photo.size == Size(64, 48)
            assert photo.taken_at == datetime(2020, 1, 2, 3, 4, 5)

    @pytest.mark.parametrize("packed", [False, True])
    @pytest.mark.parametrize("parts", [1, 3])
    def test_a_container(self, tmp_path: Path, packed: bool, parts: int) -> None:
        """The codestream may be cut anywhere, and EXIF be compressed; its orientation does not count."""
        stream, block = jxl(FACE), b"\0\0\0\0" + exif(6)
        cuts = [0, 3, 40, len(stream)][: parts + 1] if parts > 1 else [0, len(stream)]
        pieces = [stream[start:end] for start, end in pairwise(cuts)]
        codestream = [(b"jxlc", stream)]
        if parts > 1:
            last = len(pieces) - 1
            codestream = [
                (b"jxlp", struct.pack(">I", at | (0x80000000 if at == last else 0)) + piece)
                for at, piece in enumerate(pieces)
            ]
        metadata = (b"Exif", block)
        if packed:
            metadata = (b"brob", b"Exif" + bytes(imagecodecs.brotli_encode(block)))
        for boxes in ([metadata, *codestream], [*codestream, metadata]):
            photo = decoded(written(tmp_path / "a.jxl", boxed(*boxes)))
            assert np.array_equal(photo.pixels, FACE)
            assert photo.taken_at == datetime(2020, 1, 2, 3, 4, 5)

    @pytest.mark.parametrize(
        "block", [(b"Exif", b""), (b"Exif", b"junk"), (b"brob", b"Exifjunk"), (b"xml ", b"<x")]
    )
    def test_a_fault_in_metadata_costs_no_pixel(self, tmp_path: Path, block: tuple[bytes, bytes]) -> None:
        assert difference(tmp_path, boxed(block, (b"jxlc", jxl(FACE))), FACE) == 0

    def test_of_an_animation_the_first_frame_that_shows_something(self, tmp_path: Path) -> None:
        frames = np.stack([np.zeros_like(FACE), FACE, FACE[::-1]])

        assert difference(tmp_path, jxl(frames, photometric="rgb"), FACE) == 0
        assert difference(tmp_path, jxl(frames[1:], photometric="rgb"), FACE) == 0

    @pytest.mark.parametrize("lossless", [False, True])
    def test_a_file_that_ends_early(self, tmp_path: Path, lossless: bool) -> None:
        plain = jxl(FACE, lossless=lossless, level=None if lossless else 90)
        for content in (plain, boxed((b"jxlc", plain))):
            for share in (0.1, 0.5, 0.9, 0.999):
                error = failure(written(tmp_path / "a.jxl", content[: int(len(content) * share)]))
                assert error.reason is Reason.TRUNCATED

    def test_damage_has_one_outcome(self, tmp_path: Path) -> None:
        outcomes_of_damage(
            tmp_path / "a.jxl", [jxl(FACE, lossless=False, level=90), boxed((b"jxlc", jxl(FACE)))]
        )


class TestJpeg2000:
    @pytest.mark.parametrize("container", ["jp2", "j2k"])
    @pytest.mark.parametrize("bits", [8, 12, 16])
    @pytest.mark.parametrize("colour", ["grey", "rgb"])
    def test_every_depth(self, tmp_path: Path, container: str, bits: int, colour: str) -> None:
        truth = GREY if colour == "grey" else FACE
        samples = truth if bits == 8 else np.rint(truth / 255 * ((1 << bits) - 1)).astype(np.uint16)
        content = jp2(samples, codecformat=container, bitspersample=bits)

        assert difference(tmp_path, content, truth) < 2

    @pytest.mark.parametrize("mode", ["L", "LA", "RGB", "RGBA", "YCbCr"])
    @pytest.mark.parametrize("tiles", [None, (64, 64)])
    def test_every_mode(self, tmp_path: Path, mode: str, tiles: tuple[int, int] | None) -> None:
        image = Image.fromarray(FACE).convert(mode)
        content = encoded(image, "JPEG2000", tile_size=tiles)

        assert difference(tmp_path, content, np.asarray(image.convert("RGB"))) < 2

    @pytest.mark.parametrize("layout", ["yuv420p", "yuv422p", "yuv444p"])
    def test_chroma_of_lower_resolution(self, tmp_path: Path, layout: str) -> None:
        av = pytest.importorskip("av")
        encoder = av.CodecContext.create("jpeg2000", "w")
        encoder.height, encoder.width = FACE.shape[:2]
        encoder.pix_fmt, encoder.time_base = layout, Fraction(1, 25)
        frame = av.VideoFrame.from_ndarray(FACE, format="rgb24").reformat(format=layout)
        content = b"".join(map(bytes, [*encoder.encode(frame), *encoder.encode(None)]))

        assert difference(tmp_path, content, FACE) < 12

    @pytest.mark.parametrize("steps", [b"\2\1", b"\1\1\2\1\1\2", b"\1\1\2\2\2\2\1\1"])
    def test_other_channels_of_lower_resolution_are_unsupported(self, tmp_path: Path, steps: bytes) -> None:
        shape = (64, 64, len(steps) // 2) if len(steps) > 2 else (64, 64)
        content = bytearray(jp2(np.zeros(shape, np.uint8), codecformat="j2k"))
        for number, step in enumerate(steps):
            content[43 + number // 2 * 3 + number % 2] = step

        assert failure(written(tmp_path / "a.j2k", bytes(content))).reason is Reason.UNSUPPORTED

    def test_lossy_and_scaled(self, tmp_path: Path) -> None:
        options = {"irreversible": True, "quality_mode": "rates", "quality_layers": [10]}
        content = encoded(Image.fromarray(FACE), "JPEG2000", **options)

        assert difference(tmp_path, content, np.asarray(Image.fromarray(FACE).reduce(2)), 80) < 3

    @pytest.mark.parametrize("container", ["jp2", "j2k"])
    def test_a_file_that_ends_early(self, tmp_path: Path, container: str) -> None:
        content = jp2(FACE, codecformat=container)
        for length in (len(content) // 10, len(content) // 2, len(content) - 40, len(content) - 2):
            assert failure(written(tmp_path / "a.jp2", content[:length])).reason is Reason.TRUNCATED

    def test_damage_has_one_outcome(self, tmp_path: Path) -> None:
        outcomes_of_damage(tmp_path / "a.jp2", [jp2(FACE, codecformat="jp2"), jp2(FACE, codecformat="j2k")])


def outcomes_of_damage(path: Path, contents: list[bytes]) -> None:
    """Damage files in a hundred places; whatever is in them, no reader process dies of it."""
    chance = random.Random(7)  # noqa: S311
    with Decoders() as decoders, decoders.lend() as decoder:
        for number in range(100):
            damaged = bytearray(contents[number % len(contents)])
            reach = chance.choice((60, len(damaged)))
            for _ in range(chance.choice((1, 3))):
                damaged[chance.randrange(12, reach)] ^= 1 << chance.randrange(8)
            with OpenPhoto(written(path, bytes(damaged))) as photo:
                try:
                    decoder.decode(photo, None)
                except PhotoError as error:
                    gentle = (Reason.CORRUPT, Reason.TRUNCATED, Reason.UNSUPPORTED, Reason.TOO_LARGE)
                    assert error.reason in gentle  # noqa: PT017

"""TIFFs of every kind show what was stored, whoever decodes them; what cannot be read right is refused.

The truth is the array that tifffile wrote, or one packed here by hand.
"""

import io
import struct
from collections.abc import Callable
from itertools import product
from pathlib import Path
from typing import Any

import imagecodecs
import numpy as np
import pytest
import skimage.color
import skimage.data
import tifffile
from numpy.typing import NDArray
from PIL import Image

from pipeline.decoding.decoders import Decoder, Decoders
from pipeline.errors import PhotoError
from pipeline.sources.photo_file_access import OpenPhoto
from pipeline.values import U8, PhotoFile, PhotoIndexed, Reason, Size
from tests.pipeline.decoding.test_decode import failure, stored_as
from tests.pipeline.fakes import FakeDetector, run, runner
from tests.pipeline.pictures import CORNERS, corner_names, decoded, four_corners, swapped_profile, written

FACE: U8 = skimage.data.astronaut()[40:200, 150:290]
"""A photograph of a face, 140 x 160 pixels."""
GREY: U8 = np.asarray(Image.fromarray(FACE).convert("L"))

ENCODERS: dict[int, Callable[[bytes], bytes | bytearray]] = {
    1: bytes,
    5: imagecodecs.lzw_encode,
    8: imagecodecs.zlib_encode,
}
"""By the number that a TIFF gives them."""

CLOSE = 2.0
"""Mean difference in steps of 8 bits of what is stored without loss."""


def tiff(samples: NDArray[Any], **options: Any) -> bytes:
    stream = io.BytesIO()
    tifffile.imwrite(stream, samples, metadata=None, **options)
    return stream.getvalue()


def difference(folder: Path, content: bytes, truth: NDArray[Any]) -> float:
    pixels = decoded(written(folder / "a.tif", content)).pixels
    truth = truth if truth.ndim == 3 else truth[..., None]
    assert pixels.shape[:2] == truth.shape[:2]
    return float(np.abs(pixels.astype(int) - truth).mean())


def stretched(pixels: U8, kind: str) -> NDArray[Any]:
    """Pixels of 8 bits as samples of another type, with black at 0."""
    dtype = np.dtype(kind)
    if dtype.kind == "f":
        return (pixels / 255).astype(dtype)
    return (pixels.astype(np.float64) / 255 * np.iinfo(dtype).max).astype(dtype)


KINDS = ("u1", "u2", "u4", "i1", "i2", "i4", "f2", "f4", "f8")


class TestSamples:
    @pytest.mark.parametrize("kind", KINDS)
    @pytest.mark.parametrize("colour", ["black is zero", "white is zero", "rgb", "planar", "alpha"])
    def test_every_type_in_every_container(self, tmp_path: Path, kind: str, colour: str) -> None:
        pixels = FACE if colour in ("rgb", "planar", "alpha") else GREY
        samples = stretched(pixels, kind)
        options: dict[str, Any] = {"photometric": "rgb" if samples.ndim == 3 else "minisblack"}
        if colour == "white is zero":
            if kind[0] != "u":
                pytest.skip("no program inverts these")
            samples, options["photometric"] = np.iinfo(samples.dtype).max - samples, "miniswhite"
        if colour == "alpha":
            opaque = np.full_like(samples[..., :1], 1 if kind[0] == "f" else np.iinfo(samples.dtype).max)
            samples, options["extrasamples"] = np.concatenate([samples, opaque], -1), ["unassalpha"]
        if colour == "planar":
            samples, options["planarconfig"] = np.moveaxis(samples, -1, 0), "separate"
        containers = [("<", False, None, None), (">", True, "lzw", (32, 32)), (">", False, None, (64, 48))]
        for order, big, compression, tile in [*containers, ("<", True, "adobe_deflate", None)]:
            content = tiff(
                samples, byteorder=order, bigtiff=big, compression=compression, tile=tile, **options
            )
            assert difference(tmp_path, content, pixels) < CLOSE

    @pytest.mark.parametrize("bits", [1, 2, 4, 6, 10, 12, 14, 20, 24])
    @pytest.mark.parametrize("compression", [1, 5, 8])
    def test_samples_that_are_no_whole_bytes(self, tmp_path: Path, bits: int, compression: int) -> None:
        highest = (1 << bits) - 1
        levels = np.rint(GREY / 255 * highest).astype(np.uint32)
        for order, inverted in product("<>", (False, True)):
            content = packed(highest - levels if inverted else levels, bits, compression, order, inverted)
            assert difference(tmp_path, content, levels / highest * 255) < CLOSE

    @pytest.mark.parametrize("kind", ["i1", "i2", "i4"])
    def test_black_below_zero(self, tmp_path: Path, kind: str) -> None:
        depth = np.iinfo(kind).bits
        samples = ((GREY.astype(np.int64) - 128) << (depth - 8)).astype(kind)

        assert difference(tmp_path, tiff(samples, photometric="minisblack"), GREY) < 5

    def test_floats_beyond_white(self, tmp_path: Path) -> None:
        """A few glints that are brighter than white do not make the rest dark."""
        samples = (FACE / 255).astype(np.float32)
        samples[0, :20] = 40
        pixels = decoded(written(tmp_path / "a.tif", tiff(samples, photometric="rgb"))).pixels

        assert np.abs(pixels[1:].astype(int) - FACE[1:]).mean() < CLOSE

    def test_floats_that_are_no_numbers(self, tmp_path: Path) -> None:
        samples = (GREY / 255).astype(np.float32)
        samples[:2], samples[2] = np.nan, np.inf
        pixels = decoded(written(tmp_path / "a.tif", tiff(samples, photometric="minisblack"))).pixels

        assert np.abs(pixels[3:, :, 0].astype(int) - GREY[3:]).mean() < CLOSE

    @pytest.mark.parametrize("kind", ["u1", "u2", "u4", "f4"])
    @pytest.mark.parametrize("multiplied", [False, True])
    @pytest.mark.parametrize("layout", ["contig", "separate"])
    def test_half_transparent_over_white(
        self, tmp_path: Path, kind: str, multiplied: bool, layout: str
    ) -> None:
        alpha = np.full_like(GREY, 128)
        colour = np.rint(FACE * (128 / 255)).astype(np.uint8) if multiplied else FACE
        samples = stretched(np.dstack([colour, alpha]), kind)
        extra = "assocalpha" if multiplied else "unassalpha"
        samples = np.moveaxis(samples, -1, 0) if layout == "separate" else samples
        content = tiff(samples, photometric="rgb", extrasamples=[extra], planarconfig=layout)

        assert difference(tmp_path, content, FACE * (128 / 255) + 127) < 3

    def test_a_half_transparent_palette(self, tmp_path: Path) -> None:
        levels = tuple(range(0, 65536, 257))
        content = tiff(
            np.dstack([GREY, np.full_like(GREY, 128)]),
            photometric="minisblack",
            planarconfig="contig",
            extrasamples=["unassalpha"],
            extratags=[(320, 3, 768, levels * 3, True)],
        )
        grey, palette = (struct.pack("<HHII", 262, 3, 1, kind) for kind in (1, 3))
        assert grey in content
        content = content.replace(grey, palette)

        assert difference(tmp_path, content, GREY * (128 / 255) + 127) < 3

    @pytest.mark.parametrize("kind", ["u1", "u2"])
    def test_samples_of_unknown_meaning_are_left_out(self, tmp_path: Path, kind: str) -> None:
        samples = stretched(np.dstack([FACE, GREY, GREY]), kind)
        content = tiff(samples, photometric="rgb", extrasamples=["unspecified"] * 2)

        assert difference(tmp_path, content, FACE) < CLOSE


def packed(levels: NDArray[np.uint32], bits: int, compression: int, order: str, inverted: bool) -> bytes:
    """A TIFF of one strip whose samples follow one another bit by bit (TIFF 6.0, section 3)."""
    bit = (levels[..., None] >> np.arange(bits - 1, -1, -1)) & 1
    rows = np.packbits(bit.astype(np.uint8).reshape(len(levels), -1), axis=1).tobytes()
    data = bytes(ENCODERS[compression](rows))
    height, width = levels.shape
    entries = [
        *((256, 3, width), (257, 3, height), (258, 3, bits), (259, 3, compression)),
        *((262, 3, 0 if inverted else 1), (273, 4, 200), (277, 3, 1), (278, 3, height), (279, 4, len(data))),
    ]
    content = (b"II*\0" if order == "<" else b"MM\0*") + struct.pack(order + "IH", 8, len(entries))
    for tag, kind, value in entries:
        packed_value = struct.pack(order + "HH", value, 0) if kind == 3 else struct.pack(order + "I", value)
        content += struct.pack(order + "HHI", tag, kind, 1) + packed_value
    return content.ljust(200, b"\0") + data


def of_strips(data: list[bytes], width: int, height: int, compression: int, block: tuple[int, int]) -> bytes:
    """A TIFF of YCbCr in strips of 16 rows."""
    start = 400
    places = [start + sum(map(len, data[:at])) for at in range(len(data))]
    entries = [
        *((256, 3, [width]), (257, 3, [height]), (258, 3, [8, 8, 8]), (259, 3, [compression])),
        *((262, 3, [6]), (273, 4, places), (277, 3, [3]), (278, 3, [16])),
        *((279, 4, [len(each) for each in data]), (284, 3, [1]), (530, 3, list(block))),
    ]
    at = 8 + 2 + 12 * len(entries) + 4
    directory, behind = struct.pack("<H", len(entries)), b""
    for tag, kind, values in entries:
        packed_values = struct.pack(f"<{len(values)}{'H' if kind == 3 else 'I'}", *values)
        if len(packed_values) > 4:
            behind += packed_values
            packed_values = struct.pack("<I", at + len(behind) - len(packed_values))
        directory += struct.pack("<HHI", tag, kind, len(values)) + packed_values.ljust(4, b"\0")
    head = b"II*\0" + struct.pack("<I", 8) + directory + bytes(4) + behind
    assert len(head) <= start
    return head.ljust(start, b"\0") + b"".join(data)


class TestColours:
    @pytest.mark.parametrize("compression", [None, "lzw"])
    @pytest.mark.parametrize("scale", [1, 257])
    def test_palettes_of_8_and_of_16_bits(self, tmp_path: Path, compression: str | None, scale: int) -> None:
        image = Image.fromarray(FACE).quantize(200)
        palette = np.zeros((256, 3), np.uint16)
        colours = np.array(image.getpalette()).reshape(-1, 3)
        palette[: len(colours)] = colours * scale
        numbers = np.asarray(image)
        content = tiff(numbers, photometric="palette", colormap=palette.T, compression=compression)

        assert difference(tmp_path, content, np.asarray(image.convert("RGB"))) == 0

    @pytest.mark.parametrize("kind", ["u1", "u2"])
    @pytest.mark.parametrize("layout", ["contig", "separate"])
    @pytest.mark.parametrize("alpha", [False, True])
    def test_cmyk(self, tmp_path: Path, kind: str, layout: str, alpha: bool) -> None:
        inks = Image.fromarray(FACE).convert("CMYK")
        samples = stretched(np.asarray(inks), kind)
        options: dict[str, Any] = {"photometric": "separated", "planarconfig": layout}
        if alpha:
            samples = np.concatenate([samples, np.full_like(samples[..., :1], np.iinfo(kind).max)], -1)
            options["extrasamples"] = ["unassalpha"]
        if layout == "separate":
            samples = np.moveaxis(samples, -1, 0)
        for compression in (None, "lzw"):
            content = tiff(samples, compression=compression, **options)
            assert difference(tmp_path, content, np.asarray(inks.convert("RGB"))) < CLOSE

    @pytest.mark.parametrize("bits", [8, 16])
    @pytest.mark.parametrize("photometric", ["cielab", "icclab"])
    def test_cielab(self, tmp_path: Path, bits: int, photometric: str) -> None:
        lab = skimage.color.rgb2lab(FACE)
        unit = 1 << (bits - 8)
        white = 0xFF00 if (bits, photometric) == (16, "icclab") else (1 << bits) - 1
        offset = 128 * unit if photometric == "icclab" else 0
        steps = np.dstack([lab[..., 0] * white / 100, lab[..., 1:] * unit + offset])
        samples = np.rint(steps).astype(int).astype("u1" if bits == 8 else "u2")
        for compression in (None, "lzw"):
            content = tiff(samples, photometric=photometric, compression=compression)
            assert difference(tmp_path, content, FACE) < 5

    @pytest.mark.parametrize("compression", ["raw", "tiff_lzw", "tiff_adobe_deflate", "jpeg"])
    def test_ycbcr(self, tmp_path: Path, compression: str) -> None:
        stream = io.BytesIO()
        Image.fromarray(FACE).convert("YCbCr").save(stream, "TIFF", compression=compression)

        assert difference(tmp_path, stream.getvalue(), FACE) < 6

    @pytest.mark.parametrize("block", [(2, 2), (2, 1), (4, 1), (1, 2), (4, 4)])
    @pytest.mark.parametrize("compression", [1, 5, 8])
    def test_ycbcr_of_lower_colour_resolution(
        self, tmp_path: Path, block: tuple[int, int], compression: int
    ) -> None:
        """As TIFF 6.0, section 21, stores it: block after block, brightness first; in strips of 16 rows."""
        across, down = block
        pixels = np.asarray(Image.fromarray(FACE[:150, :133]).convert("YCbCr"))
        height, width = pixels.shape[:2]
        padded = np.pad(pixels, ((0, -height % down), (0, -width % across), (0, 0)), mode="edge")
        blocks = padded.reshape(len(padded) // down, down, -1, across, 3).transpose(0, 2, 1, 3, 4)
        brightness = blocks[..., 0].reshape(*blocks.shape[:2], -1)
        colours = np.rint(blocks[..., 1:].mean(axis=(2, 3))).astype(np.uint8)
        units = np.concatenate([brightness, colours], -1)
        rows = 16 // down
        strips = [units[top : top + rows].tobytes() for top in range(0, len(units), rows)]
        data = [bytes(ENCODERS[compression](each)) for each in strips]

        content = of_strips(data, width, height, compression, block)

        truth = np.asarray(Image.fromarray(pixels, "YCbCr").convert("RGB"))
        assert difference(tmp_path, content, truth) < 8

    def test_a_profile_is_followed(self, tmp_path: Path) -> None:
        samples = stretched(FACE, "u2")
        plain = tiff(samples, photometric="rgb", planarconfig="contig")
        profiled = tiff(
            np.moveaxis(samples, -1, 0),
            photometric="rgb",
            planarconfig="separate",
            iccprofile=swapped_profile(),
        )

        assert difference(tmp_path, plain, FACE) < CLOSE < difference(tmp_path, profiled, FACE)


@pytest.mark.parametrize(
    "compression",
    [
        "jpeg",
        "webp",
        "jpegxl",
        "zstd",
        "lzma",
        "lerc",
        "png",
        "jpeg2000",
        "jpegxr",
        "packbits",
        "adobe_deflate",
        "lzw",
    ],
)
@pytest.mark.parametrize("tile", [None, (32, 32)])
def test_compressions(tmp_path: Path, compression: str, tile: tuple[int, int] | None) -> None:
    content = tiff(FACE, photometric="rgb", compression=compression, tile=tile)

    assert difference(tmp_path, content, FACE) < 8


class TestPages:
    def test_previews_are_no_pages(self, tmp_path: Path) -> None:
        for samples in (FACE, np.moveaxis(stretched(FACE, "u2"), -1, 0)):
            layout = "contig" if samples.ndim == 3 and samples.shape[-1] == 3 else "separate"
            stream = io.BytesIO()
            with tifffile.TiffWriter(stream) as writer:
                for each, kind in ((FACE[::8, ::8], 1), (samples, 0), (FACE[::4, ::4], 1)):
                    own = layout if each is samples else "contig"
                    writer.write(each, photometric="rgb", planarconfig=own, subfiletype=kind, metadata=None)
            photo = decoded(written(tmp_path / "a.tif", stream.getvalue()))

            assert photo.note is None
            assert np.abs(photo.pixels.astype(int) - FACE).mean() < CLOSE

    @pytest.mark.parametrize("kind", ["u1", "f4"])
    def test_a_preview_of_nothing_is_the_picture(self, tmp_path: Path, kind: str) -> None:
        content = tiff(stretched(FACE, kind), photometric="rgb", subfiletype=1)

        assert difference(tmp_path, content, FACE) < CLOSE

    def test_pictures_below_that_lie_nowhere_cost_this_one_nothing(self, tmp_path: Path) -> None:
        stream = io.BytesIO()
        with tifffile.TiffWriter(stream) as writer:
            writer.write(FACE, photometric="rgb", subifds=2, metadata=None)
        content = bytearray(stream.getvalue())
        kinds = (struct.pack("<HH", 330, kind) for kind in (4, 13))  # LONG, IFD
        at = max(content.find(tag) for tag in kinds)
        assert at > 0
        content[at + 8 : at + 12] = struct.pack("<I", 1 << 30)

        assert difference(tmp_path, bytes(content), FACE) < CLOSE

    def test_a_preview_of_a_picture_below_it_is_not(self, tmp_path: Path) -> None:
        stream = io.BytesIO()
        with tifffile.TiffWriter(stream) as writer:
            writer.write(FACE[::8, ::8], photometric="rgb", subfiletype=1, subifds=1, metadata=None)
            writer.write(FACE, photometric="rgb", metadata=None)
        content = stream.getvalue()

        assert failure(written(tmp_path / "a.tif", content)).reason is Reason.UNSUPPORTED

    @pytest.mark.parametrize("kind", ["u1", "f4"])
    def test_the_first_of_several_is_read_and_noted(self, tmp_path: Path, kind: str) -> None:
        samples = stretched(FACE, kind)
        stream = io.BytesIO()
        with tifffile.TiffWriter(stream) as writer:
            for each in (samples, samples[::-1], samples[::-1]):
                writer.write(each, photometric="rgb", metadata=None)
        file = written(tmp_path / "a.tif", stream.getvalue())

        (outcome,) = run(runner(FakeDetector()), [file])

        assert isinstance(outcome, PhotoIndexed)
        assert outcome.note == "only the first of its 3 pages is read"
        assert np.abs(decoded(file).pixels.astype(int) - FACE).mean() < CLOSE


class TestHeader:
    @pytest.mark.parametrize("orientation", range(1, 9))
    def test_it_is_upright(self, tmp_path: Path, orientation: int) -> None:
        samples = stretched(stored_as(four_corners(), orientation), "f4")
        content = tiff(samples, photometric="rgb", extratags=[(274, 3, 1, orientation, True)])
        for long_edge in (None, 20):
            photo = decoded(written(tmp_path / "a.tif", content), long_edge)
            assert corner_names(photo.pixels) == list(CORNERS)
            assert photo.size == Size(48, 32)

    def test_equal_pictures_have_equal_digests(self, tmp_path: Path) -> None:
        plain, named = (
            decoded(
                written(tmp_path / "a.tif", tiff(stretched(FACE, "f4"), photometric="rgb", description=each))
            )
            for each in (None, "a description")
        )

        assert plain.digest != named.digest
        assert plain.picture == named.picture


class TestRefusals:
    @pytest.mark.parametrize(
        ("samples", "photometric", "tag"),
        [
            (GREY.astype(np.complex64), "minisblack", None),
            (np.dstack([FACE, GREY]), "separated", (332, 3, 1, 2, True)),  # other inks
            (GREY.astype(np.uint16), "cfa", None),
            (FACE.astype(np.float32), "cielab", None),
            (FACE, "rgb", (50706, 1, 4, b"\1\4\0\0", True)),  # a camera raw file
        ],
    )
    def test_what_would_be_wrong_is_unsupported(
        self, tmp_path: Path, samples: NDArray[Any], photometric: str, tag: tuple[object, ...] | None
    ) -> None:
        layout = "contig" if samples.ndim == 3 else None
        tags = [] if tag is None else [tag]
        content = tiff(samples, photometric=photometric, planarconfig=layout, extratags=tags)

        error = failure(written(tmp_path / "a.tif", content))

        assert error.reason is Reason.UNSUPPORTED
        assert "copy" not in error.message

    @pytest.mark.parametrize("compression", [6, 9, 10, 262, 32766, 32809, 34661, 34663, 34676, 65000, 65535])
    def test_a_compression_that_is_not_read_is_unsupported(self, tmp_path: Path, compression: int) -> None:
        """JPEG of the old kind, JBIG, fax of rare kinds, light in logarithms, and what nobody knows."""
        content = bytearray(tiff(FACE, photometric="rgb", compression="adobe_deflate"))
        place = content.index(struct.pack("<HHIH", 259, 3, 1, 8))
        struct.pack_into("<H", content, place + 8, compression)

        error = failure(written(tmp_path / "a.tif", bytes(content)))

        assert error.reason is Reason.UNSUPPORTED
        assert "copy" not in error.message

    @pytest.mark.parametrize("kind", ["u1", "f4"])
    @pytest.mark.parametrize("compression", [None, "lzw"])
    def test_a_file_that_ends_early(self, tmp_path: Path, kind: str, compression: str | None) -> None:
        content = tiff(stretched(FACE, kind), photometric="rgb", compression=compression)
        for share in (0.02, 0.3, 0.9):
            error = failure(written(tmp_path / "a.tif", content[: int(len(content) * share)]))
            assert error.reason is Reason.TRUNCATED


class TestHostileNumbers:
    """Any tag with any number has an outcome, in bounded time and memory."""

    @pytest.mark.parametrize(("kind", "predictor"), [("u1", 2), ("f4", 3)])
    def test_in_every_tag(self, tmp_path: Path, kind: str, predictor: int) -> None:
        options = {"compression": "adobe_deflate", "tile": (32, 32), "predictor": predictor}
        content = tiff(stretched(FACE, kind), photometric="rgb", **options)
        (start,) = struct.unpack_from("<I", content, 4)
        (count,) = struct.unpack_from("<H", content, start)
        with Decoders() as decoders, decoders.lend() as decoder:
            for entry, number in product(range(count), (0, 7, 999, (1 << 16) - 1, (1 << 32) - 1)):
                for field, form in ((0, "<H"), (4, "<I"), (8, "<I")):
                    damaged = bytearray(content)
                    place = start + 2 + 12 * entry + field
                    struct.pack_into(form, damaged, place, number % (1 << 8 * struct.calcsize(form)))
                    assert outcome(decoder, written(tmp_path / "a.tif", bytes(damaged))) in GENTLE


GENTLE = (None, Reason.CORRUPT, Reason.TRUNCATED, Reason.UNSUPPORTED, Reason.TOO_LARGE)
"""Outcomes that cost no reader process."""


def outcome(decoder: Decoder, file: PhotoFile) -> Reason | None:
    """Why a file cannot be decoded; ``None`` if it can."""
    with OpenPhoto(file) as photo:
        try:
            decoder.decode(photo, None)
        except PhotoError as error:
            return error.reason
    return None

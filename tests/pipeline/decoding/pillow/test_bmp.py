"""Bitmaps of every layout show what was stored; the few that no decoder here knows are refused as such."""

import struct
from pathlib import Path

import numpy as np
import pytest
import skimage.data
from PIL import Image

from pipeline.values import U8, Reason
from tests.pipeline.decoding.test_decode import failure
from tests.pipeline.pictures import decoded, encoded, written

FACE: U8 = skimage.data.astronaut()[40:160, 150:275]
"""125 x 120 pixels: a row is no multiple of 4 bytes."""
HEIGHT, WIDTH = FACE.shape[:2]

MASKS = {
    "565": (16, (0xF800, 0x7E0, 0x1F, 0)),
    "555": (16, (0x7C00, 0x3E0, 0x1F, 0)),
    "1555": (16, (0x7C00, 0x3E0, 0x1F, 0x8000)),
    "444": (16, (0xF00, 0xF0, 0xF, 0)),
    "4444": (16, (0xF00, 0xF0, 0xF, 0xF000)),
    "blue first": (16, (0x1F, 0x7E0, 0xF800, 0)),
    "BGRX": (32, (0xFF0000, 0xFF00, 0xFF, 0)),
    "BGRA": (32, (0xFF0000, 0xFF00, 0xFF, 0xFF000000)),
    "RGBA": (32, (0xFF, 0xFF00, 0xFF0000, 0xFF000000)),
    "ARGB": (32, (0xFF00, 0xFF0000, 0xFF000000, 0xFF)),
    "XBGR": (32, (0xFF000000, 0xFF0000, 0xFF00, 0)),
    "10 bits": (32, (0x3FF00000, 0xFFC00, 0x3FF, 0)),
    "odd places": (32, (0x1FE0000, 0x1FE00, 0xFF, 0)),
    "565 in 32": (32, (0xF800, 0x7E0, 0x1F, 0)),
}


def bmp(
    rows: list[bytes],
    bits: int,
    compression: int = 0,
    *,
    masks: bytes = b"",
    header: int = 40,
    palette: bytes = b"",
    from_top: bool = False,
) -> bytes:
    """A bitmap of the size of ``FACE`` whose rows, from the top, are these."""
    stored = rows if from_top or compression in (1, 2, 4, 5) else rows[::-1]
    pixels = b"".join(row + bytes(-len(row) % 4) for row in stored)
    if header == 12:
        head = struct.pack("<IHHHH", header, WIDTH, HEIGHT, 1, bits)
    else:
        height = -HEIGHT if from_top else HEIGHT
        colours = len(palette) // 4
        sizes = (len(pixels), 2835, 2835, colours, 0)
        head = struct.pack("<IiiHHIIiiII", header, WIDTH, height, 1, bits, compression, *sizes)
        head += masks if header == 40 else masks.ljust(header - 40, b"\0")
    start = 14 + len(head) + len(palette)
    return b"BM" + struct.pack("<IHHI", start + len(pixels), 0, 0, start) + head + palette + pixels


def fields(pixels: U8, bits: int, masks: tuple[int, ...], alpha: int = 255) -> list[bytes]:
    """Rows of pixels whose channels lie where the masks say."""
    values = np.zeros(pixels.shape[:2], np.uint64)
    for mask, channel in zip(
        masks, [*np.moveaxis(pixels, -1, 0), np.full_like(pixels[..., 0], alpha)], strict=True
    ):
        if mask:
            shift = (mask & -mask).bit_length() - 1
            values |= (channel.astype(np.uint64) * (mask >> shift) // 255) << np.uint64(shift)
    return [row.tobytes() for row in values.astype(f"<u{bits // 8}")]


def difference(folder: Path, content: bytes, truth: U8) -> float:
    pixels = decoded(written(folder / "a.bmp", content)).pixels
    return float(np.abs(pixels.astype(int) - truth).mean())


@pytest.mark.parametrize("name", MASKS)
@pytest.mark.parametrize("header", [40, 52, 56, 108, 124])
@pytest.mark.parametrize("from_top", [False, True])
def test_channels_of_any_bits(tmp_path: Path, name: str, header: int, from_top: bool) -> None:
    bits, masks = MASKS[name]
    if header == 52 and masks[3]:
        pytest.skip("this header has no mask for alpha")
    count = 4 if masks[3] else 3
    content = bmp(
        fields(FACE, bits, masks),
        bits,
        6 if header == 40 and masks[3] else 3,
        masks=struct.pack(f"<{count}I", *masks[:count]),
        header=header,
        from_top=from_top,
    )
    fewest = min(mask.bit_count() for mask in masks[:3])

    assert difference(tmp_path, content, FACE) <= 255 / (2**fewest - 1) / 2 + 1


@pytest.mark.parametrize("name", ["BGRA", "ARGB"])
def test_alpha_that_nobody_filled_in(tmp_path: Path, name: str) -> None:
    bits, masks = MASKS[name]
    rows = fields(FACE, bits, masks, alpha=0)

    assert difference(tmp_path, bmp(rows, bits, 3, masks=struct.pack("<4I", *masks), header=108), FACE) == 0


def test_alpha_counts(tmp_path: Path) -> None:
    bits, masks = MASKS["ARGB"]
    rows = fields(FACE, bits, masks, alpha=128)
    over_white = np.rint(FACE * (128 / 255) + 127).astype(np.uint8)

    assert (
        difference(tmp_path, bmp(rows, bits, 3, masks=struct.pack("<4I", *masks), header=108), over_white) < 1
    )


@pytest.mark.parametrize("header", [12, 40, 52, 56, 64, 108, 124])
def test_plain_ones_under_every_header(tmp_path: Path, header: int) -> None:
    rows = [row[:, ::-1].tobytes() for row in FACE]

    assert difference(tmp_path, bmp(rows, 24, header=header), FACE) == 0


@pytest.mark.parametrize("bits", [1, 4, 8])
@pytest.mark.parametrize("header", [12, 40])
def test_palettes(tmp_path: Path, bits: int, header: int) -> None:
    image = Image.fromarray(FACE).quantize(2**bits)
    numbers = np.asarray(image)
    colours = np.zeros((2**bits, 3), np.uint8)
    found = np.array(image.getpalette()).reshape(-1, 3)
    colours[: len(found)] = found
    each_bit = (numbers[..., None] >> np.arange(bits - 1, -1, -1)) & 1
    rows = [row.tobytes() for row in np.packbits(each_bit.reshape(HEIGHT, -1), axis=1)]
    entries = np.zeros((2**bits, 3 if header == 12 else 4), np.uint8)
    entries[:, :3] = colours[:, ::-1]

    content = bmp(rows, bits, header=header, palette=entries.tobytes())

    assert difference(tmp_path, content, np.asarray(image.convert("RGB"))) == 0


@pytest.mark.parametrize("bits", [4, 8])
def test_runs(tmp_path: Path, bits: int) -> None:
    """Runs of one colour, and of several, as RLE4 and RLE8 have them."""
    image = Image.fromarray(FACE).quantize(2**bits)
    rows = b"".join(packed_row(list(row), bits) + b"\0\0" for row in np.asarray(image)[::-1])[:-2] + b"\0\1"

    content = bmp([rows], bits, 1 if bits == 8 else 2, palette=entries_of(image, bits))

    assert difference(tmp_path, content, np.asarray(image.convert("RGB"))) == 0


@pytest.mark.parametrize("bits", [4, 8])
def test_runs_that_skip_pixels_and_end_early(tmp_path: Path, bits: int) -> None:
    """What no run reaches has the first colour."""
    image = Image.fromarray(FACE).quantize(2**bits)
    numbers = np.array(image)
    numbers[:20] = numbers[:, :11] = 0
    skip = bytes([0, 2, 11, 0])
    rows = b"".join(skip + packed_row(list(row[11:]), bits) + b"\0\0" for row in numbers[:19:-1])

    content = bmp([rows + b"\0\1"], bits, 1 if bits == 8 else 2, palette=entries_of(image, bits))
    cut = bmp([rows], bits, 1 if bits == 8 else 2, palette=entries_of(image, bits))

    image.putdata(numbers.reshape(-1))
    assert difference(tmp_path, content, np.asarray(image.convert("RGB"))) == 0
    assert failure(written(tmp_path / "cut.bmp", cut)).reason in (Reason.TRUNCATED, Reason.CORRUPT)


def entries_of(image: Image.Image, bits: int) -> bytes:
    """The palette as a bitmap has it."""
    entries = np.zeros((2**bits, 4), np.uint8)
    found = np.array(image.getpalette()).reshape(-1, 3)
    entries[: len(found), :3] = found[:, ::-1]
    return entries.tobytes()


def packed_row(row: list[int], bits: int) -> bytes:
    """Alternately a run of one pixel and up to nine pixels as they are."""
    out, at = b"", 0
    while at < len(row):
        out += bytes([1, row[at] << 4 if bits == 4 else row[at]])
        literal = row[at + 1 : at + 10]
        at += 1
        if len(literal) >= 3:
            padded = [*literal, 0]
            pairs = range(0, len(literal), 2)
            packed = bytes(padded[i] << 4 | padded[i + 1] for i in pairs) if bits == 4 else bytes(literal)
            out += bytes([0, len(literal)]) + packed + bytes(len(packed) % 2)
            at += len(literal)
    return out


@pytest.mark.parametrize(("bits", "compression", "header"), [(0, 4, 40), (0, 5, 40), (24, 4, 64), (2, 0, 40)])
def test_what_no_decoder_knows_is_unsupported(
    tmp_path: Path, bits: int, compression: int, header: int
) -> None:
    """A JPEG or PNG in a bitmap, OS/2's runs of 24 bits, two bits a pixel."""
    inner = encoded(Image.fromarray(FACE), "PNG" if compression == 5 else "JPEG")

    error = failure(written(tmp_path / "a.bmp", bmp([inner], bits, compression, header=header)))

    assert error.reason is Reason.UNSUPPORTED
    assert "copy" not in error.message


@pytest.mark.parametrize("name", ["565", "4444", "ARGB"])
def test_a_file_that_ends_early(tmp_path: Path, name: str) -> None:
    bits, masks = MASKS[name]
    content = bmp(fields(FACE, bits, masks), bits, 3, masks=struct.pack("<4I", *masks), header=108)
    for share in (0.02, 0.5, 0.99):
        error = failure(written(tmp_path / "a.bmp", content[: int(len(content) * share)]))
        assert error.reason is Reason.TRUNCATED

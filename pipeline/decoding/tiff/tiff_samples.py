"""Reads the samples of one picture of a TIFF with tifffile, and turns them into a plain picture of 8 bits.

tifffile gets a file of its own, made of those tags that say how pixels are stored: it would follow the tags
of dozens of makers of microscopes, which photographs do not need and hostile files may have.
"""

import io
import logging
import struct
import zlib
from typing import Any

import numpy as np
from imagecodecs import DelayedImportError
from numpy.typing import NDArray
from PIL import Image
from tifffile import TIFF, TiffFile, TiffFileError, TiffPage

from pipeline.decoding.format_reader import Unreadable
from pipeline.decoding.tiff.deep_samples import bands, to_8_bits
from pipeline.decoding.tiff.tiff_structure import Compression, Directory, Photometric, SampleFormat, Tag
from pipeline.decoding.tiff.tiff_subsampled import as_bytes, block_of, is_readable, to_pixels
from pipeline.values import U8, Reason

logging.getLogger("tifffile").addHandler(logging.NullHandler())  # it logs what it also raises

_COLOURS = {
    Photometric.WHITE_IS_ZERO: 1,
    Photometric.BLACK_IS_ZERO: 1,
    Photometric.RGB: 3,
    Photometric.PALETTE: 1,
    Photometric.CMYK: 4,
    Photometric.YCBCR: 3,
    Photometric.CIELAB: 3,
    Photometric.ICCLAB: 3,
}
"""Samples of a pixel that give its colour; the others are alpha, or nobody knows what."""

_WITH_ALPHA = frozenset(
    {Photometric.WHITE_IS_ZERO, Photometric.BLACK_IS_ZERO, Photometric.RGB, Photometric.PALETTE}
)

_ALPHA_MODES = {("L", 1): "La", ("L", 2): "LA", ("RGB", 1): "RGBa", ("RGB", 2): "RGBA"}
"""Pillow's mode of a colour with alpha: 1 if the colour is multiplied by it already, 2 if not."""

_RGB_COMPRESSIONS = TIFF.IMAGE_COMPRESSIONS
"""Compressions whose decoders return RGB for YCbCr."""

_OF_MICROSCOPES = frozenset({65000, 65001, 65002})
"""Compressions of electrons counted, which tifffile reads with tags that are left out here."""
_LAB_BITS = (8, 16)
_CMYK_INKS = 1

_ERRORS = (
    TiffFileError,
    ValueError,
    TypeError,
    LookupError,
    RuntimeError,  # those of imagecodecs are kinds of it, and NotImplementedError is
    ArithmeticError,
    EOFError,
    struct.error,
    zlib.error,
    DelayedImportError,
)
_UNSUPPORTED_WORDS = ("not supported", "not match", "requires", "not implemented", "unsupported", "no module")


def refuse_rare_kinds(picture: Directory) -> None:
    """Raise Unreadable for a picture that cannot be read right, or may not be."""
    refusal = _refusal(picture)
    if refusal is not None:
        raise _unsupported(refusal)


def read_samples(content: bytes, picture: Directory) -> Image.Image:
    """Return a picture as stored, of 8 bits, in one of Pillow's modes; call ``refuse_rare_kinds`` first.

    Raises:
        Unreadable: It is damaged, or of a kind that is not read.
    """
    block = block_of(picture) if picture.compression not in _RGB_COMPRESSIONS else None
    stored = picture if block is None else as_bytes(picture, block)
    try:
        samples = _decode(content, stored)
    except _ERRORS as error:
        reason = "".join(each if each.isprintable() else "?" for each in " ".join(str(error).split()))
        known = isinstance(error, NotImplementedError | DelayedImportError | KeyError)
        if known or any(word in reason.lower() for word in _UNSUPPORTED_WORDS):
            raise _unsupported(reason) from error
        message = f"the TIFF is damaged ({reason}): copy it again from its source"
        raise Unreadable(Reason.CORRUPT, message) from error
    if block is not None:
        return _image(to_pixels(samples[..., 0], picture, block), "YCbCr")
    return _compose(samples, picture)


def bytes_a_pixel(picture: Directory) -> int:
    """Return the memory that ``read_samples`` takes for each pixel, beside the content and a copy of it."""
    deepest = max(picture.bits)
    return min(_kept(picture), picture.samples) * min(4, -(-deepest // 8)) + 8


def _refusal(picture: Directory) -> str | None:
    """Say why a picture is not read; ``None`` if it is."""
    photometric, samples = picture.photometric, picture.samples
    if photometric not in _COLOURS:
        return f"its colours are of kind {photometric}"
    known = picture.compression in TIFF.DECOMPRESSORS and picture.compression not in _OF_MICROSCOPES
    if picture.compression != Compression.NONE and not known:
        return f"its compression is of kind {picture.compression}"
    colours = _COLOURS[Photometric(photometric)]
    if samples < colours:
        return f"it has {samples} samples a pixel, and needs {colours}"
    lower = block_of(picture) is not None and picture.compression not in _RGB_COMPRESSIONS
    if lower and not is_readable(picture):
        return "its colours have a lower resolution"
    if photometric == Photometric.CMYK and picture.first(Tag.INK_SET, _CMYK_INKS) != _CMYK_INKS:
        return "its inks are not cyan, magenta, yellow and black"
    formats = {*picture.tags.get(Tag.SAMPLE_FORMAT, (SampleFormat.UNSIGNED,))}
    if len(formats) > 1 or not formats <= set(SampleFormat):
        return f"its samples are of kind {', '.join(map(str, sorted(formats)))}"
    if photometric in (Photometric.CIELAB, Photometric.ICCLAB) and (
        picture.bits[0] not in _LAB_BITS or formats == {SampleFormat.FLOAT}
    ):
        return f"its CIELAB colours have {picture.bits[0]} bits"
    if (
        photometric == Photometric.PALETTE
        and len(picture.tags.get(Tag.COLOUR_MAP, ())) < 3 << picture.bits[0]
    ):
        return "its palette is not complete"
    return None


def _kept(picture: Directory) -> int:
    """Count the samples that are kept: those of the colour, and alpha."""
    colours = _COLOURS[Photometric(picture.photometric)]
    return colours + (_alpha(picture) is not None)


def _alpha(picture: Directory) -> int | None:
    """Return which extra sample is alpha, if one is."""
    if picture.photometric not in _WITH_ALPHA:
        return None
    extra = picture.tags.get(Tag.EXTRA_SAMPLES, ())
    return next((at for at, kind in enumerate(extra) if kind in (1, 2)), None)


def _decode(content: bytes, picture: Directory) -> NDArray[Any]:
    """Return the samples that are kept: [H, W, S], of at most 4 bytes each."""
    colours, alpha = _COLOURS[Photometric(picture.photometric)], _alpha(picture)
    places = [*range(colours), *([] if alpha is None else [colours + alpha])]
    with TiffFile(io.BytesIO(_own_file(content, picture))) as file:
        page = file.pages.first
        if not isinstance(page, TiffPage) or page.dtype is None:
            raise NotImplementedError(f"samples of {picture.bits[0]} bits are not supported")
        kind = page.dtype if page.dtype.itemsize <= 4 else np.dtype(np.float32)
        if kind.kind == "b":
            kind = np.dtype(np.uint8)
        size = picture.size
        samples = np.zeros((size.height, size.width, len(places)), kind)
        for segment, (sample, _, top, left, _), _ in page.segments(maxworkers=1):
            if segment is None:
                continue
            block = segment[0, : size.height - top, : size.width - left]
            target = samples[top : top + block.shape[0], left : left + block.shape[1]]
            if not picture.is_planar:
                target[:] = block[..., places]
            elif sample in places:
                target[..., places.index(sample)] = block[..., 0]
    return samples


def _own_file(content: bytes, picture: Directory) -> bytes:
    """Return a BigTIFF of one directory, which holds what says how pixels are stored, before the content."""
    # Where samples are no whole bytes, they follow one another bit by bit in either order.
    order = "<" if any(bits % 8 for bits in picture.bits) else picture.order
    tags = {tag: values for tag, values in picture.tags.items() if tag not in _LEFT_OUT}
    tags[Tag.PHOTOMETRIC] = (picture.photometric,)
    tags[Tag.BITS] = picture.bits
    tables = picture.blocks.get(Tag.JPEG_TABLES, b"")
    entries = len(tags) + bool(tables)
    place = 16 + 8 + 20 * entries + 8
    base = place + sum(8 * len(values) for values in tags.values() if len(values) > 1) + len(tables)
    for place_tag in (Tag.STRIP_OFFSETS, Tag.TILE_OFFSETS):
        if place_tag in tags:  # an offset of 0 stands for a strip that is not there
            tags[place_tag] = tuple(value + base if value else 0 for value in tags[place_tag])
    directory, behind = [struct.pack(order + "Q", entries)], []
    packed: dict[int, tuple[int, int, bytes]] = {
        tag: (16, len(each), struct.pack(f"{order}{len(each)}Q", *each)) for tag, each in tags.items()
    }
    if tables:
        packed[Tag.JPEG_TABLES] = (7, len(tables), tables)
    for tag, (kind, count, data) in sorted(packed.items()):
        if len(data) > 8 or kind != 16:
            directory.append(struct.pack(order + "HHQQ", tag, kind, count, place))
            behind.append(data)
            place += len(data)
        else:
            directory.append(struct.pack(order + "HHQ", tag, kind, count) + data)
    head = (b"II" if order == "<" else b"MM") + struct.pack(order + "HHHQ", 43, 8, 0, 16)
    return b"".join((head, *directory, bytes(8), *behind, content))


_LEFT_OUT = frozenset(
    {
        Tag.NEW_SUBFILE_TYPE,
        Tag.SUBFILE_TYPE,
        Tag.ORIENTATION,
        Tag.COLOUR_MAP,
        Tag.INK_SET,
        Tag.DNG_VERSION,
    }
)


def _compose(samples: NDArray[Any], picture: Directory) -> Image.Image:
    photometric = picture.photometric
    alpha = _alpha(picture)
    if photometric == Photometric.PALETTE:
        colours = _look_up(samples[..., 0], picture)
        if alpha is None:
            return Image.fromarray(colours)
        opacity = to_8_bits(samples[..., 1:], picture.bits[1])
        return _image(np.dstack([colours, opacity]), "RGBA")  # a number cannot be multiplied by it
    if photometric in (Photometric.CIELAB, Photometric.ICCLAB):
        return _lab(samples, picture)
    pixels = to_8_bits(samples, picture.bits[0] if len(set(picture.bits)) == 1 else None)
    if photometric == Photometric.WHITE_IS_ZERO:
        np.subtract(255, pixels[..., 0], out=pixels[..., 0])
    if photometric == Photometric.YCBCR and picture.compression not in _RGB_COMPRESSIONS:
        return _image(pixels, "YCbCr")
    mode = {1: "L", 3: "RGB", 4: "CMYK"}[_COLOURS[Photometric(photometric)]]
    if alpha is not None:
        mode = _ALPHA_MODES[mode, picture.tags[Tag.EXTRA_SAMPLES][alpha]]
    return _image(pixels, mode)


def _image(pixels: U8, mode: str) -> Image.Image:
    height, width = pixels.shape[:2]
    return Image.frombuffer(mode, (width, height), np.ascontiguousarray(pixels), "raw", mode, 0, 1)


def _look_up(numbers: NDArray[Any], picture: Directory) -> U8:
    table = np.array(picture.tags[Tag.COLOUR_MAP], np.uint16)[: 3 << picture.bits[0]].reshape(3, -1).T
    if table.max() > 255:  # some programs store 8 bits where the format has 16
        table >>= 8
    colours: U8 = table.astype(np.uint8)
    pixels = np.empty((*numbers.shape, 3), np.uint8)
    for rows in bands(numbers):
        pixels[rows] = colours[numbers[rows]]
    return pixels


def _lab(samples: NDArray[Any], picture: Directory) -> Image.Image:
    """Return CIELAB as Pillow has it: L from 0 to 255, and a and b with 128 for grey."""
    deep = picture.bits[0] > 8
    icc = picture.photometric == Photometric.ICCLAB
    white = 0xFF00 if deep and icc else 0xFFFF
    channels = []
    for number in range(3):
        values = samples[..., number].astype(np.int32)
        if number == 0:
            values = np.rint(values * (255 / white)).astype(np.int32) if deep else values
        else:
            values = values >> 8 if deep else values
            if not icc:
                values = (values + 128) % 256  # they are signed, whatever the file says of them
        channels.append(Image.fromarray(np.clip(values, 0, 255).astype(np.uint8)))
    return Image.merge("LAB", channels)


def _unsupported(why: str) -> Unreadable:
    message = f"this kind of TIFF cannot be read ({why}): convert it to a plain JPEG or PNG"
    return Unreadable(Reason.UNSUPPORTED, message)

"""Decodes one open photo into upright sRGB pixels.

A photo is read whole or fails, for a reason that a person can act on. This is what runs in a process of its
own (`pipeline.decoding.reader_main`), since a decoder that is given a hostile file may hang, crash, or ask
for all memory there is: nothing else may call it on people's photos. This module knows files and Pillow; it
knows no database, no faces, and nothing of processes.
"""

import errno
import struct
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import BinaryIO, Protocol

from PIL import AvifImagePlugin, Image
from PIL.AvifImagePlugin import AvifImageFile
from PIL.BmpImagePlugin import BmpImageFile
from PIL.GifImagePlugin import GifImageFile
from PIL.ImageFile import ImageFile
from PIL.JpegImagePlugin import JpegImageFile
from PIL.PngImagePlugin import PngImageFile
from PIL.TiffImagePlugin import TiffImageFile
from PIL.WebPImagePlugin import WebPImageFile

from pipeline.decoding.colour import is_turned, new_canvas, upright_srgb
from pipeline.decoding.exif import read_exif
from pipeline.decoding.pillow_warnings import silence_pillow_warnings
from pipeline.errors import PhotoError
from pipeline.sources.formats import Format, Unsupported
from pipeline.sources.photo_file_access import OpenPhoto, read_failure
from pipeline.values import U8, Reason, Size, Stage

# Pillow's own limit would warn at 89 million pixels and fail at twice that, for the whole process. Ours,
# the pixel cap, is checked for each photo before a pixel of it is decoded.
Image.MAX_IMAGE_PIXELS = None

# Photos are decoded side by side, so each has one thread; more would each reserve memory of their own.
AvifImagePlugin.DEFAULT_MAX_THREADS = 1

# The classes themselves, and not Image.open: it hides why a format's own reader refuses a file, and takes a
# JPEG with a second picture in it (MPO, from many phones) for another format.
_READERS: Mapping[Format, type[ImageFile]] = MappingProxyType(
    {
        Format.JPEG: JpegImageFile,
        Format.PNG: PngImageFile,
        Format.WEBP: WebPImageFile,
        Format.TIFF: TiffImageFile,
        Format.BMP: BmpImageFile,
        Format.GIF: GifImageFile,
        Format.AVIF: AvifImageFile,
    }
)

# What the readers are seen to raise on damaged and foreign files. MemoryError is not among them: it is a
# machine in trouble, not a photo.
_READER_ERRORS = (
    OSError,
    SyntaxError,
    ValueError,
    TypeError,
    LookupError,
    RuntimeError,
    EOFError,
    OverflowError,
    struct.error,
    zlib.error,
)

# What Pillow says of pictures that are whole, but of a kind it does not read.
_UNSUPPORTED_WORDS = (
    "cannot handle",
    "unsupported",
    "unknown pixel mode",
    "unknown data organization",
    "not yet",
)

_TRUNCATED = "the file ends before the picture does: copy it again from where it came"

_REDUCTIONS = (8, 4, 2)

# Tags of TIFF 6.0 and of the DNG specification.
_NEW_SUBFILE_TYPE = 254
_REDUCED = 1  # a bit of it: a smaller version of another picture in the file
_STRIPS = (273, 279)  # offsets and byte counts
_TILES = (324, 325)
_DNG_VERSION = 50706


@dataclass(frozen=True, slots=True, eq=False)
class Picture:
    """What a photo shows: a ``DecodedPhoto`` that does not know yet what file it is of.

    Attributes:
        size: The upright photo at full size.
        taken_at: When the photo was taken, from EXIF; aware only where EXIF gives an offset.
        pixels: uint8 [H, W, 3], RGB.
        scale: Decoded pixels per full-size pixel: 1.0, or 0.5, 0.25, 0.125.
    """

    size: Size
    taken_at: datetime | None
    pixels: U8
    scale: float


class PixelMemory(Protocol):
    """Where the memory for a photo comes from."""

    def prepare(self, needed: int, pixels: int) -> None:
        """Called once the header is read, before any pixel is; returns when there is memory.

        Args:
            needed: Bytes that the decoded picture and the result will take together.
            pixels: Of the photo at full size.
        """

    def canvas(self, height: int, width: int) -> U8:
        """Memory for the result: uint8 [height, width, 3], C-contiguous, of any content."""


class PrivatePixelMemory:
    """Memory of this process, as much as there is."""

    def prepare(self, needed: int, pixels: int) -> None:
        """Nothing is to be asked for."""

    def canvas(self, height: int, width: int) -> U8:
        """A new array, as ``PixelMemory.canvas`` says."""
        return new_canvas(height, width)


def decode(photo: OpenPhoto, long_edge: int | None, pixel_cap: int, room: PixelMemory) -> Picture:
    """Decodes a photo, of many frames the first; it may be called again, for another size.

    Args:
        photo: The photo.
        long_edge: The result is the smallest of full size and 1/2, 1/4, 1/8 of it whose longer edge still
            has that many pixels; ``None`` asks for full size.
        pixel_cap: A photo of more pixels fails.
        room: Where memory comes from.

    Returns:
        The photo, upright and in sRGB.

    Raises:
        PhotoError: The file holds no picture that can be read, or not all of one; it has more pixels than
            the cap; or it has changed since the crawl saw it.
    """
    try:
        picture = _decode(photo, long_edge, pixel_cap, room)
    except PhotoError:
        photo.check_unchanged()  # a file that is still being written is not damaged
        raise
    photo.check_unchanged()
    return picture


def _decode(photo: OpenPhoto, long_edge: int | None, pixel_cap: int, room: PixelMemory) -> Picture:
    kind = _format(photo)
    silence_pillow_warnings()
    with photo.stream() as stream:
        with _explained(photo, kind, stream):
            image = _read_header(photo, kind, stream)
        _check_cap(photo, image.size, pixel_cap)
        reduction = _choose_reduction(image.size, long_edge)
        room.prepare(_bytes_needed(image, reduction), image.width * image.height)
        with _explained(photo, kind, stream):
            size = _load(image, reduction)
    facts = read_exif(image)
    # A JPEG is scaled down while it is decoded, and is smaller already.
    remaining = 1 if isinstance(image, JpegImageFile) else reduction
    pixels = upright_srgb(image, facts.orientation, remaining, room.canvas)
    if is_turned(facts.orientation):
        size = Size(size.height, size.width)
    return Picture(size, facts.taken_at, pixels, 1 / reduction)


def _format(photo: OpenPhoto) -> Format:
    """The format to read the file as."""
    if isinstance(photo.kind, Format):
        return photo.kind
    if isinstance(photo.kind, Unsupported):
        advice = f"{photo.kind} pictures cannot be read: convert it to JPEG or PNG"
        raise _failure(photo, Reason.UNSUPPORTED, advice)
    if photo.length == 0:
        raise _failure(photo, Reason.EMPTY, "the file is empty: copy it again from where it came")
    raise _failure(
        photo,
        Reason.NOT_AN_IMAGE,
        "it has the name of a picture, but does not hold one: rename or remove it",
    )


def _read_header(photo: OpenPhoto, kind: Format, stream: BinaryIO) -> ImageFile:
    """Opens the picture, and makes those checks of the whole file that its reader leaves out."""
    reader = _READERS[kind]
    image = reader(stream)
    if isinstance(image, PngImageFile):
        # The decoder stops at the last pixel that it can make and looks at no checksum.
        image.verify()
        stream.seek(0)
        image = reader(stream)
    elif isinstance(image, TiffImageFile):
        _check_tiff(photo, image)
    return image


def _load(image: ImageFile, reduction: int) -> Size:
    """Decodes the picture as it is stored, a JPEG scaled down already; its full size."""
    size = Size(*image.size)
    if isinstance(image, JpegImageFile):
        if reduction > 1:
            image.draft(None, (size.width // reduction, size.height // reduction))
        image.load()
        return size
    image.load()
    return Size(*image.size)  # Pillow has turned a TIFF upright


def _check_tiff(photo: OpenPhoto, image: TiffImageFile) -> None:
    tags = image.tag_v2
    subfile = tags.get(_NEW_SUBFILE_TYPE)
    if (isinstance(subfile, int) and subfile & _REDUCED) or _DNG_VERSION in tags:
        raise _failure(
            photo,
            Reason.UNSUPPORTED,
            "its first picture is only a preview, as in a camera raw file: convert it to JPEG or PNG",
        )
    if image.info["compression"] == "raw":
        return
    # libtiff fills in what is missing at the end of some compressed pictures.
    for offsets, counts in (_STRIPS, _TILES):
        for offset, count in zip(tags.get(offsets, ()), tags.get(counts, ()), strict=False):
            if offset + count > photo.length:
                raise _failure(photo, Reason.TRUNCATED, _TRUNCATED)


def _check_cap(photo: OpenPhoto, size: tuple[int, int], pixel_cap: int) -> None:
    width, height = size
    if width * height > pixel_cap:
        raise _failure(
            photo,
            Reason.TOO_LARGE,
            f"{width} x {height} pixels are more than the cap of {pixel_cap}: raise the pixel cap to read it",
        )


@contextmanager
def _explained(photo: OpenPhoto, kind: Format, stream: BinaryIO) -> Iterator[None]:
    """Turns what a reader raises on a damaged or foreign file into the failure that it stands for."""
    try:
        yield
    except _READER_ERRORS as error:
        raise _explain(photo, kind, stream, error) from error


def _explain(photo: OpenPhoto, kind: Format, stream: BinaryIO, error: Exception) -> PhotoError:
    """The failure that an error of a format's reader stands for."""
    if isinstance(error, OSError) and error.errno not in (None, errno.EINVAL):  # EINVAL: a seek to nowhere
        return read_failure(photo.file, error)
    said = " ".join(str(error).split())
    if _ends_early(photo, kind, stream, error):
        return _failure(photo, Reason.TRUNCATED, _TRUNCATED)
    if isinstance(error.__cause__, KeyError) or any(word in said.lower() for word in _UNSUPPORTED_WORDS):
        message = f"this kind of {kind} cannot be read ({said}): convert it to a plain JPEG or PNG"
        return _failure(photo, Reason.UNSUPPORTED, message)
    message = f"the {kind} is damaged ({said}): copy it again from where it came"
    return _failure(photo, Reason.CORRUPT, message)


def _ends_early(photo: OpenPhoto, kind: Format, stream: BinaryIO, error: Exception) -> bool:
    """Whether a reader failed because the file is shorter than its picture."""
    if kind is Format.WEBP:
        return _riff_length(stream) > photo.length
    if kind is Format.AVIF:
        return _boxes_length(stream, photo.length) > photo.length
    if "truncated" in str(error).lower() or isinstance(error, EOFError | struct.error):
        return True
    # While a header is read, nothing is read ahead: a reader that stands at the end has wanted more.
    return isinstance(error, SyntaxError) and stream.tell() >= photo.length


def _failure(photo: OpenPhoto, reason: Reason, message: str) -> PhotoError:
    return PhotoError(photo.file, Stage.DECODE, reason, message)


def _bytes_needed(image: ImageFile, reduction: int) -> int:
    """Memory that a picture takes while it is decoded: Pillow's pixels, of 4 bytes, and ours, of 3.

    Of a progressive JPEG all coefficients are kept as well, of 2 bytes, whatever the reduction.
    """
    pixels = image.width * image.height
    reduced = pixels // reduction**2
    if not isinstance(image, JpegImageFile):
        return 4 * pixels + 3 * reduced
    coefficients = 2 * len(image.getbands()) * pixels if "progressive" in image.info else 0
    return 7 * reduced + coefficients


def _choose_reduction(size: tuple[int, int], long_edge: int | None) -> int:
    if long_edge is not None:
        for reduction in _REDUCTIONS:
            if min(size) >= reduction and -(-max(size) // reduction) >= long_edge:
                return reduction
    return 1


def _riff_length(stream: BinaryIO) -> int:
    """The length in bytes that a RIFF file says it has."""
    stream.seek(4)
    return int.from_bytes(stream.read(4), "little") + 8


def _boxes_length(stream: BinaryIO, size: int) -> int:
    """The length in bytes that the boxes of a file say it has (ISO/IEC 14496-12, 4.2)."""
    end = 0
    while end < size:
        stream.seek(end)
        header = stream.read(16)
        length = int.from_bytes(header[:4], "big")
        if length == 1:
            length = int.from_bytes(header[8:16], "big")
        if length == 0:  # this box goes on to the end of the file
            return size
        end += max(length, 8)
    return end

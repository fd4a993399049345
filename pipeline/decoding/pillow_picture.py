"""Decodes one picture with Pillow: its first frame, or fails with a reason that the user can act on.

A frame must be whole, but for the end of a JPEG.

Only this module, `pipeline.decoding.colour`, `exif`, `cut_jpeg` and `picture_digest` know Pillow.
"""

import errno
import logging
import struct
import warnings
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from types import MappingProxyType
from typing import BinaryIO

from PIL import AvifImagePlugin, Image
from PIL.AvifImagePlugin import AvifImageFile
from PIL.BmpImagePlugin import BmpImageFile
from PIL.GifImagePlugin import GifImageFile
from PIL.ImageFile import ImageFile
from PIL.JpegImagePlugin import JpegImageFile
from PIL.PngImagePlugin import PngImageFile
from PIL.TiffImagePlugin import TiffImageFile
from PIL.WebPImagePlugin import WebPImageFile

from pipeline.decoding.colour import is_turned, upright_srgb
from pipeline.decoding.cut_jpeg import load_cut_jpeg, missing_part
from pipeline.decoding.exif import read_header
from pipeline.decoding.format_reader import (
    Canvas,
    MemoryNeeded,
    PhotoHeader,
    Picture,
    Unreadable,
    choose_reduction,
)
from pipeline.decoding.formats import Format
from pipeline.decoding.picture_digest import digest_jpeg, digest_pixels
from pipeline.values import Reason, Size

# Pillow warns about every odd EXIF block, and logs some errors as well as raising them.
warnings.filterwarnings("ignore", category=UserWarning, module=r"PIL\.")
logging.getLogger("PIL").addHandler(logging.NullHandler())

# Pillow's own limit holds for the whole process; the pixel cap is checked for each photo before decoding.
Image.MAX_IMAGE_PIXELS = None

# Photos are decoded side by side, so each has one thread; each further one would reserve memory.
AvifImagePlugin.DEFAULT_MAX_THREADS = 1

# The classes, not Image.open: it hides why a reader refuses a file, and takes a JPEG with a second picture
# in it (MPO, from many phones) for another format.
_CLASSES: Mapping[Format, type[ImageFile]] = MappingProxyType(
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

# What Pillow raises on damaged and foreign files; not MemoryError, which is not the photo's fault.
_PILLOW_ERRORS = (
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

# Words in Pillow's errors for intact pictures of a kind that it does not read.
_UNSUPPORTED_WORDS = (
    "cannot handle",
    "unsupported",
    "unknown pixel mode",
    "unknown data organization",
    "not yet",
)

_TRUNCATED = "the file ends before the picture does: copy it again from its source"

# Tags of TIFF 6.0 and of the DNG specification.
_NEW_SUBFILE_TYPE = 254
_REDUCED = 1  # a bit of it: a smaller version of another picture in the file
_STRIPS = (273, 279)  # offsets and byte counts
_TILES = (324, 325)
_DNG_VERSION = 50706


class PillowPicture:
    """Pillow's ``OpenPicture``. Arguments and errors are those of ``FormatReader.open``."""

    def __init__(self, stream: BinaryIO, kind: Format, length: int) -> None:
        self._stream = stream
        self._kind = kind
        self._length = length
        with self._explained():
            self._image = self._open()
        self._size = Size(*self._image.size)

    @property
    def header(self) -> PhotoHeader:
        """As ``OpenPicture.header``."""
        if isinstance(self._image, PngImageFile) and "exif" not in self._image.info:
            return PhotoHeader(self._size, 1, None)  # Pillow would decode it to look after the pixels
        return read_header(self._image)

    def memory_needed(self, long_edge: int | None) -> MemoryNeeded:
        """Count 4 bytes a pixel; for a progressive JPEG 2 more, at full size whatever the reduction."""
        reduction = choose_reduction(self._size, long_edge)
        columns, rows = (-(-edge // reduction) for edge in self._image.size)
        pixels = self._size.width * self._size.height
        if not isinstance(self._image, JpegImageFile):
            return MemoryNeeded(pixels, 3 * rows * columns, 4 * pixels)
        progressive = "progressive" in self._image.info
        coefficients = 2 * len(self._image.getbands()) * pixels if progressive else 0
        return MemoryNeeded(pixels, 3 * rows * columns, 4 * rows * columns + coefficients)

    def load(self, long_edge: int | None, canvas: Canvas) -> Picture:
        """As ``OpenPicture.load``."""
        reduction = choose_reduction(self._size, long_edge)
        # A JPEG is scaled down while it is decoded.
        remaining = 1 if isinstance(self._image, JpegImageFile) else reduction
        missing: float | None = None
        with self._explained():
            if isinstance(self._image, JpegImageFile):
                missing = self._load_jpeg(self._image, reduction)
            else:
                self._image.load()
        image = self._image
        header = read_header(image)
        # Pillow has turned a TIFF upright.
        size = self._size if isinstance(image, JpegImageFile) else header.size
        picture = self._digest(header.orientation)
        pixels = upright_srgb(image, header.orientation, remaining, canvas)
        if is_turned(header.orientation):
            size = Size(size.height, size.width)
        part = None if missing is None else missing_part(header.orientation, missing)
        return Picture(size, header.taken_at, pixels, 1 / reduction, picture, part)

    def _load_jpeg(self, image: JpegImageFile, reduction: int) -> float | None:
        """Load a JPEG, perhaps without its end; return the share that is missing."""
        size = (self._size.width // reduction, self._size.height // reduction) if reduction > 1 else None
        if size is not None:
            image.draft(None, size)
        try:
            image.load()
        except OSError as error:
            if "truncated" not in str(error):
                raise
            self._stream.seek(0)
            found = load_cut_jpeg(self._stream.read(), size)
            if found is None:
                raise
            self._image, missing = found
            return missing
        return None

    def _digest(self, orientation: int) -> bytes:
        if not isinstance(self._image, JpegImageFile):
            return digest_pixels(self._image, orientation)
        self._stream.seek(0)
        return digest_jpeg(self._stream.read(), orientation)

    def _open(self) -> ImageFile:
        """Open the picture, and make the checks of the whole file that Pillow omits."""
        image = _CLASSES[self._kind](self._stream)
        if isinstance(image, PngImageFile):
            # The decoder stops after the last pixel and checks no checksum.
            image.verify()
            self._stream.seek(0)
            image = PngImageFile(self._stream)
        elif isinstance(image, TiffImageFile):
            self._check_tiff(image)
        return image

    def _check_tiff(self, image: TiffImageFile) -> None:
        tags = image.tag_v2
        subfile = tags.get(_NEW_SUBFILE_TYPE)
        if (isinstance(subfile, int) and subfile & _REDUCED) or _DNG_VERSION in tags:
            raise Unreadable(
                Reason.UNSUPPORTED,
                "its first picture is only a preview, as in a camera raw file: convert it to JPEG or PNG",
            )
        if image.info["compression"] == "raw":
            return
        # libtiff fills in the missing end of some compressed pictures.
        for offsets, counts in (_STRIPS, _TILES):
            for offset, count in zip(tags.get(offsets, ()), tags.get(counts, ()), strict=False):
                if offset + count > self._length:
                    raise Unreadable(Reason.TRUNCATED, _TRUNCATED)

    @contextmanager
    def _explained(self) -> Iterator[None]:
        """Turn what Pillow raises on a damaged or foreign file into the right failure."""
        try:
            yield
        except _PILLOW_ERRORS as error:
            # EINVAL: a seek to nowhere.
            if isinstance(error, OSError) and error.errno not in (None, errno.EINVAL):
                raise  # the file cannot be read, whatever it holds
            raise self._explain(error) from error

    def _explain(self, error: Exception) -> Unreadable:
        reason = "".join(each if each.isprintable() else "?" for each in " ".join(str(error).split()))
        if self._ends_early(error):
            return Unreadable(Reason.TRUNCATED, _TRUNCATED)
        if isinstance(error.__cause__, KeyError) or any(
            word in reason.lower() for word in _UNSUPPORTED_WORDS
        ):
            message = (
                f"this kind of {self._kind} cannot be read ({reason}): convert it to a plain JPEG or PNG"
            )
            return Unreadable(Reason.UNSUPPORTED, message)
        message = f"the {self._kind} is damaged ({reason}): copy it again from its source"
        return Unreadable(Reason.CORRUPT, message)

    def _ends_early(self, error: Exception) -> bool:
        if self._kind is Format.WEBP:
            return _riff_length(self._stream) > self._length
        if self._kind is Format.AVIF:
            return _boxes_length(self._stream, self._length) > self._length
        if "truncated" in str(error).lower() or isinstance(error, EOFError | struct.error):
            return True
        # Headers are read without reading ahead: a reader at the end wanted more.
        return isinstance(error, SyntaxError) and self._stream.tell() >= self._length


def _riff_length(stream: BinaryIO) -> int:
    stream.seek(4)
    return int.from_bytes(stream.read(4), "little") + 8


def _boxes_length(stream: BinaryIO, size: int) -> int:
    """Return the length in bytes that the boxes of a file state (ISO/IEC 14496-12, 4.2)."""
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

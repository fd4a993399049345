"""Reads one photo: PhotoFile -> DecodedPhoto, upright, in sRGB, with the digest of its content.

One open file serves everything, so that the digest and the pixels are of the same file even when its name
comes to mean another meanwhile. A photo is read whole or fails, for a reason that a person can act on. This
module knows files and Pillow; it knows no database and no faces.
"""

import errno
import os
import stat
import struct
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType, TracebackType
from typing import BinaryIO, Self

from blake3 import blake3
from PIL import Image
from PIL.AvifImagePlugin import AvifImageFile
from PIL.BmpImagePlugin import BmpImageFile
from PIL.GifImagePlugin import GifImageFile
from PIL.ImageFile import ImageFile
from PIL.JpegImagePlugin import JpegImageFile
from PIL.PngImagePlugin import PngImageFile
from PIL.TiffImagePlugin import TiffImageFile
from PIL.WebPImagePlugin import WebPImageFile

from pipeline.budget import MemoryBudget
from pipeline.colour import is_turned, upright_srgb
from pipeline.errors import PhotoError
from pipeline.exif import read_exif
from pipeline.formats import HEAD_BYTES, Format, Kind, Unsupported, identify, is_photo
from pipeline.quiet import hush_libraries
from pipeline.values import DecodedPhoto, PhotoFile, Reason, Size, Stage

# Pillow's own limit would warn at 89 million pixels and fail at twice that, for the whole process. Ours,
# `DecodeOptions.pixel_cap`, is checked for each photo before a pixel of it is decoded.
Image.MAX_IMAGE_PIXELS = None

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

_HASH_BLOCK = 1 << 20

# Tags of TIFF 6.0 and of the DNG specification.
_NEW_SUBFILE_TYPE = 254
_REDUCED = 1  # a bit of it: a smaller version of another picture in the file
_STRIPS = (273, 279)  # offsets and byte counts
_TILES = (324, 325)
_DNG_VERSION = 50706


@dataclass(frozen=True, slots=True)
class DecodeOptions:
    """How photos are decoded.

    Attributes:
        pixel_cap: Photos of more pixels than this fail; by default 400 million, some 3 GB while decoded.
    """

    pixel_cap: int = 400_000_000


class OpenPhoto:
    """A photo file that is open for reading; a context manager that closes it. Not for use by two threads.

    Args:
        file: The file as the crawl saw it.
        options: How it is decoded.
        budget: Memory for pixels is taken from it before they are decoded, and given back when the photo
            is closed.

    Attributes:
        file: The file as the crawl saw it.
        kind: What it holds, by its first bytes.

    Raises:
        PhotoError: On opening: the file has vanished, may not be read, or is no regular file any more.
    """

    def __init__(self, file: PhotoFile, options: DecodeOptions, budget: MemoryBudget | None = None) -> None:
        self.file = file
        self._options = options
        self._budget = budget or MemoryBudget()
        self._stream = _open(file)
        try:
            self._size = os.fstat(self._stream.fileno()).st_size
            self.kind: Kind = identify(file.path, os.pread(self._stream.fileno(), HEAD_BYTES, 0))
        except OSError as error:
            self.close()
            raise _read_failure(file, error) from error

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Closes the file and gives its memory back; once is enough, twice does no harm."""
        self._stream.close()
        self._budget.give_back(self)

    @property
    def is_photo(self) -> bool:
        """Whether the file counts as a photo; one that does not is skipped, and never a failure."""
        return is_photo(self.file.path, self.kind)

    def digest(self) -> bytes:
        """Reads the whole file.

        Returns:
            BLAKE3 of its content, 32 bytes.

        Raises:
            PhotoError: It cannot be read, or is not what the crawl saw any more.
        """
        hasher = blake3()
        try:
            self._stream.seek(0)
            while block := self._stream.read(_HASH_BLOCK):
                hasher.update(block)
        except OSError as error:
            raise _read_failure(self.file, error) from error
        self._check_unchanged()
        return hasher.digest()

    def decode(self, digest: bytes, long_edge: int | None) -> DecodedPhoto:
        """Decodes the photo, of many frames the first; it may be called again, for another size.

        Args:
            digest: What `digest` returned, for the result.
            long_edge: The result is the smallest of full size and 1/2, 1/4, 1/8 of it whose longer edge still
                has that many pixels; ``None`` asks for full size.

        Returns:
            The photo, upright and in sRGB.

        Raises:
            PhotoError: The file holds no picture that can be read, or not all of one; it has more pixels than
                the cap; or it has changed since the crawl saw it.
        """
        image, size, reduction = self._load(self._format(), long_edge)
        facts = read_exif(image)
        # A JPEG is scaled down while it is decoded, and is smaller already.
        remaining = 1 if isinstance(image, JpegImageFile) else reduction
        pixels = upright_srgb(image, facts.orientation, remaining)
        self._check_unchanged()
        if is_turned(facts.orientation):
            size = Size(size.height, size.width)
        return DecodedPhoto(self.file, digest, size, facts.taken_at, pixels, 1 / reduction)

    def _format(self) -> Format:
        """The format to read the file as."""
        if isinstance(self.kind, Format):
            return self.kind
        if isinstance(self.kind, Unsupported):
            advice = f"{self.kind} pictures cannot be read: convert it to JPEG or PNG"
            raise self._decode_failure(Reason.UNSUPPORTED, advice)
        if self._size == 0:
            raise self._decode_failure(Reason.EMPTY, "the file is empty: copy it again from where it came")
        raise self._decode_failure(
            Reason.NOT_AN_IMAGE, "it has the name of a picture, but does not hold one: rename or remove it"
        )

    def _load(self, kind: Format, long_edge: int | None) -> tuple[ImageFile, Size, int]:
        """Decodes the picture as it is stored.

        Returns:
            The picture; its full size, stored as it is; and the reduction that was chosen, which a JPEG
            has already been through.
        """
        hush_libraries()
        try:
            image = self._read_header(kind)
            self._check_cap(image.size)
            reduction = _choose_reduction(image.size, long_edge)
            size = Size(*image.size)
            self._budget.take(self, _bytes_needed(image, reduction))
            if isinstance(image, JpegImageFile):
                if reduction > 1:
                    image.draft(None, (size.width // reduction, size.height // reduction))
                image.load()
            else:
                image.load()
                size = Size(*image.size)  # Pillow has turned a TIFF upright
        except _READER_ERRORS as error:
            raise self._explain(kind, error) from error
        return image, size, reduction

    def _read_header(self, kind: Format) -> ImageFile:
        """Opens the picture, and makes those checks of the whole file that its reader leaves out."""
        reader = _READERS[kind]
        self._stream.seek(0)
        image = reader(self._stream)
        if isinstance(image, PngImageFile):
            # The decoder stops at the last pixel that it can make and looks at no checksum.
            image.verify()
            self._stream.seek(0)
            image = reader(self._stream)
        elif isinstance(image, TiffImageFile):
            self._check_tiff(image)
        return image

    def _check_tiff(self, image: TiffImageFile) -> None:
        tags = image.tag_v2
        subfile = tags.get(_NEW_SUBFILE_TYPE)
        if (isinstance(subfile, int) and subfile & _REDUCED) or _DNG_VERSION in tags:
            raise self._decode_failure(
                Reason.UNSUPPORTED,
                "its first picture is only a preview, as in a camera raw file: convert it to JPEG or PNG",
            )
        if image.info["compression"] == "raw":
            return
        # libtiff fills in what is missing at the end of some compressed pictures.
        for offsets, counts in (_STRIPS, _TILES):
            for offset, count in zip(tags.get(offsets, ()), tags.get(counts, ()), strict=False):
                if offset + count > self._size:
                    raise self._decode_failure(Reason.TRUNCATED, _TRUNCATED)

    def _check_cap(self, size: tuple[int, int]) -> None:
        width, height = size
        if width * height > self._options.pixel_cap:
            raise self._decode_failure(
                Reason.TOO_LARGE,
                f"{width} x {height} pixels are more than the cap of {self._options.pixel_cap}: raise the "
                "pixel cap to read it",
            )

    def _check_unchanged(self) -> None:
        try:
            now = os.fstat(self._stream.fileno())
        except OSError as error:
            raise _read_failure(self.file, error) from error
        if (now.st_size, now.st_mtime_ns) != (self.file.size, self.file.mtime_ns):
            raise PhotoError(
                self.file,
                Stage.READ,
                Reason.CHANGED,
                "it changed while it was read: the next scan tries again",
            )

    def _explain(self, kind: Format, error: Exception) -> PhotoError:
        """The failure that an error of a format's reader stands for."""
        self._check_unchanged()  # a file that is still being written is not damaged
        if isinstance(error, OSError) and error.errno not in (
            None,
            errno.EINVAL,
        ):  # EINVAL: a seek to nowhere
            return _read_failure(self.file, error)
        said = " ".join(str(error).split())
        if self._ends_early(kind, error):
            return self._decode_failure(Reason.TRUNCATED, _TRUNCATED)
        if isinstance(error.__cause__, KeyError) or any(word in said.lower() for word in _UNSUPPORTED_WORDS):
            message = f"this kind of {kind} cannot be read ({said}): convert it to a plain JPEG or PNG"
            return self._decode_failure(Reason.UNSUPPORTED, message)
        message = f"the {kind} is damaged ({said}): copy it again from where it came"
        return self._decode_failure(Reason.CORRUPT, message)

    def _ends_early(self, kind: Format, error: Exception) -> bool:
        """Whether a reader failed because the file is shorter than its picture."""
        if kind is Format.WEBP:
            return _riff_length(self._stream) > self._size
        if kind is Format.AVIF:
            return _boxes_length(self._stream, self._size) > self._size
        if "truncated" in str(error).lower() or isinstance(error, EOFError | struct.error):
            return True
        # While a header is read, nothing is read ahead: a reader that stands at the end has wanted more.
        return isinstance(error, SyntaxError) and self._stream.tell() >= self._size

    def _decode_failure(self, reason: Reason, message: str) -> PhotoError:
        return PhotoError(self.file, Stage.DECODE, reason, message)


def _open(file: PhotoFile) -> BinaryIO:
    """Opens a file that must be regular, without ever waiting for a named pipe."""
    try:
        descriptor = os.open(file.path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC)
    except OSError as error:
        raise _read_failure(file, error) from error
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise PhotoError(file, Stage.READ, Reason.UNREADABLE, "it is not a regular file any more")
    return os.fdopen(descriptor, "rb")


def _read_failure(file: PhotoFile, error: OSError) -> PhotoError:
    if error.errno in (errno.ENOENT, errno.ENOTDIR, errno.ESTALE):
        return PhotoError(file, Stage.READ, Reason.VANISHED, "it was gone before it could be read")
    if error.errno in (errno.EACCES, errno.EPERM):
        message = "permission denied: let this user read it, or leave it out"
    else:
        message = f"it cannot be read: {error.strerror or error}"
    return PhotoError(file, Stage.READ, Reason.UNREADABLE, message)


def _bytes_needed(image: ImageFile, reduction: int) -> int:
    """Memory that a picture takes while it is decoded: Pillow's pixels, of 4 bytes, and ours, of 3."""
    pixels = image.width * image.height
    reduced = pixels // reduction**2
    return 4 * (reduced if isinstance(image, JpegImageFile) else pixels) + 3 * reduced


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

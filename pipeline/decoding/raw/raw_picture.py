"""Decodes a camera raw file: the preview that the camera put into it, or else the raw pixels, with LibRaw.

A preview is taken if its long edge has ``LONG_ENOUGH`` pixels; else half the raw picture's size if that has,
or else its full size. The size of the photo is that of what is read. Only this module knows rawpy.
"""

import errno
import io
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import BinaryIO

import numpy as np
import rawpy
from blake3 import blake3
from PIL import Image

from pipeline.decoding.colour import upright_srgb
from pipeline.decoding.exif import read_metadata
from pipeline.decoding.format_reader import (
    TRUNCATED,
    Canvas,
    MemoryNeeded,
    OpenPicture,
    PhotoHeader,
    Picture,
    ReadInstead,
    Unreadable,
    choose_reduction,
)
from pipeline.decoding.jpeg.jpeg_picture import JpegPicture
from pipeline.decoding.jpeg.jpeg_segments import segments
from pipeline.decoding.metadata.tiff_tags import orientation_in
from pipeline.decoding.orientation import UPRIGHT, upright_size
from pipeline.decoding.raw.raw_structure import ends_early, exif_block, is_linear
from pipeline.values import U8, DateSource, Reason, Size

LONG_ENOUGH = 1600
"""Pixels of the longer edge from which faces in a group can be recognised. Cameras embed a preview of full
size or of some 1616 x 1080 pixels, and smaller ones of 160 x 120 to 640 x 480."""

_BETTER_THAN_NOTHING = 640
"""Pixels of the longer edge of a preview that is read where the raw pixels cannot be."""

_ORIENTATIONS = {0: 1, 1: 2, 2: 4, 3: 3, 4: 5, 5: 8, 6: 6, 7: 7}
"""EXIF's orientation for LibRaw's flip, by which it turns its own results."""

_BYTES_A_PIXEL = 24
"""What LibRaw takes for each pixel of a result of half the size: 8 for the raw pixels that it is made of, 8
for their colours, and 3 for the result, which is copied. At full size it takes as much or less."""

_UNSUPPORTED = (
    rawpy.LibRawFileUnsupportedError,
    rawpy.LibRawNotImplementedError,
    rawpy.LibRawTooBigError,
    rawpy.NotSupportedError,
)

_APP1 = 0xE1
_EXIF = b"Exif\0\0"
_BY_LIBRAW = b"dcraw v"
"""A part of the EXIF that LibRaw puts before a preview that does not begin with EXIF of its own."""


def open_raw(stream: BinaryIO) -> OpenPicture:
    """Open a camera raw file from a stream; errors are those of ``FormatReader.open``."""
    content = stream.read()
    raw = rawpy.RawPy()
    with _explained(content):
        raw.open_buffer(io.BytesIO(content))
    metadata = read_metadata(exif_block(content))
    preview = _find_preview(raw, metadata)
    pixels = _RawPixels(raw, content, metadata, preview)
    if preview is not None and _long_edge(preview.header.size) >= LONG_ENOUGH:
        return _Preview(preview, pixels)
    return pixels


class _Preview:
    """The ``OpenPicture`` of a preview, in place of which the raw pixels are read if it is not whole."""

    def __init__(self, preview: OpenPicture, instead: OpenPicture) -> None:
        self._preview = preview
        self._instead = instead

    @property
    def header(self) -> PhotoHeader:
        return self._preview.header

    def memory_needed(self, long_edge: int | None) -> MemoryNeeded:
        return self._preview.memory_needed(long_edge)

    def load(self, long_edge: int | None, canvas: Canvas, picture: bytes | None = None) -> Picture:
        try:
            loaded = self._preview.load(long_edge, canvas, picture)
        except Unreadable as error:
            raise ReadInstead(self._instead) from error
        if loaded.missing is not None:
            raise ReadInstead(self._instead)
        return loaded


class _RawPixels:
    """The ``OpenPicture`` of the raw pixels, at half size where that is large enough."""

    def __init__(
        self, raw: rawpy.RawPy, content: bytes, metadata: PhotoHeader, preview: OpenPicture | None
    ) -> None:
        self._raw = raw
        self._content = content
        self._preview = preview
        full = Size(raw.sizes.iwidth, raw.sizes.iheight)
        self._halved = _long_edge(full) >= 2 * LONG_ENOUGH and not is_linear(content)
        size = Size(-(-full.width // 2), -(-full.height // 2)) if self._halved else full
        dated = metadata if preview is None else preview.header
        # LibRaw turns what it develops.
        self.header = replace(dated, size=upright_size(size, _orientation(raw)), orientation=UPRIGHT)

    def memory_needed(self, long_edge: int | None) -> MemoryNeeded:
        size = self.header.size
        return MemoryNeeded.of(size, long_edge, _BYTES_A_PIXEL * size.width * size.height)

    def load(self, long_edge: int | None, canvas: Canvas, picture: bytes | None = None) -> Picture:
        try:
            with _explained(self._content):
                pixels, digest = self._develop(picture)
        except Unreadable as error:
            if self._preview is None or _long_edge(self._preview.header.size) < _BETTER_THAN_NOTHING:
                raise
            raise ReadInstead(self._preview) from error
        developed = _Pixels(pixels, self.header, digest)
        if developed.header.size != self.header.size:  # LibRaw corrects the proportions of a few
            raise ReadInstead(developed)
        return developed.load(long_edge, canvas, picture)

    def _develop(self, picture: bytes | None) -> tuple[U8, bytes]:
        """Return upright pixels, uint8 [H, W, 3], and the digest of the raw ones."""
        raw = self._raw
        try:
            raw.unpack()
            digest = picture or _digest(raw)
            pixels = raw.postprocess(
                half_size=self._halved,
                use_camera_wb=True,
                # The quickest: full size is read of small pictures, and of those with three colours a pixel.
                demosaic_algorithm=rawpy.DemosaicAlgorithm.LINEAR,
            )
            height, width = pixels.shape[:2]
            return np.array(np.broadcast_to(pixels.reshape(height, width, -1), (height, width, 3))), digest
        finally:
            raw.close()  # what refers to it, as ``raw_image`` does for ever, would keep its memory


class _Pixels:
    """The ``OpenPicture`` of pixels in memory, uint8 [H, W, 3] as stored."""

    def __init__(self, pixels: U8, header: PhotoHeader, digest: bytes) -> None:
        self._pixels = pixels
        self._digest = digest
        self.header = replace(header, size=Size(pixels.shape[1], pixels.shape[0]))

    def memory_needed(self, long_edge: int | None) -> MemoryNeeded:
        return MemoryNeeded.of(self.header.size, long_edge, self._pixels.nbytes)

    def load(self, long_edge: int | None, canvas: Canvas, picture: bytes | None = None) -> Picture:
        header, reduction = self.header, choose_reduction(self.header.size, long_edge)
        pixels = upright_srgb(Image.fromarray(self._pixels), header.orientation, reduction, canvas)
        size = upright_size(header.size, header.orientation)
        return Picture(
            size,
            header.taken_at,
            pixels,
            1 / reduction,
            picture or self._digest,
            taken_from=header.taken_from,
        )


def _find_preview(raw: rawpy.RawPy, metadata: PhotoHeader) -> OpenPicture | None:
    """Return the largest preview; ``None`` if there is none that can be opened."""
    try:
        data = raw.extract_thumb().data
        if isinstance(data, bytes):
            return _jpeg_preview(raw, data, metadata)
    except (rawpy.LibRawError, rawpy.NotSupportedError, NotImplementedError, OSError, Unreadable):
        return None
    if data.ndim != 3 or data.shape[2] != 3 or data.dtype != np.uint8:
        return None
    orientation = _orientation_of_preview(raw, Size(data.shape[1], data.shape[0]))
    digest = blake3(bytes([orientation]) + data.tobytes()).digest()
    return _Pixels(data, replace(metadata, orientation=orientation), digest)


def _jpeg_preview(raw: rawpy.RawPy, data: bytes, metadata: PhotoHeader) -> OpenPicture:
    """Open a preview. Its own EXIF says how it lies; LibRaw may have put another before it."""
    blocks = [each.data(data) for each in segments(data) if each.marker == _APP1]
    blocks = [block.removeprefix(_EXIF) for block in blocks if block.startswith(_EXIF)]
    made = blocks.pop(0) if blocks and _BY_LIBRAW in blocks[0] else b""
    if made:
        data = data[:2] + data[2 + 4 + len(_EXIF) + len(made) :]
    own = JpegPicture(io.BytesIO(data), len(data)).header
    by_libraw = read_metadata(made)
    if by_libraw.taken_at is not None:  # as DateTime, whatever says so in the file
        by_libraw = replace(by_libraw, taken_from=DateSource.ORIGINAL)
    found = [each for each in (metadata, own, by_libraw) if each.taken_at is not None]
    known = (each for each in found if each.taken_from is not DateSource.CHANGED)
    dated = next(known, found[0] if found else metadata)
    stated = next(filter(None, map(orientation_in, blocks)), None)
    orientation = stated or _orientation_of_preview(raw, own.size)
    return JpegPicture(io.BytesIO(data), len(data), replace(dated, size=own.size, orientation=orientation))


def _orientation_of_preview(raw: rawpy.RawPy, size: Size) -> int:
    """Return how a preview of this size lies that does not say it: as the raw pixels, if it is as wide."""
    orientation = _orientation(raw)
    stored = Size(raw.sizes.iwidth, raw.sizes.iheight)
    turns = upright_size(stored, orientation) != stored
    is_upright = turns and (size.width > size.height) != (stored.width > stored.height)
    return UPRIGHT if is_upright else orientation


def _orientation(raw: rawpy.RawPy) -> int:
    return _ORIENTATIONS[raw.sizes.flip & 7]


def _digest(raw: rawpy.RawPy) -> bytes:
    """Return BLAKE3, 32 bytes, of the raw pixels, which another version of LibRaw would read as well."""
    return (
        blake3(bytes([_orientation(raw)]))
        .update(np.ascontiguousarray(raw.raw_image).reshape(-1).view(np.uint8).data)
        .digest()
    )


def _long_edge(size: Size) -> int:
    return max(size.width, size.height)


@contextmanager
def _explained(content: bytes) -> Iterator[None]:
    """Turn what LibRaw raises on a damaged or foreign file into a failure that the user can act on."""
    try:
        yield
    except (rawpy.LibRawUnsufficientMemoryError, rawpy.LibRawMemPoolOverflowError) as error:
        raise MemoryError from error
    except (rawpy.LibRawError, rawpy.NotSupportedError, RuntimeError, OSError) as error:
        if isinstance(error, OSError) and error.args and errno.ENOMEM in np.ravel(error.args[0]):
            raise MemoryError from error
        raise _explain(error, content) from error


def _explain(error: Exception, content: bytes) -> Unreadable:
    said = error.args[0] if error.args else error
    said = said.decode("latin-1") if isinstance(said, bytes) else str(said)
    if isinstance(error, rawpy.LibRawIOError) or ends_early(content):
        return Unreadable(Reason.TRUNCATED, TRUNCATED)
    if isinstance(error, _UNSUPPORTED):
        version = ".".join(map(str, rawpy.libraw_version))
        return Unreadable(
            Reason.UNSUPPORTED,
            f"LibRaw {version} cannot read camera raw of this kind, as of a camera that is newer ({said}): "
            "convert it to DNG or JPEG",
        )
    return Unreadable(
        Reason.CORRUPT, f"the camera raw file is damaged ({said}): copy it again from its source"
    )

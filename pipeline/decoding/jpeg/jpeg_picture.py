"""Decodes a JPEG: straight into the shared pixels where nothing is odd about it, else with Pillow.

libjpeg-turbo writes RGB at the wanted scale in one pass. It is asked to fail at the first doubt; whatever it
then finds wrong (a missing end, damage, a rare kind), Pillow and `pipeline.decoding.jpeg.cut_jpeg` decide
what can be read and why not. Both decode a sound picture to the same pixels.
"""

import io
from typing import BinaryIO

import numpy as np
import simplejpeg
from PIL import Image
from PIL.JpegImagePlugin import JpegImageFile

from pipeline.decoding.colour import convert_to_srgb, find_transform, upright_srgb
from pipeline.decoding.exif import read_header
from pipeline.decoding.format_reader import (
    TRUNCATED,
    Canvas,
    MemoryNeeded,
    PhotoHeader,
    Picture,
    Unreadable,
    choose_reduction,
)
from pipeline.decoding.formats import Format
from pipeline.decoding.jpeg.cut_jpeg import find_scans, load_what_is_there, missing_part
from pipeline.decoding.jpeg.jpeg_segments import FRAMES, segments, without_applications
from pipeline.decoding.metadata.blocks import Metadata
from pipeline.decoding.orientation import UPRIGHT, as_stored, copy_pixels, upright_size
from pipeline.decoding.picture_digest import digest_jpeg
from pipeline.decoding.pillow.pillow_errors import explained
from pipeline.values import U8, Reason, Size

_SMALLEST = 16
"""Pixels of the longer edge. Two of libjpeg-turbo's scales may give a smaller picture the same size."""

_MOST_BYTES = (1 << 31) - 1
"""simplejpeg counts the bytes of a result in 32 bits."""


# Of ITU-T T.81, table B.1, and T.87.
_RARE_FRAMES = {
    **dict.fromkeys((0xC5, 0xC6, 0xC7, 0xCD, 0xCE, 0xCF), "hierarchical JPEG"),
    0xCB: "lossless arithmetic JPEG",
    0xF7: "JPEG-LS",
}


class JpegPicture:
    """The ``OpenPicture`` of a JPEG. Arguments and errors are those of ``FormatReader.open``.

    ``header`` is for a JPEG within a file of another format, which knows better.
    """

    def __init__(self, stream: BinaryIO, length: int, header: PhotoHeader | None = None) -> None:
        self._content = stream.read()
        self._length = length
        _refuse_rare_kinds(self._content)
        metadata = Metadata.of_jpeg(self._content)
        try:
            self._image: Image.Image = self._open()
        except Unreadable as error:
            if error.reason is not Reason.CORRUPT:
                raise
            self._content = without_applications(self._content)
            self._image = self._open()
        self._header = header or read_header(self._image, metadata)

    def _open(self) -> JpegImageFile:
        self._stream = io.BytesIO(self._content)
        with explained(self._stream, Format.JPEG, self._length):
            return JpegImageFile(self._stream)

    @property
    def header(self) -> PhotoHeader:
        """As ``OpenPicture.header``."""
        return self._header

    def memory_needed(self, long_edge: int | None) -> MemoryNeeded:
        """Count 4 bytes a pixel; for a progressive JPEG 2 more, at full size whatever the reduction."""
        size = self._scaled(long_edge)
        pixels = self._header.size.width * self._header.size.height
        progressive = "progressive" in self._image.info
        coefficients = 2 * len(self._image.getbands()) * pixels if progressive else 0
        return MemoryNeeded(pixels, 3 * size.width * size.height, 4 * size.width * size.height + coefficients)

    def load(self, long_edge: int | None, canvas: Canvas, picture: bytes | None = None) -> Picture:
        """As ``OpenPicture.load``."""
        header, stored = self._header, self._scaled(long_edge)
        size = upright_size(stored, header.orientation)
        pixels = canvas(size.height, size.width)
        part = None
        if not self._decode_plain(stored, pixels):
            missing = self._load_with_pillow(long_edge)
            upright_srgb(self._image, header.orientation, 1, lambda height, width: pixels)
            part = None if missing is None else missing_part(header.orientation, missing)
        return Picture(
            size=upright_size(header.size, header.orientation),
            taken_at=header.taken_at,
            pixels=pixels,
            scale=1 / choose_reduction(header.size, long_edge),
            picture=picture or digest_jpeg(self._content, header.orientation),
            missing=part,
            taken_from=header.taken_from,
            live_photo=header.live_photo,
        )

    def _scaled(self, long_edge: int | None) -> Size:
        """Return the size of the result as stored."""
        size = self._header.size
        reduction = choose_reduction(size, long_edge)
        return Size(-(-size.width // reduction), -(-size.height // reduction))

    def _decode_plain(self, stored: Size, pixels: U8) -> bool:
        """Decode grey or RGB without a fault into upright pixels; return ``False`` if it is anything else."""
        mode = self._image.mode
        transform = find_transform(self._image.info.get("icc_profile"), mode)
        if mode not in ("L", "RGB") or (mode == "L" and transform is not None):
            return False
        if max(self._image.size) < _SMALLEST:
            return False
        upright = self._header.orientation == UPRIGHT
        target = pixels if upright else np.empty((stored.height, stored.width, 3), np.uint8)
        if not _decode_into(target, self._content, scaled=stored != self._header.size):
            return False
        if transform is not None:
            convert_to_srgb(target, transform)
        if not upright:
            copy_pixels(target, as_stored(pixels, self._header.orientation))
        return True

    def _load_with_pillow(self, long_edge: int | None) -> float | None:
        """Load what can be read of the picture; return the share that is missing."""
        reduction = choose_reduction(self._header.size, long_edge)
        size = self._header.size
        draft = (size.width // reduction, size.height // reduction) if reduction > 1 else None
        scans = find_scans(self._content)
        with explained(self._stream, Format.JPEG, self._length):
            if scans is None:
                self._image.load()
                return None
            remains = load_what_is_there(scans, draft)
        if remains is None:
            raise Unreadable(Reason.TRUNCATED, TRUNCATED)
        self._image = remains.image
        return remains.missing


def _refuse_rare_kinds(content: bytes) -> None:
    """Raise Unreadable for a kind of JPEG that libjpeg-turbo does not decode to 8 bits."""
    for each in segments(content):
        if each.marker in FRAMES:
            bits, height = each.data(content)[:1], each.data(content)[1:3]
            kind = _RARE_FRAMES.get(each.marker)
            if kind is None and bits and bits[0] > 8:
                kind = f"{bits[0]}-bit JPEG"
            elif kind is None and height == b"\0\0":
                kind = "JPEG whose height stands behind its pixels"
            if kind is not None:
                message = f"it is a {kind}, a kind that is not read: convert it to a plain JPEG or PNG"
                raise Unreadable(Reason.UNSUPPORTED, message)
            return


def _decode_into(target: U8, content: bytes, *, scaled: bool) -> bool:
    """Decode a JPEG to RGB pixels [H, W, 3] of this size; return ``False`` if libjpeg-turbo objects."""
    height, width = target.shape[:2]
    if target.nbytes > _MOST_BYTES:
        return False
    wanted = {"min_height": height, "min_width": width} if scaled else {}
    try:
        decoded = simplejpeg.decode_jpeg(content, "RGB", buffer=target, strict=True, **wanted)
    except (ValueError, RuntimeError, LookupError):
        return False
    return bool(decoded.shape == target.shape)

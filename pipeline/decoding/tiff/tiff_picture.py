"""Decodes a TIFF: with Pillow what Pillow decodes right, and with tifffile what it would get wrong.

Pillow looks at a part of the tags, and decodes some pictures to noise, or to white, black or negative ones.
"""

import io
from typing import BinaryIO

from PIL import Image
from PIL.TiffImagePlugin import TiffImageFile

from pipeline.decoding.colour import upright_srgb
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
from pipeline.decoding.metadata.blocks import Metadata
from pipeline.decoding.metadata.taken import when_taken
from pipeline.decoding.orientation import upright_size
from pipeline.decoding.picture_digest import digest_pixels
from pipeline.decoding.pillow.pillow_errors import explained
from pipeline.decoding.tiff.tiff_structure import (
    Compression,
    Directory,
    Photometric,
    SampleFormat,
    Tag,
    choose_picture,
)
from pipeline.values import Reason

_MOST_DECODING = 24
"""Bytes a pixel that decoding may take."""

# None, CCITT's, LZW, both of JPEG, both of deflate, PackBits, LZMA, Zstandard.
_BY_LIBTIFF = frozenset({1, 2, 3, 4, 5, 6, 7, 8, 32773, 32946, 34925, 50000})
"""Compressions that Pillow's libtiff is built with."""


class TiffPicture:
    """The ``OpenPicture`` of a TIFF. Arguments and errors are those of ``FormatReader.open``."""

    def __init__(self, stream: BinaryIO, length: int) -> None:
        self._content = stream.read()
        chosen = choose_picture(self._content)
        self._directory = chosen.directory
        self._note = None
        if chosen.pictures > 1:
            self._note = f"only the first of its {chosen.pictures} pages is read"
        self._stream = io.BytesIO(self._content)
        self._metadata = Metadata.of_tiff(self._stream)
        self._stream.seek(0)
        self._image: Image.Image | None = None
        self._by_pillow = pillow_is_right(chosen.directory) and self._open_with_pillow(length)
        if not self._by_pillow:
            from pipeline.decoding.tiff.tiff_samples import (
                refuse_rare_kinds,  # imports much that is seldom needed
            )

            refuse_rare_kinds(chosen.directory)

    def _open_with_pillow(self, length: int) -> bool:
        """Open the picture; return ``False`` if Pillow stumbles over a tag beside its pixels."""
        try:
            with explained(self._stream, Format.TIFF, length):
                image = TiffImageFile(self._stream)
                image.seek(self._directory.number)
        except Unreadable:
            if self._directory.compression in (Compression.OLD_JPEG, Compression.JPEG):
                raise
            return False
        self._image = image
        return True

    @property
    def header(self) -> PhotoHeader:
        """As ``OpenPicture.header``."""
        if self._image is not None:
            return read_header(self._image, self._metadata)
        orientation = self._directory.first(Tag.ORIENTATION, 1)
        orientation = orientation if 1 <= orientation <= 8 else 1
        return PhotoHeader.dated(self._directory.size, orientation, when_taken(self._metadata))

    def memory_needed(self, long_edge: int | None) -> MemoryNeeded:
        """Count 4 bytes a pixel for Pillow; for tifffile what samples take, and the content twice."""
        size = self._directory.size
        pixels = size.width * size.height
        if self._by_pillow:
            return MemoryNeeded.of(size, long_edge, 4 * pixels)
        from pipeline.decoding.tiff.tiff_samples import bytes_a_pixel

        decoding = bytes_a_pixel(self._directory) * pixels + 2 * len(self._content)
        return MemoryNeeded.of(size, long_edge, min(decoding, _MOST_DECODING * pixels))

    def load(self, long_edge: int | None, canvas: Canvas, picture: bytes | None = None) -> Picture:
        """As ``OpenPicture.load``."""
        reduction = choose_reduction(self._directory.size, long_edge)
        if self._image is not None:
            self._load_with_pillow(self._image)
            header = read_header(self._image, self._metadata)  # Pillow has turned it upright
        else:
            from pipeline.decoding.tiff.tiff_samples import read_samples

            header = self.header
            self._image = read_samples(self._content, self._directory)
            self._image.info["icc_profile"] = self._directory.blocks.get(Tag.PROFILE)
        picture = picture or digest_pixels(self._image, header.orientation)
        pixels = upright_srgb(self._image, header.orientation, reduction, canvas)
        size = upright_size(header.size, header.orientation)
        return Picture(
            size,
            header.taken_at,
            pixels,
            1 / reduction,
            picture,
            note=self._note,
            taken_from=header.taken_from,
        )

    def _load_with_pillow(self, image: Image.Image) -> None:
        try:
            with explained(self._stream, Format.TIFF, len(self._content)):
                image.load()
        except Unreadable as error:
            if self._directory.compression != Compression.OLD_JPEG or error.reason is Reason.TRUNCATED:
                raise
            why = "its compression, JPEG as TIFF 6.0 had it, is read in some files only"
            message = f"this kind of TIFF cannot be read ({why}): convert it to a plain JPEG or PNG"
            raise Unreadable(Reason.UNSUPPORTED, message) from error


def pillow_is_right(picture: Directory) -> bool:
    """Return whether Pillow decodes a picture as it is stored; tried kind by kind, see its tests."""
    photometric, bits, samples = picture.photometric, set(picture.bits), picture.samples
    if (picture.big and picture.order == ">") or picture.compression not in _BY_LIBTIFF:
        return False
    if {*picture.tags.get(Tag.SAMPLE_FORMAT, ())} - {
        SampleFormat.UNSIGNED
    } or Tag.PHOTOMETRIC not in picture.tags:
        return False
    if photometric == Photometric.PALETTE:
        return samples == 1 and max(bits) <= 8 and max(picture.tags.get(Tag.COLOUR_MAP, (0,))) > 255
    if photometric == Photometric.YCBCR:
        return picture.compression in (Compression.JPEG, Compression.OLD_JPEG)
    if photometric in (Photometric.WHITE_IS_ZERO, Photometric.BLACK_IS_ZERO):
        deepest = 16 if photometric == Photometric.BLACK_IS_ZERO else 8
        return samples == 1 and bits <= {1, 2, 4, 8, deepest}
    if photometric == Photometric.RGB:
        return (samples == 3 and bits == {8}) or (
            samples in (3, 4) and bits in ({8}, {16}) and not picture.is_planar
        )
    if photometric == Photometric.CMYK:
        return samples == 4 and bits == {8} and Tag.INK_SET not in picture.tags
    return photometric == Photometric.CIELAB and samples == 3 and bits == {8}

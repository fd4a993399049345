"""Decodes AVIF with Pillow, and cuts off what the file does not want shown, which Pillow leaves.

Of an animation it decodes one frame.
"""

import io
from dataclasses import replace

from PIL import AvifImagePlugin
from PIL.AvifImagePlugin import AvifImageFile

from pipeline.decoding.colour import upright_srgb
from pipeline.decoding.exif import read_header
from pipeline.decoding.format_reader import Canvas, MemoryNeeded, PhotoHeader, Picture, choose_reduction
from pipeline.decoding.formats import Format
from pipeline.decoding.heif.heif_container import HeifContainer
from pipeline.decoding.orientation import UPRIGHT, upright_size
from pipeline.decoding.picture_digest import digest_pixels
from pipeline.decoding.pillow.animation import load_first_frame
from pipeline.decoding.pillow.pillow_errors import explained
from pipeline.values import Size

# Photos are decoded side by side, so each has one thread; each further one would reserve memory.
AvifImagePlugin.DEFAULT_MAX_THREADS = 1

# Bytes a pixel beside the result, measured: the decoder's planes, its RGBA, and Pillow's copy of that.
_BYTES, _DEEP_BYTES = 12, 16
_CROP_BYTES = 4


class AvifPicture:
    """The ``OpenPicture`` of AVIF. Errors are those of ``FormatReader.open``."""

    def __init__(self, content: bytes, container: HeifContainer) -> None:
        self._content = content
        self._container = container
        with explained(io.BytesIO(content), Format.AVIF, len(content)):
            self._image = AvifImageFile(io.BytesIO(content))
        stored = Size(*self._image.size)
        self._crop = container.crop(stored)
        self._size = stored
        if self._crop is not None:
            left, top, right, bottom = self._crop
            self._size = Size(right - left, bottom - top)

    @property
    def header(self) -> PhotoHeader:
        """As ``OpenPicture.header``."""
        header = read_header(self._image)
        # Pillow writes the container's rotation into EXIF; without one, XMP would count.
        orientation = header.orientation if self._container.turns else UPRIGHT
        return replace(header, size=self._size, orientation=orientation)

    def memory_needed(self, long_edge: int | None) -> MemoryNeeded:
        """Count what libavif and Pillow take at full size, whatever the reduction."""
        pixels = self._image.width * self._image.height  # of which a part may be shown
        bytes_a_pixel = _DEEP_BYTES if self._container.is_deep else _BYTES
        if self._crop is not None:
            bytes_a_pixel += _CROP_BYTES
        return replace(MemoryNeeded.of(self._size, long_edge, bytes_a_pixel * pixels), pixels=pixels)

    def load(self, long_edge: int | None, canvas: Canvas, picture: bytes | None = None) -> Picture:
        """As ``OpenPicture.load``."""
        header = self.header
        reduction = choose_reduction(self._size, long_edge)
        with explained(io.BytesIO(self._content), Format.AVIF, len(self._content)):
            load_first_frame(self._image)
        picture = picture or self._digest(header.orientation)
        image = self._image if self._crop is None else self._image.crop(self._crop)
        pixels = upright_srgb(image, header.orientation, reduction, canvas)
        return Picture(
            size=upright_size(self._size, header.orientation),
            taken_at=header.taken_at,
            pixels=pixels,
            scale=1 / reduction,
            picture=picture,
            taken_from=header.taken_from,
        )

    def _digest(self, orientation: int) -> bytes:
        if self._container.is_sequence:  # whose frame need not be the picture that it also holds
            return digest_pixels(self._image, orientation)
        return self._container.digest(orientation)

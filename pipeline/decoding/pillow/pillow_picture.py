"""Decodes one picture with Pillow: its first frame, which must be whole, or fails with a reason to act on.

PNG and WebP are mended first by `pipeline.decoding.pillow.png_chunks` and `webp_chunks`, bitmaps of rare
masks rewritten by `bmp_masks`: Pillow gives up at faults that cost no pixel.
"""

import io
import logging
import warnings
from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import BinaryIO

from PIL import Image, PngImagePlugin
from PIL.BmpImagePlugin import BmpImageFile
from PIL.GifImagePlugin import GifImageFile
from PIL.ImageFile import ImageFile
from PIL.Jpeg2KImagePlugin import Jpeg2KImageFile
from PIL.PngImagePlugin import PngImageFile
from PIL.WebPImagePlugin import WebPImageFile

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
from pipeline.decoding.orientation import upright_size
from pipeline.decoding.picture_digest import digest_pixels
from pipeline.decoding.pillow.animation import load_first_frame
from pipeline.decoding.pillow.bmp_masks import with_whole_bytes
from pipeline.decoding.pillow.bmp_runs import with_plain_rows
from pipeline.decoding.pillow.jpeg_2000_components import refuse_rare_kinds
from pipeline.decoding.pillow.pillow_errors import explained
from pipeline.decoding.pillow.png_chunks import LARGEST_TEXT, is_animated, sound_png
from pipeline.decoding.pillow.webp_chunks import sound_webp
from pipeline.values import Reason, Size

# Pillow warns about every odd EXIF block, and logs some errors as well as raising them.
warnings.filterwarnings("ignore", category=UserWarning, module=r"PIL\.")
logging.getLogger("PIL").addHandler(logging.NullHandler())

# Pillow's own limit holds for the whole process; the pixel cap is checked for each photo before decoding.
Image.MAX_IMAGE_PIXELS = None

# `pipeline.decoding.pillow.png_chunks` drops larger ones; Pillow would fail the picture.
PngImagePlugin.MAX_TEXT_CHUNK = LARGEST_TEXT

# The classes, not Image.open: it hides why a reader refuses a file.
_CLASSES: Mapping[Format, type[ImageFile]] = MappingProxyType(
    {
        Format.PNG: PngImageFile,
        Format.WEBP: WebPImageFile,
        Format.BMP: BmpImageFile,
        Format.GIF: GifImageFile,
        Format.JPEG_2000: Jpeg2KImageFile,
    }
)


class PillowPicture:
    """Pillow's ``OpenPicture``. Arguments and errors are those of ``FormatReader.open``."""

    def __init__(self, stream: BinaryIO, kind: Format, length: int) -> None:
        self._stream = stream
        self._kind = kind
        self._length = length
        self._metadata = Metadata.of_stream(stream, kind)
        stream.seek(0)
        self._plain: bytes | None = None  # of an animated PNG: what its first picture can be read from
        if kind is Format.PNG:
            self._open_png(stream.read(), animated=True)
        else:
            if kind is Format.WEBP:
                self._stream = stream = io.BytesIO(sound_webp(stream.read()))
                self._length = stream.getbuffer().nbytes
            elif kind is Format.JPEG_2000:
                refuse_rare_kinds(stream.read())
                stream.seek(0)
            self._image = self._open_other()
        self._size = Size(*self._image.size)

    @property
    def header(self) -> PhotoHeader:
        """As ``OpenPicture.header``."""
        if isinstance(self._image, PngImageFile) and "exif" not in self._image.info:
            return PhotoHeader(self._size, 1, None)  # Pillow would decode it to look after the pixels
        return read_header(self._image, self._metadata)

    def memory_needed(self, long_edge: int | None) -> MemoryNeeded:
        """Count 4 bytes a pixel of the full size, and the content if it is kept."""
        pixels = self._size.width * self._size.height
        content = self._length if isinstance(self._stream, io.BytesIO) else 0
        return MemoryNeeded.of(self._size, long_edge, 4 * pixels + min(content, 4 * pixels))

    def load(self, long_edge: int | None, canvas: Canvas, picture: bytes | None = None) -> Picture:
        """As ``OpenPicture.load``."""
        reduction = choose_reduction(self._size, long_edge)
        self._load()
        header = replace(read_header(self._image, self._metadata), size=self._size)
        image: Image.Image = self._image
        if Size(*image.size) != self._size:  # a later frame of an animation reaches beyond the first
            image = image.crop((0, 0, self._size.width, self._size.height))
        if self._kind is Format.BMP and image.mode == "RGBA" and image.getchannel("A").getextrema() == (0, 0):
            image = image.convert("RGB")  # programs that know no alpha leave it at 0
        picture = picture or digest_pixels(image, header.orientation)
        pixels = upright_srgb(image, header.orientation, reduction, canvas)
        size = upright_size(header.size, header.orientation)
        return Picture(size, header.taken_at, pixels, 1 / reduction, picture, taken_from=header.taken_from)

    def _open_png(self, content: bytes, *, animated: bool) -> None:
        """Open a PNG without what is damaged beside its pixels; without its animation, if that is damaged."""
        sound = sound_png(content, animated=animated)
        self._stream, self._length = io.BytesIO(sound), len(sound)
        self._plain = content if is_animated(sound) else None
        try:
            with explained(self._stream, self._kind, self._length):
                self._image = PngImageFile(self._stream)
        except Unreadable:
            if self._plain is None:
                raise
            self._open_png(content, animated=False)

    def _open_other(self) -> ImageFile:
        try:
            with explained(self._stream, self._kind, self._length):
                return _CLASSES[self._kind](self._stream)
        except Unreadable as error:
            if self._kind is not Format.BMP or error.reason is not Reason.UNSUPPORTED:
                raise
            self._stream.seek(0)
            rewritten = with_whole_bytes(self._stream.read())
            if rewritten is None:
                raise
            self._stream = io.BytesIO(rewritten)
            return BmpImageFile(self._stream)

    def _load(self) -> None:
        try:
            with explained(self._stream, self._kind, self._length):
                load_first_frame(self._image)
        except Unreadable:
            if self._kind is Format.BMP and self._open_runs():
                self._image.load()
            elif self._plain is None:
                raise
            else:
                self._open_png(self._plain, animated=False)
                self._load()

    def _open_runs(self) -> bool:
        """Open a bitmap whose runs Pillow refuses anew, without them; return whether it is one."""
        self._stream.seek(0)
        plain = with_plain_rows(self._stream.read())
        if plain is None:
            return False
        self._image = BmpImageFile(io.BytesIO(plain))
        return True

"""Decodes JPEG XL with imagecodecs: of an animation, the first frame that shows something.

libjxl turns the picture as its codestream says; the orientation in EXIF repeats that, and does not count
(ISO/IEC 18181-2, annex on Exif). It fails at a file that ends early.
"""

from collections.abc import Iterator
from typing import Any, BinaryIO

import imagecodecs
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from pipeline.decoding.colour import upright_srgb
from pipeline.decoding.format_reader import (
    TRUNCATED,
    Canvas,
    MemoryNeeded,
    PhotoHeader,
    Picture,
    Unreadable,
    choose_reduction,
)
from pipeline.decoding.jpeg_xl.jpeg_xl_header import read_jpeg_xl_header
from pipeline.decoding.metadata.blocks import Metadata
from pipeline.decoding.metadata.taken import when_taken
from pipeline.decoding.orientation import UPRIGHT
from pipeline.decoding.picture_digest import digest_pixels
from pipeline.decoding.pillow.animation import FRAMES, is_blank
from pipeline.decoding.tiff.deep_samples import to_8_bits
from pipeline.values import Reason, Size

_LARGEST_BLOCK = 4 << 20
_MODES = {1: "L", 2: "LA", 3: "RGB", 4: "RGBA"}
_DECODING = 24
"""Bytes a pixel: libjxl works on floats, and a picture of 16 bits has 8 bytes a pixel itself."""


class JpegXlPicture:
    """The ``OpenPicture`` of JPEG XL. Errors are those of ``FormatReader.open``."""

    def __init__(self, stream: BinaryIO) -> None:
        self._content = stream.read()
        header = read_jpeg_xl_header(self._content)
        blocks = [*((b"Exif", each) for each in header.exif), *((b"xml ", each) for each in header.xmp)]
        blocks += [(kind, data) for kind, packed in header.packed if (data := _unpacked(kind, packed))]
        metadata = Metadata.of_blocks(
            [data for kind, data in blocks if kind == b"Exif"],
            [data for kind, data in blocks if kind == b"xml "],
        )
        self._header = PhotoHeader.dated(header.size, UPRIGHT, when_taken(metadata))

    @property
    def header(self) -> PhotoHeader:
        """As ``OpenPicture.header``."""
        return self._header

    def memory_needed(self, long_edge: int | None) -> MemoryNeeded:
        """Count what libjxl takes, at full size whatever the reduction."""
        size = self._header.size
        return MemoryNeeded.of(size, long_edge, _DECODING * size.width * size.height)

    def load(self, long_edge: int | None, canvas: Canvas, picture: bytes | None = None) -> Picture:
        """As ``OpenPicture.load``."""
        header = self._header
        image = self._first_frame()
        if Size(*image.size) != header.size:
            raise _damaged(f"{image.width} x {image.height} pixels, and not what its header says")
        picture = picture or digest_pixels(image, UPRIGHT)
        reduction = choose_reduction(header.size, long_edge)
        pixels = upright_srgb(image, UPRIGHT, reduction, canvas)
        return Picture(
            header.size, header.taken_at, pixels, 1 / reduction, picture, taken_from=header.taken_from
        )

    def _first_frame(self) -> Image.Image:
        first: Image.Image | None = None
        for samples in self._frames():
            image = _image(samples)
            if not is_blank(image):
                return image
            first = first or image
        if first is None:
            raise _damaged("no picture")
        return first

    def _frames(self) -> Iterator[NDArray[Any]]:
        for number in range(FRAMES):
            try:
                yield imagecodecs.jpegxl_decode(self._content, index=number, numthreads=1)
            except IndexError:  # no more
                return
            except (imagecodecs.JpegxlError, ValueError, RuntimeError) as error:
                if number:
                    return
                if "NEED_MORE_INPUT" in str(error):
                    raise Unreadable(Reason.TRUNCATED, TRUNCATED) from error
                raise _damaged(str(error)) from error


def _image(samples: NDArray[Any]) -> Image.Image:
    samples = samples if samples.ndim == 3 else samples[..., np.newaxis]
    mode = _MODES.get(samples.shape[-1])
    if mode is None:
        message = (
            f"this kind of JPEG XL cannot be read ({samples.shape[-1]} samples a pixel): convert it to JPEG"
        )
        raise Unreadable(Reason.UNSUPPORTED, message)
    pixels = np.ascontiguousarray(to_8_bits(samples))
    return Image.frombuffer(mode, (pixels.shape[1], pixels.shape[0]), pixels, "raw", mode, 0, 1)


def _unpacked(kind: bytes, packed: bytes) -> bytes:
    """Decompress a block of metadata; nothing is left of one that is damaged or too large."""
    try:
        data = bytes(imagecodecs.brotli_decode(packed, out=_LARGEST_BLOCK))
    except (imagecodecs.BrotliError, ValueError, RuntimeError):
        return b""
    return data[4:] if kind == b"Exif" else data


def _damaged(why: str) -> Unreadable:
    message = f"the JPEG XL is damaged ({why}): copy it again from its source"
    return Unreadable(Reason.CORRUPT, message)

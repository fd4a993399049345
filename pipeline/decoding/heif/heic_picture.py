"""Decodes the primary picture of a HEIC with pillow-heif: not its thumbnails, gain maps or depth maps."""

import io
from collections.abc import Mapping
from contextlib import AbstractContextManager
from dataclasses import replace

import numpy as np
import pillow_heif
from PIL import Image
from pillow_heif import HeifImage

from pipeline.decoding.colour import upright_srgb, upright_srgb_of_rgb
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
from pipeline.decoding.heif.heif_container import HeifContainer
from pipeline.decoding.heif.nclx_profile import nclx_profile
from pipeline.decoding.orientation import UPRIGHT, upright_size
from pipeline.decoding.pillow.pillow_errors import explained
from pipeline.values import Reason, Size

# Photos are decoded side by side, so each has one thread.
pillow_heif.options.DECODE_THREADS = 1
pillow_heif.options.THUMBNAILS = False
pillow_heif.options.DEPTH_IMAGES = False
pillow_heif.options.AUX_IMAGES = False

_BYTES_A_PIXEL = {(False, False): 6, (False, True): 10, (True, False): 8, (True, True): 16}
"""What the library takes beside the result, by whether there are more than 8 bits, and colour at full size.

Measured with pictures of 10 to 190 megapixels, whole and in tiles, turned and not.
"""

_ALPHA_BYTES = 4


class HeicPicture:
    """The ``OpenPicture`` of HEIC. Errors are those of ``FormatReader.open``.

    The library turns, mirrors and crops as the container says, and follows no EXIF.
    """

    def __init__(self, content: bytes, container: HeifContainer) -> None:
        self._content = content
        self._container = container
        with self._explained():
            images = pillow_heif.open_heif(content, convert_hdr_to_8bit=True)
            if not len(images):
                raise Unreadable(Reason.UNSUPPORTED, "the HEIC holds no picture: convert it to JPEG or PNG")
            self._image: HeifImage = images[images.primary_index]
        if not all(self._image.size):
            reason = "the size of its picture is missing"
            raise Unreadable(Reason.CORRUPT, f"the HEIC is damaged ({reason}): copy it again from its source")
        self._header = self._read_header()

    @property
    def header(self) -> PhotoHeader:
        """As ``OpenPicture.header``; the size is that after the container's rotation."""
        return self._header

    def memory_needed(self, long_edge: int | None) -> MemoryNeeded:
        """Count what the library takes at full size, whatever the reduction."""
        size = self._header.size
        info: Mapping[str, object] = self._image.info
        bytes_a_pixel = _BYTES_A_PIXEL[info.get("bit_depth") != 8, info.get("chroma") in (422, 444)]
        if self._image.has_alpha:
            bytes_a_pixel += _ALPHA_BYTES
        return MemoryNeeded.of(size, long_edge, bytes_a_pixel * size.width * size.height)

    def load(self, long_edge: int | None, canvas: Canvas, picture: bytes | None = None) -> Picture:
        """As ``OpenPicture.load``."""
        header = self._header
        reduction = choose_reduction(header.size, long_edge)
        with self._explained():
            data, stride = self._image.data, self._image.stride
        size, mode = Size(*self._image.size), self._image.mode
        if size != header.size:
            raise Unreadable(
                Reason.CORRUPT,
                f"the HEIC is damaged (its picture is of {size.width} x {size.height} pixels, and should be "
                f"of {header.size.width} x {header.size.height}): copy it again from its source",
            )
        if mode == "RGB":
            rows = np.frombuffer(data, np.uint8, size.height * stride).reshape(size.height, stride)
            stored = rows[:, : 3 * size.width].reshape(size.height, size.width, 3)
            pixels = upright_srgb_of_rgb(stored, self._profile(), header.orientation, reduction, canvas)
        else:
            image = Image.frombuffer(mode, self._image.size, data, "raw", mode, stride, 1)
            image.info["icc_profile"] = self._profile()
            pixels = upright_srgb(image, header.orientation, reduction, canvas)
        return Picture(
            size=upright_size(header.size, header.orientation),
            taken_at=header.taken_at,
            pixels=pixels,
            scale=1 / reduction,
            picture=picture or self._container.digest(header.orientation),
            taken_from=header.taken_from,
            live_photo=header.live_photo,
        )

    def _read_header(self) -> PhotoHeader:
        """Read EXIF and XMP; EXIF's orientation counts only if the container says nothing of it."""
        carrier = Image.new("L", (1, 1))
        carrier.info = {name: found for name in ("exif", "xmp") if (found := self._image.info.get(name))}
        header = read_header(carrier)
        orientation = UPRIGHT if self._container.turns else header.orientation
        return replace(header, size=Size(*self._image.size), orientation=orientation)

    def _profile(self) -> bytes | None:
        info: Mapping[str, object] = self._image.info
        profile, nclx = info.get("icc_profile"), info.get("nclx_profile")
        if isinstance(profile, bytes) and profile:
            return profile
        return nclx_profile(nclx) if isinstance(nclx, Mapping) else None

    def _explained(self) -> AbstractContextManager[None]:
        return explained(io.BytesIO(self._content), Format.HEIC, len(self._content))

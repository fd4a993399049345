"""Turns a frame as it is coded into upright sRGB pixels: its colours, its rotation, and square pixels."""

import numpy as np
from av import VideoFrame
from av.sidedata.sidedata import SideData
from av.video.reformatter import (
    ColorRange,
    Colorspace,
    ColorTrc,
    Interpolation,
    VideoReformatter,
)

from pipeline.decoding.films.film_hdr import HdrConverter
from pipeline.decoding.films.film_stream import StreamHeader, bytes_of
from pipeline.decoding.format_reader import choose_reduction
from pipeline.decoding.orientation import UPRIGHT, as_stored, copy_pixels, upright_size
from pipeline.values import U8, Size

_LINES_OF_HD = 720
"""Films of so many lines and more are in the colours of BT.709 if they do not say, smaller ones of BT.601."""

_UNKNOWN_SPACE = 2
_CONSTANT_LUMINANCE_2020 = 10

# The display matrix (ISO/IEC 14496-12, 6.2.2) takes a stored point (x, y) to (a x + c y, b x + d y). By the
# signs of a, b, c, d: EXIF's orientation that says the same.
_ORIENTATIONS = {
    (1, 0, 0, 1): UPRIGHT,
    (-1, 0, 0, 1): 2,
    (-1, 0, 0, -1): 3,
    (1, 0, 0, -1): 4,
    (0, 1, 1, 0): 5,
    (0, 1, -1, 0): 6,
    (0, -1, -1, 0): 7,
    (0, -1, 1, 0): 8,
}

_TURNS = {90: 8, 180: 3, 270: 6}
"""By the degrees anticlockwise that put a frame upright."""


class FramePainter:
    """Paints frames of one film; all get the size and orientation of the first.

    Attributes:
        size: Of an upright frame at full size.
        reduction: 1, 2, 4 or 8.
    """

    def __init__(self, first: VideoFrame, header: StreamHeader, long_edge: int | None) -> None:
        self.orientation = _orientation(first)
        self._square = _square(Size(first.width, first.height), header)
        self.size = upright_size(self._square, self.orientation)
        self.reduction = choose_reduction(self.size, long_edge)
        self._reformatter = VideoReformatter()
        self._hdr = HdrConverter()

    @property
    def shape(self) -> tuple[int, int]:
        """Height and width of what is painted."""
        height, width = (-(-edge // self.reduction) for edge in (self.size.height, self.size.width))
        return height, width

    def paint(self, frame: VideoFrame, canvas: U8) -> None:
        """Write a frame to memory: uint8 [H, W, 3], of ``shape``."""
        height, width = as_stored(canvas, self.orientation).shape[:2]
        rgb = self._reformatter.reformat(
            frame,
            width,
            height,
            "rgb24",
            src_colorspace=_space(frame),
            dst_colorspace=Colorspace.ITU709,
            src_color_range=_range(frame),
            dst_color_range=ColorRange.JPEG,
            interpolation=Interpolation.AREA if self.reduction > 1 else Interpolation.BILINEAR,
            threads=1,
        )
        pixels = bytes_of(rgb)[:, : 3 * width].reshape(height, width, 3)
        if frame.interlaced_frame and self.reduction == 1:
            pixels = _one_field(pixels)
        if frame.color_trc in (ColorTrc.SMPTE2084, ColorTrc.ARIB_STD_B67):
            pixels = self._hdr.to_srgb(pixels, is_pq=frame.color_trc == ColorTrc.SMPTE2084)
        copy_pixels(pixels, as_stored(canvas, self.orientation))


def _square(stored: Size, header: StreamHeader) -> Size:
    """Return the size of a frame whose pixels are made square by stretching, never by squeezing."""
    aspect = header.pixel_aspect
    if aspect >= 1:
        return Size(round(stored.width * aspect), stored.height)
    return Size(stored.width, round(stored.height / aspect))


def _orientation(frame: VideoFrame) -> int:
    try:
        matrix = frame.side_data.get("DISPLAYMATRIX")
    except ValueError:  # PyAV does not know the EXIF that a frame of Motion JPEG may have
        return _TURNS.get(frame.rotation % 360, UPRIGHT)
    if not isinstance(matrix, SideData):
        return UPRIGHT
    values = np.frombuffer(bytes(matrix), np.int32)
    a, b, _, c, d = values[:5].astype(float)
    scale = max(abs(a), abs(b), abs(c), abs(d), 1.0)
    turned = tuple(round(each / scale) for each in (a, b, c, d))
    return _ORIENTATIONS.get(turned, UPRIGHT)


def _space(frame: VideoFrame) -> int:
    if frame.colorspace == _CONSTANT_LUMINANCE_2020:
        return Colorspace.BT2020
    if frame.colorspace != _UNKNOWN_SPACE:
        return frame.colorspace
    return Colorspace.ITU709 if frame.height >= _LINES_OF_HD else Colorspace.ITU601


def _range(frame: VideoFrame) -> int:
    if frame.color_range != ColorRange.UNSPECIFIED:
        return frame.color_range
    return ColorRange.JPEG if frame.format.name.startswith(("yuvj", "rgb", "gbr")) else ColorRange.MPEG


def _one_field(pixels: U8) -> U8:
    """Make a frame of its even rows alone: those between were taken at another time."""
    whole = pixels.copy()
    above, below = pixels[:-2:2].astype(np.uint16), pixels[2::2].astype(np.uint16)
    whole[1:-1:2] = (above + below + 1) >> 1
    whole[-1] = whole[-2] if len(whole) % 2 == 0 else whole[-1]
    return whole

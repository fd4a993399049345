"""Frames come upright, with square pixels and the right colours, whatever they are stored as."""

import io
from collections.abc import Mapping
from fractions import Fraction
from types import MappingProxyType
from typing import Any

import numpy as np
import pytest

from pipeline.decoding.films.film_hdr import HdrConverter
from pipeline.decoding.films.film_painting import FramePainter
from pipeline.decoding.films.film_stream import StreamHeader
from pipeline.values import U8, Size
from tests.pipeline.films import Make, film, pictures, seen

av = pytest.importorskip("av")

BT_601, BT_709, BT_2020, UNKNOWN = 5, 1, 9, 2
LIMITED, FULL = 1, 2
PQ, HLG, SDR = 16, 18, 1

NO_OPTIONS: Mapping[str, str] = MappingProxyType({})

BARS = ((255, 255, 255), (200, 60, 40), (30, 160, 70), (0, 0, 0))


def bars(width: int = 128, height: int = 64) -> U8:
    return np.repeat(np.array(BARS, np.uint8), width // 4, 0)[None].repeat(height, 0)


def painted(frame: Any, aspect: Fraction = Fraction(1), long_edge: int | None = None) -> U8:
    header = StreamHeader(Size(frame.width, frame.height), aspect, None, None, None)
    painter = FramePainter(frame, header, long_edge)
    canvas = np.zeros((*painter.shape, 3), np.uint8)
    painter.paint(frame, canvas)
    return canvas


@pytest.mark.parametrize("pixels", ["yuv420p", "yuv422p10le", "yuv444p12le", "nv12"])
@pytest.mark.parametrize("space", [BT_601, BT_709, BT_2020])
@pytest.mark.parametrize("value_range", [LIMITED, FULL])
def test_colours_are_those_of_the_stated_space_and_range(pixels: str, space: int, value_range: int) -> None:
    frame = av.VideoFrame.from_ndarray(bars(), format="rgb24").reformat(
        format=pixels, src_colorspace=BT_709, dst_colorspace=space, dst_color_range=value_range
    )
    frame.colorspace, frame.color_range, frame.color_trc = space, value_range, SDR
    assert middles(painted(frame)) == pytest.approx(np.array(BARS), abs=5)


def middles(pixels: U8) -> U8:
    width = pixels.shape[1]
    return pixels[len(pixels) // 2, [width * (2 * bar + 1) // 8 for bar in range(4)]]


def test_small_films_that_do_not_say_are_bt_601_and_large_ones_bt_709() -> None:
    for height, space in ((64, BT_601), (720, BT_709)):
        frame = av.VideoFrame.from_ndarray(bars(128, height), format="rgb24").reformat(
            format="yuv420p", src_colorspace=BT_709, dst_colorspace=space
        )
        frame.colorspace, frame.color_range = UNKNOWN, 0
        assert middles(painted(frame)) == pytest.approx(np.array(BARS), abs=5)


@pytest.mark.parametrize(
    ("rotation", "corner"), [(0, (0, 0)), (90, (-1, 0)), (180, (-1, -1)), (270, (0, -1))]
)
def test_a_film_is_turned_as_its_display_matrix_says(rotation: int, corner: tuple[int, int]) -> None:
    """Counter-clockwise: the stored top left corner goes down the left side."""
    make = Make(rotation=rotation, moving=0, scenes=(0.1,))
    found = seen(film(make))
    stored = next(pictures(make))
    upright = np.rot90(stored, rotation // 90)
    assert found.frames[0].shape == upright.shape
    assert np.abs(found.frames[0].astype(int) - upright).mean() < 8
    assert np.abs(upright[corner].astype(int) - stored[0, 0]).max() == 0


def test_a_mirrored_film_is_mirrored_back() -> None:
    frame = stored(bars(), mirrored=True)
    left, right = painted(frame)[32, 5], painted(frame)[32, -5]
    assert left.max() < 10
    assert right.min() > 245


def stored(
    pixels: U8, codec: str = "mpeg4", options: Mapping[str, str] = NO_OPTIONS, mirrored: bool = False
) -> Any:
    """The first frame of a film of one frame."""
    content = io.BytesIO()
    with av.open(content, "w", format="mov") as output:
        stream = output.add_stream(codec, rate=25, options=dict(options))
        stream.height, stream.width = pixels.shape[:2]
        stream.pix_fmt = "yuv420p"
        if mirrored:
            stream.set_display_rotation(0, hflip=True)
        output.mux(stream.encode(av.VideoFrame.from_ndarray(pixels, format="rgb24")))
        output.mux(stream.encode(None))
    content.seek(0)
    return next(av.open(content).decode(video=0))


@pytest.mark.parametrize(
    ("aspect", "size"), [(Fraction(4, 3), (171, 64)), (Fraction(8, 9), (128, 72)), (Fraction(1), (128, 64))]
)
def test_oblong_pixels_are_made_square_without_loss(aspect: Fraction, size: tuple[int, int]) -> None:
    frame = av.VideoFrame.from_ndarray(bars(), format="rgb24")
    assert painted(frame, aspect).shape == (size[1], size[0], 3)


def test_frames_are_scaled_down_while_they_stay_large_enough() -> None:
    frame = av.VideoFrame.from_ndarray(bars(640, 360), format="rgb24")
    for long_edge, width in ((None, 640), (700, 640), (320, 320), (100, 160)):
        pixels = painted(frame, long_edge=long_edge)
        assert pixels.shape == (360 * width // 640, width, 3)
        assert middles(pixels) == pytest.approx(np.array(BARS), abs=3)


def test_a_frame_of_two_moments_is_made_of_one() -> None:
    """Its odd rows were taken a fiftieth of a second later."""
    fields = np.zeros((64, 128, 3), np.uint8)
    fields[::2, :64] = 200
    fields[1::2, 64:] = 200
    options = {"flags": "+ilme+ildct+qscale", "global_quality": "118"}
    frame = stored(fields, "mpeg2video", options)
    assert np.ptp(frame.to_ndarray(format="rgb24")[:, 20, 0].astype(int)) > 150
    pixels = painted(frame)
    assert np.ptp(pixels[:, 20, 0].astype(int)) < 20
    assert np.ptp(pixels[:, 100, 0].astype(int)) < 20


@pytest.mark.parametrize("is_pq", [True, False])
def test_a_face_of_high_dynamic_range_is_as_bright_as_any(is_pq: bool) -> None:
    """Signal levels of skin and white are those of ITU-R BT.2408, table 1 (PQ 0.58, HLG 0.75 for white)."""
    white, skin = (0.58, 0.44) if is_pq else (0.75, 0.56)
    pixels = np.rint(255 * np.array([[[white] * 3, [skin] * 3, [0] * 3, [1] * 3]])).astype(np.uint8)
    result = HdrConverter().to_srgb(pixels, is_pq)[0]
    assert 215 <= result[0].min() <= result[0].max() <= 250
    assert 120 <= result[1].min() <= result[1].max() <= 190
    assert result[2].max() <= 2
    assert result[3].min() >= 250
    ramp = np.arange(256, dtype=np.uint8)[None, :, None].repeat(3, 2)
    assert (np.diff(HdrConverter().to_srgb(ramp, is_pq)[0, :, 1].astype(int)) >= 0).all()


def test_it_is_converted_where_the_film_says_so() -> None:
    grey = np.full((64, 128, 3), 112, np.uint8)
    frame = av.VideoFrame.from_ndarray(grey, format="rgb24")
    assert painted(frame).mean() == pytest.approx(112, abs=1)
    frame.color_trc = PQ
    assert painted(frame).mean() > 120

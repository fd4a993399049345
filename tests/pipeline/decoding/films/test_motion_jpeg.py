"""Films of whole JPEGs, as cameras wrote them for years, may have EXIF in each frame."""

import io
from fractions import Fraction

import av
import pytest
from PIL import Image

from tests.pipeline.corrupt import exif_block, turned
from tests.pipeline.films import seen
from tests.pipeline.pictures import corner_names, encoded, four_corners


@pytest.mark.parametrize("orientation", [1, 3, 6, 8])
def test_exif_in_the_frames_turns_them_upright(orientation: int) -> None:
    stored = Image.fromarray(turned(four_corners(96, 64), orientation))
    frame = encoded(stored, "JPEG", exif=b"Exif\0\0" + exif_block(orientation))
    content = io.BytesIO()
    with av.open(content, "w", format="avi") as output:
        stream = output.add_stream("mjpeg", rate=10)
        stream.width, stream.height, stream.pix_fmt = *stored.size, "yuvj420p"
        for number in range(10):
            packet = av.Packet(frame)
            packet.stream, packet.is_keyframe = stream, True
            packet.pts, packet.dts, packet.time_base = number, number, Fraction(1, 10)
            output.mux(packet)
    found = seen(content.getvalue(), name="film.avi")
    assert corner_names(found.frames[0]) == ["red", "green", "blue", "yellow"]

"""Films of the people whose pictures packages ship."""

from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path

import pytest
from PIL import Image

av = pytest.importorskip("av")

SIZE = (480, 320)

_PER_SECOND = 8


def save_film(path: Path, shots: Sequence[tuple[float, Sequence[tuple[Image.Image, int]]]]) -> Path:
    """Write a film: each shot lasts some seconds, and shows pictures at places from the left, which move."""
    with av.open(str(path), "w") as output:
        stream = output.add_stream("libx264", rate=_PER_SECOND)
        stream.width, stream.height = SIZE
        stream.pix_fmt, stream.time_base = "yuv420p", Fraction(1, _PER_SECOND)
        stream.options = {"g": str(_PER_SECOND), "preset": "ultrafast"}
        for number, (seconds, people) in enumerate(shots):
            for step in range(round(seconds * _PER_SECOND)):
                frame = Image.new("RGB", SIZE, (60, 80 + 60 * (number % 2), 90))
                for picture, left in people:
                    frame.paste(picture, (left + step, 40))
                for packet in stream.encode(av.VideoFrame.from_image(frame)):
                    output.mux(packet)
        for packet in stream.encode():
            output.mux(packet)
    return path

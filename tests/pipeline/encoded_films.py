"""Small films that tests encode themselves."""

from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path

import av

from pipeline.values import U8, PhotoFile
from tests.pipeline.pictures import photo_file


def encoded_film(
    path: Path, frames: Sequence[U8], per_second: int = 10, *, keyframe_every: int = 10, codec: str = "mpeg4"
) -> PhotoFile:
    """Write a film of frames, uint8 [H, W, 3] with even sides, in the container of the path's extension."""
    height, width, _ = frames[0].shape
    with av.open(str(path), "w") as container:
        stream = container.add_stream(codec, rate=per_second)
        assert isinstance(stream, av.VideoStream)
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        stream.codec_context.gop_size = keyframe_every
        stream.codec_context.bit_rate = 4_000_000
        stream.codec_context.time_base = Fraction(1, per_second)
        for number, pixels in enumerate(frames):
            frame = av.VideoFrame.from_ndarray(pixels, format="rgb24")
            frame.pts = number
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return photo_file(path)

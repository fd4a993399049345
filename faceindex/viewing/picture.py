"""What a picture is, and how one is made smaller."""

from dataclasses import dataclass

import simplejpeg

from faceindex.errors import PictureUnavailable
from pipeline.description.thumbnail import encode_jpeg, shrink
from pipeline.errors import PhotoError
from pipeline.values import U8, PhotoFile, Reason

JPEG = "image/jpeg"
QUALITY = 85


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture in a format that browsers show; ``media_type`` is such as ``image/jpeg``."""

    content: bytes
    media_type: str = JPEG


def picture_of(pixels: U8, long_edge: int) -> Picture:
    """Encode pixels, uint8 [H, W, 3] RGB, of which the longer side then has at most ``long_edge``."""
    return Picture(encode_jpeg(shrink(pixels, long_edge), QUALITY))


def smaller(picture: bytes, long_edge: int) -> Picture:
    """Return a JPEG with at most ``long_edge`` pixels on its longer side; ``ValueError`` if it is none."""
    height, width, *_ = simplejpeg.decode_jpeg_header(picture)
    if max(height, width) <= long_edge:
        return Picture(picture)
    pixels = simplejpeg.decode_jpeg(picture, min_height=long_edge, min_width=long_edge)
    return picture_of(pixels, long_edge)


def unavailable(file: PhotoFile, error: PhotoError) -> PictureUnavailable:
    """Say in one line why a file gives no picture."""
    messages = {
        Reason.CHANGED: "it has changed since the last scan: scan it again",
        Reason.VANISHED: "it is not there any more",
    }
    return PictureUnavailable(file.path, messages.get(error.reason, error.message))

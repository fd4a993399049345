"""Reads what is there of a JPEG that ends early, as a copy that broke off does.

A sequential JPEG lacks its last rows. A progressive one (ITU-T T.81, annex G) stores coarse pictures first:
one that lacks no more than the last bit of its coefficients is complete but for the finest detail.
"""

import io

import numpy as np
from PIL import Image
from PIL.JpegImagePlugin import JpegImageFile

from pipeline.decoding.jpeg_segments import START_OF_SCAN, segments
from pipeline.values import MOST_MISSING, MissingPart, Side

_GREY = 128
_END_OF_IMAGE = b"\xff\xd9"
_FRAMES = frozenset({0xC0, 0xC1, 0xC2, 0xC9, 0xCA})  # starts of frames that Pillow reads
_COEFFICIENTS = 64

_SIDES = {
    **dict.fromkeys((1, 2), Side.BOTTOM),
    **dict.fromkeys((3, 4), Side.TOP),
    **dict.fromkeys((5, 8), Side.RIGHT),
    **dict.fromkeys((6, 7), Side.LEFT),
}
"""Where the last rows are in the upright picture, by EXIF's orientation."""


def load_cut_jpeg(content: bytes, size: tuple[int, int] | None) -> tuple[JpegImageFile, float] | None:
    """Load what is there of a JPEG, at full size or scaled down to about ``size``.

    Returns the loaded picture, and which share of its last rows is missing and grey: 0 if only finest detail
    is; ``None`` if too much is missing.
    """
    progressive = "progressive" in JpegImageFile(io.BytesIO(content)).info
    if progressive and not _lacks_only_last_bits(content):
        return None
    image = JpegImageFile(io.BytesIO(content + _END_OF_IMAGE if progressive else content))
    if size is not None:
        image.draft(None, size)
    if progressive:
        try:
            image.load()
        except OSError:  # cut within the head of a scan
            return None
        return image, 0.0
    # The decoder writes only rows that are whole.
    image.im = Image.new(image.mode, image.size, (_GREY,) * len(image.getbands())).im
    try:
        image.load()
    except OSError:
        image.tile = []
    share = _grey_rows(image) / image.height
    return (image, share) if share <= MOST_MISSING else None


def missing_part(orientation: int, share: float) -> MissingPart:
    """Say where the last rows of a picture are once it is upright."""
    return MissingPart(_SIDES[orientation], share)


def _grey_rows(image: Image.Image) -> int:
    """Count the last rows that are grey, as far as it matters."""
    top = int(image.height * (1 - MOST_MISSING)) - 1
    rows = np.asarray(image.crop((0, max(0, top), image.width, image.height)))
    is_grey = (rows == _GREY).reshape(len(rows), -1).all(axis=1)
    whole = np.flatnonzero(~is_grey)
    return len(rows) - (int(whole[-1]) + 1 if len(whole) else 0)


def _lacks_only_last_bits(content: bytes) -> bool:
    """Tell whether all scans but the last have all bits of every coefficient except the last bit."""
    missing_bits: dict[tuple[int, int], int] = {}
    components: set[int] = set()
    scans = []
    for each in segments(content):
        data = each.data(content) if each.head_end <= len(content) else b""
        if each.marker in _FRAMES and len(data) >= 6:
            components = set(data[6 : 6 + 3 * data[5] : 3])
        elif each.marker == START_OF_SCAN and data:
            scans.append(data)
    for data in scans[:-1]:  # the last one is cut
        count = data[0]
        first, last, bits = data[1 + 2 * count : 4 + 2 * count]
        for component in data[1 : 1 + 2 * count : 2]:
            for coefficient in range(first, last + 1):
                missing_bits[component, coefficient] = bits & 0x0F
    return bool(components) and all(
        missing_bits.get((component, coefficient), 2) <= 1
        for component in components
        for coefficient in range(_COEFFICIENTS)
    )

"""Reads what is there of a JPEG that ends early, as a copy that broke off does.

A sequential JPEG lacks its last rows. A progressive one (ITU-T T.81, annex G) stores coarse pictures first:
it lacks detail, everywhere or from some row on.

Which rows a file lacks follows from decoding it twice, with different bytes behind its end: rows that come
out the same do not depend on what is missing.
"""

import io
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from PIL import Image
from PIL.JpegImagePlugin import JpegImageFile

from pipeline.decoding.jpeg.jpeg_segments import FRAMES, START_OF_SCAN, segments
from pipeline.values import MOST_MISSING, MissingPart, Side

_GREY = 128
_END_OF_IMAGE = b"\xff\xd9"
_FILLING = bytes((73 * at + 41) % 251 for at in range(256))
"""Compressed data of no picture: it holds no marker, and decodes to anything but grey."""

_PADDING = b"\0\xff"
"""What broken copies and recovered files end in, and half a marker."""

_COEFFICIENTS = 64
_NEVER_SENT = 16
"""Bits that are missing of a coefficient that no scan has sent: all."""

_ROWS = 256
"""Rows compared at a time: the differences of a whole picture would take as much memory as the picture."""

_SIDES = {
    **dict.fromkeys((1, 2), Side.BOTTOM),
    **dict.fromkeys((3, 4), Side.TOP),
    **dict.fromkeys((5, 8), Side.RIGHT),
    **dict.fromkeys((6, 7), Side.LEFT),
}
"""Where the last rows are in the upright picture, by EXIF's orientation."""


@dataclass(frozen=True, slots=True)
class Scans:
    """The scans of a JPEG, as far as they are there.

    Attributes:
        content: The file up to the end of its last scan.
        missing_before: Bits that the last scan's forerunners left out of the worst coefficient.
        missing_after: The same, as if the last scan were whole.
    """

    content: bytes
    missing_before: int
    missing_after: int


@dataclass(frozen=True, slots=True, eq=False)
class Remains:
    """What is there of a JPEG: a loaded picture whose missing rows are grey.

    ``missing`` is their share of the height; 0 if only finest detail is missing, ``None`` if nothing is.
    """

    image: Image.Image
    missing: float | None


def find_scans(content: bytes) -> Scans | None:
    """Return the scans of a JPEG, without what a broken copy left behind them; ``None`` if there are none."""
    kept = len(content.rstrip(_PADDING))
    components: set[int] = set()
    scans: list[bytes] = []
    end = walked = 0
    for each in segments(content):
        data = each.data(content)
        if each.head_end > kept:
            break  # cut between two scans, or in the head of one
        if each.marker in FRAMES and len(data) >= 6:
            components = set(data[6 : 6 + 3 * data[5] : 3])
        elif each.marker == START_OF_SCAN:
            if not data or len(data) < 4 + 2 * data[0]:
                return None
            scans.append(data)
            end = each.end
        walked = each.end
    if not scans or content.find(_END_OF_IMAGE, walked) not in (-1, walked):
        return None  # what stands between its scans and its end is damaged: they may not be all
    return Scans(
        content[: min(end, kept)], _missing_bits(components, scans[:-1]), _missing_bits(components, scans)
    )


def load_what_is_there(scans: Scans, size: tuple[int, int] | None) -> Remains | None:
    """Load what is there, at full size or scaled down to about ``size``; ``None`` if too much is missing.

    Errors are those of Pillow.
    """
    image = _load(scans.content, size)
    try:
        whole = _rows_alike(image, _load(scans.content + _FILLING, size))
    except OSError:  # the filling is no compressed data to it
        whole = image.height
    share = 1 - whole / image.height
    if scans.missing_after == 0 and share == 0:
        return Remains(image, None)
    if scans.missing_before <= 1:
        return Remains(image, 0.0)
    if scans.missing_after > 1 or share > MOST_MISSING:
        return None
    image.paste((_GREY,) * len(image.getbands()), (0, whole, image.width, image.height))
    return Remains(image, share)


def missing_part(orientation: int, share: float) -> MissingPart:
    """Say where the last rows of a picture are once it is upright."""
    return MissingPart(_SIDES[orientation], share)


def _load(content: bytes, size: tuple[int, int] | None) -> JpegImageFile:
    image = JpegImageFile(io.BytesIO(content + _END_OF_IMAGE))
    if size is not None:
        image.draft(None, size)
    image.load()
    return image


def _rows_alike(one: Image.Image, other: Image.Image) -> int:
    """Count the first rows that are the same in two pictures of one size."""
    for top in range(0, one.height, _ROWS):
        part = (0, top, one.width, min(top + _ROWS, one.height))
        differ = np.asarray(one.crop(part)) != np.asarray(other.crop(part))
        rows = np.flatnonzero(differ.reshape(len(differ), -1).any(axis=1))
        if len(rows):
            return top + int(rows[0])
    return one.height


def _missing_bits(components: Iterable[int], scans: Iterable[bytes]) -> int:
    """Return how many bits the scans leave out of the coefficient that lacks most."""
    missing: dict[tuple[int, int], int] = {}
    for data in scans:
        count = data[0]
        first, last, bits = data[1 + 2 * count : 4 + 2 * count]
        for component in data[1 : 1 + 2 * count : 2]:
            for coefficient in range(first, min(last, _COEFFICIENTS - 1) + 1):
                missing[component, coefficient] = bits & 0x0F
    return max(
        (
            missing.get((component, coefficient), _NEVER_SENT)
            for component in components
            for coefficient in range(_COEFFICIENTS)
        ),
        default=_NEVER_SENT,
    )

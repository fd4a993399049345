"""Draws a sheet of faces, so that a person sees who is in a cluster: each face cut out, with its number."""

import os
from collections.abc import Sequence
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

from faceindex.errors import FaceindexError
from faceindex.settings import Settings
from index.values import FaceRecord
from pipeline.decoding.decoders import DecoderOptions, Decoders
from pipeline.errors import PhotoError
from pipeline.sources.photo_file_access import OpenPhoto
from pipeline.values import Box, PhotoFile

MOST = 200
"""Faces on a sheet; of more, so many are shown."""

_TILE, _LINE, _GAP = 128, 20, 6
_COLUMNS = 10
_PAPER, _INK, _NOTHING = (255, 255, 255), (32, 32, 32), (208, 208, 208)
_MARGIN = 0.25
"""Of the box, that is shown around it on each side."""


def draw_sheet(faces: Sequence[FaceRecord], path: Path, settings: Settings) -> int:
    """Write a picture of faces in rows, each above its number; a face whose photo is gone is a grey tile.

    Args:
        faces: At least one; beyond ``MOST`` they are left out.
        path: Of the picture; its ending says the format.
        settings: For the cap on pixels.

    Returns:
        How many are shown.

    Raises:
        FaceindexError: The picture cannot be written.
    """
    shown = list(faces[:MOST])
    columns = min(_COLUMNS, len(shown))
    rows = -(-len(shown) // columns)
    size = (columns * (_TILE + _GAP) + _GAP, rows * (_TILE + _LINE + _GAP) + _GAP)
    sheet = Image.new("RGB", size, _PAPER)
    pen, font = ImageDraw.Draw(sheet), ImageFont.load_default(size=14)
    with Decoders(DecoderOptions(pixel_cap=int(settings.max_megapixels * 1e6))) as decoders:
        for number, face in enumerate(shown):
            left = _GAP + number % columns * (_TILE + _GAP)
            top = _GAP + number // columns * (_TILE + _LINE + _GAP)
            tile = _tile(face, decoders)
            if tile is None:
                pen.rectangle((left, top, left + _TILE, top + _TILE), fill=_NOTHING)
            else:
                sheet.paste(tile, (left, top))
            pen.text(
                (left + _TILE / 2, top + _TILE + 2), str(face.face_id), fill=_INK, font=font, anchor="ma"
            )
    try:
        sheet.save(path)
    except (OSError, ValueError) as error:
        raise FaceindexError(
            f"{path} cannot be written: {getattr(error, 'strerror', None) or error}."
        ) from error
    return len(shown)


def _tile(face: FaceRecord, decoders: Decoders) -> Image.Image | None:
    """The face with a margin, a square; ``None`` where the photo cannot be read any more."""
    try:
        found = os.stat(face.photo)
        with (
            OpenPhoto(PhotoFile(face.photo, found.st_size, found.st_mtime_ns)) as photo,
            decoders.lend() as decoder,
        ):
            decoded = decoder.decode(photo, None)
            return _cut(Image.fromarray(decoded.pixels), face.box, decoded.scale)
    except (OSError, PhotoError):
        return None


def _cut(picture: Image.Image, box: Box, scale: float) -> Image.Image:
    side = max(box.w, box.h) * (1 + 2 * _MARGIN) * scale
    x, y = (box.x + box.w / 2) * scale, (box.y + box.h / 2) * scale
    corners = (round(x - side / 2), round(y - side / 2), round(x + side / 2), round(y + side / 2))
    return picture.crop(corners).resize((_TILE, _TILE), Image.Resampling.LANCZOS)

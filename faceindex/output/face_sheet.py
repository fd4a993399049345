"""Draws a sheet of cropped faces with their numbers, for people to see who is in a cluster."""

import math
import os
from collections.abc import Sequence
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

from faceindex.errors import FaceindexError
from faceindex.settings import Settings
from index.values import FaceRecord
from pipeline.decoding.decoders import DecoderOptions, Decoders
from pipeline.errors import PhotoError
from pipeline.geometry import eighth_turns
from pipeline.sources.photo_file_access import OpenPhoto
from pipeline.values import PhotoFile

MOST = 200

_TILE, _LINE, _GAP = 128, 20, 6
_COLUMNS = 10
_PAPER, _INK, _NOTHING = (255, 255, 255), (32, 32, 32), (208, 208, 208)
_MARGIN = 0.25
"""Shown around the box on each side, as a part of the box."""


def draw_sheet(faces: Sequence[FaceRecord], path: Path, settings: Settings) -> int:
    """Draw the first ``MOST`` of the faces in rows, each above its number, and return how many are shown.

    A face without its photo is a grey tile. ``faces`` is not empty; the ending of ``path`` sets the format.

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
        reason = getattr(error, "strerror", None) or error
        raise FaceindexError(f"{path} cannot be written: {reason}.") from error
    return len(shown)


def _tile(face: FaceRecord, decoders: Decoders) -> Image.Image | None:
    """Cut a square around the face, turned upright; ``None`` where the photo cannot be read any more."""
    try:
        found = os.stat(face.photo)
        file = PhotoFile(face.photo, found.st_size, found.st_mtime_ns)
        with OpenPhoto(file) as photo, decoders.lend() as decoder:
            decoded = decoder.decode(photo, None)
    except (OSError, PhotoError):
        return None
    box, scale = face.box, decoded.scale
    x, y = round((box.x + box.w / 2) * scale), round((box.y + box.h / 2) * scale)
    half = round(max(box.w, box.h) * (1 + 2 * _MARGIN) * scale / 2)
    reach = math.ceil(half * math.sqrt(2))  # what any turn brings into the tile
    around = Image.fromarray(decoded.pixels).crop((x - reach, y - reach, x + reach, y + reach))
    upright = around.rotate(45 * eighth_turns(face.landmarks), Image.Resampling.BICUBIC)
    inner = (reach - half, reach - half, reach + half, reach + half)
    return upright.crop(inner).resize((_TILE, _TILE), Image.Resampling.LANCZOS)

"""Draws a sheet of cropped faces, each above its label, for people to see who they are."""

import math
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from PIL import Image

from faceindex.errors import FaceindexError
from faceindex.film_times import at_time
from faceindex.output.text_line import cut, lacking_note, lay_out
from faceindex.settings import Settings
from index.values import FaceRecord
from pipeline.decoding.decoders import DecoderOptions, Decoders
from pipeline.errors import PhotoError
from pipeline.geometry import eighth_turns
from pipeline.sources.photo_file_access import OpenPhoto
from pipeline.values import F32, Box, DecodedPhoto, PhotoFile

MOST = 200

_TILE, _LINE, _GAP, _LETTERS = 128, 20, 6, 14
_COLUMNS = 10
_PAPER, _INK, _NOTHING = (255, 255, 255), (32, 32, 32), (208, 208, 208)
_MARGIN = 0.25
"""Shown around the box on each side, as a part of the box."""


@dataclass(frozen=True, slots=True, eq=False)
class SheetFace:
    """A face in a photo at ``path``, or in a film at the moment of its box.

    Attributes:
        landmarks: float32 [5, 2]; [0, 2] if there are none.
        label: Lines of text.
    """

    path: bytes
    box: Box
    landmarks: F32
    label: tuple[str, ...]

    @classmethod
    def of_record(cls, face: FaceRecord) -> Self:
        """Label a face of the library by its number, and by its time in a film."""
        return cls(face.photo, face.box, face.landmarks, (f"{face.face_id}{at_time(face)}",))


def draw_sheet(
    faces: Sequence[SheetFace], path: Path, settings: Settings, note: Callable[[str], None] = lambda _: None
) -> int:
    """Draw the first ``MOST`` of the faces in rows, each above its label, and return how many are shown.

    A face without its photo is a grey tile. ``faces`` is not empty; the ending of ``path`` sets the format.
    ``note`` gets a sentence about characters of labels that no font has.

    Raises:
        FaceindexError: The picture cannot be written.
    """
    shown = list(faces[:MOST])
    columns = min(_COLUMNS, len(shown))
    rows = -(-len(shown) // columns)
    height = _TILE + _GAP + _LINE * max(len(each.label) for each in shown)
    size = (columns * (_TILE + _GAP) + _GAP, rows * height + _GAP)
    sheet = Image.new("RGB", size, _PAPER)
    lacking: set[str] = set()
    with Decoders(DecoderOptions(pixel_cap=int(settings.max_megapixels * 1e6))) as decoders:
        for number, face in enumerate(shown):
            left = _GAP + number % columns * (_TILE + _GAP)
            top = _GAP + number // columns * height
            tile = _tile(face, decoders) or Image.new("RGB", (_TILE, _TILE), _NOTHING)
            sheet.paste(tile, (left, top))
            for row, text in enumerate(face.label):
                lacking |= _write(sheet, text, left + _TILE // 2, top + _TILE + row * _LINE)
    try:
        sheet.save(path)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise FaceindexError(f"{path} cannot be written: {reason}.") from error
    if lacking:
        note(lacking_note(frozenset(lacking)))
    return len(shown)


def _write(sheet: Image.Image, text: str, middle: int, top: int) -> frozenset[str]:
    """Write a label of at most a tile's width; return its characters that no font has."""
    line = lay_out(text)
    drawn = cut(text, line, _TILE / _LETTERS).mask(_LETTERS)
    sheet.paste(_INK, (middle - drawn.width // 2, top + (_LINE - drawn.height) // 2), drawn)
    return line.lacking


def _tile(face: SheetFace, decoders: Decoders) -> Image.Image | None:
    """Cut a square around the face, turned upright; ``None`` where the photo cannot be read any more."""
    moment = face.box.moment
    try:
        found = os.stat(face.path)
        file = PhotoFile(face.path, found.st_size, found.st_mtime_ns)
        with OpenPhoto(file) as photo, decoders.lend() as decoder:
            if moment is None:
                return _cut_out(face, decoder.decode(photo, None))
            return _cut_out(face, decoder.frame_at(photo, moment, None))
    except (OSError, PhotoError):
        return None


def _cut_out(face: SheetFace, decoded: DecodedPhoto) -> Image.Image:
    box, scale = face.box, decoded.scale
    x, y = round((box.x + box.w / 2) * scale), round((box.y + box.h / 2) * scale)
    half = round(max(box.w, box.h) * (1 + 2 * _MARGIN) * scale / 2)
    reach = math.ceil(half * math.sqrt(2))  # what any turn brings into the tile
    around = Image.fromarray(decoded.pixels).crop((x - reach, y - reach, x + reach, y + reach))
    upright = around.rotate(45 * eighth_turns(face.landmarks), Image.Resampling.BICUBIC)
    inner = (reach - half, reach - half, reach + half, reach + half)
    return upright.crop(inner).resize((_TILE, _TILE), Image.Resampling.LANCZOS)

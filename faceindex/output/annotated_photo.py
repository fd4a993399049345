"""Marks the faces on a copy of a photo: a box around each, with ``NAME``, ``NAME?``, or ``?``."""

import os
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

from faceindex.errors import BadRequest, FaceindexError
from faceindex.results import Answer, Certainty, KnownFace
from faceindex.session import Session
from faceindex.settings import Settings
from pipeline.decoding.decoders import DecoderOptions, Decoders
from pipeline.errors import PhotoError
from pipeline.sources.photo_file_access import OpenPhoto
from pipeline.values import Box

UNKNOWN = "?"

ENDINGS = frozenset({".jpg", ".jpeg", ".png", ".webp", ".tif", ".tiff"})
"""Pillow would write icons and PDF too, and fail at the end for some pictures."""

_SMALLEST = 12
"""Least height of a label in pixels."""

_MARK, _INK = (214, 96, 32), (255, 255, 255)


def check_target(session: Session, path: Path, photo: bytes | None) -> None:
    """Check that a picture may be written, before any work is done for it.

    Raises:
        BadRequest: The ending is not in ``ENDINGS``; or the file is ``photo`` (absolute), or in the library.
    """
    if path.suffix.lower() not in ENDINGS:
        raise BadRequest(f"{path} does not end in the name of a picture format: use .jpg or .png.")
    names = {os.path.abspath(os.fsencode(path)), os.path.realpath(os.fsencode(path))}
    shown = set() if photo is None else {photo, os.path.realpath(photo)}
    if names & shown or any(session.catalog.states_under([name]) for name in names):
        raise BadRequest(f"{path} is one of your photos, which are never overwritten: name another file.")


def annotate(answer: Answer, path: Path, settings: Settings) -> None:
    """Write the photo, upright and at full size, with its faces marked; see ``check_target``.

    Raises:
        FaceindexError: The photo cannot be read any more, or the picture cannot be written.
    """
    options = DecoderOptions(pixel_cap=int(settings.max_megapixels * 1e6))
    try:
        with OpenPhoto(answer.photo.file) as photo, Decoders(options) as decoders, decoders.lend() as decoder:
            picture = Image.fromarray(decoder.decode(photo, None).pixels)
    except PhotoError as error:
        name = os.fsdecode(answer.photo.file.path)
        raise FaceindexError(f"{name} cannot be read any more: {error.message}.") from error
    pen = ImageDraw.Draw(picture)
    width = max(2, round(max(picture.size) / 600))
    largest = max(_SMALLEST, max(picture.size) / 50)
    for face in answer.faces:
        box, text = face.described.face.box, caption(face)
        pen.rectangle((box.x, box.y, box.x + box.w, box.y + box.h), outline=_MARK, width=width)
        _label(pen, text, box, picture.size, _font(text, box.w, largest))
    try:
        picture.save(path, quality=92)
    except (OSError, ValueError) as error:  # ValueError for a picture too large for its format
        reason = getattr(error, "strerror", None) or error
        raise FaceindexError(f"{path} cannot be written: {reason}.") from error


def _font(text: str, width: float, largest: float) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    """Find a font in which a text is about as wide as its box, so that it hides no other face."""
    size = min(max(_SMALLEST, width / 3), largest)
    too_wide = ImageFont.load_default(size=size).getlength(text) / (1.2 * width)
    return ImageFont.load_default(size=max(_SMALLEST, size / max(1.0, too_wide)))


def caption(face: KnownFace) -> str:
    """Return the label of a face; a hidden person is unknown."""
    person = face.identity.person
    if person is None or not person.name:
        return UNKNOWN
    return person.name + UNKNOWN if face.identity.certainty is Certainty.PROBABLE else person.name


def _label(
    pen: ImageDraw.ImageDraw,
    text: str,
    box: Box,
    size: tuple[int, int],
    font: ImageFont.FreeTypeFont | ImageFont.ImageFont,
) -> None:
    """Write above the box, or below where there is no room, and never past the edge."""
    x1, y1, x2, y2 = pen.textbbox((0, 0), text, font=font)
    pad = (y2 - y1) * 0.3
    width, height = x2 - x1 + 2 * pad, y2 - y1 + 2 * pad
    x = min(max(box.x, 0), size[0] - width)
    y = box.y - height if box.y >= height else min(box.y + box.h, size[1] - height)
    pen.rectangle((x, y, x + width, y + height), fill=_MARK)
    pen.text((x + pad - x1, y + pad - y1), text, fill=_INK, font=font)

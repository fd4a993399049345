"""Marks the faces on a copy of a photo: a box around each, with ``NAME``, ``NAME?``, or ``?``."""

import os
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from PIL import Image, ImageDraw

from faceindex.errors import BadRequest, FaceindexError
from faceindex.film_times import at_time
from faceindex.output.face_sheet import SheetFace, draw_sheet
from faceindex.output.text_line import TextLine, cut, lacking_note, lay_out
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
"""Least size of the letters in pixels, of an em."""

_PAD = 0.25
"""Around the text of a label, in em."""

_LONGEST = 24
"""Greatest width of a label's text in em, about 45 letters: longer ones would hide other faces."""

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


def annotate(answer: Answer, path: Path, settings: Settings, note: Callable[[str], None]) -> None:
    """Write the photo, upright and at full size, with its faces marked; see ``check_target``.

    Of a film, the faces are drawn as it shows them best, side by side, with name, number and time. ``note``
    gets a sentence about characters of names that no font has.

    Raises:
        FaceindexError: The photo cannot be read any more, or the picture cannot be written; or a film has no
            face.
    """
    if answer.photo.film is not None:
        if not answer.faces:
            name = os.fsdecode(answer.photo.file.path)
            raise FaceindexError(f"{name} shows no face: there is none to draw.")
        faces = [_in_film(answer, number, face) for number, face in enumerate(answer.faces, 1)]
        draw_sheet(faces, path, settings, note)
        return
    options = DecoderOptions(pixel_cap=int(settings.max_megapixels * 1e6))
    try:
        file = replace(answer.photo.file, path=answer.source or answer.photo.file.path)
        with OpenPhoto(file) as photo, Decoders(options) as decoders, decoders.lend() as decoder:
            picture = Image.fromarray(decoder.decode(photo, None).pixels)
    except PhotoError as error:
        name = os.fsdecode(answer.photo.file.path)
        raise FaceindexError(f"{name} cannot be read any more: {error.message}.") from error
    lacking = mark_faces(picture, answer.faces)
    try:
        picture.save(path, quality=92)
    except (OSError, ValueError) as error:  # ValueError for a picture too large for its format
        reason = getattr(error, "strerror", None) or error
        raise FaceindexError(f"{path} cannot be written: {reason}.") from error
    if lacking:
        note(lacking_note(lacking))


def _in_film(answer: Answer, number: int, face: KnownFace) -> SheetFace:
    found, path = face.described.face, answer.source or answer.photo.file.path
    return SheetFace(path, found.box, found.landmarks, (caption(face), f"{number}{at_time(face.described)}"))


def mark_faces(picture: Image.Image, faces: Sequence[KnownFace]) -> frozenset[str]:
    """Draw boxes, then labels, into an RGB picture, and return the characters of names that no font has."""
    pen = ImageDraw.Draw(picture)
    width = max(2, round(max(picture.size) / 600))
    labels = []
    for face in faces:
        box, text = face.described.face.box, caption(face)
        pen.rectangle((box.x, box.y, box.x + box.w, box.y + box.h), outline=_MARK, width=width)
        labels.append((lay_out(text), text, box))
    for line, text, box in sorted(labels, key=lambda each: -each[0].width):  # no long name hides a short one
        _label(picture, line, text, box)
    return frozenset().union(*(line.lacking for line, _, _ in labels))


def caption(face: KnownFace) -> str:
    """Return the label of a face; a hidden person is unknown."""
    person = face.identity.person
    if person is None or not person.name:
        return UNKNOWN
    return person.name + UNKNOWN if face.identity.certainty is Certainty.PROBABLE else person.name


def _label(picture: Image.Image, line: TextLine, text: str, box: Box) -> None:
    """Write above the box, or below where there is no room, and never past the edge.

    The text is about as wide as its box, so that it hides no other face, and cut where it is very long, or
    wider than the picture.
    """
    wanted = min(max(_SMALLEST, box.w / 3), max(_SMALLEST, max(picture.size) / 50))
    size = max(_SMALLEST, min(wanted, 1.2 * box.w / line.width))
    drawn = cut(text, line, min(_LONGEST, picture.width / size - 2 * _PAD)).mask(size)
    pad = round(_PAD * size)
    width, height = drawn.width + 2 * pad, drawn.height + 2 * pad
    x = max(0, min(round(box.x), picture.width - width))
    y = round(box.y) - height if box.y >= height else min(round(box.y + box.h), picture.height - height)
    picture.paste(_MARK, (x, y, x + width, y + height))
    picture.paste(_INK, (x + pad, y + pad), drawn)

"""How guesses about celebrities look in a terminal: rows of text from values, and nothing printed."""

import os
from collections.abc import Iterator
from typing import TYPE_CHECKING

from faceindex.cli.render import count

if TYPE_CHECKING:
    from faceindex.asking.celebrity import GuessedFace, Lookalikes


def rows(found: "Lookalikes") -> Iterator[str]:
    """The photo, then a row for each guess; the face itself stands in the first of its rows."""
    photo, number = found.photo, len(found.faces)
    faces = count(number, "face") if number else "no face found"
    yield f"{os.fsdecode(photo.file.path)}: {faces} ({photo.size.width} x {photo.size.height} pixels)"
    places = [_place(face) for face in found.faces]
    column = max(map(len, places), default=0)
    for number, (face, place) in enumerate(zip(found.faces, places, strict=True), 1):
        own = f"{number:>4}  {place:<{column}}"
        for guess in face.guesses:
            yield f"{own}  {guess.probability:>7.2%}  {guess.name}"
            own = " " * len(own)


def _place(face: "GuessedFace") -> str:
    box = face.described.face.box
    return f"{box.w:.0f} x {box.h:.0f} at {box.x:.0f}, {box.y:.0f}"

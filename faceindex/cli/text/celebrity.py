"""How guesses about celebrities look in a terminal: rows of text from values, and nothing printed."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from faceindex.cli.text.answers import photo_title, place_of

if TYPE_CHECKING:
    from faceindex.asking.celebrity import Lookalikes


def rows(found: "Lookalikes") -> Iterator[str]:
    """The photo, then a row for each guess; the face itself stands in the first of its rows."""
    yield photo_title(found.photo)
    places = [place_of(face.described.face.box) for face in found.faces]
    column = max(map(len, places), default=0)
    for number, (face, place) in enumerate(zip(found.faces, places, strict=True), 1):
        start = f"{number:>4}  {place:<{column}}"
        for guess in face.guesses:
            yield f"{start}  {guess.probability:>7.2%}  {guess.name}"
            start = " " * len(start)

"""Marked photos: upright, at full size, with a box around each face."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from faceindex.library import Library
from faceindex.output.annotated_photo import annotate
from faceindex.results import Answer
from tests.faceindex.conftest import Album
from tests.functional.people import astronaut, save


def ask(album: Album, photo: Path) -> Answer:
    with Library(album.settings) as library:
        (answer,) = library.who([photo])
    assert isinstance(answer, Answer)
    return answer


def test_a_photo_that_lies_on_its_side_is_marked_upright(album: Album, tmp_path: Path) -> None:
    save(astronaut(), album.folder / "a.jpg")
    album.scan()
    exif = Image.Exif()
    exif[0x0112] = 6  # to be turned by a quarter to the right
    lying = tmp_path / "lying.jpg"
    upright = astronaut(3).crop((0, 0, 256, 200))
    upright.transpose(Image.Transpose.ROTATE_90).save(lying, exif=exif, quality=95)
    answer = ask(album, lying)
    marked = tmp_path / "marked.png"
    annotate(answer, marked, album.settings, pytest.fail)
    with Image.open(marked) as picture:
        assert picture.size == (256, 200)
        changed = np.abs(np.asarray(picture, int) - np.asarray(upright, int)).max(axis=2) > 80
    box = answer.faces[0].described.face.box
    rows, columns = np.nonzero(changed)
    assert abs(columns.min() - box.x) < 4
    assert abs(rows.max() - (box.y + box.h)) < 4
    assert not changed[int(box.y + 5) : int(box.y + box.h - 5), int(box.x + 5) : int(box.x + box.w - 5)].any()


def test_a_label_at_the_edge_stays_inside(album: Album, tmp_path: Path) -> None:
    save(astronaut(), album.folder / "a.jpg")
    album.scan()
    edge = save(astronaut().crop((80, 55, 200, 200)), tmp_path / "edge.jpg")  # the face fills it
    marked = tmp_path / "marked.jpg"
    annotate(ask(album, edge), marked, album.settings, pytest.fail)
    with Image.open(marked) as picture:
        assert picture.size == (120, 145)

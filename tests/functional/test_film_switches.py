"""A film's faces keep their names when another model describes them, and another detector looks for them."""

import sqlite3
from collections import Counter
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.functional.command import CommandLine
from tests.functional.people import astronaut, landscape, save
from tests.pipeline.encoded_films import encoded_film

SIDE = 400


def scene(left: int, *, turned: bool = False) -> Image.Image:
    """Eileen Collins at a place of a landscape, or of another one."""
    picture = landscape(90 if turned else 3, 2 * SIDE, SIDE)
    picture.paste(astronaut(9 if turned else 0), (left, 70))
    return picture


@pytest.fixture
def filmed(command: CommandLine, photos: Path) -> CommandLine:
    """A library of a photo of her, and a film that shows her twice, with nobody between."""
    frames = [scene(20 + 6 * number) for number in range(30)]
    frames += [landscape(40, 2 * SIDE, SIDE)] * 60
    frames += [scene(400 - 6 * number, turned=True) for number in range(30)]
    encoded_film(photos / "film.mp4", [np.asarray(each) for each in frames])
    save(astronaut(4), photos / "collins.jpg")
    assert command.run("scan", "--model", "sface", photos).code == 0
    return command


def tracklets(command: CommandLine, query: str) -> list[tuple[object, ...]]:
    with closing(sqlite3.connect(command.library)) as connection:
        return connection.execute(query).fetchall()


DESCRIBED = """
SELECT tracklet.face_id, group_concat(descriptor.model) FROM tracklet
JOIN descriptor ON descriptor.face_id = tracklet.face_id GROUP BY tracklet.face_id
"""


def test_another_model_describes_the_faces_where_they_were_found(filmed: CommandLine, photos: Path) -> None:
    assert filmed.run("people", "enroll", "Collins", photos / "collins.jpg").code == 0
    before = tracklets(filmed, "SELECT face_id, start, end FROM tracklet")
    assert len(before) == 2
    ran = filmed.run("reindex", "--model", "facenet")
    assert (ran.code, ran.err) == (0, "")
    assert tracklets(filmed, "SELECT face_id, start, end FROM tracklet") == before
    models = Counter(str(models) for _, models in tracklets(filmed, DESCRIBED))
    assert [sorted(each.split(",")) for each in models.elements()] == [["facenet", "sface"]] * 2


def test_another_detector_finds_the_same_tracklets(filmed: CommandLine, photos: Path) -> None:
    (first, _) = tracklets(filmed, "SELECT face_id FROM tracklet ORDER BY face_id")
    assert filmed.run("people", "enroll", "Collins", photos / "collins.jpg").code == 0
    assert filmed.run("people", "confirm", "Collins", str(first[0])).code == 0
    ran = filmed.run("reindex", "--detector", "mtcnn")
    assert (ran.code, ran.err) == (0, "")
    assert "0 gained, 0 lost" in ran.out
    (shown,) = tracklets(
        filmed,
        "SELECT count(*) FROM verdict JOIN tracklet ON tracklet.face_id = verdict.face_id "
        "WHERE verdict.face_id NOT IN (SELECT face_id FROM other_face)",
    )
    assert shown == (1,)  # the new detector's tracklet has the name

"""The film behind the picture of a motion photo: looked at with --motion, beside the photo's own faces."""

import os
import sqlite3
import time
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.functional.command import CommandLine
from tests.functional.people import astronaut, jpeg, landscape, save
from tests.pipeline.encoded_films import encoded_film
from tests.pipeline.motion_photos import motion_jpeg

SIDE = 400


def scene(left: int) -> Image.Image:
    picture = landscape(3, 2 * SIDE, SIDE)
    picture.paste(astronaut(9), (left, 70))
    return picture


@pytest.fixture
def moving(tmp_path: Path, photos: Path) -> Path:
    """A photo of Eileen Collins, with a film behind it in which she comes into view after 2 seconds."""
    frames = [landscape(40, 2 * SIDE, SIDE)] * 20 + [scene(20 + 6 * number) for number in range(30)]
    encoded_film(tmp_path / "film.mp4", [np.asarray(each) for each in frames])
    path = photos / "collins.jpg"
    path.write_bytes(motion_jpeg(jpeg(astronaut()), (tmp_path / "film.mp4").read_bytes()))
    os.utime(path, (time.time() - 3600,) * 2)
    return path


def rows(command: CommandLine, query: str) -> list[tuple[object, ...]]:
    with closing(sqlite3.connect(command.library)) as connection:
        return connection.execute(query).fetchall()


FACES = "SELECT id, moment IS NULL FROM face ORDER BY id"
DESCRIBED = "SELECT face_id FROM descriptor WHERE model = 'facenet' ORDER BY face_id"


def test_its_faces_join_those_of_the_photo(command: CommandLine, photos: Path, moving: Path) -> None:
    assert command.run("scan", "--model", "sface", photos).code == 0
    assert rows(command, FACES) == [(1, 1)]
    assert command.run("people", "enroll", "Collins", moving).code == 0

    ran = command.run("scan", "--motion", photos)
    assert (ran.code, ran.err) == (0, "")
    assert "1 seen, 1 unchanged" in ran.out
    assert rows(command, FACES) == [(1, 1), (2, 0)]
    assert "1 unchanged\nFaces    0 found" in command.run("scan", photos).out
    assert "1 unchanged\nFaces    0 found" in command.run("scan", "--motion", photos).out
    assert rows(command, FACES) == [(1, 1), (2, 0)]

    assert command.run("find", "Collins", "--moments").out == f"{moving} 0:02-0:04\n"
    assert "1 face (" in command.run("who", moving).out  # about the photo
    assert command.run("people", "show", "Collins", "--sheet", photos.parent / "faces.png").code == 0
    assert command.run("check").code == 0


def test_the_library_keeps_the_choice(command: CommandLine, photos: Path, moving: Path) -> None:
    save(landscape(), photos / "hills.jpg")
    assert command.run("scan", "--model", "sface", "--motion", photos / "hills.jpg").code == 0
    assert command.run("scan", photos).code == 0  # a new photo, now
    assert rows(command, FACES) == [(1, 1), (2, 0)]
    second = photos / "second.jpg"
    second.write_bytes(motion_jpeg(jpeg(astronaut(5)), moving.read_bytes()[-500:]))
    assert command.run("scan", "--no-motion", photos).code == 0
    assert rows(command, FACES) == [(1, 1), (2, 0), (3, 1)]  # what is known stays


def test_other_models_and_detectors_look_at_both(command: CommandLine, photos: Path, moving: Path) -> None:
    assert command.run("scan", "--model", "sface", "--motion", photos).code == 0
    assert rows(command, FACES) == [(1, 1), (2, 0)]
    ran = command.run("reindex", "--model", "facenet")
    assert (ran.code, ran.err) == (0, "")
    assert rows(command, DESCRIBED) == [(1,), (2,)]
    ran = command.run("reindex", "--detector", "mtcnn")
    assert (ran.code, ran.err) == (0, "")
    assert "2 faces before, 2 after; 0 gained, 0 lost" in ran.out


def test_a_film_that_cannot_be_read_is_noted_once(command: CommandLine, photos: Path) -> None:
    broken = motion_jpeg(jpeg(astronaut()), b"\0\0\0\x14ftypisom\0\0\0\0isom" + bytes(500))
    path = photos / "collins.jpg"
    path.write_bytes(broken)
    os.utime(path, (time.time() - 3600,) * 2)
    ran = command.run("scan", "--model", "sface", "--motion", photos)
    assert ran.code == 0
    assert "the film behind it is not looked at further" in ran.err
    assert rows(command, FACES) == [(1, 1)]
    ran = command.run("scan", photos)
    assert (ran.code, ran.err) == (0, "")

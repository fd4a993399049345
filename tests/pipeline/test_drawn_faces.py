"""Boxes that people drew are looked at in photos and films, and described if landmarks are found in them."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from pipeline.decoding.decoders import Decoders
from pipeline.detection.detections import Detections
from pipeline.detection.drawn_box import DrawnBoxSearch
from pipeline.drawn_faces import DrawnFaces, clipped_to
from pipeline.errors import PhotoError
from pipeline.networks import NetworkLoader, Networks
from pipeline.timing import StageClock
from pipeline.values import U8, Box, PhotoFile, Size, moment_alone
from tests.pipeline.fakes import MODEL, PROTOCOL, FakeDetector, FakeEmbedder, face_at, picture
from tests.pipeline.pictures import written


@dataclass
class FakeSearch(DrawnBoxSearch):
    """Finds a face in the middle of each box that is large enough."""

    least: float = 0.0

    def find(self, pixels: U8, box: Box, others: object = ()) -> Detections:
        if box.w < self.least:
            return Detections.joined([])
        face = face_at(box.x + box.w / 4, box.y + box.h / 4, box.w / 2)
        corners = [[face.box.x, face.box.y, face.box.x + face.box.w, face.box.y + face.box.h]]
        return Detections(np.array(corners, np.float32), np.array([0.9], np.float32), face.landmarks[None])


@pytest.fixture
def faces() -> DrawnFaces:
    networks = Networks(FakeDetector(), FakeEmbedder(), lambda: FakeSearch(least=10))
    return DrawnFaces(NetworkLoader(lambda: networks, StageClock()), Decoders(), PROTOCOL)


@pytest.fixture
def photo(tmp_path: Path) -> PhotoFile:
    return written(tmp_path / "a.png", picture(1))


def test_a_face_is_described_by_where_it_was_found_and_stays_where_it_was_drawn(
    faces: DrawnFaces, photo: PhotoFile
) -> None:
    (found,) = faces.look_at(photo, [Box(8, 4, 40, 40)])
    assert found.described is not None
    assert (found.box, found.size, found.described.model_id) == (Box(8, 4, 40, 40), Size(64, 64), MODEL)
    assert found.described.face.box == found.box
    assert np.allclose(found.described.face.landmarks, face_at(18, 14, 20).landmarks)
    assert (found.described.appearance, found.described.is_described) == (None, True)


def test_a_box_is_clipped_to_the_photo_and_one_without_a_face_is_not_described(
    faces: DrawnFaces, photo: PhotoFile
) -> None:
    clipped, small, outside = faces.look_at(photo, [Box(50, 50, 40, 40), Box(1, 1, 5, 5), Box(70, 0, 9, 9)])
    assert (clipped.box, clipped.described is None) == (Box(50, 50, 14, 14), False)
    assert (small.box, small.described) == (Box(1, 1, 5, 5), None)
    assert (outside.box.w, outside.described) == (0, None)


def test_a_photo_that_cannot_be_read_is_an_error_that_says_why(faces: DrawnFaces, tmp_path: Path) -> None:
    broken = written(tmp_path / "b.png", picture(1)[:200])
    with pytest.raises(PhotoError, match="file"):
        faces.look_at(broken, [Box(8, 4, 40, 40)])
    with pytest.raises(PhotoError):
        faces.look_at(PhotoFile(str(tmp_path / "none.png").encode(), 1, 1), [Box(8, 4, 40, 40)])


def test_a_film_is_looked_at_at_the_moment_of_the_box(faces: DrawnFaces, tmp_path: Path) -> None:
    encoded_film = pytest.importorskip("tests.pipeline.encoded_films").encoded_film
    pictures = [np.asarray(Image.new("RGB", (64, 64), (each, 0, 0))) for each in range(40, 240, 10)]
    film = encoded_film(tmp_path / "a.mp4", pictures)
    first, later = faces.look_at(film, [Box(8, 4, 40, 40, 0.0), Box(8, 4, 40, 40, 1.5)])
    assert first.described is not None
    assert later.described is not None
    seen = later.described.appearance
    assert seen is not None
    assert (seen.start, seen.end, seen.box_at(1.5)) == (1.5, 1.5, Box(8, 4, 40, 40, 1.5))
    assert first.digest == later.digest
    assert not np.allclose(first.described.vector, later.described.vector)


def test_without_landmarks_a_moment_has_a_track_of_a_box_alone() -> None:
    seen = moment_alone(Box(1, 2, 3, 4, 5.5), np.empty((0, 2), np.float32))
    ((moment, box, landmarks),) = seen.sightings
    assert (moment, box) == (5.5, Box(1, 2, 3, 4, 5.5))
    assert np.isnan(landmarks).all()


@pytest.mark.parametrize(
    ("box", "inside"),
    [
        (Box(1, 2, 3, 4), Box(1, 2, 3, 4)),
        (Box(-1, -2, 30, 40), Box(0, 0, 10, 20)),
        (Box(8, 18, 5, 5), Box(8, 18, 2, 2)),
        (Box(20, 0, 5, 5), Box(10, 0, 0, 5)),
    ],
)
def test_a_box_is_clipped(box: Box, inside: Box) -> None:
    assert clipped_to(box, Size(10, 20)) == inside

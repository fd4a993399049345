"""A film looked at in parts: whose tracklets are found, and where parts end."""

import math
from collections.abc import Iterator
from concurrent.futures import Future
from dataclasses import replace
from itertools import count
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipeline.errors import PhotoError
from pipeline.film_examination import LONGEST_SHOT, FilmExaminer, FilmOptions
from pipeline.networks import Networks, RunStopped
from pipeline.sources.photo_file_access import OpenPhoto
from pipeline.timing import StageClock
from pipeline.values import Descriptor, FilmRest, PhotoFile, PhotoIndexed, Reason, Stage
from tests.pipeline.fakes import PROTOCOL
from tests.pipeline.made_films import ColourEmbedder, MadeFilm, Shown, SquareDetector
from tests.pipeline.pictures import written

ANNA, BEN = 0, 1

NOBODY = Shown({})


@pytest.fixture
def photo(tmp_path: Path) -> Iterator[OpenPhoto]:
    with OpenPhoto(written(tmp_path / "film.mp4", b"a film")) as opened:
        yield opened


def examiner(options: FilmOptions = FilmOptions(), *, a_second: int = 1_000) -> FilmExaminer:  # noqa: B008
    """An examiner whose clock is looked at so often in a second."""
    networks, looks = Networks(SquareDetector(), ColourEmbedder()), count()
    stopped: Future[None] = Future()
    return FilmExaminer(
        lambda: networks, PROTOCOL, 100, options, StageClock(), stopped, lambda: next(looks) / a_second
    )


def looked_at(film: MadeFilm, photo: OpenPhoto, examining: FilmExaminer) -> list[PhotoIndexed]:
    """Look at a film from its beginning to its end, part by part."""
    parts, rest = [], FilmRest(photo.digest(), 0.0, 1.0)
    while True:
        parts.append(examining.part(photo, film, "made 1", rest))
        part = parts[-1].film
        assert part is not None
        assert part.start == rest.start
        if part.until is None:
            return parts
        assert part.until > rest.start
        rest = replace(rest, start=part.until)


def seen(parts: list[PhotoIndexed]) -> list[tuple[int, float, float]]:
    """Return which person is seen, from when to when."""
    faces = [face for part in parts for face in part.faces]
    return [(int(face.vector.argmax()), *_span(face)) for face in faces]


def _span(face: Descriptor) -> tuple[float, float]:
    assert face.appearance is not None
    return face.appearance.start, face.appearance.end


def test_a_film_says_when_it_shows_whom(photo: OpenPhoto) -> None:
    film = MadeFilm([*[Shown({ANNA: 0})] * 3, *[Shown({ANNA: 0, BEN: 80})] * 2, *[Shown({BEN: 80})] * 2])
    (whole,) = looked_at(film, photo, examiner())
    assert seen([whole]) == [(ANNA, 0, 4), (BEN, 3, 6)]
    assert whole.film is not None
    assert (whole.film.start, whole.film.until, whole.film.duration) == (0, None, 7)
    assert (whole.detector, whole.decoder) == ("squares", "made 1")
    assert whole.faces[0].face.box.moment is not None


def test_the_first_outcome_says_that_all_of_the_film_is_left(photo: OpenPhoto) -> None:
    film = MadeFilm([Shown({ANNA: 0})] * 3)
    first = examiner(FilmOptions(per_second=3)).first(photo, film, "made 1")
    assert first.film is not None
    assert (first.film.start, first.film.until, first.film.per_second) == (0, 0, 3)
    assert (first.faces, film.given) == ((), 1)


def test_a_part_ends_at_a_cut_once_its_time_is_over(photo: OpenPhoto) -> None:
    scene = [Shown({ANNA: 0}, after_cut=True), *[Shown({ANNA: 0})] * 9]
    film = MadeFilm(scene * 4)
    parts = looked_at(film, photo, examiner(FilmOptions(part_seconds=0.022)))
    assert [part.film.until for part in parts if part.film] == [20, None]
    assert seen(parts) == [(ANNA, 0, 9), (ANNA, 10, 19), (ANNA, 20, 29), (ANNA, 30, 39)]


def test_a_part_of_one_long_scene_ends_in_it(photo: OpenPhoto) -> None:
    film = MadeFilm([Shown({ANNA: 0})] * 250)
    parts = looked_at(film, photo, examiner(FilmOptions(part_seconds=0.001)))
    assert [part.film.until for part in parts if part.film] == [LONGEST_SHOT, 2 * LONGEST_SHOT, None]
    assert seen(parts) == seen(looked_at(film, photo, examiner()))


def test_at_the_deadline_what_was_seen_to_its_end_is_kept(photo: OpenPhoto) -> None:
    film = MadeFilm([*[Shown({ANNA: 0})] * 3, *[NOBODY] * 7, *[Shown({BEN: 0})] * 20])
    at_frame_22 = examiner(FilmOptions(deadline=0.025))
    part = at_frame_22.part(photo, film, "made 1", FilmRest(photo.digest(), 0.0, 1.0))
    assert part.film is not None
    assert (seen([part]), part.film.until) == ([(ANNA, 0, 2)], 10)
    rest = examiner().part(photo, film, "made 1", FilmRest(photo.digest(), 10.0, 1.0))
    assert seen([rest]) == [(BEN, 10, 29)]


def test_somebody_who_is_seen_all_the_time_lets_a_film_go_on_at_each_deadline(photo: OpenPhoto) -> None:
    film = MadeFilm([Shown({ANNA: 0})] * 20)
    parts, start = list[PhotoIndexed](), 0.0
    while not parts or (parts[-1].film is not None and parts[-1].film.until is not None):
        soon = examiner(FilmOptions(deadline=0.009))
        parts.append(soon.part(photo, film, "made 1", FilmRest(photo.digest(), start, 1.0)))
        assert len(parts) < 10
        assert parts[-1].film is not None
        assert parts[-1].film.until is None or parts[-1].film.until > start
        start = parts[-1].film.until or 0.0
    spans = [(start, end) for _, start, end in seen(parts)]
    assert (spans[0][0], spans[-1][1]) == (0, 19)
    assert [start for start, _ in spans[1:]] == [end + 1 for _, end in spans[:-1]]


def test_a_deadline_that_is_over_leaves_all(photo: OpenPhoto) -> None:
    film = MadeFilm([Shown({ANNA: 0})] * 3)
    part = examiner(FilmOptions(deadline=-1)).part(photo, film, "made 1", FilmRest(photo.digest(), 0.0, 1.0))
    assert part.film is not None
    assert (part.faces, part.film.until) == ((), 0)


FRAMES = st.lists(
    st.builds(
        Shown,
        st.dictionaries(st.integers(0, 3), st.sampled_from([0, 32, 64, 96, 128]), max_size=3).filter(
            lambda people: len(set(people.values())) == len(people)
        ),
        st.sampled_from([False] * 5 + [True]),
    ),
    min_size=1,
    max_size=60,
)


@given(FRAMES, st.integers(1, 40), st.sampled_from([0.4, 1.0, 2.5]))
@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=50)
def test_in_parts_the_same_is_found_as_at_once(
    photo: OpenPhoto, frames: list[Shown], looks: int, every: float
) -> None:
    film = MadeFilm(frames, every)
    whole = looked_at(film, photo, examiner())
    parts = looked_at(film, photo, examiner(FilmOptions(part_seconds=looks / 1000)))
    assert len(whole) == 1
    found, expected = ([face for part in each for face in part.faces] for each in (parts, whole))
    assert len(found) == len(expected)
    for face, other in zip(found, expected, strict=True):
        assert face.face.box == other.face.box
        assert np.allclose(face.vector, other.vector)
        assert face.appearance is not None
        assert other.appearance is not None
        assert np.array_equal(face.appearance.track, other.appearance.track)


def test_a_film_that_ends_early_says_so(photo: OpenPhoto) -> None:
    film = MadeFilm([Shown({ANNA: 0})] * 3, note="its end is damaged")
    (whole,) = looked_at(film, photo, examiner())
    assert (whole.note, seen([whole])) == ("its end is damaged", [(ANNA, 0, 2)])


def _failing(photo: PhotoFile, reason: Reason, frames: int = 3) -> MadeFilm:
    error = PhotoError(photo, Stage.DECODE, reason, "it cannot be read")
    return MadeFilm([Shown({ANNA: 0})] * frames, error=error)


def test_a_rest_that_cannot_be_read_ends_the_film(photo: OpenPhoto) -> None:
    film, rest = _failing(photo.file, Reason.CORRUPT), FilmRest(photo.digest(), 2.0, 1.0)
    last = examiner().part(photo, film, "made 1", rest)
    assert last.film is not None
    assert (last.film.until, last.note, seen([last])) == (None, "it cannot be read", [(ANNA, 2, 2)])


def test_a_film_that_was_changed_meanwhile_is_an_error_in_each_part(photo: OpenPhoto) -> None:
    film = _failing(photo.file, Reason.CHANGED)
    with pytest.raises(PhotoError):
        examiner().part(photo, film, "made 1", FilmRest(photo.digest(), 2.0, 1.0))


def test_the_end_of_a_run_ends_a_part(photo: OpenPhoto) -> None:
    film, examining = MadeFilm([Shown({ANNA: 0})] * 100), examiner()
    examining.stopped.set_result(None)
    with pytest.raises(RunStopped):
        examining.part(photo, film, "made 1", FilmRest(photo.digest(), 0.0, 1.0))
    assert film.given <= 1


def test_memory_does_not_grow_with_the_film(photo: OpenPhoto) -> None:
    """A part of a long film holds the faces of two minutes at most beyond its time."""
    film = MadeFilm([Shown({ANNA: 0, BEN: 80})] * 2_000)
    part = examiner(FilmOptions(part_seconds=0.0)).part(
        photo, film, "made 1", FilmRest(photo.digest(), 0.0, 1.0)
    )
    assert part.film is not None
    assert part.film.until is not None
    assert film.given <= LONGEST_SHOT + 10
    assert math.isclose(part.film.until, LONGEST_SHOT)


def test_a_film_of_which_no_frame_can_be_read_is_an_error_at_once(photo: OpenPhoto) -> None:
    with pytest.raises(PhotoError):
        examiner().first(photo, _failing(photo.file, Reason.CORRUPT, 0), "made 1")

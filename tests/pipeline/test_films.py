"""Films in the runner, decoded in reader processes: what they are, then their parts."""

import math
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from pipeline.decoding.decoders import Decoders
from pipeline.examination import ExaminationOptions
from pipeline.film_examination import FilmOptions
from pipeline.networks import Networks
from pipeline.runner import Runner
from pipeline.values import U8, FilmRest, PhotoFailed, PhotoFile, PhotoIndexed, PhotoKnown, Reason
from tests.pipeline.encoded_films import encoded_film
from tests.pipeline.fakes import PROTOCOL, run
from tests.pipeline.made_films import ColourEmbedder, Shown, SquareDetector, drawn
from tests.pipeline.pictures import photo_file

pytestmark = pytest.mark.slow

ANNA, BEN, CARLA = range(3)


@pytest.fixture
def runner() -> Iterator[Runner]:
    networks = Networks(SquareDetector(), ColourEmbedder())
    with Decoders() as decoders:
        options = ExaminationOptions(100, PROTOCOL, FilmOptions(per_second=2.0))
        yield Runner(lambda: networks, 2, options, decoders=decoders)


@pytest.fixture
def film(tmp_path: Path) -> PhotoFile:
    """Anna and Ben for two seconds; after a cut, Carla in Anna's place."""
    frames = [drawn(Shown({ANNA: 0, BEN: 80}))] * 20 + [drawn(Shown({CARLA: 0}))] * 20
    return encoded_film(tmp_path / "film.mp4", frames)


def rest_of(found: PhotoIndexed) -> PhotoFile:
    assert found.film is not None
    assert found.film.until is not None
    return replace(found.file, rest=FilmRest(found.digest, found.film.until, found.film.per_second))


def test_a_film_is_looked_at_once_it_is_known(runner: Runner, film: PhotoFile) -> None:
    (first,) = run(runner, [film])
    assert isinstance(first, PhotoIndexed)
    assert first.film is not None
    assert (first.film.until, first.film.per_second, first.faces) == (0.0, 2.0, ())
    assert first.film.duration == pytest.approx(4, abs=0.2)
    (found,) = run(runner, [rest_of(first)], frozenset([first.digest]))
    assert isinstance(found, PhotoIndexed)
    assert found.film is not None
    assert (found.film.start, found.film.until) == (0.0, None)
    spans: dict[int, list[float]] = {}
    for face in found.faces:
        assert face.appearance is not None
        spans[int(face.vector.argmax())] = [face.appearance.start, face.appearance.end]
    assert spans.keys() == {ANNA, BEN, CARLA}
    assert spans[ANNA] == spans[BEN] == pytest.approx([0.0, 1.5], abs=0.5)
    assert spans[CARLA] == pytest.approx([2.0, 3.5], abs=0.5)
    assert (found.size, found.digest) == (first.size, first.digest)


def test_a_known_film_and_a_second_one_are_not_looked_at(runner: Runner, film: PhotoFile) -> None:
    path = Path(film.path.decode())
    copy = path.with_name("copy.mp4")
    copy.write_bytes(path.read_bytes())
    first, second = run(runner, [film, photo_file(copy)])
    assert isinstance(first, PhotoIndexed)
    assert isinstance(second, PhotoKnown)
    (known,) = run(runner, [film], frozenset([first.digest]))
    assert isinstance(known, PhotoKnown)


def test_a_film_that_cannot_be_read_fails_at_once(runner: Runner, film: PhotoFile) -> None:
    path = Path(film.path.decode())
    path.write_bytes(path.read_bytes()[:400])
    (failed,) = run(runner, [photo_file(path)])
    assert isinstance(failed, PhotoFailed)
    assert failed.digest is not None


def test_a_film_that_has_changed_since_it_was_known_fails(runner: Runner, film: PhotoFile) -> None:
    (first,) = run(runner, [film])
    assert isinstance(first, PhotoIndexed)
    with Path(film.path.decode()).open("ab") as stream:
        stream.write(b"more")
    (failed,) = run(runner, [rest_of(first)])
    assert isinstance(failed, PhotoFailed)
    assert (failed.reason, failed.digest) == (Reason.CHANGED, None)


def _scenes() -> list[U8]:
    """24 seconds: people come, go and move; two hard cuts, and a while with nobody."""
    random, frames = np.random.default_rng(4), []
    scenes = ((5, (ANNA,)), (3, (ANNA, BEN)), (6, ()), (4, (CARLA,)), (3, (BEN, CARLA)), (3, (ANNA,)))
    for seconds, people in scenes:
        starts = {person: int(random.integers(0, 60)) + 64 * number for number, person in enumerate(people)}
        frames += [
            drawn(Shown({person: x + number % 4 for person, x in starts.items()}))
            for number in range(10 * seconds)
        ]
    return frames


@pytest.mark.parametrize(("keyframe_every", "per_second"), [(5, 1.0), (70, 3.0), (400, 1.0)])
def test_a_film_in_parts_gives_what_it_gives_at_once(
    tmp_path: Path, keyframe_every: int, per_second: float
) -> None:
    film = encoded_film(tmp_path / "film.mp4", _scenes(), keyframe_every=keyframe_every)
    found = []
    for seconds in (math.inf, 0.0):
        options = FilmOptions(per_second, part_seconds=seconds)
        parts = list(_parts(film, ExaminationOptions(100, PROTOCOL, options)))
        found.append([face.appearance.track for part in parts for face in part.faces if face.appearance])
        assert (len(parts) > 2) == (seconds == 0)
    whole, joined = found
    assert len(whole) >= 6
    assert len(whole) == len(joined)
    for track, other in zip(whole, joined, strict=True):
        assert np.array_equal(track, other)


def _parts(film: PhotoFile, options: ExaminationOptions) -> Iterator[PhotoIndexed]:
    """Yield all outcomes of a film, the first one too."""
    networks = Networks(SquareDetector(), ColourEmbedder())
    with Decoders() as decoders:
        runner = Runner(lambda: networks, 1, options, decoders=decoders)
        while True:
            (found,) = runner.run(iter([film]), lambda digest: False)
            assert isinstance(found, PhotoIndexed)
            yield found
            if found.film is None or found.film.until is None:
                return
            film = rest_of(found)

"""Films of a scan: after the photos, in parts, until the deadline, and on from there the next time."""

import math
from collections.abc import Callable, Generator, Iterable
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from faceindex.results import Listeners, Progress, ScanSummary
from faceindex.scanning.films import FilmRounds
from faceindex.scanning.plan import plan_scan
from faceindex.scanning.recording import BatchRecorder
from faceindex.scanning.scan import Scan, ScanOptions
from faceindex.scanning.survey import Survey
from faceindex.session import Session
from pipeline.models.registry import SFACE
from pipeline.timing import StageClock
from pipeline.values import (
    FilmPart,
    Outcome,
    PhotoFailed,
    PhotoFile,
    PhotoIndexed,
    Reason,
    Size,
    Stage,
)
from tests.faceindex.conftest import Album
from tests.faceindex.scanning.fakes import FakeOutcomes
from tests.faceindex.scanning.test_scan import write

LENGTH = 100.0
"""Seconds of each film."""


@dataclass
class FilmOutcomes:
    """Takes files named .mp4 for films, and looks at so much of each at a time; else as ``FakeOutcomes``.

    It keeps what it looked at, and after so many parts is interrupted.
    """

    seconds: float = 60.0
    rate: float = 1.0
    interrupted: float = math.inf
    failing: bool = False
    seen: list[str] = field(default_factory=list)

    def __call__(
        self, files: Iterable[PhotoFile], is_known: Callable[[bytes], bool]
    ) -> Generator[Outcome, None, None]:
        for file in files:
            name = file.path.rsplit(b"/", 1)[-1].decode()
            rest = file.rest
            if rest is None:
                self.seen.append(name)
                (outcome,) = FakeOutcomes()([file], is_known)
                if isinstance(outcome, PhotoIndexed) and name.endswith(".mp4"):
                    outcome = self._film(file, outcome.digest, FilmPart(0.0, 0.0, LENGTH, self.rate))
                yield outcome
                continue
            if self.interrupted <= 0:
                raise KeyboardInterrupt
            self.interrupted -= 1
            self.seen.append(f"{name} {rest.start:g} at {rest.per_second:g}")
            if self.failing:
                yield PhotoFailed(file, Stage.READ, Reason.CHANGED, "it changed while it was read", None)
                continue
            until = rest.start + self.seconds
            part = FilmPart(rest.start, None if until >= LENGTH else until, LENGTH, rest.per_second)
            yield self._film(file, rest.digest, part)

    def _film(self, file: PhotoFile, digest: bytes, part: FilmPart) -> PhotoIndexed:
        return PhotoIndexed(file, digest, Size(1, 1), None, (), "video fake 1", "fake", digest, film=part)

    def take(self) -> list[str]:
        taken, self.seen = self.seen, []
        return taken


def scan(
    album: Album,
    outcomes: FilmOutcomes,
    options: ScanOptions | None = None,
    listeners: Listeners | None = None,
) -> ScanSummary:
    options = options or ScanOptions()
    with Session.open_to_write(album.settings) as library:
        library.catalog.choose_model(SFACE.model_id)
        this = Scan(library.database, SFACE, outcomes, listeners or Listeners(), thorough=options.thorough)
        return this.run([bytes(album.folder)], options)


@pytest.fixture
def films(album: Album) -> Path:
    for name in ("b.jpg", "a.mp4", "c.mp4"):
        write(album.folder / name, name)
    return album.folder


def until(album: Album) -> list[tuple[float | None, float]]:
    """Read how far each film was looked at, and at what rate."""
    return [tuple(row) for row in album.execute("SELECT until, per_second FROM film ORDER BY content_id")]


def test_films_are_looked_at_after_the_photos_part_by_part(album: Album, films: Path) -> None:
    outcomes = FilmOutcomes()
    summary = scan(album, outcomes)
    assert outcomes.take() == [
        *("b.jpg", "a.mp4", "c.mp4"),
        *("a.mp4 0 at 1", "c.mp4 0 at 1"),
        *("a.mp4 60 at 1", "c.mp4 60 at 1"),
    ]
    assert (summary.seen, summary.indexed, summary.films_left) == (3, 3, 0)
    assert until(album) == [(None, 1.0), (None, 1.0)]
    assert scan(album, outcomes).unchanged == 3
    assert outcomes.take() == []


def test_the_next_scan_goes_on_where_an_interrupt_ended_one(album: Album, films: Path) -> None:
    outcomes = FilmOutcomes(interrupted=3)
    with pytest.raises(KeyboardInterrupt):
        scan(album, outcomes)
    assert until(album) == [(None, 1.0), (60.0, 1.0)]
    outcomes = FilmOutcomes()
    assert scan(album, outcomes).films_left == 0
    assert outcomes.take() == ["c.mp4 60 at 1"]


def test_at_the_deadline_films_are_left(album: Album, films: Path) -> None:
    with pytest.raises(KeyboardInterrupt):
        scan(album, FilmOutcomes(interrupted=0))
    outcomes = FilmOutcomes()
    with Session.open_to_write(album.settings) as library:
        catalog = library.catalog
        survey, listeners = Survey({}), Listeners()
        recorder = BatchRecorder(catalog, survey, StageClock(), listeners)
        unfinished = catalog.unfinished_films([bytes(album.folder)])
        rounds = FilmRounds(unfinished, outcomes, recorder, now=lambda: float(len(outcomes.seen)))
        assert rounds.run(deadline=2.0) == 2
    assert until(album) == [(60.0, 1.0), (60.0, 1.0)]


def test_a_time_that_is_over_leaves_photos_and_films(album: Album, films: Path) -> None:
    with pytest.raises(KeyboardInterrupt):
        scan(album, FilmOutcomes(interrupted=0))
    write(album.folder / "d.jpg", "d")
    outcomes = FilmOutcomes()
    summary = scan(album, outcomes, ScanOptions(deadline=0.0))
    assert (summary.left, summary.films_left, outcomes.seen) == (1, 2, [])


def test_a_thorough_scan_looks_again_and_what_it_began_is_ended_alike(album: Album, films: Path) -> None:
    scan(album, FilmOutcomes())
    outcomes = FilmOutcomes(rate=3, interrupted=1)
    with pytest.raises(KeyboardInterrupt):
        scan(album, outcomes, ScanOptions(thorough=True))
    assert outcomes.take() == ["a.mp4 0 at 3"]
    assert until(album) == [(60.0, 3.0), (None, 1.0)]
    outcomes = FilmOutcomes()
    scan(album, outcomes)
    assert outcomes.take() == ["a.mp4 60 at 3"]
    scan(album, outcomes, ScanOptions(thorough=True))
    assert outcomes.take() == ["c.mp4 0 at 3", "c.mp4 60 at 3"]
    scan(album, outcomes, ScanOptions(thorough=True))
    assert outcomes.take() == []


def test_a_film_that_cannot_be_read_on_is_tried_by_the_next_scan(album: Album, films: Path) -> None:
    outcomes = FilmOutcomes(failing=True)
    assert scan(album, outcomes).films_left == 0
    assert outcomes.take() == ["b.jpg", "a.mp4", "c.mp4", "a.mp4 0 at 1", "c.mp4 0 at 1"]
    outcomes = FilmOutcomes()
    scan(album, outcomes)
    assert [name for name in outcomes.take() if "at" in name][:2] == ["a.mp4 0 at 1", "c.mp4 0 at 1"]
    assert until(album) == [(None, 1.0), (None, 1.0)]


def test_a_film_that_is_gone_is_not_looked_for(album: Album, films: Path) -> None:
    with pytest.raises(KeyboardInterrupt):
        scan(album, FilmOutcomes(interrupted=0))
    (films / "a.mp4").unlink()
    outcomes = FilmOutcomes()
    scan(album, outcomes, ScanOptions(allow_missing=True))
    assert outcomes.take() == ["c.mp4 0 at 1", "c.mp4 60 at 1"]


def test_progress_of_films_is_told_in_seconds(album: Album, films: Path) -> None:
    told: list[Progress] = []
    scan(album, FilmOutcomes(), listeners=Listeners(progress=told.append))
    seconds = [(each.films.done, each.films.total) for each in told if each.films]
    assert seconds == [(0, 200), (60, 200), (120, 200), (160, 200), (200, 200)]


def test_a_plan_says_of_which_films_more_is_to_be_looked_at(album: Album, films: Path) -> None:
    with pytest.raises(KeyboardInterrupt):
        scan(album, FilmOutcomes(interrupted=3))
    reasons = [
        [
            each.reason
            for each in plan_scan(album.settings, [bytes(album.folder)], ScanOptions(thorough=thorough))
        ]
        for thorough in (False, True)
    ]
    unchanged, more = "unchanged", "more of the film"
    assert reasons == [[unchanged, unchanged, more], [more, unchanged, more]]

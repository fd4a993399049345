"""A run on slow storage: files are read ahead, and one that is never read holds up no other.

The look whether content is known is part of reading it, in the same thread.
"""

from contextlib import closing
from pathlib import Path
from threading import Barrier, Event

import pytest

from pipeline.runner import READ_AHEAD
from pipeline.values import DecodedPhoto, DetectedFace, PhotoFile, PhotoIndexed, PhotoKnown
from tests.pipeline.fakes import FakeDetector, FakeEmbedder, picture, run, runner
from tests.pipeline.pictures import decoded, written
from tests.waiting import SECONDS

pytestmark = pytest.mark.slow


def test_workers_go_on_while_a_file_is_read(photos: list[PhotoFile]) -> None:
    slow, others_seen = decoded(photos[0]).digest, Event()

    class Counting(FakeDetector):
        def detect(self, photo: DecodedPhoto) -> tuple[DetectedFace, ...]:
            faces = super().detect(photo)
            if len(self.seen) == len(photos) - 1:
                others_seen.set()
            return faces

    def known(content: bytes) -> bool:
        return content == slow and not others_seen.wait(SECONDS)

    detector = Counting()
    outcomes = list(runner(detector, workers=2).run(photos, known))
    assert detector.seen[-1] == photos[0]
    assert [outcome.file for outcome in outcomes] == photos
    assert {type(outcome) for outcome in outcomes} == {PhotoIndexed}


def test_so_many_files_are_read_at_once_for_each_worker(tmp_path: Path) -> None:
    files = [written(tmp_path / f"{number:02}.png", picture(number)) for number in range(READ_AHEAD)]
    together = Barrier(READ_AHEAD, timeout=SECONDS)

    def known(_: bytes) -> bool:
        together.wait()  # breaks unless all come
        return True

    outcomes = runner(FakeDetector(), workers=1).run(files, known)
    assert [type(outcome) for outcome in outcomes] == [PhotoKnown] * READ_AHEAD


def test_a_disk_that_never_answers_does_not_keep_a_run_from_ending(
    photos: list[PhotoFile], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pipeline.runner.STOP_SECONDS", 0.1)
    others, answer = {decoded(photo).digest for photo in photos[1:]}, Event()

    def known(content: bytes) -> bool:
        return content in others and answer.wait()

    with closing(runner(FakeDetector(), FakeEmbedder(batch_size=1)).run(photos, known)) as outcomes:
        assert isinstance(next(outcomes), PhotoIndexed)
    assert not answer.is_set()
    answer.set()


def test_what_a_stopped_run_has_read_is_released(
    photos: list[PhotoFile], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else the next run would wait for ever for memory to read into."""
    monkeypatch.setattr("pipeline.examination.AHEAD_BYTES", 1)
    monkeypatch.setattr("pipeline.examination.FIRST_BYTES", 1)
    twice = runner(FakeDetector(), FakeEmbedder(batch_size=1), workers=1)
    for _ in range(3):
        with closing(twice.run(photos, lambda _: False)) as outcomes:
            next(outcomes)
    assert len(run(twice, photos)) == len(photos)

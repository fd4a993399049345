"""Enrolling people: all their photos go through the pipeline in one run, and each face finds its person."""

import gc
import hashlib
import os
from collections.abc import Callable, Generator, Iterable
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import pytest

from faceindex.naming.enroll import Enrolled, LeftOut, enroll, people_in_folder
from faceindex.scanning.recording import BATCH_PHOTOS
from faceindex.session import Session
from index.clock import utc_now
from index.people.queries import PeopleQueries
from index.photos.catalog import Catalog
from pipeline.values import (
    Outcome,
    PhotoFailed,
    PhotoFile,
    PhotoIndexed,
    PhotoKnown,
    PhotoSkipped,
    Reason,
    Size,
    Stage,
)
from tests.faceindex.conftest import Album
from tests.faceindex.made_library import SFACE, direction, face, like


@dataclass
class FakeOutcomes:
    """Finds as many faces as a file says, and keeps which files came in each run.

    ``kept`` is the number of outcomes that others still hold when the last file is read.
    """

    runs: list[list[str]] = field(default_factory=list)
    closed: bool = False
    kept: int = 0

    def __call__(
        self, files: Iterable[PhotoFile], is_known: Callable[[bytes], bool]
    ) -> Generator[Outcome, None, None]:
        this: list[str] = []
        self.runs.append(this)
        done: set[bytes] = set()
        try:
            for number, file in enumerate(files):
                path = Path(os.fsdecode(file.path))
                this.append(path.name)
                content = path.read_bytes()
                digest = hashlib.sha256(content).digest()
                yield (
                    self._outcome(file, content, digest, number)
                    if digest not in done
                    else PhotoKnown(file, digest)
                )
                done.add(digest)
        finally:
            self.closed = True

    def _outcome(self, file: PhotoFile, content: bytes, digest: bytes, number: int) -> Outcome:
        if content == b"Ctrl-C":
            raise KeyboardInterrupt
        if content == b"count":
            self.kept = sum(type(each) is PhotoIndexed for each in gc.get_objects())
        if content.startswith((b"text", b"count")):
            return PhotoSkipped(file)
        if content.startswith(b"broken"):
            return PhotoFailed(file, Stage.DECODE, Reason.TRUNCATED, "it ends early", digest)
        person = direction(sum(os.path.dirname(file.path)))
        faces = [face(like(person, 0.9, number + 10), place) for place in range(int(content.split()[0]))]
        return PhotoIndexed(file, digest, Size(2000, 400), None, tuple(faces), "jpeg fake 1", "fake", digest)


def write(album: Album, **people: list[str]) -> None:
    for name, photos in people.items():
        for number, content in enumerate(photos):
            path = album.folder / name / f"{name} {number:03}.jpg"
            path.parent.mkdir(exist_ok=True)
            path.write_text(content)


def enrolled(album: Album, outcomes: FakeOutcomes, place: int | None = None) -> Enrolled:
    with Session.open_to_write(album.settings) as session:
        session.catalog.choose_model(SFACE)
        return enroll(session, people_in_folder(bytes(album.folder)), place, outcomes)


def confirmed(album: Album) -> dict[str, int]:
    with Session.open(album.settings) as session:
        return {each.person.name: each.confirmed for each in PeopleQueries(session.database).summaries()}


def test_all_photos_of_all_people_are_looked_at_in_one_run(album: Album) -> None:
    many = [f"1 of Anna {number}" for number in range(BATCH_PHOTOS + 3)]
    write(album, Anna=many, Ben=["1 of Ben", "1 of him"], Cleo=["1 of Cleo"])
    outcomes = FakeOutcomes()
    assert enrolled(album, outcomes) == Enrolled(3, len(many) + 3, (), (), (1, 2, 3))
    (run,) = outcomes.runs
    assert len(run) == len(many) + 3
    assert confirmed(album) == {"Anna": len(many), "Ben": 2, "Cleo": 1}


def test_what_shows_nobody_who_is_meant_is_left_out_and_the_others_find_their_people(album: Album) -> None:
    write(album, Anna=["broken", "1 of Anna", "text"], Ben=["0 of Ben", "2 of Ben", "1 of Ben"])
    outcomes = FakeOutcomes()
    done = enrolled(album, outcomes)
    assert len(outcomes.runs) == 1
    assert (done.people, done.faces) == (2, 2)
    assert [Path(os.fsdecode(each.photo)).name for each in done.left_out] == [
        "Anna 000.jpg",
        "Anna 002.jpg",
        "Ben 000.jpg",
        "Ben 001.jpg",
    ]
    assert all(isinstance(each, LeftOut) and each.reason for each in done.left_out)
    assert confirmed(album) == {"Anna": 1, "Ben": 1}


@pytest.mark.parametrize("content", ["1 of Anna", "broken"])
def test_the_same_content_twice_is_looked_at_once_and_counts_for_both_files(
    album: Album, content: str
) -> None:
    write(album, Anna=[content, content], Ben=["1 of Ben"])
    done = enrolled(album, FakeOutcomes())
    failed = content == "broken"
    assert len(done.left_out) == (2 if failed else 0)
    assert confirmed(album) == ({"Ben": 1} if failed else {"Anna": 1, "Ben": 1})


def test_names_that_differ_in_capitals_alone_are_one_person(album: Album) -> None:
    write(album, Anna=["1 of Anna"], anna=["1 of anna"])
    assert enrolled(album, FakeOutcomes()).people == 1
    assert confirmed(album) == {"Anna": 2}


def test_the_face_that_is_meant_is_taken_of_each_photo(album: Album) -> None:
    write(album, Anna=["2 of Anna", "1 of Anna"])
    done = enrolled(album, FakeOutcomes(), place=2)
    (left_out,) = done.left_out
    assert left_out.reason == "it has no face number 2"
    assert confirmed(album) == {"Anna": 1}


def test_an_interrupted_run_keeps_what_was_done(album: Album) -> None:
    write(album, Anna=["1 of Anna", "1 of her"], Ben=["1 of Ben", "Ctrl-C", "1 of him"])
    outcomes = FakeOutcomes()
    with pytest.raises(KeyboardInterrupt):
        enrolled(album, outcomes)
    assert outcomes.closed
    assert album.execute("SELECT count(*) FROM photo") == [(3,)]
    assert confirmed(album) == {"Anna": 2, "Ben": 1}


def test_a_photo_that_changed_after_the_start_is_read_again(album: Album) -> None:
    """Its time of change lies between the start and the recording."""
    write(album, Anna=["1 of Anna"])
    (photo,) = (album.folder / "Anna").iterdir()
    changed = (utc_now() + timedelta(hours=1)).timestamp()
    os.utime(photo, (changed, changed))
    with Session.open_to_write(album.settings) as session:
        session.catalog = Catalog(session.database, clock=lambda: utc_now() + timedelta(hours=2))
        session.catalog.choose_model(SFACE)
        enroll(session, people_in_folder(bytes(album.folder)), outcomes=FakeOutcomes())
        (state,) = session.catalog.states_under([bytes(album.folder)]).values()
    assert state.racy


def test_descriptors_are_kept_no_longer_than_a_batch(album: Album) -> None:
    write(album, Anna=[f"1 of Anna {number}" for number in range(BATCH_PHOTOS + 3)], Ben=["count"])
    outcomes = FakeOutcomes()
    enrolled(album, outcomes)
    assert 0 < outcomes.kept < BATCH_PHOTOS

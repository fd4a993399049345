"""Who faces are, kept up to date as decisions change: the same as if all were judged anew."""

from contextlib import suppress
from datetime import UTC, datetime

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select

from index.clustering.regroup import regroup
from index.decisions.model import Merge, Reject
from index.errors import DecisionRefused
from index.recognition import decided_faces, judging
from index.recognition.decided_faces import sample_order
from index.recognition.likeness import read_likenesses
from index.recognition.stored_calibration import (
    Calibration,
    ClosePersons,
    drop_calibrations,
    store_calibration,
    thresholds_for,
)
from index.recognition.thresholds import ClosePair, Thresholds, shipped_curve
from index.store.opening import create_store
from index.store.schema import changed, likeness
from tests.index.albums import THRESHOLDS, Album, CountingIndex, Shot, of
from tests.index.builders import MODEL
from tests.index.counted_work import counted_work

ANNA, BEN = range(2)
PERSONS = ("a" * 32, "b" * 32, "c" * 32)

shots = st.builds(
    lambda one, other, quality: Shot({ANNA: one, BEN: other}, quality),
    st.sampled_from([0.0, 0.35, 0.5, 0.6, 0.7, 0.8]),
    st.sampled_from([0.0, 0.3, 0.45, 0.55]),
    st.sampled_from([1.0, 1.0, 0.1]),
)
face_ids = st.lists(st.integers(1, 14), min_size=1, max_size=3, unique=True)
steps = st.one_of(
    st.tuples(st.just("photo"), st.lists(shots, min_size=1, max_size=3), st.sampled_from([None, 2001, 2005])),
    st.tuples(st.just("confirm"), st.sampled_from(PERSONS), face_ids),
    st.tuples(st.just("reject"), st.sampled_from(PERSONS), face_ids),
    st.tuples(st.just("ignore"), face_ids),
    st.tuples(st.just("no face"), face_ids),
    st.tuples(st.just("undo"), st.none() | st.integers(1, 20)),
    st.tuples(st.just("merge"), st.sampled_from(PERSONS), st.sampled_from(PERSONS)),
)


def take(album: Album, step: tuple[object, ...]) -> None:
    """Do what a step says; some steps make no sense, and are refused."""
    with suppress(DecisionRefused):
        match step:
            case ("photo", list(faces), int() | None as year):
                album.add(*faces, year=year)
            case ("confirm", str(person), list(faces)):
                album.confirm(person, "Somebody", *faces)
            case ("reject", str(person), list(faces)):
                album.reject(person, *faces)
            case ("ignore", list(faces)):
                album.ignore(*faces)
            case ("no face", list(faces)):
                album.is_no_face(*faces)
            case ("undo", int() | None as number):
                album.journal.undo(number)
            case ("merge", str(person), str(other)):
                album.journal.append(Merge(person, other))


def differences(album: Album, thresholds: Thresholds = THRESHOLDS) -> int:
    """How many faces would be judged otherwise, if all were judged anew."""
    vectors = album.saved_vectors()
    return regroup(album.database, thresholds, vectors, everything=True, write=False).differences


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(taken=st.lists(steps, min_size=1, max_size=16), close=st.booleans())
def test_it_is_as_if_all_were_judged_anew(
    tmp_path_factory: pytest.TempPathFactory, taken: list[tuple[object, ...]], close: bool
) -> None:
    folder = tmp_path_factory.mktemp("library")
    pairs = (ClosePair(1, 2, 0.15),) if close else ()
    thresholds = Thresholds(0.5, 0.4, "made for tests", close=pairs)
    with pytest.MonkeyPatch.context() as patch, create_store(folder / "library.sqlite3") as database:
        for module in (decided_faces, judging):
            patch.setattr(module, "FACES_A_YEAR", 2)
            patch.setattr(module, "MOST_STRANGERS", 2)
        album = Album(database, folder)
        for _ in range(3):
            album.add(of(ANNA), of(BEN, 0.5))
        album.regroup(thresholds)
        for step in taken:
            take(album, step)
            if step[0] == "photo":
                album.regroup(thresholds)
            else:
                album.follow(thresholds)
            assert differences(album, thresholds) == 0
        with database.read() as connection:
            assert connection.scalar(select(func.count()).select_from(changed)) == 0


def likenesses(album: Album, face_id: int) -> list[float]:
    """How similar a face is to the persons whom it is like."""
    with album.database.read() as connection:
        found = read_likenesses(connection, likeness.c.face_id == face_id)
    return [float(each) for each in found.similarities]


def test_a_new_face_makes_three_near_ones_of_two(album: Album) -> None:
    """The mean of the three nearest reaches what matters, though the new face itself is far below."""
    face, like = {BEN: 0.8}, 0.89
    known = album.add_each(*[Shot({**face, ANNA: 0.55})] * 2, *[of(BEN, 0.81)] * 4)
    (new,) = album.add(Shot({**face, ANNA: 0.27}))
    (other,) = album.add(Shot({ANNA: like}))
    album.confirm(PERSONS[0], "Ben", *known)
    album.regroup()
    assert likenesses(album, other) == []
    album.confirm(PERSONS[0], "Ben", new)
    album.follow()
    assert likenesses(album, other) == pytest.approx([like * (0.55 + 0.55 + 0.27) / 3], abs=1e-3)
    assert differences(album) == 0


def test_a_face_that_takes_the_place_of_another_in_the_sample_counts(
    album: Album, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in (decided_faces, judging):
        monkeypatch.setattr(module, "FACES_A_YEAR", 2)
    several = [album.add(Shot({BEN: 0.8, 2 + each: 0.6}), year=2001)[0] for each in range(3)]
    first, _, waiting = sorted(range(3), key=lambda each: int(sample_order(np.array([several[each]]))[0]))
    album.add_each(of(BEN, 0.9), of(BEN, 0.9))
    others = [album.add(of(BEN, 0.9), year=year)[0] for year in (2011, 2012, 2013)]
    (alike,) = album.add(Shot({2 + waiting: 0.9}))
    key = album.name("Ben", *several, *others)
    album.regroup()
    assert likenesses(album, alike) == []
    album.reject(key, several[first])
    album.follow()
    assert len(likenesses(album, alike)) == 1
    assert differences(album) == 0


def test_a_face_that_is_a_person_no_more_may_still_be_near_to_one_of_their_faces(album: Album) -> None:
    """Its like is one of many confirmed faces, which did not change; it is far from their template."""
    odd, like = album.add_each(*[Shot({BEN: 0.8})] * 2)
    key = album.name("Anna", odd, like, *album.add_each(*[of(ANNA, 0.9)] * 6))
    album.regroup()
    assert likenesses(album, odd) == []
    album.ignore(odd)
    album.follow()
    assert len(likenesses(album, odd)) == 1
    assert album.recognised(key) == []
    assert differences(album) == 0


@pytest.mark.parametrize("margin", [0.1, 0.4])
def test_all_are_judged_anew_by_another_calibration(album: Album, margin: float) -> None:
    """Also where it changes the close persons alone."""
    curve = shipped_curve(MODEL)
    assert curve is not None
    anna = album.name("Anna", *album.add_each(*[of(ANNA, 0.9)] * 2))
    ben = album.name("Ben", *album.add_each(*[of(BEN, 0.9)] * 2))
    (doubtful,) = album.add(Shot({ANNA: 0.75, BEN: 0.6}))
    album.regroup(thresholds_for(album.database, MODEL))
    assert album.recognised(anna) == [doubtful]
    close = (ClosePersons(anna, ben, margin),)
    store_calibration(album.database, Calibration(MODEL, datetime.now(UTC), curve, close, "shipped", 2, 2, 4))
    thresholds = thresholds_for(album.database, MODEL)
    assert album.regroup(thresholds).no_longer_recognised == int(margin > 0.1)
    assert differences(album, thresholds) == 0
    album.journal.append(Merge(ben, anna))  # who was like Ben does not change
    album.follow(thresholds_for(album.database, MODEL))
    assert differences(album, thresholds_for(album.database, MODEL)) == 0
    album.journal.undo()
    album.follow(thresholds_for(album.database, MODEL))
    assert differences(album, thresholds_for(album.database, MODEL)) == 0
    assert drop_calibrations(album.database, MODEL) == 1
    album.regroup(thresholds_for(album.database, MODEL))
    assert album.recognised(anna) == [doubtful]
    assert differences(album, thresholds_for(album.database, MODEL)) == 0


def test_who_is_no_stranger_any_more_is_judged_again(album: Album, monkeypatch: pytest.MonkeyPatch) -> None:
    """Only so many strangers count, the latest: one more ends what another one decided."""
    for module in (decided_faces, judging):
        monkeypatch.setattr(module, "MOST_STRANGERS", 1)
    key = album.name("Anna", *album.add_each(of(ANNA, 0.9), of(ANNA, 0.9)))
    stranger, alike = album.add_each(*[Shot({ANNA: 0.6, BEN: 0.7}, noise=300)] * 2)
    (another,) = album.add(of(5))
    album.regroup()
    album.ignore(stranger)
    album.follow()
    assert album.recognised(key) == []
    album.ignore(another)
    album.follow()
    assert album.recognised(key) == [alike]
    assert differences(album) == 0


def test_a_decision_costs_what_it_touches(album: Album) -> None:
    """Rows read and descriptors fetched after a decision do not grow with the library."""
    anna, ben = (album.add_each(*[of(person)] * 4) for person in (ANNA, BEN))
    album.name("Anna", *anna[:2])
    album.name("Ben", *ben[:2])
    costs = []
    for number, others in enumerate((20, 200)):
        album.add_each(*(of(2 + place % 50, 0.6) for place in range(others)))
        person = album.name("Somebody", *album.add(of(60 + number)))
        album.regroup()
        index = CountingIndex(album)
        album.journal.append(Reject(album.journal.face_keys(anna[2 + number :][:1]), person))
        with counted_work() as work:
            done = regroup(album.database, THRESHOLDS, index, decided_only=True)
        assert not done.changed
        costs.append((work.statements, work.rows, index.fetched))
    assert costs[0] == costs[1]
    assert costs[0][1] < 60


def test_what_a_decision_about_a_face_that_the_index_lacks_changes_is_judged_later(album: Album) -> None:
    known = album.add_each(of(ANNA), of(ANNA))
    album.regroup()
    (recorded,) = album.add(of(ANNA, 0.9))
    key = album.name("Anna", recorded)
    album.follow()
    assert album.recognised(key) == known
    album.regroup()
    assert differences(album) == 0

"""What is learned brings people apart who were never seen; and what similarity means moves with it."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from faceindex.adapt.cross_validation import cross_validate
from faceindex.adapt.threshold_transfer import Change, Spread, moved_curve, normal_curve
from faceindex.adapt.triplet_loss import LabelledDescriptors, common_mean, identity_map, learn
from index.recognition.thresholds import Curve, EvidencePoint, RatePoint, for_gallery, shipped_curve
from pipeline.description.projection import project
from pipeline.values import F32, ModelId

pytestmark = pytest.mark.slow

LENGTH = 16


def unit(vectors: F32) -> F32:
    return np.asarray(vectors / np.linalg.norm(vectors, axis=1, keepdims=True), np.float32)


def people(count: int, seed: int, shared: float = 1.5) -> LabelledDescriptors:
    """Faces that have something in common, some of them more of it than of their person."""
    generator = np.random.default_rng(seed)
    persons = np.repeat(np.arange(count), 5)
    looks = unit(generator.standard_normal((count, LENGTH)).astype(np.float32))[persons]
    own = generator.uniform(0.2, 1.0, (len(persons), 1))
    noise = generator.standard_normal((len(persons), LENGTH)) * 0.07
    return LabelledDescriptors(
        unit(own * looks + noise + shared * np.eye(LENGTH)[0]), persons.astype(np.int64)
    )


@pytest.mark.parametrize("dimension", [LENGTH, 5])
def test_the_map_to_begin_with_changes_as_little_as_can_be(dimension: int) -> None:
    vectors = people(12, 1).vectors
    start = identity_map(vectors, dimension)
    assert start.shape == (LENGTH + 1, dimension)
    mapped = project(vectors, start)
    before, after = vectors @ vectors.T, mapped @ mapped.T
    assert np.abs(before - after).mean() < (1e-6 if dimension == LENGTH else 0.1)


def test_no_step_takes_away_what_is_common_alone_and_the_same_seed_learns_the_same() -> None:
    known = people(12, 1)
    start = identity_map(known.vectors, LENGTH)
    first, later = learn(known, start, [0, 30])
    np.testing.assert_allclose(
        project(known.vectors, first), unit(known.vectors - common_mean(known)), atol=1e-6
    )
    assert not np.allclose(later, first, atol=1e-3)
    (again,) = learn(known, start, [30])
    np.testing.assert_allclose(again, later, atol=1e-4)


def test_what_is_common_counts_each_person_once() -> None:
    known = people(40, 1)
    repeated = np.concatenate([np.flatnonzero(known.persons == 0).repeat(50), np.arange(len(known.persons))])
    again = common_mean(LabelledDescriptors(known.vectors[repeated], known.persons[repeated]))
    np.testing.assert_allclose(again, common_mean(known), atol=1e-6)
    assert np.eye(LENGTH)[0] @ common_mean(known) == pytest.approx(known.vectors[:, 0].mean(), rel=0.02)


@pytest.mark.parametrize("seed", range(5))
def test_people_who_have_nothing_in_common_are_left_nearly_as_they_are(seed: int) -> None:
    """Ten people have a mean of length 0.3, by chance."""
    known = people(10, seed, shared=0.0)
    means = np.stack([known.vectors[known.persons == person].mean(axis=0) for person in known.everyone])
    assert np.linalg.norm(common_mean(known)) < 0.5 * np.linalg.norm(means.mean(axis=0)) < 0.2


@pytest.mark.parametrize("seed", [1, 4, 6])
def test_what_faces_have_in_common_is_unlearned_for_people_never_seen(seed: int) -> None:
    known = people(24, seed)
    trial = cross_validate(known, identity_map(known.vectors, LENGTH))
    assert trial.helps
    assert trial.gain > 0.03
    assert trial.after.auc > trial.before.auc
    assert trial.change.after.other < trial.change.before.other

    strangers = people(30, 100 + seed)
    (matrix,) = learn(known, identity_map(known.vectors, LENGTH), [trial.steps])
    assert order(project(strangers.vectors, matrix), strangers) > order(strangers.vectors, strangers)


def order(vectors: F32, of: LabelledDescriptors) -> float:
    """How often a face of the same person is nearest."""
    similarity = vectors @ vectors.T
    np.fill_diagonal(similarity, -1)
    return float(np.mean(of.persons[similarity.argmax(axis=1)] == of.persons))


def test_where_there_is_nothing_to_learn_nothing_helps() -> None:
    generator = np.random.default_rng(3)
    nobody = LabelledDescriptors(
        unit(generator.standard_normal((60, LENGTH)).astype(np.float32)), np.repeat(np.arange(12), 5)
    )
    assert not cross_validate(nobody, identity_map(nobody.vectors, LENGTH)).helps


def test_fewer_people_than_two_a_fold_are_a_mistake() -> None:
    known = people(9, 1)
    with pytest.raises(ValueError, match="takes 10 people"):
        cross_validate(known, identity_map(known.vectors, LENGTH))


CHANGE = Change(before=Spread(0.7, 0.1, 0.2, 0.2), after=Spread(0.6, 0.1, 0.0, 0.1))


@given(st.floats(-1, 1), st.floats(-1, 1))
@settings(deadline=None)
def test_what_was_more_alike_stays_so(one: float, two: float) -> None:
    low, high = sorted((one, two))
    assert -1 <= CHANGE.moved(low) <= CHANGE.moved(high) <= 1


def test_as_many_strangers_pass_a_threshold_that_has_moved() -> None:
    curve = Curve(
        (RatePoint(0.1, 0.4), RatePoint(1e-3, 0.8)), (EvidencePoint(0.3, -5), EvidencePoint(0.9, 5)), ""
    )
    moved = moved_curve(curve, CHANGE)
    assert [point.similarity for point in moved.rates] == pytest.approx([0.1, 0.3])
    assert [point.rate for point in moved.rates] == [0.1, 1e-3]
    assert [point.similarity for point in moved.evidence] == pytest.approx([0.05, 0.35])


def test_a_curve_of_two_normal_distributions_is_near_the_measured_one() -> None:
    """The figures are those of sface's similarities on Labeled Faces in the Wild."""
    measured = shipped_curve(ModelId("sface"))
    assert measured is not None
    curve = normal_curve(Spread(same=0.65, same_deviation=0.13, other=0.0, other_deviation=0.095))
    assert for_gallery(curve, 100).accept == pytest.approx(for_gallery(measured, 100).accept, abs=0.05)
    assert curve.log_ratio(0.6) > 3
    assert curve.log_ratio(0.0) < -3

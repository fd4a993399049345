"""What a similarity means: thresholds that follow from a curve, a gallery's size, and close persons."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from index.recognition.thresholds import (
    ACCEPTED_STRANGERS,
    FEWEST_PERSONS,
    MIN_MARGIN,
    ClosePair,
    Curve,
    EvidencePoint,
    RatePoint,
    Thresholds,
    for_gallery,
    shipped,
    straight_evidence,
)
from pipeline.values import ModelId

MEASURED = [ModelId("sface"), ModelId("facenet")]

CURVE = Curve(
    (RatePoint(0.1, 0.1), RatePoint(0.01, 0.2), RatePoint(1e-4, 0.4)),
    straight_evidence(zero=0.3, slope=40.0),
    "made up",
)


def test_between_measured_rates_the_logarithm_is_straight_and_so_it_goes_on() -> None:
    assert CURVE.similarity_at(0.01) == pytest.approx(0.2)
    assert CURVE.similarity_at(1e-3) == pytest.approx(0.3)
    assert CURVE.similarity_at(1e-6) == pytest.approx(0.6)
    assert CURVE.similarity_at(0.5) == pytest.approx(0.1)  # not below what was measured
    assert CURVE.similarity_at(1e-300) == 1.0


@given(st.sampled_from(MEASURED), st.integers(0, 100_000), st.integers(0, 100_000))
def test_more_persons_never_make_a_name_easier_to_get(model: ModelId, few: int, many: int) -> None:
    few, many = sorted((few, many))
    assert shipped(model, few).accept <= shipped(model, many).accept
    assert shipped(model, few).review <= shipped(model, many).review


@pytest.mark.parametrize("persons", [0, 100, 800, 5000])
def test_strangers_are_named_as_rarely_as_promised_in_a_gallery_of_any_size(persons: int) -> None:
    accept = for_gallery(CURVE, persons).accept
    compared = max(persons, FEWEST_PERSONS)
    rate = math.exp(np.interp(accept, [0.2, 0.4, 0.8], [math.log(0.01), math.log(1e-4), math.log(1e-8)]))
    assert 1 - (1 - rate) ** compared <= ACCEPTED_STRANGERS * 1.05


def test_one_more_person_seldom_moves_a_threshold() -> None:
    accepts = {for_gallery(CURVE, persons).accept for persons in range(1000)}
    assert len(accepts) == 5


@given(st.sampled_from(MEASURED), st.floats(-1, 1), st.floats(-1, 1), st.integers(1, 1000))
def test_more_similar_is_never_less_probable(model: ModelId, one: float, two: float, among: int) -> None:
    less, more = (shipped(model).probability(each, among) for each in sorted((one, two)))
    assert less is not None
    assert more is not None
    assert 0 < less <= more < 1


def test_the_more_persons_were_compared_the_less_a_similarity_says() -> None:
    alone, among_many = (for_gallery(CURVE, 0).probability(0.4, among) for among in (1, 200))
    assert alone == pytest.approx(1 / (1 + math.exp(-4)))
    assert among_many == pytest.approx(1 / (1 + 399 * math.exp(-4)))


@pytest.mark.parametrize("model", MEASURED)
def test_a_measured_model_is_sure_of_the_same_photo_and_of_a_stranger(model: ModelId) -> None:
    thresholds = shipped(model)
    same, stranger = (thresholds.probability(similarity) for similarity in (0.95, 0.0))
    assert same is not None
    assert stranger is not None
    assert same > 0.9999
    assert stranger < 0.001
    assert thresholds.review < thresholds.accept
    assert "Labeled Faces in the Wild" in thresholds.provenance


def test_a_model_that_was_never_measured_says_so_and_gives_no_probability() -> None:
    thresholds = shipped(ModelId("vggface2-resnet50"))
    assert thresholds.probability(0.9) is None
    assert "not measured" in thresholds.provenance


def test_evidence_is_flat_beyond_what_was_measured() -> None:
    curve = Curve(CURVE.rates, (EvidencePoint(0.2, -3.0), EvidencePoint(0.5, 5.0)), "made up")
    assert [curve.log_ratio(each) for each in (-1.0, 0.2, 0.35, 0.5, 1.0)] == pytest.approx([-3, -3, 1, 5, 5])


def test_close_persons_must_be_told_apart_more_clearly_whichever_comes_first() -> None:
    thresholds = Thresholds(0.4, 0.3, "made up", CURVE, (ClosePair(3, 7, 0.2),))
    persons, runners_up = np.array([3, 7, 3, 1], np.int64), np.array([7, 3, 1, 0], np.int64)
    assert thresholds.margins(persons, runners_up).tolist() == pytest.approx(
        [0.2, 0.2, MIN_MARGIN, MIN_MARGIN]
    )

"""Calibration by what people decided: made faces, of strangers and of siblings."""

import numpy as np
import pytest

from faceindex.accuracy.close_persons import close_pairs
from faceindex.accuracy.fitting import fit
from faceindex.accuracy.verification import Comparisons, compare_all
from index.recognition.gallery import Gallery
from index.recognition.identify import identify
from index.recognition.templates import NO_YEAR, ConfirmedFaces
from index.recognition.thresholds import MIN_MARGIN, Thresholds, for_gallery, shipped_curve
from pipeline.values import F32, ModelId
from tests.faceindex.made_library import SFACE, direction, like

CURVE = shipped_curve(SFACE)


def people(count: int, similarity: float, faces: int = 6, common: float = 0.0) -> list[F32]:
    """Faces of people, of whom two have something in common; each face is so similar to its person."""
    root = direction(9000)
    persons = [
        np.asarray(np.sqrt(common) * root + np.sqrt(1 - common) * direction(number), np.float32)
        for number in range(count)
    ]
    persons = [np.asarray(person / np.linalg.norm(person), np.float32) for person in persons]
    return [
        np.stack([like(person, similarity, 100 * number + face + 10) for face in range(faces)])
        for number, person in enumerate(persons, 1)
    ]


def siblings(alike: float, similarity: float, faces: int = 8) -> list[F32]:
    """Two people, each of whose middles has this cosine to that of the other."""
    older = direction(7001)
    younger = like(older, alike, 7002)
    return [
        np.stack([like(person, similarity, 1000 * number + face + 500) for face in range(faces)])
        for number, person in enumerate((older, younger), 1)
    ]


def confirmed(faces: list[F32]) -> ConfirmedFaces:
    """Their faces, by persons numbered from 1."""
    owners = np.concatenate([np.full(len(each), number) for number, each in enumerate(faces, 1)])
    return ConfirmedFaces(
        np.arange(len(owners), dtype=np.int64),
        owners.astype(np.int64),
        np.full(len(owners), NO_YEAR, np.int64),
        np.ones(len(owners), np.float32),
        np.concatenate(faces),
    )


def pairs_of(faces: list[F32]) -> Comparisons:
    found = confirmed(faces)
    return compare_all(found.vectors, found.person_ids.tolist())


def test_few_people_hardly_move_what_the_model_comes_with() -> None:
    assert CURVE is not None
    fitted = fit(pairs_of(people(4, 0.8)), CURVE, "here")
    before, after = for_gallery(CURVE, 0), for_gallery(fitted.curve, 0)
    assert after.accept == pytest.approx(before.accept, abs=0.02)
    assert fitted.curve.provenance == "here"


def test_many_people_who_are_all_more_alike_make_the_thresholds_stricter() -> None:
    assert CURVE is not None
    fitted = fit(pairs_of(people(60, 0.85, common=0.25)), CURVE, "here")
    before, after = for_gallery(CURVE, 0), for_gallery(fitted.curve, 0)
    assert after.accept > before.accept + 0.05
    doubtful, was = after.probability(0.35), before.probability(0.35)
    assert doubtful is not None
    assert was is not None
    assert doubtful < was


def test_the_method_is_the_one_that_predicts_unseen_people_best() -> None:
    fitted = fit(pairs_of(people(40, 0.85, common=0.25)), CURVE, "here")
    losses = {each.method: each.loss for each in fitted.losses}
    assert set(losses) == {"shipped", "logistic", "isotonic"}
    assert losses[fitted.method] == min(losses.values())
    assert losses["logistic"] < losses["shipped"]


def test_a_model_that_was_never_measured_is_measured_where_there_are_enough_people() -> None:
    fitted = fit(pairs_of(people(40, 0.8)), None, "here")
    thresholds = for_gallery(fitted.curve, 0)
    same, other = thresholds.probability(0.64), thresholds.probability(0.0)
    assert same is not None
    assert other is not None
    assert same > 0.95
    assert other < 0.05
    with pytest.raises(ValueError, match="too few pairs"):
        fit(pairs_of(people(5, 0.8)), None, "here")


def test_strangers_have_the_usual_margin() -> None:
    assert close_pairs(confirmed(people(12, 0.8))) == ()


def test_siblings_have_a_wider_margin_and_nobody_else_has() -> None:
    family = siblings(alike=0.95, similarity=0.6)
    (pair,) = close_pairs(confirmed([*family, *people(6, 0.8)]))
    assert (pair.person_id, pair.other_id) == (1, 2)
    assert pair.margin > MIN_MARGIN


def test_with_their_margin_siblings_are_not_named_for_one_another() -> None:
    known, probes = siblings(alike=0.97, similarity=0.6, faces=40), 200
    pairs = close_pairs(confirmed([each[:20] for each in known]))
    gallery = Gallery(confirmed([each[:20] for each in known]))
    older, younger = siblings(alike=0.97, similarity=0.6, faces=probes)
    asked, whose = np.concatenate([older[40:], younger[40:]]), np.repeat([1, 2], probes - 40)

    def wrong(thresholds: Thresholds) -> float:
        found = identify(gallery, asked, thresholds)
        return float(np.mean(found.accepted & (found.person_ids != whose)))

    without, with_margin = Thresholds(0.3, 0.25, "made up"), Thresholds(0.3, 0.25, "made up", close=pairs)
    assert wrong(with_margin) <= 0.01 < wrong(without)


def test_of_two_faces_nothing_is_said() -> None:
    assert close_pairs(confirmed(siblings(alike=0.95, similarity=0.8, faces=2))) == ()


def test_rates_never_fall_with_similarity() -> None:
    for model in ("sface", "facenet"):
        curve = shipped_curve(ModelId(model))
        assert curve is not None
        fitted = fit(pairs_of(people(15, 0.6, common=0.3)), curve, "here").curve
        similarities = [point.similarity for point in fitted.rates]
        assert similarities == sorted(similarities)

"""The measures, each against a count made by hand or a definition written out again."""

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from faceindex.accuracy.cluster_agreement import agree
from faceindex.accuracy.identification import identify
from faceindex.accuracy.pairs import DRAWS, FOLDS, PAIRS_A_FOLD, draw_pairs
from faceindex.accuracy.verification import (
    Comparisons,
    accuracy_by_protocol,
    accuracy_over_folds,
    best_threshold,
    compare_all,
    threshold_at,
    verify,
)
from pipeline.values import F32
from tests.faceindex.made_library import direction, like


def made_people(counts: list[int], similarity: float) -> tuple[F32, list[str]]:
    """Faces of people, each about so similar to the middle of its person."""
    vectors = [
        like(direction(person), similarity, 1000 * person + number + 500)
        for person, count in enumerate(counts)
        for number in range(count)
    ]
    people = [f"person {person}" for person, count in enumerate(counts) for _ in range(count)]
    return np.stack(vectors), people


def comparisons(genuine: list[float], impostor: list[float]) -> Comparisons:
    """Pairs with these similarities, each of people of its own."""
    first = np.arange(len(impostor)) * 2 + len(genuine)
    return Comparisons(
        np.array(genuine, np.float32),
        np.arange(len(genuine)),
        np.sort(np.array(impostor, np.float32))[::-1],
        np.stack([first, first + 1], axis=1),
    )


def test_people_who_differ_are_told_apart_without_an_error() -> None:
    vectors, people = made_people([4] * 12 + [1] * 20, 0.95)
    found = verify(compare_all(vectors, people))
    assert found is not None
    assert (found.genuine, found.impostor) == (12 * 6, 68 * 67 // 2 - 12 * 6)
    assert (found.auc, found.eer) == (1.0, 0.0)
    assert [each.tar for each in found.operating] == [1.0] * len(found.operating)


def test_only_rates_that_the_comparisons_suffice_to_measure_are_given() -> None:
    few = verify(comparisons([0.5] * 10, list(np.linspace(0, 0.4, 50))))
    assert few is not None
    assert [each.far for each in few.operating] == [0.1]


def test_rates_are_those_counted_by_hand() -> None:
    impostor = [number / 1000 for number in range(1000)]
    found = verify(comparisons([0.5, 0.8, 0.9495, 0.9995], impostor))
    assert found is not None
    at_tenth, at_hundredth = found.operating[:2]
    assert at_tenth.threshold == pytest.approx(0.899)  # a hundred of a thousand are above
    assert (at_tenth.tar, at_hundredth.tar) == (0.5, 0.25)
    assert found.auc == pytest.approx((500.5 + 800.5 + 950 + 1000) / 4000, abs=1e-3)
    assert found.eer == pytest.approx(0.25, abs=0.03)


@given(
    st.lists(st.integers(0, 20), min_size=1, max_size=30),
    st.lists(st.integers(0, 20), min_size=1, max_size=30),
)
def test_the_area_is_the_part_of_comparisons_in_the_right_order(same: list[int], other: list[int]) -> None:
    found = verify(comparisons([each / 20 for each in same], [each / 20 for each in other]))
    expected = np.mean([(one > two) + (one == two) / 2 for one in same for two in other])
    assert found is not None
    assert found.auc == pytest.approx(expected)


def test_an_interval_holds_the_figure_and_shrinks_with_more_people() -> None:
    def width(count: int) -> float:
        vectors, people = made_people([4] * count, 0.55)
        found = verify(compare_all(vectors, people))
        assert found is not None
        (operating,) = (each for each in found.operating if each.far == 0.01)
        assert operating.interval.low <= operating.tar <= operating.interval.high
        return operating.interval.high - operating.interval.low

    assert width(120) < width(20) / 1.5


def test_without_both_kinds_of_pairs_nothing_is_measured() -> None:
    vectors, _ = made_people([3], 0.9)
    assert verify(compare_all(vectors, ["one", "one", "one"])) is None
    assert verify(compare_all(vectors, ["one", "two", "three"])) is None


@given(
    st.lists(st.tuples(st.integers(0, 10), st.booleans()), min_size=1, max_size=40),
)
def test_no_threshold_makes_fewer_errors_than_the_best(pairs: list[tuple[int, bool]]) -> None:
    similarity = np.array([value / 10 for value, _ in pairs], np.float32)
    same = np.array([is_same for _, is_same in pairs])

    def errors(threshold: float) -> int:
        return int(np.sum((similarity >= threshold) != same))

    assert errors(best_threshold(similarity, same)) == min(
        errors(value) for value in [*np.unique(similarity).tolist(), 0.0]
    )


def test_pairs_are_drawn_as_the_protocol_of_labeled_faces_in_the_wild_says() -> None:
    _, people = made_people([10] * 60 + [1] * 100, 0.9)
    pairs = draw_pairs(people)
    names = np.array(people)
    assert (names[pairs.first] == names[pairs.second]).tolist() == pairs.same.tolist()
    assert np.bincount(pairs.fold[pairs.same]).tolist() == np.bincount(pairs.fold[~pairs.same]).tolist()
    assert np.bincount(pairs.fold).max() <= 2 * PAIRS_A_FOLD
    assert len({*zip(pairs.first.tolist(), pairs.second.tolist(), strict=True)}) == len(pairs.same)
    in_fold = [
        {*names[pairs.first[pairs.fold == k]], *names[pairs.second[pairs.fold == k]]} for k in range(FOLDS)
    ]
    assert all(one.isdisjoint(two) for one, two in combinations(in_fold, 2))
    assert any(people.count(name) == 1 for fold in in_fold for name in fold)


def test_the_same_pairs_are_drawn_each_time() -> None:
    _, people = made_people([3] * 30, 0.9)
    one, two = draw_pairs(people), draw_pairs(people)
    assert one.first.tolist() == two.first.tolist()
    assert one.second.tolist() == two.second.tolist()


def test_accuracy_over_folds_judges_each_fold_by_the_others() -> None:
    vectors, people = made_people([4] * 60, 0.95)
    pairs = draw_pairs(people)
    similarity = np.einsum("nd,nd->n", vectors[pairs.first], vectors[pairs.second])
    found = accuracy_over_folds(similarity, pairs)
    assert found is not None
    assert (found.accuracy, found.deviation, found.pairs) == (1.0, 0.0, len(pairs.same))
    # A fold whose similarities are all shifted fails by the others' threshold.
    shifted = np.where(pairs.fold == 3, similarity - 1, similarity)
    worse = accuracy_over_folds(shifted.astype(np.float32), pairs)
    assert worse is not None
    assert worse.accuracy == pytest.approx(0.95)


def test_accuracy_by_the_protocol_is_the_mean_of_several_draws() -> None:
    vectors, people = made_people([4] * 60 + [1] * 60, 0.55)
    singles = []
    for draw in range(DRAWS):
        pairs = draw_pairs(people, draw)
        similarity = np.einsum("nd,nd->n", vectors[pairs.first], vectors[pairs.second])
        found = accuracy_over_folds(similarity, pairs)
        assert found is not None
        singles.append(found)
    assert len({each.accuracy for each in singles}) > 1
    together = accuracy_by_protocol(vectors, people)
    assert together is not None
    assert together.accuracy == pytest.approx(np.mean([each.accuracy for each in singles]))
    assert together.deviation == pytest.approx(np.mean([each.deviation for each in singles]))
    assert (together.pairs, together.draws) == (singles[0].pairs, DRAWS)


def test_nothing_is_said_of_one_person() -> None:
    vectors, people = made_people([4], 0.9)
    assert accuracy_by_protocol(vectors, people) is None


def test_a_threshold_lets_the_part_through_that_is_asked_for() -> None:
    falling = np.linspace(1, 0, 1000, dtype=np.float32)
    threshold = threshold_at(falling, 0.05)
    assert int((falling > threshold).sum()) == 50


def test_identification_of_distinct_people_is_perfect_and_of_noise_is_chance() -> None:
    vectors, people = made_people([3] * 20 + [1] * 30, 0.95)
    clear = identify(vectors, people)
    assert clear is not None
    assert (clear.enrolled, clear.probes, clear.rank_1, clear.rank_5) == (20, 40, 1.0, 1.0)
    assert [each.tpir for each in clear.open_set] == [1.0, 1.0]
    noise = np.stack([direction(seed) for seed in range(len(people))])
    blind = identify(noise, people)
    assert blind is not None
    assert blind.rank_1 == pytest.approx(1 / 20, abs=0.03)
    assert blind.rank_5 == pytest.approx(5 / 20, abs=0.1)


def test_one_person_alone_cannot_be_identified() -> None:
    vectors, people = made_people([5], 0.9)
    assert identify(vectors, people) is None


def test_agreement_is_that_counted_by_hand() -> None:
    # Bagga and Baldwin's measure, face by face: 1/2, 1/2, 2/2, 2/2, 1/2 put together rightly...
    found = agree([1, 1, 2, 2, 3], ["ann", "bob", "ann", "ann", "bob"])
    assert found is not None
    assert found.b_cubed.precision == pytest.approx((1 / 2 + 1 / 2 + 1 + 1 + 1) / 5)
    assert found.b_cubed.recall == pytest.approx((1 / 3 + 1 / 2 + 2 / 3 + 2 / 3 + 1 / 2) / 5)
    assert (found.pairwise.precision, found.pairwise.recall) == (1 / 2, 1 / 4)


@given(st.lists(st.integers(0, 3), min_size=1, max_size=25))
def test_groups_that_are_the_people_agree_wholly(people: list[int]) -> None:
    found = agree([7 * person for person in people], [str(person) for person in people])
    assert found is not None
    assert (found.b_cubed.f, found.pairwise.f) == (1.0, 1.0)


@given(st.lists(st.tuples(st.integers(0, 3), st.sampled_from("abc")), min_size=2, max_size=20))
def test_pairwise_agreement_is_that_of_all_pairs(faces: list[tuple[int, str]]) -> None:
    found = agree([group for group, _ in faces], [person for _, person in faces])
    pairs = list(combinations(faces, 2))
    together = sum(one[0] == two[0] for one, two in pairs)
    right = sum(one == two for one, two in pairs)
    assert found is not None
    assert found.pairwise.precision == (right / together if together else 1.0)

"""Groups made of vectors, with what must and must not come together."""

from dataclasses import replace

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from index.clustering.linkage import FacesToGroup, exemplar, group
from index.values import I64, NONE
from pipeline.values import F32

SAME = 0.5


def made(people: list[int], likeness: float = 0.7, seed: int = 0) -> F32:
    """Faces of people; two of one person are about so similar, strangers hardly at all."""
    rng = np.random.default_rng(seed)
    who = rng.standard_normal((max(people) + 1, 256))
    own = rng.standard_normal((len(people), 256))
    who, own = (each / np.linalg.norm(each, axis=1, keepdims=True) for each in (who, own))
    vectors = np.sqrt(likeness) * who[people] + np.sqrt(1 - likeness) * own
    return np.asarray(vectors / np.linalg.norm(vectors, axis=1, keepdims=True), np.float32)


def faces(
    vectors: F32,
    starts: list[int] | None = None,
    owners: dict[int, int] | None = None,
    poor: list[int] | None = None,
    apart: list[tuple[int, int]] | None = None,
    former: list[int] | None = None,
    rivals: list[tuple[int, int]] | None = None,
) -> FacesToGroup:
    count = len(vectors)
    owned = np.full(count, NONE)
    for row, owner in (owners or {}).items():
        owned[row] = owner
    return FacesToGroup(
        vectors=vectors,
        initial=np.arange(count) if starts is None else np.array(starts),
        owners=owned,
        former=np.full(count, NONE) if former is None else np.array(former),
        reliable=~np.isin(np.arange(count), poor or []),
        near=np.stack(np.triu_indices(count, 1), axis=1).astype(np.int64),
        cannot_link=np.array(apart or [], np.int64).reshape(-1, 2),
        presumed_different=np.array(rivals or [], np.int64).reshape(-1, 2),
    )


def groups(labels: I64) -> set[tuple[int, ...]]:
    return {tuple(np.flatnonzero(labels == each).tolist()) for each in np.unique(labels)}


def alike(count: int, similarity: float) -> F32:
    """Faces any two of which are exactly so similar."""
    return np.asarray(
        np.linalg.cholesky(np.full((count, count), similarity) + (1 - similarity) * np.eye(count)), np.float32
    )


@settings(deadline=None)
@given(st.lists(st.integers(0, 4), min_size=1, max_size=12), st.integers(0, 1000))
def test_each_person_is_a_group(people: list[int], seed: int) -> None:
    labels = group(faces(made(people, seed=seed)), SAME)
    assert [labels[row] == labels[0] for row in range(len(people))] == [each == people[0] for each in people]
    assert labels[0] == 0


def test_two_single_faces_are_one_person_from_the_given_similarity_on() -> None:
    assert groups(group(faces(alike(2, 0.501)), SAME)) == {(0, 1)}
    assert groups(group(faces(alike(2, 0.499)), SAME)) == {(0,), (1,)}


def test_several_faces_say_more_than_one() -> None:
    person = alike(6, 0.5)
    like = 0.44 * np.ones(5)
    probe = np.linalg.lstsq(person[:5], like, rcond=None)[0]
    probe[5] = np.sqrt(1 - probe @ probe)
    vectors = np.concatenate([person[:5], probe[None]]).astype(np.float32)
    assert groups(group(faces(vectors[[0, 5]]), SAME)) == {(0,), (1,)}
    assert groups(group(faces(vectors), SAME - 0.01)) == {(0, 1, 2, 3, 4, 5)}


def test_shots_of_one_moment_say_no_more_than_one() -> None:
    one, other = alike(2, 0.499)
    rng = np.random.default_rng(0)
    burst = np.stack([one + 0.01 * rng.standard_normal(2).astype(np.float32) for _ in range(20)])
    burst /= np.linalg.norm(burst, axis=1, keepdims=True)
    vectors = np.concatenate([burst, other[None]]).astype(np.float32)
    assert groups(group(faces(vectors), SAME + 0.01)) == {tuple(range(20)), (20,)}


def test_large_groups_of_two_days_are_one_person() -> None:
    day = made([0] * 40 + [1] * 40, likeness=0.7)
    person = np.zeros((80, 256), np.float32)
    person[:, 0] = 1
    vectors = np.sqrt(0.6) * person + np.sqrt(0.4) * day
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    assert len(groups(group(faces(vectors.astype(np.float32)), SAME))) == 1


def test_faces_that_start_together_stay_together() -> None:
    labels = group(faces(made([0, 1, 0, 1]), starts=[0, 0, 2, 3]), SAME)
    assert labels[0] == labels[1]
    assert labels[2] != labels[3]


def test_faces_of_two_owners_never_come_together() -> None:
    vectors = made([0] * 6, likeness=0.9)
    labels = group(faces(vectors, owners={0: 7, 5: 8}), SAME)
    assert labels[0] != labels[5]
    assert len(groups(labels)) == 2


@settings(deadline=None)
@given(st.lists(st.integers(0, 3), min_size=2, max_size=10), st.data())
def test_what_must_be_apart_is_apart(people: list[int], data: st.DataObject) -> None:
    rows = st.integers(0, len(people) - 1)
    apart = data.draw(st.lists(st.tuples(rows, rows).filter(lambda pair: pair[0] != pair[1]), max_size=8))
    poor = data.draw(st.lists(rows, max_size=4))
    labels = group(faces(made(people, likeness=0.8), apart=apart, poor=poor), SAME)
    assert all(labels[one] != labels[other] for one, other in apart)


def test_rivals_are_two_people_but_do_not_part_large_groups() -> None:
    vectors = made([0] * 8, likeness=0.8)
    assert len(groups(group(faces(vectors[:2], rivals=[(0, 1)]), SAME))) == 2
    assert len(groups(group(faces(vectors[:4], rivals=[(0, 1)]), SAME))) == 2
    left, right = [0, 0, 0, 0, 4, 4, 4, 4], [(0, 4)]
    assert len(groups(group(faces(vectors, starts=left, rivals=right), SAME))) == 1
    assert len(groups(group(faces(vectors, starts=left, rivals=[(0, 4), (1, 5)]), SAME))) == 2


@settings(deadline=None)
@given(st.lists(st.integers(0, 2), min_size=2, max_size=10), st.data())
def test_poor_faces_change_nothing_for_the_others(people: list[int], data: st.DataObject) -> None:
    poor = data.draw(st.lists(st.integers(0, len(people) - 1), max_size=6))
    good = np.setdiff1d(np.arange(len(people)), poor)
    vectors = made(people, likeness=0.6)
    labels = group(faces(vectors, poor=poor), SAME)
    without = group(faces(vectors[good]), SAME) if len(good) else good
    assert groups(labels[good]) == groups(without)
    for row in np.setdiff1d(poor, []):
        assert labels[row] == row or labels[row] in labels[good]


def test_what_was_together_has_the_benefit_of_the_doubt() -> None:
    vectors = alike(2, 0.45)
    assert len(groups(group(faces(vectors), SAME))) == 2
    assert len(groups(group(faces(vectors, former=[3, 3]), SAME))) == 1
    assert len(groups(group(faces(alike(2, 0.3), former=[3, 3]), SAME))) == 2


def test_only_near_pairs_are_compared() -> None:
    vectors = made([0, 0, 0])
    some = faces(vectors)
    assert groups(group(replace(some, near=some.near[:1]), SAME)) == {(0, 1), (2,)}


def test_equal_faces_are_grouped_too() -> None:
    vectors = np.repeat(np.eye(2, 8, dtype=np.float32), 5, axis=0)
    assert groups(group(faces(vectors), SAME)) == {(0, 1, 2, 3, 4), (5, 6, 7, 8, 9)}


def test_a_group_is_shown_by_a_good_face_in_its_middle() -> None:
    middle = np.array([1.0, 0.0, 0.0])
    vectors = np.array([[0.8, 0.6, 0.0], middle, middle, [0.8, -0.6, 0.0]], np.float32)
    assert exemplar(vectors, np.array([1.0, 0.2, 0.9, 1.0], np.float32)) == 2

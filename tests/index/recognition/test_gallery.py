"""What persons look like: templates, of all years and of some, and how like a probe is to each person."""

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from index.recognition.gallery import Gallery
from index.recognition.templates import ENOUGH, NO_YEAR, SPAN, ConfirmedFaces
from pipeline.values import F32
from tests.index.builders import units

DIMENSION = 64


def around(centre: F32, count: int, seed: int, spread: float = 0.5) -> F32:
    """Unit vectors that differ from a centre, each in its own way."""
    vectors = centre + spread * units(count, seed, len(centre))
    return np.asarray(vectors / np.linalg.norm(vectors, axis=1, keepdims=True), np.float32)


def confirmed(
    vectors: F32, persons: Sequence[int], years: Sequence[int] = (), qualities: Sequence[float] = ()
) -> ConfirmedFaces:
    count = len(vectors)
    return ConfirmedFaces(
        face_ids=np.arange(1, count + 1),
        person_ids=np.array(persons, np.int64),
        years=np.array(years or [NO_YEAR] * count, np.int64),
        qualities=np.array(qualities or [1.0] * count, np.float32),
        vectors=vectors,
    )


def years_of(years: Sequence[int]) -> list[tuple[int, int] | None]:
    """The years of the templates that one person with faces of these years gets."""
    gallery = Gallery(confirmed(units(len(years), 1), [7] * len(years), years))
    return [template.years for template in gallery.templates]


def test_a_template_is_the_mean_of_the_faces_of_its_person() -> None:
    vectors = units(5, 3)
    gallery = Gallery(confirmed(vectors, [9, 4, 9, 4, 9]))
    assert gallery.person_ids.tolist() == [4, 9]
    means = np.stack([vectors[[1, 3]].mean(axis=0), vectors[[0, 2, 4]].mean(axis=0)])
    means /= np.linalg.norm(means, axis=1, keepdims=True)
    probes = units(3, 8)
    np.testing.assert_allclose(gallery.evidence(probes).template, probes @ means.T, atol=1e-6)


def test_a_person_with_one_face_is_compared_with_that_face() -> None:
    (vector,), probes = units(1, 1), units(4, 2)
    evidence = Gallery(confirmed(vector[None], [3])).evidence(probes)
    for part in (evidence.template, evidence.group, evidence.single):
        np.testing.assert_allclose(part[:, 0], probes @ vector, atol=1e-6)


def test_a_poor_face_counts_less_in_a_template() -> None:
    good, poor = units(2, 5)
    gallery = Gallery(confirmed(np.stack([good, poor]), [1, 1], qualities=[1.0, 0.0]))
    like_good, like_poor = gallery.evidence(np.stack([good, poor])).template[:, 0]
    assert like_good > 0.95
    assert like_poor < 0.5


def test_a_child_is_found_at_three_and_at_thirteen() -> None:
    child, grown = units(2, 11, DIMENSION)
    faces = np.concatenate([around(child, 3, 1), around(grown, 30, 2)])
    gallery = Gallery(confirmed(faces, [1] * 33, [2003] * 3 + [2013] * 30))
    assert [template.years for template in gallery.templates] == [None, (2003, 2003), (2013, 2013)]
    probes = np.concatenate([around(child, 5, 3), around(grown, 5, 4)])
    assert gallery.evidence(probes).template.min() > 0.8
    undated = Gallery(confirmed(faces, [1] * 33))
    assert undated.evidence(probes).template[:5].max() < 0.5


def test_years_without_enough_faces_are_put_together() -> None:
    assert years_of([2001, 2002, 2003, 2010, 2010, 2010]) == [None, (2001, 2003), (2010, 2010)]
    assert years_of([2001, 2001, 2001, 2001, 2002, 2002, 2002]) == [None, (2001, 2001), (2002, 2002)]


def test_years_far_apart_are_not_put_together() -> None:
    assert years_of([2001, 2004, 2008, 2012]) == [None]
    assert years_of([2001, 2004, 2005, 2006, 1990]) == [None, (2004, 2006)]


def test_the_same_template_is_not_made_twice() -> None:
    assert years_of([2001, 2001, 2001]) == [None]
    assert years_of([2001, 2001, 2001, NO_YEAR]) == [None, (2001, 2001)]


@given(st.lists(st.integers(1990, 2010) | st.just(NO_YEAR), min_size=1, max_size=40))
@settings(max_examples=200, deadline=None)
def test_templates_of_some_years_have_enough_faces_and_are_apart(years: list[int]) -> None:
    overall, *others = Gallery(confirmed(units(len(years), 1), [7] * len(years), years)).templates
    assert overall.faces == len(years)
    spans = [template.years for template in others if template.years]
    assert len(spans) == len(others)
    for template, (first, last) in zip(others, spans, strict=True):
        assert template.faces == sum(first <= year <= last for year in years) >= ENOUGH
        assert last - first < SPAN
    assert all(before[1] < after[0] for before, after in pairwise(spans))


def test_a_few_faces_among_many_are_enough_without_a_date() -> None:
    child, grown = units(2, 11, DIMENSION)
    faces = np.concatenate([around(child, 3, 1), around(grown, 30, 2)])
    evidence = Gallery(confirmed(faces, [1] * 33)).evidence(around(child, 5, 3))
    assert evidence.template.max() < 0.5
    assert evidence.group.min() > 0.6


def test_one_wrong_face_among_many_makes_nobody_else_that_person() -> None:
    person, stranger = units(2, 11, DIMENSION)
    faces = np.concatenate([around(person, 9, 1), around(stranger, 1, 2)])
    evidence = Gallery(confirmed(faces, [1] * 10)).evidence(around(stranger, 5, 3))
    assert evidence.single.min() > 0.6  # as like as faces of one person are
    assert max(evidence.template.max(), evidence.group.max()) < 0.45


def test_a_face_that_is_left_out_is_no_evidence() -> None:
    vectors = units(3, 6)
    gallery = Gallery(confirmed(vectors, [1, 1, 2]))
    assert gallery.evidence(vectors[:1]).single[0, 0] == pytest.approx(1.0)
    others = gallery.without([1])
    assert others.evidence(vectors[:1]).single[0, 0] == pytest.approx(
        float(vectors[0] @ vectors[1]), abs=1e-6
    )
    assert gallery.without([3]).person_ids.tolist() == [1]
    assert len(gallery.without([1, 2, 3])) == 0
    assert gallery.without([77]) is gallery


def test_nobody_is_known_in_an_empty_gallery() -> None:
    nobody = ConfirmedFaces(
        *(np.empty(0, np.int64),) * 3, np.empty(0, np.float32), np.empty((0, 0), np.float32)
    )
    assert Gallery(nobody).evidence(units(3)).template.shape == (3, 0)
    assert Gallery(confirmed(units(2), [1, 2])).evidence(units(0)).single.shape == (0, 2)


@given(st.integers(0, 1000), st.integers(1, 6), st.integers(1, 12))
@settings(max_examples=50, deadline=None)
def test_evidence_is_what_its_parts_say(seed: int, persons: int, faces: int) -> None:
    generator = np.random.default_rng(seed)
    owners = generator.integers(1, persons + 1, faces)
    years = generator.choice([NO_YEAR, 2001, 2002, 2009], faces)
    gallery = Gallery(confirmed(units(faces, seed), owners.tolist(), years.tolist()))
    probes = units(3, seed + 1)
    evidence = gallery.evidence(probes)
    for row, probe in enumerate(probes):
        for column, person in enumerate(gallery.person_ids.tolist()):
            likeness = gallery.likeness(probe, person)
            nearest = [each.similarity for each in likeness.nearest]
            best = max(each.similarity for each in likeness.templates)
            assert evidence.template[row, column] == pytest.approx(best, abs=1e-5)
            assert evidence.group[row, column] == pytest.approx(np.mean(nearest), abs=1e-5)
            assert evidence.single[row, column] == pytest.approx(nearest[0], abs=1e-5)


def test_many_probes_are_compared_as_one_is() -> None:
    gallery = Gallery(confirmed(units(20, 1), [1, 2, 3, 4] * 5))
    probes = units(600, 2)
    all_at_once = gallery.evidence(probes)
    np.testing.assert_allclose(all_at_once.group[599:], gallery.evidence(probes[599:]).group, atol=1e-6)
    assert all_at_once.template.shape == (600, 4)


def made_gallery(seed: int, persons: int, faces: int) -> tuple[ConfirmedFaces, Gallery]:
    """Faces that are alike, of some persons and years."""
    generator = np.random.default_rng(seed)
    owners = generator.integers(1, persons + 1, faces)
    years = generator.choice([NO_YEAR, 2001, 2002, 2009], faces)
    known = confirmed(units(faces, seed), owners.tolist(), years.tolist())
    return known, Gallery(known)


@given(st.integers(0, 1000), st.integers(1, 6), st.integers(1, 20), st.data())
@settings(max_examples=50, deadline=None)
def test_without_some_faces_a_gallery_is_as_if_they_were_not_confirmed(
    seed: int, persons: int, faces: int, data: st.DataObject
) -> None:
    known, gallery = made_gallery(seed, persons, faces)
    first, second = (data.draw(st.sets(st.integers(1, faces + 1))) for _ in range(2))
    others = gallery.without(first).without(second)
    anew = Gallery(known.at(~np.isin(known.face_ids, list(first | second))))
    assert others.person_ids.tolist() == anew.person_ids.tolist()
    assert others.templates == anew.templates
    probes = units(3, seed + 1)
    ours, theirs = others.evidence(probes), anew.evidence(probes)
    np.testing.assert_allclose(ours.template, theirs.template, atol=1e-6)
    np.testing.assert_allclose(ours.group, theirs.group, atol=1e-6)
    np.testing.assert_allclose(ours.single, theirs.single, atol=1e-6)
    for person in range(1, persons + 1):
        (our_templates, our_faces), (their_templates, their_faces) = others.of(person), anew.of(person)
        np.testing.assert_array_equal(our_templates.vectors, their_templates.vectors)
        np.testing.assert_array_equal(our_faces.vectors, their_faces.vectors)
        if person in anew.person_ids:
            assert others.likeness(probes[0], person).templates == anew.likeness(probes[0], person).templates
    found = [each.likely(probes, 0.1, 0.4) for each in (others, anew)]
    np.testing.assert_array_equal(found[0].person_ids, found[1].person_ids)
    np.testing.assert_array_equal(found[0].similarity, found[1].similarity)


@given(st.integers(0, 1000), st.integers(1, 6), st.integers(0, 20), st.integers(0, 4), st.data())
@settings(max_examples=50, deadline=None)
def test_likely_persons_are_all_that_the_evidence_says(
    seed: int, persons: int, faces: int, count: int, data: st.DataObject
) -> None:
    _, gallery = made_gallery(seed, persons, faces)
    probes = units(count, seed + 1)
    least = data.draw(st.lists(st.floats(-0.5, 0.5, width=32), min_size=len(gallery), max_size=len(gallery)))
    single = data.draw(st.floats(-0.5, 0.875, width=32))
    evidence = gallery.evidence(probes)
    is_likely = (evidence.sure >= np.array(least, np.float32)) | (evidence.single >= single)
    found = gallery.likely(probes, np.array(least, np.float32), single)
    columns = np.searchsorted(gallery.person_ids, found.person_ids)
    assert np.stack([found.rows, columns], axis=1).tolist() == np.argwhere(is_likely).tolist()
    np.testing.assert_allclose(found.similarity, evidence.sure[found.rows, columns], atol=1e-6)
    np.testing.assert_allclose(found.nearest, evidence.single[found.rows, columns], atol=1e-6)


def test_what_a_probe_is_like_does_not_depend_on_other_probes() -> None:
    _, gallery = made_gallery(7, 40, 900)
    probes = units(1500, 8)
    found = gallery.likely(probes, 0.25, 0.45)
    assert len(found) > 1000
    for row in (0, 1, 700, 1499):
        alone, together = gallery.likely(probes[row : row + 1], 0.25, 0.45), found.rows == row
        np.testing.assert_array_equal(alone.person_ids, found.person_ids[together])
        np.testing.assert_array_equal(alone.similarity, found.similarity[together])
        np.testing.assert_array_equal(alone.nearest, found.nearest[together])


@given(st.integers(0, 1000), st.integers(1, 6), st.integers(0, 20), st.data())
@settings(max_examples=50, deadline=None)
def test_with_other_faces_of_some_persons_a_gallery_is_as_if_it_was_made_with_them(
    seed: int, persons: int, faces: int, data: st.DataObject
) -> None:
    before, gallery = made_gallery(seed, persons, faces)
    after, _ = made_gallery(seed + 1, persons + 1, faces)
    changed = np.array(sorted(data.draw(st.sets(st.integers(1, persons + 2)))), np.int64)
    is_changed = [np.isin(each.person_ids, changed) for each in (before, after)]
    theirs = replace(after.at(is_changed[1]), face_ids=100 + after.face_ids[is_changed[1]])
    others = gallery.replaced(changed, theirs)
    anew = Gallery(ConfirmedFaces.joined([before.at(~is_changed[0]), theirs]))
    assert others.templates == anew.templates
    assert others.faces.face_ids.tolist() == anew.faces.face_ids.tolist()
    ours, expected = others.evidence(units(3, seed)), anew.evidence(units(3, seed))
    np.testing.assert_allclose(ours.template, expected.template, atol=1e-6)
    np.testing.assert_allclose(ours.group, expected.group, atol=1e-6)

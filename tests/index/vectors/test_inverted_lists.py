"""Neighbours by inverted lists, beside those of comparing every face with every other one."""

import numpy as np

from index.vectors.inverted_lists import InvertedLists
from index.vectors.nearest import near_pairs_among
from tests.made_descriptors import MadePeople

FACES, LEAST = 4000, 0.5


def test_almost_all_near_faces_are_found() -> None:
    vectors = next(MadePeople(128).gallery(0, FACES))
    rows = np.arange(FACES)
    told: list[tuple[str, int, int]] = []
    some = rows[::2]
    found = InvertedLists(vectors).near_pairs(some, 8, LEAST, lambda *step: told.append(step))
    exact = near_pairs_among(vectors, some, 8, LEAST)
    known = {tuple(pair) for pair in exact.tolist()}
    shared = known & {tuple(pair) for pair in found.tolist()}
    assert len(known) > 5000
    assert len(shared) >= 0.95 * len(known)
    assert np.einsum("nd,nd->n", *vectors[found.T]).min() >= LEAST - 1e-3
    assert np.isin(found[:, 0], some).all()
    assert (found[:, 0] != found[:, 1]).all()
    assert np.bincount(found[:, 0]).max() <= 8
    assert told[-1] == ("compared", len(some), len(some))


def test_a_face_has_its_neighbours_beside_many_equal_ones() -> None:
    vectors = np.eye(1, 16, dtype=np.float32).repeat(50, axis=0)
    found = InvertedLists(vectors).near_pairs(np.arange(50), 4, 0.9, lambda *step: None)
    assert len(found) == 50 * 4
    assert (found[:, 0] != found[:, 1]).all()

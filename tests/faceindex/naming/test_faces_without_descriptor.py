"""Faces that the library's model has not described are listed with the others, and shift none of them.

``check --repair`` makes such faces, and so does a change of model while photos are out of reach.
"""

from pathlib import Path

import numpy as np
import pytest

from faceindex.naming import decide as people
from faceindex.naming.clusters import clusters
from faceindex.naming.review import review
from faceindex.naming.suggestion import Kind
from faceindex.output.export import write_npz
from faceindex.session import Session
from tests.faceindex.conftest import Album
from tests.faceindex.made_library import direction, face, fill, like

ANNA, BEN = direction(1), direction(2)


@pytest.fixture
def clustered(album: Album) -> Album:
    """Anna's faces 1 to 4 and Ben's 5 to 7, each a cluster; those of Ben get better from face to face."""
    photos = [[face(like(ANNA, 0.9, seed))] for seed in range(10, 14)]
    photos += [[face(like(BEN, 0.9, seed), quality=0.3 * (seed - 19))] for seed in range(20, 23)]
    fill(album.settings, photos, album.folder)
    with Session.open_to_write(album.settings) as library:
        people.regroup(library)
    return album


def exemplars(album: Album) -> list[int]:
    """The face that shows each cluster, the largest cluster first."""
    with Session.open_to_write(album.settings) as library:
        return [each.exemplar.face_id for each in clusters(library, 10).shown]


def test_a_cluster_is_shown_by_a_face_that_is_described(clustered: Album) -> None:
    first, second = exemplars(clustered)
    clustered.execute("DELETE FROM descriptor WHERE face_id IN (?, ?)", first, second)
    others = exemplars(clustered)
    assert {first, second}.isdisjoint(others)
    assert [each <= 4 for each in others] == [True, False]


def test_a_cluster_of_which_nothing_is_described_is_shown_by_its_best_face(clustered: Album) -> None:
    clustered.execute("DELETE FROM descriptor")
    assert exemplars(clustered)[1] == 7


def test_a_confirmed_face_without_descriptor_shifts_no_other(clustered: Album) -> None:
    with Session.open_to_write(clustered.settings) as library:
        people.move(library, "Ben", ["5", "6", "7"])
        people.move(library, "Anna", ["1", "2", "3", "4"])
        people.move(library, "Ben", ["4"])
    clustered.execute("DELETE FROM descriptor WHERE face_id IN (5, 7)")
    with Session.open_to_write(clustered.settings) as library:
        assert [each.face_ids for each in review(library) if each.kind is Kind.DOUBTFUL] == [(4,)]


def test_exported_arrays_stay_in_step(clustered: Album, tmp_path: Path) -> None:
    clustered.execute("DELETE FROM descriptor WHERE face_id IN (1, 6)")
    with Session.open_to_write(clustered.settings) as library:
        write_npz(library, tmp_path / "faces.npz")
    with np.load(tmp_path / "faces.npz") as arrays:
        assert arrays["face_id"].tolist() == [2, 3, 4, 5, 7]
        assert len(arrays["photo"]) == len(arrays["box"]) == 5
        assert (arrays["descriptors"] @ ANNA > 0.8).tolist() == [True, True, True, False, False]

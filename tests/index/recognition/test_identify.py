"""From probes to the faces that are nearest to them, and that are in a photo; and to persons."""

from pathlib import Path

import numpy as np
import pytest

from index.photos.catalog import Catalog
from index.recognition.gallery import Gallery
from index.recognition.identify import LikenessVerdict, Match, NeighborOptions, identify, nearest
from index.recognition.thresholds import Thresholds
from index.store.store import Store
from index.values import NONE, NearFace
from index.vectors.saved_index import load_index
from index.vectors.vector_store import VectorStore
from pipeline.values import F32, PhotoFile
from tests.index.builders import DIMENSION, MODEL, crawled, digest_of, indexed, known, make_file, units
from tests.index.recognition.test_gallery import confirmed


def turned(probe: F32, similarities: list[float]) -> F32:
    """Unit vectors with these cosines to the probe."""
    aside = units(len(similarities), seed=77)
    aside -= np.outer(aside @ probe, probe)
    aside /= np.linalg.norm(aside, axis=1, keepdims=True)
    cosines = np.array(similarities, dtype=np.float32)[:, None]
    return np.asarray(cosines * probe + np.sqrt(1 - cosines**2) * aside, dtype=np.float32)


@pytest.fixture
def probe() -> F32:
    return units(1, seed=42)


SIMILARITIES = [0.95, 0.9, 0.8, 0.7, 0.6, 0.5, 0.2, -0.4]


@pytest.fixture
def people(catalog: Catalog, probe: F32) -> list[PhotoFile]:
    """Eight photos, with one face each, by falling similarity to the probe."""
    files = [PhotoFile(b"/p/%d" % number, 1, 1) for number in range(8)]
    vectors = turned(probe[0], SIMILARITIES)
    catalog.record([indexed(file, repr(file.path), vectors[n : n + 1]) for n, file in enumerate(files)])
    return files


def loaded(catalog: Catalog) -> VectorStore:
    return load_index(catalog, MODEL, DIMENSION).index


def names(near: list[NearFace]) -> list[bytes]:
    return [each.face.photo for each in near]


def test_the_nearest_come_first(catalog: Catalog, people: list[PhotoFile], probe: F32) -> None:
    near, other = nearest(catalog, loaded(catalog), np.concatenate([probe, -probe]), NeighborOptions(k=3))
    assert names(near) == [b"/p/0", b"/p/1", b"/p/2"]
    assert [each.similarity for each in near] == pytest.approx([0.95, 0.9, 0.8], abs=1e-3)
    assert names(other) == [b"/p/7", b"/p/6", b"/p/5"]


def test_as_many_as_there_are(catalog: Catalog, people: list[PhotoFile], probe: F32) -> None:
    (near,) = nearest(catalog, loaded(catalog), probe, NeighborOptions(k=100))
    assert names(near) == [file.path for file in people]
    assert nearest(catalog, loaded(catalog), probe[:0], NeighborOptions()) == []


def test_none_that_is_too_different(catalog: Catalog, people: list[PhotoFile], probe: F32) -> None:
    (near,) = nearest(catalog, loaded(catalog), probe, NeighborOptions(k=100, min_similarity=0.65))
    assert names(near) == [b"/p/0", b"/p/1", b"/p/2", b"/p/3"]


def test_a_photo_is_no_match_of_itself_whatever_its_name(
    catalog: Catalog, people: list[PhotoFile], probe: F32
) -> None:
    catalog.record([known(PhotoFile(b"/copy", 1, 1), repr(b"/p/0"))])
    (near,) = nearest(catalog, loaded(catalog), probe, NeighborOptions(k=2, not_of=digest_of(repr(b"/p/0"))))
    assert names(near) == [b"/p/1", b"/p/2"]
    (near,) = nearest(
        catalog, loaded(catalog), probe, NeighborOptions(k=1, not_of=digest_of("in no library"))
    )
    assert len(near) == 1


def test_a_content_at_two_paths_is_one_match(catalog: Catalog, photos: Path, probe: F32) -> None:
    a, b = make_file(photos / "a.jpg"), make_file(photos / "b.jpg")
    catalog.record([indexed(a, "same", probe), known(b, "same")])
    (near,) = nearest(catalog, loaded(catalog), probe, NeighborOptions())
    assert names(near) == [a.path]


def test_faces_that_are_in_no_photo_any_more_make_room_for_others(
    catalog: Catalog, people: list[PhotoFile], probe: F32
) -> None:
    for file in people[:6]:
        catalog.record([indexed(file, "edited " + repr(file.path))])
    (near,) = nearest(catalog, loaded(catalog), probe, NeighborOptions(k=1))
    assert names(near) == [b"/p/6"]
    (near,) = nearest(catalog, loaded(catalog), probe, NeighborOptions(k=5))
    assert names(near) == [b"/p/6", b"/p/7"]


def test_faces_of_missing_photos_are_matches_and_say_so(
    catalog: Catalog, database: Store, people: list[PhotoFile], probe: F32
) -> None:
    crawled(database, [b"/p/0"])
    (near,) = nearest(catalog, loaded(catalog), probe, NeighborOptions(k=2))
    assert [(each.face.photo, each.face.missing) for each in near] == [(b"/p/0", True), (b"/p/1", False)]


def test_an_empty_library_has_nobody(catalog: Catalog, probe: F32) -> None:
    assert nearest(catalog, loaded(catalog), probe, NeighborOptions()) == [[]]


def test_faces_that_are_none_are_no_matches(catalog: Catalog, people: list[PhotoFile], probe: F32) -> None:
    (first,), (second,) = (catalog.face_ids_of(digest_of(repr(file.path))) for file in people[:2])
    (near,) = nearest(catalog, loaded(catalog), probe, NeighborOptions(k=2, not_these=[first]))
    assert near[0].face.face_id == second
    assert names(near) == [b"/p/1", b"/p/2"]


THRESHOLDS = Thresholds(accept=0.5, review=0.4, provenance="for the tests")


def gallery_of(vectors: F32, persons: list[int]) -> Gallery:
    return Gallery(confirmed(vectors, persons))


def test_a_face_is_named_from_the_threshold_on(probe: F32) -> None:
    for similarity, verdict in (
        (0.51, "accepted"),
        (0.49, "probable"),
        (0.41, "probable"),
        (0.39, "unknown"),
    ):
        match = identify(gallery_of(turned(probe[0], [similarity]), [7]), probe, THRESHOLDS)[0]
        assert (match.person_id, match.verdict) == (7, verdict)
        assert match.similarity == pytest.approx(similarity, abs=1e-5)
        assert (match.runner_up_id, match.runner_up) == (NONE, -1.0)


def test_the_next_person_and_the_margin_are_told(probe: F32) -> None:
    match = identify(gallery_of(turned(probe[0], [0.3, 0.8, 0.1]), [5, 6, 7]), probe, THRESHOLDS)[0]
    assert (match.person_id, match.runner_up_id, match.verdict) == (6, 5, LikenessVerdict.ACCEPTED)
    assert match.runner_up == pytest.approx(0.3, abs=1e-5)
    assert match.similarity - match.runner_up == pytest.approx(0.5, abs=1e-5)


def test_too_close_to_call_is_only_probable(probe: F32) -> None:
    close, clear = ([0.8, 0.77], [0.8, 0.7])
    assert identify(gallery_of(turned(probe[0], close), [5, 6]), probe, THRESHOLDS)[0].verdict == "probable"
    assert identify(gallery_of(turned(probe[0], clear), [5, 6]), probe, THRESHOLDS)[0].verdict == "accepted"


def test_a_person_that_was_rejected_for_the_face_is_passed_over(probe: F32) -> None:
    gallery = gallery_of(turned(probe[0], [0.9, 0.6]), [5, 6])
    matches = identify(gallery, np.concatenate([probe, probe, probe]), THRESHOLDS, {1: [5], 2: [5, 6]})
    assert matches.person_ids.tolist() == [5, 6, NONE]
    assert matches.runner_up_ids.tolist() == [6, NONE, NONE]
    assert matches.accepted.tolist() == [True, True, False]
    assert (matches[2].similarity, matches[2].verdict) == (-1.0, LikenessVerdict.UNKNOWN)


def test_one_near_face_alone_makes_a_person_probable_and_no_more(probe: F32) -> None:
    odd = turned(probe[0], [0.95] + [-0.1] * 8)
    match = identify(gallery_of(odd, [5] * 9), probe, THRESHOLDS)[0]
    assert match.verdict == "probable"
    assert 0.49 < match.similarity < 0.5
    more = turned(probe[0], [0.95, 0.9, 0.85] + [-0.1] * 8)
    assert identify(gallery_of(more, [5] * 11), probe, THRESHOLDS)[0].verdict == "accepted"


def test_where_nobody_is_known_nobody_is_named(probe: F32) -> None:
    matches = identify(gallery_of(probe[:0], []), probe, THRESHOLDS)
    assert matches[0] == Match(NONE, -1.0, NONE, -1.0, LikenessVerdict.UNKNOWN)
    assert len(identify(gallery_of(probe, [1]), probe[:0], THRESHOLDS).person_ids) == 0

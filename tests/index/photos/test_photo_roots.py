"""Roots and their photos: what is where, what becomes of it, and that only what should go goes."""

from datetime import timedelta

import pytest

from index.photos.catalog import Catalog
from index.photos.photo_roots import Roots
from index.store.store import Store
from index.values import Moved, Pruned, RootFigures
from pipeline.values import PhotoFile
from tests.index.builders import add_roots, crawled, digest_of, indexed, units
from tests.index.conftest import NOW


@pytest.fixture
def roots(database: Store, catalog: Catalog) -> Roots:
    """Photos in two folders, one of which has a name that begins as the other's."""
    paths = [b"/p/1", b"/p/2", b"/p/in/3", b"/pictures/4", b"/p\xff\x00'5".replace(b"\x00", b"?")]
    for number, path in enumerate(paths):
        catalog.record([indexed(PhotoFile(path, number, number), str(number), units(1, seed=number))])
    add_roots(catalog.store, [b"/p", b"/pictures"])
    return Roots(database, clock=lambda: NOW)


def test_figures_are_each_root_s_own(database: Store, roots: Roots) -> None:
    crawled(database, [b"/p"], {b"/p/1", b"/p/in/3"})
    assert roots.figures() == (RootFigures(b"/p", 2, 1), RootFigures(b"/pictures", 1, 0))


def test_what_is_known_is_a_root_or_has_photos(catalog: Catalog, roots: Roots) -> None:
    add_roots(catalog.store, [b"/empty"])
    assert [roots.knows(path) for path in (b"/p/in", b"/empty", b"/", b"/p/1")] == [True] * 4
    assert [roots.knows(path) for path in (b"/pic", b"/p/in/none", b"/empty/in")] == [False] * 3


def test_a_move_takes_every_byte_of_a_name_along(catalog: Catalog, roots: Roots) -> None:
    add_roots(catalog.store, [b"/p/in"])
    assert roots.move(b"/p", b"/n\xfcw") == Moved(3, 0)
    assert catalog.roots() == (b"/n\xfcw", b"/pictures", b"/n\xfcw/in")
    assert set(catalog.states_under([b"/"])) == {
        b"/n\xfcw/1", b"/n\xfcw/2", b"/n\xfcw/in/3", b"/pictures/4", b"/p\xff?'5",
    }  # fmt: skip


def test_missing_photos_move_too(catalog: Catalog, database: Store, roots: Roots) -> None:
    crawled(database, [b"/p"])
    assert roots.photos_under(b"/p") == ()
    assert roots.move(b"/p", b"/q") == Moved(3, 0)
    assert all(state.missing for state in catalog.states_under([b"/q"]).values())


def test_only_what_has_been_missing_for_long_is_given_up(
    database: Store, catalog: Catalog, roots: Roots
) -> None:
    crawled(database, [b"/p"], {b"/p/1"})
    for days, pruned in ((29.9, Pruned(0, 0)), (30.0, Pruned(2, 2)), (60.0, Pruned(0, 0))):
        later = Roots(database, clock=lambda days=days: NOW + timedelta(days=days))  # type: ignore[misc]
        assert later.prune(30, dry_run=True) == pruned
        assert later.prune(30) == pruned
    assert set(catalog.states_under([b"/"])) == {b"/p/1", b"/pictures/4", b"/p\xff?'5"}
    with database.read() as connection:
        for table in ("content", "face", "descriptor"):
            assert connection.exec_driver_sql(f"SELECT count(*) FROM {table}").scalar_one() == 3  # noqa: S608


def test_a_content_that_no_photo_has_any_more_is_given_up_at_once(catalog: Catalog, roots: Roots) -> None:
    before = catalog.face_ids_of(digest_of("0"))
    catalog.record([indexed(PhotoFile(b"/p/1", 9, 9), "edited", units(1, seed=9))])
    assert roots.prune(30) == Pruned(0, 1)
    assert (len(before), catalog.face_ids_of(digest_of("0"))) == (1, [])

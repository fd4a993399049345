"""Libraries of earlier revisions, each made by the code of its time, are upgraded whole, beside a copy.

0001.db is a scan of nine photos with the model sface: a face in each of five, one of them missing since, one
content twice, one photo moved, one without a face, two that cannot be read.
0002.db is a scan of twelve photos: seven faces, two of them in one photo and one in a photo that is missing
since, three photos that cannot be read, one of them a HEIC; and seven decisions about two persons.
0003.db is a scan of thirteen photos: eight faces of two people, two of them in one photo that is there twice,
one copy missing since, and one in a photo that is missing; three photos that cannot be read; three decisions.
0004.db is a scan of nine photos: six faces of two people, one of them in a photo that another program wrote
anew since, so that a scan copied the decision about it; a copy that is missing; two photos that cannot be
read; four decisions; no saved index.
0005.db is a scan of nine photos: eight faces, one of them none and two in photos that are missing since, one
photo cropped since, so that its face is known twice, one content twice, two photos that cannot be read; four
decisions about three persons; no saved index.
0006.db is a scan of twelve photos by two detectors, of which the later is the library's: 51 faces, 26 of them
shown; one photo missing since, one content twice, two photos that cannot be read; eight decisions, of which
one is an undo; no saved index.
0007.db is a scan of eleven photos by the detector cascade: 13 faces, one of them in a photo that is missing
since, three recognised as two persons, three in a cluster; one content twice, two photos that cannot be read;
five decisions; no saved index.
0008.db is a scan of thirteen photos and a film by the detector cascade: 20 faces of three people, two of them
in the film, one in a photo that is missing since, and one known twice, as its photo was made brighter since;
one content twice, one photo that cannot be read, one document left out; eight decisions, of which two are
undos; no saved index.
"""

import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import BIGINT, CheckConstraint, Connection, inspect

from index.maintenance.check import inspections
from index.photos.catalog import Catalog
from index.photos.redescription import Redescription
from index.photos.redetection import Redetection
from index.store import schema
from index.store.opening import open_store
from index.store.sqlite.database import HEAD, known_revisions, revision_of
from index.store.store import Access
from pipeline.values import ModelId

SAVED = Path(__file__).parent / "revisions"

MADE_ANEW = {"0001": {"descriptor", "vector_index"}, "0002": {"vector_index"}, "0003": {"vector_index"}}
"""What an upgrade deletes: descriptors by sface of 0001 cannot be compared with those of 0002, and the saved
index of before 0004 has another format."""

Rows = dict[str, list[tuple[object, ...]]]


def rows(path: Path, of: Rows | None = None) -> Rows:
    """All rows by table; with ``of``, those tables, as far as their columns went."""
    with closing(sqlite3.connect(path)) as connection:
        query = "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT IN ('alembic_version')"
        tables = [name for (name,) in connection.execute(query)] if of is None else list(of)
        found = {table: connection.execute(f"SELECT * FROM {table}").fetchall() for table in tables}  # noqa: S608
    if of is None:
        return found
    return {
        table: [row[: len(of[table][0])] for row in content] for table, content in found.items() if of[table]
    }


def _read_again(content: tuple[object, ...]) -> tuple[object, ...]:
    """A row of a file that ends early, of which the upgrade forgets by what it was decoded."""
    if "truncated" not in content:
        return content
    return tuple(None if str(each).startswith("jpeg pillow") else each for each in content)


CHECKS = {
    table.name: {str(each.name) for each in table.constraints if isinstance(each, CheckConstraint)}
    for table in schema.metadata.tables.values()
}
"""The names of the CHECK constraints of each table, which Alembic does not compare."""


def checks_of(connection: Connection) -> dict[str, set[str]]:
    inspector = inspect(connection)
    return {table: {str(each["name"]) for each in inspector.get_check_constraints(table)} for table in CHECKS}


@pytest.fixture(params=sorted(path.stem for path in SAVED.iterdir()))
def revision(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def library(revision: str, tmp_path: Path) -> Path:
    return Path(shutil.copy(SAVED / f"{revision}.db", tmp_path / "library.db"))


def test_one_of_each_earlier_revision_is_saved() -> None:
    assert {path.stem for path in SAVED.iterdir()} == known_revisions() - {HEAD}


@pytest.mark.parametrize("access", list(Access))
def test_it_is_upgraded_whole_beside_a_copy(library: Path, revision: str, access: Access) -> None:
    before = rows(library)
    with open_store(library, access) as database:
        looks = inspections(database, lambda model: 128)
        findings = [finding.message for look in looks[:-1] for finding in look.find()]
        assert findings == []
        with database.read() as connection:
            assert compare_metadata(MigrationContext.configure(connection), schema.metadata) == []
            assert checks_of(connection) == CHECKS
    assert revision_of(library) == HEAD
    deleted = MADE_ANEW.get(revision, set()) | {"grouping"}
    kept = {table: content for table, content in before.items() if content and table not in deleted}
    if revision < "0005":
        kept["content"] = [_read_again(row) for row in kept["content"]]
    assert rows(library, of=kept) == kept
    copy = library.with_name(f"library.db.revision-{revision}")
    assert sorted(library.parent.iterdir()) == [library, copy]
    assert revision_of(copy) == revision
    assert rows(copy) == before


def test_what_nothing_read_before_is_tried_again(tmp_path: Path) -> None:
    library = Path(shutil.copy(SAVED / "0007.db", tmp_path / "library.db"))
    values = (bytes(32), "decode", "unsupported", "HEIC pictures cannot be read", "heic none")
    with closing(sqlite3.connect(library)) as connection:
        columns = "digest, failed_stage, failed_reason, failed_message, decoder"
        connection.execute(f"INSERT INTO content ({columns}) VALUES (?, ?, ?, ?, ?)", values)  # noqa: S608
        connection.commit()
    with open_store(library, Access.WRITE) as database:
        assert not Catalog(database, is_current=lambda decoder: True).is_known(bytes(32))


def test_tiffs_without_a_face_are_read_anew(tmp_path: Path) -> None:
    library = Path(shutil.copy(SAVED / "0007.db", tmp_path / "library.db"))
    with closing(sqlite3.connect(library)) as connection:
        connection.execute("PRAGMA foreign_keys = ON")
        connection.execute("UPDATE content SET decoder = 'tiff pillow 13.0.0' WHERE failed_reason IS NULL")
        some = connection.execute("SELECT content_id FROM photo WHERE missing_since IS NULL").fetchone()
        connection.execute("DELETE FROM face WHERE content_id = ?", some)
        connection.commit()
        before = set(connection.execute("SELECT id FROM content"))
    with open_store(library, Access.WRITE), closing(sqlite3.connect(library)) as connection:
        assert set(connection.execute("SELECT id FROM content")) == before - {some}
        assert connection.execute("SELECT * FROM photo WHERE content_id = ?", some).fetchall() == []


def test_what_the_first_revision_knew_is_known(tmp_path: Path) -> None:
    library = Path(shutil.copy(SAVED / "0001.db", tmp_path / "library.db"))
    with open_store(library, Access.WRITE) as database:
        catalog = Catalog(database)
        statistics = catalog.statistics()
        assert (statistics.photos, statistics.missing, statistics.duplicates) == (8, 1, 1)
        assert {each.reason: each.photos for each in statistics.failed} == {"empty": 1, "truncated": 1}
        (chunk,) = catalog.all_faces()
        names = [Path(bytes.decode(face.photo)).name for face in chunk]
        assert names == ["collins 0.jpg", "collins 1.jpg", "moved.jpg", "collins 3.jpg", "hopper.jpg"]
        assert list(catalog.descriptors(ModelId("sface"), range(10))) == []
        coverage = Redescription(database, ModelId("sface")).coverage()
        assert (coverage.described, coverage.waiting) == (0, 4)  # the fifth is in a photo that is missing


def test_sizes_and_times_of_change_are_64_bits_and_faces_of_decisions_are_found_by_content(
    library: Path,
) -> None:
    with open_store(library, Access.WRITE) as database, database.read() as connection:
        inspector = inspect(connection)
        columns = {each["name"]: each["type"] for each in inspector.get_columns("photo")}
        assert [type(columns[name]) for name in ("size", "mtime_ns")] == [BIGINT, BIGINT]
        indexed = [each["column_names"] for each in inspector.get_indexes("decision_face")]
        assert ["digest"] in indexed


def test_the_detector_of_libraries_from_before_is_mtcnn(library: Path, revision: str) -> None:
    if revision >= "0007":
        return  # its detector was chosen
    with open_store(library, Access.WRITE) as database:
        assert Catalog(database).detector() == "mtcnn"
        assert Catalog(database).statistics().detector == "mtcnn"
        redetection = Redetection(database, "mtcnn")
        assert (redetection.coverage().waiting, redetection.unsearched(0, 10)) == (0, ())
        assert Redetection(database, "yunet").coverage().waiting > 0

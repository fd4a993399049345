"""A library's file: made, opened, upgraded, refused."""

import ast
import os
import shutil
import sqlite3
import stat
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

from index.errors import LibraryBusy, LibraryDamaged, LibraryInaccessible, LibraryMissing, LibraryTooNew
from index.photos.catalog import Catalog
from index.store import schema
from index.store.opening import create_store, open_store
from index.store.sqlite.database import HEAD, migrate
from index.store.store import Access
from tests.index.builders import MODEL, add_roots, indexed, make_file, units

CHECKOUT = Path(__file__).resolve().parents[4]
SCRIPTS = CHECKOUT / "migrations"


def mode_of(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def execute(path: Path, *statements: str) -> None:
    with closing(sqlite3.connect(path)) as connection:
        for statement in statements:
            connection.execute(statement)
        connection.commit()


def test_a_new_library_is_for_its_owner_alone(library: Path) -> None:
    create_store(library).close()
    assert mode_of(library.parent) == 0o700
    assert mode_of(library) == 0o600


def test_an_existing_folder_keeps_its_permissions(tmp_path: Path) -> None:
    folder = tmp_path / "shared"
    folder.mkdir(mode=0o755)
    create_store(folder / "library.sqlite3").close()
    assert mode_of(folder) == 0o755


@pytest.mark.parametrize(
    "name", ["a b", "what?mode=ro", "#1", "100%41", "ü", os.fsdecode(b"caf\xe9"), "a:b&c'"]
)
def test_any_file_name_works(tmp_path: Path, name: str) -> None:
    path = tmp_path / name / name
    with create_store(path) as database:
        Catalog(database).choose_model(MODEL)
    assert sorted(os.listdir(path.parent)) == [name, f"{name}.writing"]
    with open_store(path, Access.READ) as database:
        assert Catalog(database).model() == MODEL


def test_a_relative_name_works(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    create_store(Path("library.sqlite3")).close()
    assert (tmp_path / "library.sqlite3").is_file()


def test_a_missing_library_leaves_no_folder(library: Path) -> None:
    with pytest.raises(LibraryMissing):
        open_store(library, Access.READ)
    assert not library.parent.exists()


def test_a_path_through_a_file_is_missing(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(LibraryMissing):
        open_store(tmp_path / "file" / "library.sqlite3", Access.READ)
    with pytest.raises(LibraryInaccessible, match=r"library\.sqlite3"):
        create_store(tmp_path / "file" / "library.sqlite3")


def test_what_a_killed_first_scan_left_is_completed_by_the_next(library: Path) -> None:
    library.parent.mkdir()
    library.touch()
    with pytest.raises(LibraryMissing):
        open_store(library, Access.READ)
    assert library.stat().st_size == 0
    with create_store(library) as database:
        assert Catalog(database).model() is None


@pytest.mark.parametrize("content", [b"x", b"not a database, but long enough to have been one" * 100])
def test_a_file_that_is_not_sqlite_is_refused_and_left_alone(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "notes.txt"
    path.write_bytes(content)
    for open_it in (create_store, lambda each: open_store(each, Access.READ)):
        with pytest.raises(LibraryDamaged, match=r"notes\.txt"):
            open_it(path)
    assert path.read_bytes() == content


def test_a_database_of_another_program_is_refused_and_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "places.sqlite"
    execute(path, "CREATE TABLE bookmark (name TEXT)")
    before = path.read_bytes()
    with pytest.raises(LibraryDamaged, match="another program"):
        create_store(path)
    assert path.read_bytes() == before


def test_a_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(LibraryDamaged, match="not a regular file"):
        create_store(tmp_path)


def test_a_truncated_library_is_refused(catalog: Catalog, library: Path, photos: Path) -> None:
    catalog.record([indexed(make_file(photos / "a.jpg"), "a", units(200))])
    os.truncate(library, library.stat().st_size // 2 // 4096 * 4096)
    with pytest.raises(LibraryDamaged, match=r"library\.sqlite3"):
        open_store(library, Access.READ)


@pytest.mark.parametrize("access", list(Access))
def test_a_library_of_a_newer_version_is_refused_and_left_alone(library: Path, access: Access) -> None:
    create_store(library).close()
    execute(library, "UPDATE alembic_version SET version_num = '9999'")
    before = library.read_bytes()
    with pytest.raises(LibraryTooNew, match=r"9999.*update faceindex") as caught:
        open_store(library, access)
    assert caught.value.revision == "9999"
    assert library.read_bytes() == before
    assert os.listdir(library.parent) == [library.name]


def test_the_revisions_make_the_tables_of_the_schema(library: Path) -> None:
    with create_store(library) as database, database.read() as connection:
        context = MigrationContext.configure(connection, opts={"compare_server_default": True})
        assert compare_metadata(context, schema.metadata) == []


def test_the_newest_revision_is_the_one_that_opening_expects() -> None:
    assert ScriptDirectory(str(SCRIPTS)).get_heads() == [HEAD]


def scripts_of_tomorrow(folder: Path, body: str) -> Path:
    """The revisions, and one more."""
    shutil.copytree(SCRIPTS, folder)
    (folder / "versions" / "v9_tomorrow.py").write_text(
        f"from alembic import op\nimport sqlalchemy as sa\nrevision = 'tomorrow'\ndown_revision = '{HEAD}'\n"
        f"def upgrade():\n    {body}\n"
    )
    return folder


def test_an_upgrade_keeps_everything_and_leaves_a_copy(
    catalog: Catalog, library: Path, photos: Path, tmp_path: Path
) -> None:
    catalog.record([indexed(make_file(photos / "a.jpg"), "a", units(3))])
    # Batch mode makes the table anew and drops the old one: faces must not go with it.
    scripts = scripts_of_tomorrow(
        tmp_path / "100% new",
        "with op.batch_alter_table('content', recreate='always') as b: b.add_column(sa.Column('n', sa.Text))",
    )
    migrate(library, scripts)

    copy = library.with_name(f"library.sqlite3.revision-{HEAD}")
    assert sorted(os.listdir(library.parent)) == [library.name, copy.name, f"{library.name}.writing"]
    assert mode_of(copy) == 0o600
    for path in (library, copy):
        with closing(sqlite3.connect(path)) as connection:
            assert connection.execute("SELECT count(*) FROM face").fetchone() == (3,)
    with open_store(copy, Access.READ) as old:
        assert Catalog(old).statistics().faces == 3
    with pytest.raises(LibraryTooNew, match="tomorrow"):
        open_store(library, Access.READ)
    migrate(library, scripts)  # once more changes nothing
    with open_store(copy, Access.READ) as old:
        assert Catalog(old).statistics().faces == 3


def test_an_upgrade_that_fails_changes_nothing(catalog: Catalog, library: Path, tmp_path: Path) -> None:
    scripts = scripts_of_tomorrow(tmp_path / "new", "op.drop_table('root'); op.drop_table('no_such_table')")
    with pytest.raises(Exception, match="no_such_table"):
        migrate(library, scripts)
    with open_store(library, Access.READ) as database:
        assert Catalog(database).roots() == ()


def test_opening_costs_neither_alembic_nor_faiss(library: Path) -> None:
    create_store(library).close()
    program = (
        "import sys; from pathlib import Path; from index.photos.catalog import Catalog;"
        "from index.store.opening import open_store;"
        "from index.store.store import Access;"
        "Catalog(open_store(Path(sys.argv[1]), Access.WRITE)).statistics();"
        "print([name for name in ('alembic', 'faiss') if name in sys.modules])"
    )
    shown = subprocess.run(
        [sys.executable, "-c", program, library],
        cwd=Path(__file__).parents[4],
        capture_output=True,
        check=True,
    )
    assert shown.stdout.decode().strip() == "[]"


def test_migrations_of_another_program_are_never_run(tmp_path: Path) -> None:
    foreign = tmp_path / "foreign"
    shutil.copytree(SCRIPTS, foreign / "migrations")
    for name in ("__init__.py", "env.py", "versions/__init__.py", "versions/v0001_library.py"):
        (foreign / "migrations" / name).write_text("raise SystemExit('a foreign module was run')\n")
    program = """
import sys
from pathlib import Path
sys.path.insert(0, sys.argv[1])
from index.store.opening import create_store, open_store
from index.store.sqlite.database import HEAD, revision_of
from index.store.store import Access

for path in map(Path, sys.argv[2:]):
    create_store(path).close()
    open_store(path, Access.READ).close()
    assert revision_of(path) == HEAD
"""
    old = shutil.copy(Path(__file__).parent / "revisions" / "0001.db", tmp_path)
    ran = subprocess.run(
        [sys.executable, "-c", program, foreign, tmp_path / "new.db", old],
        cwd=foreign,
        env={**os.environ, "PYTHONPATH": str(CHECKOUT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (ran.returncode, ran.stderr) == (0, "")


def _imported(node: ast.AST) -> list[str]:
    if isinstance(node, ast.ImportFrom):
        return [node.module or ""]
    return [each.name for each in node.names] if isinstance(node, ast.Import) else []


def test_migrations_import_nothing_of_this_program() -> None:
    files = [SCRIPTS / "env.py", *(SCRIPTS / "versions").glob("*.py")]
    imported = {
        name.split(".")[0]
        for file in files
        for node in ast.walk(ast.parse(file.read_text()))
        for name in _imported(node)
    }
    assert imported == {"alembic", "sqlalchemy"}


WRITER = """
import sys
from pathlib import Path
from index.store.opening import open_store
from index.store.schema import root
from index.store.store import Access

with open_store(Path(sys.argv[1]), Access.WRITE) as database, database.write() as connection:
    for number in range(20_000):  # more than the cache holds: it must not spill before the commit
        connection.execute(root.insert().values(path=b"/%d/" % number + b"x" * 200))
    print("writing", flush=True)
    sys.stdin.readline()
"""


def test_a_reader_goes_on_while_another_process_writes(catalog: Catalog, library: Path) -> None:
    add_roots(catalog.store, [b"/photos"])
    with (
        open_store(library, Access.READ) as database,
        subprocess.Popen(
            [sys.executable, "-c", WRITER, library],
            cwd=Path(__file__).parents[4],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        ) as writer,
    ):
        assert writer.stdout is not None
        assert writer.stdout.readline() == b"writing\n"
        reader = Catalog(database)
        assert reader.roots() == (b"/photos",)
        with open_store(library, Access.READ) as later:
            assert Catalog(later).roots() == (b"/photos",)
        writer.communicate(b"\n")
        assert writer.returncode == 0
        assert len(reader.roots()) == 20_001


def test_a_second_writer_waits_and_then_says_so(
    library: Path, monkeypatch: pytest.MonkeyPatch, catalog: Catalog
) -> None:
    monkeypatch.setattr("index.store.sqlite.connection.BUSY_SECONDS", 0.1)
    with (
        create_store(library) as first,
        create_store(library) as second,
        first.write(),
        pytest.raises(LibraryBusy, match=r"library\.sqlite3.*try again"),
    ):
        add_roots(second, [b"/photos"])

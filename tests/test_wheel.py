"""What `pip install` gives a user: the three packages, whole, with the migrations, and nothing else.

An editable install reads the checkout and so hides a wheel that lacks files; here the real wheel is
installed in another place, and looked at from there.
"""

import json
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow

CHECKOUT = Path(__file__).resolve().parents[1]
PACKAGES = ["faceindex", "index", "pipeline"]
MIGRATIONS = Path("index", "store", "migrations")
"""Where the wheel has them: data of a package, because anybody may have a package called migrations."""

IMPORT_FROM = """
import importlib, json, os, sys
checkout, installed, *names = sys.argv[1:]
# An editable install puts the checkout on the path, which is what this must do without.
sys.path[:] = [installed] + [p for p in sys.path if os.path.realpath(p) != checkout]
modules = [importlib.import_module(name) for name in names]
print(json.dumps([os.path.dirname(module.__file__) for module in modules]))
"""


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the wheel of this checkout installed in it, without its dependencies."""
    folder = tmp_path_factory.mktemp("wheel") / "installed"
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--no-input", "install", "--quiet"]
    # The build backend comes with the test extra: without isolation this needs no network.
    options = ["--no-deps", "--no-index", "--no-build-isolation", "--no-compile"]
    command = [*pip, *options, "--target", str(folder), str(CHECKOUT)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return folder


def files_below(folder: Path) -> set[str]:
    """The files in a folder as relative paths, without what Python leaves behind when it imports."""
    below = (path.relative_to(folder) for path in folder.rglob("*") if path.is_file())
    return {path.as_posix() for path in below if "__pycache__" not in path.parts}


def test_every_package_is_imported_from_where_it_was_installed(installed: Path, tmp_path: Path) -> None:
    command = [sys.executable, "-I", "-c", IMPORT_FROM, str(CHECKOUT), str(installed), *PACKAGES]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == [str(installed / name) for name in PACKAGES]


@pytest.mark.parametrize("package", PACKAGES)
def test_a_package_is_installed_whole(installed: Path, package: str) -> None:
    there = {
        file for file in files_below(installed / package) if MIGRATIONS not in Path(package, file).parents
    }
    assert there == files_below(CHECKOUT / package)
    assert "py.typed" in there


def test_the_migrations_are_data_of_a_package(installed: Path) -> None:
    assert files_below(installed / MIGRATIONS) == files_below(CHECKOUT / "migrations")
    assert (installed / MIGRATIONS / "script.py.mako").is_file()
    assert list((installed / MIGRATIONS / "versions").glob("*_*.py"))


def test_a_library_is_made_by_the_installed_migrations(installed: Path, tmp_path: Path) -> None:
    (tmp_path / "migrations").mkdir()
    (tmp_path / "migrations" / "__init__.py").write_text("raise SystemExit('a foreign module was run')")
    make = (
        "from pathlib import Path; from index.store.opening import create_store; create_store(Path('a.db'))"
    )
    path = [*(f"sys.path.insert(0, {str(each)!r})" for each in (installed, tmp_path))]
    command = [sys.executable, "-I", "-c", "; ".join(["import sys", *path, make])]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert (tmp_path / "a.db").stat().st_size > 0


def test_nothing_but_the_packages_their_metadata_and_the_command_is_installed(installed: Path) -> None:
    entries = sorted(entry.name for entry in installed.iterdir() if not entry.name.endswith(".dist-info"))
    assert entries == sorted([*PACKAGES, "bin"])
    assert [script.name for script in (installed / "bin").iterdir()] == ["faceindex"]


def test_the_licences_of_what_others_wrote_are_among_the_metadata(installed: Path) -> None:
    (licences,) = installed.glob("*.dist-info/licenses")
    assert "faceindex/web/static/htmx.LICENSE" in files_below(licences)
    assert "pipeline/models/int8_layers/NOTICE" in files_below(licences)

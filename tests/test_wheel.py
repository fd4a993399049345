"""What `pip install` gives a user: the four packages, whole, and nothing else.

An editable install reads the checkout and so hides a wheel that lacks files; here the real wheel is
installed in another place, and looked at from there.
"""

import json
import subprocess
import sys
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).resolve().parents[1]
PACKAGES = ["faceindex", "index", "migrations", "pipeline"]

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
    assert files_below(installed / package) == files_below(CHECKOUT / package)
    assert (installed / package / "py.typed").is_file()


def test_migrations_bring_their_revisions_and_the_template_of_new_ones(installed: Path) -> None:
    assert (installed / "migrations" / "script.py.mako").is_file()
    assert list((installed / "migrations" / "versions").glob("*_*.py"))


def test_nothing_but_the_packages_their_metadata_and_the_command_is_installed(installed: Path) -> None:
    entries = sorted(entry.name for entry in installed.iterdir() if not entry.name.endswith(".dist-info"))
    assert entries == sorted([*PACKAGES, "bin"])
    assert [script.name for script in (installed / "bin").iterdir()] == ["faceindex"]

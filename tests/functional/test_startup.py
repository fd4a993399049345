"""What a question imports: TensorFlow alone would take longer than the whole of it."""

import subprocess
import sys
from pathlib import Path

import pytest

from index.decisions.journal import Journal
from index.photos.catalog import Catalog
from index.store.opening import create_store
from tests.index.builders import MODEL
from tests.index.journals import ANNA, assign, scan

pytestmark = pytest.mark.slow

ROOT = Path(__file__).resolve().parents[2]
OF_FORMATS = {"av", "rawpy", "pillow_heif", "tifffile", "imagecodecs"}
TENSORFLOW = {"tensorflow", "tf_keras", "keras", "keras_vggface"}
WEB = {"fastapi", "starlette", "uvicorn", "h11", "jinja2", "multipart", "python_multipart"}
"""What only ``serve`` needs."""


def imported(*arguments: str, cwd: Path = ROOT) -> set[str]:
    """Top-level modules that a command leaves imported when it is done."""
    program = (
        "import atexit, sys\n"
        "def names():\n"
        "    return {name.split('.')[0] for name, module in sys.modules.items() if module}\n"
        "atexit.register(lambda: print(*names(), file=sys.stderr))\n"
        f"sys.argv = ['faceindex', *{list(arguments)!r}]\n"
        "from faceindex.cli import main; main()\n"
    )
    done = subprocess.run([sys.executable, "-c", program], cwd=cwd, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return set(done.stderr.splitlines()[-1].split())


def test_help_imports_nothing_heavy() -> None:
    heavy = {"numpy", "cv2", "openvino", "faiss", "sqlalchemy", "pydantic_settings", "tensorflow", "PIL"}
    heavy |= OF_FORMATS | WEB
    assert imported("--help") & heavy == set()
    assert imported("scan", "--help") & heavy == set()


def test_questions_about_persons_import_no_search_index(tmp_path: Path) -> None:
    library = tmp_path / "library.db"
    with create_store(library) as store:
        catalog = Catalog(store)
        catalog.choose_model(MODEL)
        scan(catalog, tmp_path / "photos")
        Journal(store).append(assign(ANNA, 0))
    for question in (("people", "list"), ("people", "show", "Anna"), ("find", "Anna"), ("stats",)):
        modules = imported("--library", str(library), *question)
        assert "sqlalchemy" in modules
        assert modules & {"faiss", "openvino", "cv2", "PIL", *OF_FORMATS, *WEB} == set()


def test_a_question_imports_neither_tensorflow_nor_what_only_a_scan_needs(
    hopper: Path, tmp_path: Path
) -> None:
    library = ("--library", str(tmp_path / "library.db"))
    imported(*library, "scan", "--model", "sface", str(hopper))
    modules = imported(*library, "who", str(hopper))
    assert {"openvino", "faiss", "cv2"} <= modules
    assert (
        modules & {*TENSORFLOW, *OF_FORMATS, *WEB, "onnx", "alembic", "requests", "joblib", "absl"} == set()
    )


def test_a_scan_that_finds_nothing_new_loads_no_network(hopper: Path, tmp_path: Path) -> None:
    scan = ("--library", str(tmp_path / "library.db"), "scan", "--model", "sface", str(hopper))
    assert "openvino" in imported(*scan)
    assert imported(*scan) & {*TENSORFLOW, *OF_FORMATS, "openvino", "cv2", "PIL", "alembic"} == set()

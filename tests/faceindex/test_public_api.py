"""The public names, and the exit codes that scripts rely on."""

import inspect
import re
import subprocess
import sys
from pathlib import Path

import pytest

import faceindex
from faceindex import errors, stopping
from faceindex.cli import context
from faceindex.models import Models
from faceindex.people import People
from faceindex.pictures import Pictures
from faceindex.roots import ScannedRoots


def test_all_is_sorted_and_complete() -> None:
    assert faceindex.__all__ == sorted(faceindex.__all__)
    public = {name: getattr(faceindex, name) for name in faceindex.__all__}
    assert all(name == found.__name__ for name, found in public.items())
    assert {name for name, found in vars(errors).items() if _is_error(found)} <= set(public)
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = faceindex.nothing
    documented = inspect.getdoc(faceindex)
    assert documented is not None
    assert all(name in documented for name in ("Library", "Settings"))


@pytest.mark.parametrize("part", [faceindex.Library, People, Pictures, ScannedRoots, Models])
def test_what_public_methods_return_is_public(part: type) -> None:
    returned = [
        inspect.formatannotation(inspect.signature(method).return_annotation)
        for name, method in inspect.getmembers(part, inspect.isfunction)
        if not name.startswith("_")
    ]
    names = {name for each in returned for name in re.findall(r"\b[A-Z]\w+", each)}
    assert names - {"Iterator", "None", "Path", "Sequence"} <= set(faceindex.__all__)


def test_importing_it_is_cheap() -> None:
    code = "import sys, faceindex; assert not {'numpy', 'openvino', 'sqlalchemy'} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True, cwd=Path(faceindex.__file__).parents[1])


def test_exit_codes() -> None:
    codes = {name: found.exit_code for name, found in vars(errors).items() if _is_error(found)}
    assert codes == {
        "FaceindexError": 1,
        "BadRequest": 2,
        "NotFound": 2,
        "PictureUnavailable": 2,
        "NoLibrary": 10,
        "LibraryLocked": 11,
        "LibraryFromTheFuture": 12,
        "WeightsUnavailable": 13,
    }
    assert context.EXIT_SOME_FAILED == 3
    assert (stopping.EXIT_INTERRUPTED, stopping.EXIT_TERMINATED) == (130, 143)


def test_the_tree_in_the_docstring_is_the_tree() -> None:
    tree = inspect.getdoc(errors)
    assert tree is not None
    for name, found in vars(errors).items():
        if _is_error(found):
            (line,) = [line for line in tree.splitlines() if name in line.split()]
            assert str(found.exit_code) in line.split()


def _is_error(found: object) -> bool:
    return isinstance(found, type) and issubclass(found, errors.FaceindexError)

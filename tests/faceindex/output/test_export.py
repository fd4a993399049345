"""An export is written whole, or what was there before stays."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from faceindex.errors import FaceindexError
from faceindex.output.export import write_jsonl, write_npz
from faceindex.session import Session
from tests.faceindex.conftest import Album
from tests.functional.people import landscape, save


@pytest.fixture
def library(album: Album) -> Iterator[Session]:
    """A library of one photo without a face."""
    save(landscape(), album.folder / "a.jpg")
    album.scan()
    with Session.open(album.settings) as library:
        yield library


def test_no_faces_are_arrays_of_the_promised_shapes(library: Session, tmp_path: Path) -> None:
    write_npz(library, tmp_path / "faces.npz")
    with np.load(tmp_path / "faces.npz") as arrays:
        kinds = {name: (arrays[name].dtype.kind, arrays[name].shape) for name in arrays}
    assert kinds == {
        "descriptors": ("f", (0, 128)),
        "face_id": ("i", (0,)),
        "photo": ("U", (0,)),
        "box": ("f", (0, 4)),
    }


def test_a_failed_export_leaves_the_old_file_and_nothing_else(library: Session, tmp_path: Path) -> None:
    target = tmp_path / "taken"
    target.mkdir()
    with pytest.raises(FaceindexError, match="taken cannot be written"):
        write_jsonl(library, target)
    assert not [name for name in tmp_path.iterdir() if "taken." in name.name]


def test_an_export_replaces_the_old_file_and_is_nobody_else_s_to_read(
    library: Session, tmp_path: Path
) -> None:
    target = tmp_path / "faces.jsonl"
    target.write_text("old")
    target.chmod(0o644)
    write_jsonl(library, target)
    assert target.read_bytes() == b""
    assert target.stat().st_mode & 0o077 == 0

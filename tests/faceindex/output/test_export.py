"""An export is written whole, or what was there before stays."""

import os
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from faceindex.errors import FaceindexError
from faceindex.output.export import write_jsonl, write_npz
from faceindex.session import Session
from index.photos.catalog import Catalog
from index.store.opening import create_store
from pipeline.values import PhotoFile
from tests.faceindex.conftest import Album
from tests.functional.people import landscape, save
from tests.index.builders import indexed, stored, units


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
        "moment": ("f", (0, 3)),
    }


def test_arrays_hold_faces_of_several_chunks(
    album: Album, library: Session, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A path in a later chunk is longer than those before, and not all bytes of it are text."""
    paths = [b"/b.jpg", b"/a longer path\xff.jpg", b"/c.jpg"]
    vectors = units(4, dimension=128)
    monkeypatch.setattr("index.photos.catalog.CHUNK", 2)
    with create_store(album.settings.library) as store:
        files = [PhotoFile(path, 1, 1) for path in paths]
        for file, some in zip(files, (vectors[:2], vectors[2:3], vectors[3:]), strict=True):
            Catalog(store).record([indexed(file, repr(file.path), some)])
    write_npz(library, tmp_path / "faces.npz")
    with np.load(tmp_path / "faces.npz") as arrays:
        assert arrays["face_id"].tolist() == [1, 2, 3, 4]
        assert [os.fsencode(each) for each in arrays["photo"]] == [paths[0], paths[0], *paths[1:]]
        assert np.allclose(arrays["descriptors"], stored(vectors), atol=1e-6)
        assert arrays["box"].tolist() == [[x, -2.5, 40.25, 50.0] for x in (0.0, 100.0, 0.0, 0.0)]
        assert (arrays["descriptors"].dtype, arrays["box"].dtype) == (np.float32, np.float32)


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

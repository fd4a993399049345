"""Which XMP file belongs to which photo."""

import os
from pathlib import Path

import pytest

from pipeline.sources.crawl import crawl
from pipeline.sources.folders import Folders
from pipeline.values import Sidecar

ROOT = "root"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / ROOT
    made.mkdir()
    return made


def add(folder: Path, *names: str) -> None:
    for name in names:
        (folder / name).write_text(name)


def sidecars(*roots: Path, slow_seconds: float = 3600) -> dict[str, str]:
    """The name of the sidecar of each file that has one, as a crawl finds it."""
    found = crawl([bytes(root) for root in roots], lambda _: None, folders=Folders(slow_seconds))
    names = [
        os.fsdecode(os.path.basename(path)) for file in found for path in _paths(file.path, file.sidecar)
    ]
    return dict(zip(names[::2], names[1::2], strict=True))


def _paths(path: bytes, sidecar: Sidecar | None) -> list[bytes]:
    return [] if sidecar is None else [path, sidecar.path]


@pytest.mark.parametrize("slow_seconds", [0, 3600])
def test_both_ways_to_name_a_sidecar(folder: Path, slow_seconds: float) -> None:
    add(folder, "a.jpg", "a.jpg.xmp", "b.NEF", "b.xmp", "c.JPG", "C.XMP", "d.jpg")

    found = sidecars(folder, slow_seconds=slow_seconds)

    assert found == {"a.jpg": "a.jpg.xmp", "b.NEF": "b.xmp", "c.JPG": "C.XMP"}


def test_the_longer_name_counts_first(folder: Path) -> None:
    add(folder, "a.jpg", "a.xmp", "a.jpg.xmp", "a.png")

    assert sidecars(folder) == {"a.jpg": "a.jpg.xmp", "a.png": "a.xmp"}


def test_a_sidecar_of_another_folder_or_that_is_a_folder_is_none(folder: Path) -> None:
    add(folder, "a.jpg")
    (folder / "a.xmp").mkdir()
    (folder / "below").mkdir()
    add(folder / "below", "a.jpg.xmp", "b.jpg")

    assert sidecars(folder) == {}


def test_a_file_that_is_named_has_its_sidecar_too(folder: Path) -> None:
    add(folder, "a.jpg", "a.XMP", "b.jpg", "b.jpg.xmp")

    assert sidecars(folder / "a.jpg", folder / "b.jpg") == {"a.jpg": "a.XMP", "b.jpg": "b.jpg.xmp"}


def test_a_change_shows_in_the_stamp(folder: Path) -> None:
    add(folder, "a.jpg", "a.xmp")
    before = [file.sidecar and file.sidecar.stamp for file in crawl([bytes(folder)], lambda _: None)]
    os.utime(folder / "a.xmp", ns=(1, 1))
    after = [file.sidecar and file.sidecar.stamp for file in crawl([bytes(folder)], lambda _: None)]

    assert before[0] is not None
    assert after[0] is not None
    assert before[0] != after[0]

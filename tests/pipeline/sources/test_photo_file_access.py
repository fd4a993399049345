"""A photo's file is opened once and read once, whatever it takes to look at the photo."""

import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from blake3 import blake3
from PIL import Image

from pipeline.sources import photo_file_access
from pipeline.sources.photo_file_access import OpenPhoto
from pipeline.values import PhotoFile, PhotoIndexed, PhotoSkipped
from tests.pipeline.fakes import SIDE, FakeDetector, face_at, run, runner
from tests.pipeline.pictures import decoded, encoded, noise, photo_file, written


@pytest.fixture
def opened() -> Iterator[list[Any]]:
    """What this process opens while the test runs."""
    paths: list[Any] = []
    watching = True

    def note(event: str, arguments: tuple[Any, ...]) -> None:  # it can never be taken away
        if watching and event == "open":
            paths.append(arguments[0])

    sys.addaudithook(note)
    yield paths
    watching = False


def large_photo(folder: Path) -> PhotoFile:
    """One that is decoded a second time, for a face as small as its crop."""
    return written(folder / "large.jpg", encoded(Image.fromarray(noise(512, 512)), "JPEG"))


SMALL_FACE = FakeDetector(faces=(face_at(200, 200, SIDE),))


def bytes_read() -> int:
    """By this process, from files of whatever kind."""
    fields = dict(line.split(": ") for line in Path("/proc/self/io").read_text().splitlines())
    return int(fields["rchar"])


def test_it_is_opened_once(tmp_path: Path, opened: list[Any]) -> None:
    file = large_photo(tmp_path)
    opened.clear()
    (outcome,) = run(runner(SMALL_FACE, workers=1), [file])
    assert isinstance(outcome, PhotoIndexed)
    assert opened.count(file.path) == 1


@pytest.mark.usefixtures("way")
def test_what_comes_after_it_is_read_is_no_part_of_it(tmp_path: Path) -> None:
    """Digest and pixels are of the same bytes, though size and time of change betray nothing."""
    file = large_photo(tmp_path)

    def known(digest: bytes) -> bool:
        Path(os.fsdecode(file.path)).write_bytes(bytes(file.size))
        os.utime(file.path, ns=(file.mtime_ns, file.mtime_ns))
        return False

    expected = decoded(file)
    (outcome,) = runner(SMALL_FACE, workers=1).run([file], known)
    assert photo_file(file.path) == file
    assert isinstance(outcome, PhotoIndexed)
    assert (outcome.digest, outcome.size) == (expected.digest, expected.size)


@pytest.mark.skipif(not Path("/proc/self/io").exists(), reason="needs /proc/self/io")
def test_a_file_that_is_no_photo_is_read_no_further_than_its_head(tmp_path: Path) -> None:
    path = tmp_path / "film.bin"
    with path.open("wb") as stream:
        stream.truncate(64 << 20)
    file = photo_file(path)
    before = bytes_read()
    (outcome,) = run(runner(FakeDetector(), workers=1), [file])
    assert isinstance(outcome, PhotoSkipped)
    assert bytes_read() - before < 1 << 20


@pytest.mark.usefixtures("way")
def test_a_file_that_is_too_large_to_be_kept_is_read_by_its_decoder_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = large_photo(tmp_path)
    (expected,) = run(runner(SMALL_FACE, workers=1), [file])
    monkeypatch.setattr(photo_file_access, "LARGEST_SHARED", file.size - 1)
    with OpenPhoto(file) as photo:
        assert os.path.samestat(os.fstat(photo.descriptor()), os.stat(file.path))
    (outcome,) = run(runner(SMALL_FACE, workers=1), [file])
    assert isinstance(expected, PhotoIndexed)
    assert isinstance(outcome, PhotoIndexed)
    assert outcome.digest == expected.digest
    assert (outcome.faces[0].vector == expected.faces[0].vector).all()


def test_content_of_any_length_has_its_digest(tmp_path: Path) -> None:
    for length in (0, 1, 63, 64, 65, 1 << 20, (1 << 20) + 64, (2 << 20) + 65):
        content = os.urandom(length)
        with OpenPhoto(written(tmp_path / "a.jpg", content)) as photo:
            assert photo.digest() == blake3(content).digest()

"""Files that change, grow, shrink, vanish or are replaced while a run reads them."""

import os
import subprocess
import sys
import textwrap
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from pipeline.errors import PhotoError
from pipeline.sources import photo_file_access
from pipeline.sources.photo_file_access import FIRST_BYTES, OpenPhoto
from pipeline.values import DecodedPhoto, DetectedFace, Outcome, PhotoFailed, PhotoFile, PhotoIndexed, Reason
from tests.pipeline.fakes import SIDE, FakeDetector, face_at, picture, run, runner
from tests.pipeline.pictures import encoded, noise, photo_file, written


def grow(path: Path) -> None:
    with path.open("ab") as stream:
        stream.write(b"more")


def shrink(path: Path) -> None:
    os.truncate(path, path.stat().st_size // 2)


def empty(path: Path) -> None:
    os.truncate(path, 0)


def write_over(path: Path) -> None:
    """In place, to the same length; the system's clock is finer than that."""
    with path.open("r+b") as stream:
        stream.seek(100)
        stream.write(b"other")


def vanish(path: Path) -> None:
    path.unlink(missing_ok=True)  # it is asked about file and picture


def replace(path: Path) -> None:
    other = path.with_suffix(".new")
    other.write_bytes(picture(99))
    other.rename(path)


def outcome_of(file: PhotoFile, act: Callable[[Path], None]) -> Outcome:
    """What becomes of a photo that something happens to when its content is read, before it is decoded."""

    def known(digest: bytes) -> bool:
        act(Path(os.fsdecode(file.path)))
        return False

    (outcome,) = runner(FakeDetector()).run([file], known)
    return outcome


@pytest.mark.usefixtures("way")
@pytest.mark.parametrize("is_kept", [True, False])
@pytest.mark.parametrize("act", [grow, shrink, empty, write_over])
def test_one_that_changes_while_it_is_read_is_read_by_the_next_scan(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, act: Callable[[Path], None], *, is_kept: bool
) -> None:
    file = written(tmp_path / "photo", os.urandom(2 * FIRST_BYTES))
    os.utime(file.path, ns=(1, 1))
    file = photo_file(file.path)
    if not is_kept:
        monkeypatch.setattr(photo_file_access, "LARGEST_SHARED", file.size - 1)
    with OpenPhoto(file) as photo:
        act(Path(os.fsdecode(file.path)))
        with pytest.raises(PhotoError) as caught:
            photo.read()
    assert caught.value.reason is Reason.CHANGED


@pytest.mark.parametrize("act", [grow, shrink, empty, write_over, replace])
@pytest.mark.parametrize("name", ["PNG", "JPEG", "TIFF", "WEBP", "AVIF", "GIF", "BMP"])
def test_one_that_is_still_being_written_is_not_blamed_and_read_by_the_next_scan(
    tmp_path: Path, name: str, act: Callable[[Path], None]
) -> None:
    content = encoded(Image.fromarray(noise(64, 64)), name)
    file = written(tmp_path / "photo", content[: len(content) // 2])
    os.utime(file.path, ns=(1, 1))
    outcome = outcome_of(photo_file(file.path), act)
    assert isinstance(outcome, PhotoFailed)
    assert (outcome.reason, outcome.digest) == (Reason.CHANGED, None)


@pytest.mark.usefixtures("way")
@pytest.mark.parametrize("act", [grow, shrink, empty, write_over, vanish, replace])
def test_one_that_changes_after_it_was_read_is_what_it_was(
    tmp_path: Path, act: Callable[[Path], None]
) -> None:
    """Digest, pixels, size and time of change are of what was read; the next scan sees the change."""
    file = written(tmp_path / "photo.png", picture(1))
    outcome = outcome_of(file, act)
    undisturbed = run(runner(FakeDetector()), [written(tmp_path / "again.png", picture(1))])[0]
    assert isinstance(outcome, PhotoIndexed)
    assert isinstance(undisturbed, PhotoIndexed)
    assert (outcome.file, outcome.digest) == (file, undisturbed.digest)
    np.testing.assert_array_equal(outcome.faces[0].vector, undisturbed.faces[0].vector)


def test_one_that_is_not_kept_and_changes_between_the_search_for_faces_and_the_crops(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """For a small face the photo is decoded a second time."""
    path = tmp_path / "large.jpg"

    class Touching(FakeDetector):
        def detect(self, photo: DecodedPhoto) -> tuple[DetectedFace, ...]:
            grow(path)
            return super().detect(photo)

    file = written(path, encoded(Image.fromarray(noise(512, 512)), "JPEG"))
    monkeypatch.setattr(photo_file_access, "LARGEST_SHARED", file.size - 1)
    (outcome,) = run(runner(Touching(faces=(face_at(200, 200, SIDE),))), [file])
    assert isinstance(outcome, PhotoFailed)
    assert outcome.reason is Reason.CHANGED


def test_one_that_another_program_keeps_writing_to(tmp_path: Path) -> None:
    """The download of a large photo: however fast it grows, it is given up once, and others are read."""
    path = tmp_path / "growing.png"
    path.write_bytes(encoded(Image.fromarray(noise(1500, 1500)), "PNG"))
    script = """
        import sys
        with open(sys.argv[1], "ab", buffering=0) as file:
            for number in range(1 << 14):
                file.write(bytes(1 << 16))
                if number == 0:
                    print(flush=True)
    """
    command = [sys.executable, "-c", textwrap.dedent(script), str(path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as writer:
        assert writer.stdout is not None
        writer.stdout.readline()
        files = [photo_file(path), written(tmp_path / "good.png", picture(1))]
        outcomes = run(runner(FakeDetector(), workers=1), files)
        writer.kill()
    assert isinstance(outcomes[0], PhotoFailed)
    assert (outcomes[0].reason, outcomes[0].digest) == (Reason.CHANGED, None)
    assert isinstance(outcomes[1], PhotoIndexed)

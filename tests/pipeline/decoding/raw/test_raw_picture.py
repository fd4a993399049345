"""Camera raw files: which of their pictures is read, which way up, and what is said of those that are not."""

import subprocess
import sys
from datetime import datetime
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from pipeline.errors import PhotoError
from pipeline.values import U8, DecodedPhoto, Reason, Size
from tests.pipeline.corrupt import turned
from tests.pipeline.pictures import corner_names, decoded, four_corners, photo_file, written
from tests.pipeline.raw_pictures import dng, jpeg

pytest.importorskip("rawpy")

MEDIA = Path("../shared/media")
UPRIGHT = ["red", "green", "blue", "yellow"]
needs_samples = pytest.mark.skipif(not MEDIA.is_dir(), reason="the samples in ../shared/media are not here")


def read(tmp_path: Path, content: bytes, long_edge: int | None = None, name: str = "a.dng") -> DecodedPhoto:
    return decoded(written(tmp_path / name, content), long_edge)


def failure(tmp_path: Path, content: bytes, name: str = "a.dng") -> PhotoError:
    with pytest.raises(PhotoError) as caught:
        read(tmp_path, content, name=name)
    assert "\n" not in caught.value.message
    return caught.value


def marked(width: int, height: int) -> U8:
    """Four colours, as a preview that is no copy of the raw pixels: those of ``four_corners`` in grey."""
    return np.repeat(four_corners(width, height).mean(2, keepdims=True).astype(np.uint8), 3, 2)


def is_grey(pixels: U8) -> bool:
    return int(np.ptp(pixels.astype(int), axis=2).max()) < 8


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("linear", [False, True], ids=["filtered", "linear"])
def test_raw_pixels_come_upright(tmp_path: Path, orientation: int, linear: bool) -> None:
    stored = np.ascontiguousarray(turned(four_corners(64, 48), orientation))
    photo = read(tmp_path, dng(stored, orientation=orientation, linear=linear))
    assert photo.size == Size(64, 48)
    assert corner_names(photo.pixels) == UPRIGHT
    assert photo.taken_at == datetime(2019, 7, 4, 12, 30, 45)


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("own", [False, True], ids=["stated by the raw file", "stated by the preview"])
def test_a_preview_comes_upright(tmp_path: Path, orientation: int, own: bool) -> None:
    stored = np.ascontiguousarray(turned(four_corners(1600, 400), orientation))
    preview = jpeg(stored, orientation if own else None)
    raw = np.ascontiguousarray(turned(four_corners(64, 48), orientation))
    content = dng(raw, orientation=1 if own else orientation, preview=preview)
    photo = read(tmp_path, content, long_edge=200)
    assert photo.size == Size(1600, 400)
    assert photo.scale == 0.125
    assert corner_names(photo.pixels) == UPRIGHT
    assert photo.taken_at == datetime(2019, 7, 4, 12, 30, 45)


def test_a_preview_that_is_upright_already_is_not_turned(tmp_path: Path) -> None:
    stored = np.ascontiguousarray(turned(four_corners(48, 64), 6))
    content = dng(stored, orientation=6, preview=jpeg(four_corners(400, 1600)))
    photo = read(tmp_path, content)
    assert photo.size == Size(400, 1600)
    assert corner_names(photo.pixels) == UPRIGHT


def test_a_preview_of_plain_pixels_is_read(tmp_path: Path) -> None:
    stored = np.ascontiguousarray(turned(four_corners(1600, 40), 8))
    raw = np.ascontiguousarray(turned(four_corners(64, 48), 8))
    photo = read(tmp_path, dng(raw, orientation=8, preview=stored))
    assert photo.size == Size(1600, 40)
    assert corner_names(photo.pixels) == UPRIGHT


@pytest.mark.parametrize(
    ("raw", "preview", "size", "from_preview"),
    [
        ((3202, 32), (1600, 16), Size(1600, 16), True),
        ((3200, 32), (1598, 16), Size(1600, 16), False),  # half size
        ((3198, 32), (1598, 16), Size(3198, 32), False),  # half of it would be too small
        ((3202, 32), None, Size(1601, 16), False),
        ((64, 48), (32, 24), Size(64, 48), False),
    ],
)
def test_what_is_large_enough_is_read(
    tmp_path: Path,
    raw: tuple[int, int],
    preview: tuple[int, int] | None,
    size: Size,
    from_preview: bool,
) -> None:
    content = dng(four_corners(*raw), preview=None if preview is None else jpeg(marked(*preview)))
    photo = read(tmp_path, content)
    assert photo.size == size
    assert is_grey(photo.pixels) is from_preview


def test_three_colours_in_each_pixel_are_read_at_full_size(tmp_path: Path) -> None:
    assert read(tmp_path, dng(four_corners(3202, 32), linear=True)).size == Size(3202, 32)


@pytest.mark.parametrize("damage", ["cut", "emptied"])
def test_a_preview_that_is_not_whole_gives_way_to_the_raw_pixels(tmp_path: Path, damage: str) -> None:
    whole = jpeg(marked(1600, 640))
    keep = len(whole) // 2 if damage == "cut" else 600
    photo = read(tmp_path, dng(four_corners(64, 48), preview=whole[:keep] + bytes(len(whole) - keep)))
    assert photo.size == Size(64, 48)
    assert corner_names(photo.pixels) == UPRIGHT


@pytest.mark.parametrize(("edge", "is_read"), [(1600, True), (640, True), (320, False)])
def test_a_preview_stands_in_for_raw_pixels_that_are_cut_off(
    tmp_path: Path, edge: int, is_read: bool
) -> None:
    """A smaller one would hide that most faces are not found."""
    content = dng(four_corners(800, 600), preview=jpeg(marked(edge, 48)))[:-9000]
    if is_read:
        assert read(tmp_path, content).size == Size(edge, 48)
    else:
        assert failure(tmp_path, content).reason is Reason.TRUNCATED


def test_metadata_do_not_change_the_picture(tmp_path: Path) -> None:
    for preview in (None, jpeg(marked(1600, 16))):
        content = dng(four_corners(64, 48), preview=preview)
        other = content.replace(b"2019:07:04 12:30:45", b"2020:07:04 12:30:45")
        first, second = (read(tmp_path, each) for each in (content, other))
        assert first.picture == second.picture
        assert first.digest != second.digest
    turned_file = dng(four_corners(64, 48), orientation=3)
    assert read(tmp_path, turned_file).picture != read(tmp_path, dng(four_corners(64, 48))).picture


@pytest.mark.parametrize("share", [0.02, 0.3, 0.9, 0.999])
def test_a_cut_file_is_called_cut(tmp_path: Path, share: float) -> None:
    content = dng(four_corners(320, 240))
    error = failure(tmp_path, content[: int(len(content) * share)])
    assert error.reason is Reason.TRUNCATED


def test_a_file_of_no_known_camera_is_called_unsupported(tmp_path: Path) -> None:
    plain = np.zeros((32, 32, 3), np.uint8)
    path = tmp_path / "a.tif"
    Image.fromarray(plain).save(path)
    error = failure(tmp_path, path.read_bytes(), name="a.nef")
    assert error.reason is Reason.UNSUPPORTED
    assert "convert it" in error.message


def test_libraw_is_loaded_for_the_first_raw_file_only() -> None:
    program = "import pipeline.decoding.decode, sys; print('rawpy' in sys.modules)"
    ran = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == "False"


@needs_samples
@pytest.mark.parametrize(
    ("name", "size", "taken_at"),
    [
        ("test.dng", Size(382, 510), "2024-07-04T21:45:43.691465+02:00"),
        ("CRW.CRW", Size(2176, 1448), "2018-01-01T13:03:32"),
        ("Issue-247-1.nef", Size(2000, 3008), "2010-03-01T21:50:21.700000"),
    ],
)
def test_files_of_cameras(name: str, size: Size, taken_at: str) -> None:
    photo = decoded(photo_file(MEDIA / name))
    assert photo.size == size
    assert photo.taken_at is not None
    assert photo.taken_at.isoformat() == taken_at


@needs_samples
def test_a_cut_canon_file_is_called_cut(tmp_path: Path) -> None:
    content = (MEDIA / "CRW.CRW").read_bytes()
    assert failure(tmp_path, content[:-1000], name="a.crw").reason is Reason.TRUNCATED

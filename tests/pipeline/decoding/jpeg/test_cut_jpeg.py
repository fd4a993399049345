"""JPEGs that end early: what is there is read, and it is known what is not."""

import io
from pathlib import Path

import numpy as np
import pytest
import skimage.data
from PIL import Image

from pipeline.errors import PhotoError
from pipeline.values import MOST_MISSING, Box, MissingPart, PhotoIndexed, Reason, Side, Size
from tests.pipeline.fakes import FakeDetector, face_at, run, runner
from tests.pipeline.pictures import decoded, photo_file, written

GREY = 128
SIDES = {
    1: Side.BOTTOM,
    2: Side.BOTTOM,
    3: Side.TOP,
    4: Side.TOP,
    5: Side.RIGHT,
    6: Side.LEFT,
    7: Side.LEFT,
    8: Side.RIGHT,
}


def jpeg(*, progressive: bool = False, mode: str = "RGB", orientation: int = 1) -> bytes:
    exif = Image.Exif()
    exif[0x0112] = orientation
    stream = io.BytesIO()
    picture = Image.fromarray(skimage.data.astronaut()).convert(mode)
    picture.save(stream, "JPEG", quality=90, progressive=progressive, exif=exif)
    return stream.getvalue()


def cut(content: bytes, share: float) -> bytes:
    return content[: int(len(content) * share)]


@pytest.mark.parametrize("mode", ["RGB", "L", "CMYK"])
@pytest.mark.parametrize("share", [0.999, 0.97, 0.7])
@pytest.mark.parametrize("long_edge", [None, 200])
def test_whole_rows_are_read_and_the_others_are_grey(
    tmp_path: Path, mode: str, share: float, long_edge: int | None
) -> None:
    content = jpeg(mode=mode)
    whole = decoded(written(tmp_path / "whole.jpg", content), long_edge)
    photo = decoded(written(tmp_path / "cut.jpg", cut(content, share)), long_edge)

    assert photo.missing is not None
    assert photo.missing.side is Side.BOTTOM
    assert 0 < photo.missing.share <= MOST_MISSING
    assert (photo.size, photo.scale) == (whole.size, whole.scale)
    rows = round(len(photo.pixels) * (1 - photo.missing.share))
    assert np.array_equal(photo.pixels[:rows], whole.pixels[:rows])
    assert len(np.unique(photo.pixels[rows:])) == 1


@pytest.mark.parametrize(("orientation", "side"), SIDES.items())
def test_the_missing_side_is_that_of_the_upright_photo(tmp_path: Path, orientation: int, side: Side) -> None:
    photo = decoded(written(tmp_path / "cut.jpg", cut(jpeg(orientation=orientation), 0.97)))

    assert photo.missing is not None
    assert photo.missing.side is side
    line = {
        Side.TOP: photo.pixels[0],
        Side.BOTTOM: photo.pixels[-1],
        Side.LEFT: photo.pixels[:, 0],
        Side.RIGHT: photo.pixels[:, -1],
    }
    grey = [each for each, pixels in line.items() if (pixels == GREY).all()]
    assert grey == [side]


@pytest.mark.parametrize("share", [0.1, 0.4])
def test_a_file_that_lacks_more_fails(tmp_path: Path, share: float) -> None:
    with pytest.raises(PhotoError) as failed:
        decoded(written(tmp_path / "cut.jpg", cut(jpeg(), share)))
    assert failed.value.reason is Reason.TRUNCATED


@pytest.mark.parametrize("long_edge", [None, 200])
def test_a_progressive_file_lacks_only_detail(tmp_path: Path, long_edge: int | None) -> None:
    content = jpeg(progressive=True)
    whole = decoded(written(tmp_path / "whole.jpg", content), long_edge)
    photo = decoded(written(tmp_path / "cut.jpg", cut(content, 0.97)), long_edge)

    assert photo.missing == MissingPart(Side.BOTTOM, 0.0)
    assert photo.missing.note == "its finest detail is missing: the file ends early"
    assert photo.scale == whole.scale
    assert np.abs(photo.pixels.astype(int) - whole.pixels).mean() < 3


@pytest.mark.parametrize("progressive", [False, True])
@pytest.mark.parametrize("mode", ["RGB", "L", "CMYK"])
@pytest.mark.parametrize("restarts", [0, 1])
@pytest.mark.parametrize("lost", [0, 1, 2, 3])
def test_a_file_whose_rows_are_all_there_has_no_note(
    tmp_path: Path, progressive: bool, mode: str, restarts: int, lost: int
) -> None:
    stream = io.BytesIO()
    picture = Image.fromarray(skimage.data.astronaut()).convert(mode)
    picture.save(stream, "JPEG", quality=80, progressive=progressive, restart_marker_rows=restarts)
    content = stream.getvalue()
    whole = decoded(written(tmp_path / "whole.jpg", content))

    photo = decoded(written(tmp_path / "cut.jpg", content[: len(content) - lost]))

    if lost < 3:
        assert photo.missing is None
        assert np.array_equal(photo.pixels, whole.pixels)
    elif photo.missing is None:  # the third byte may hold a few bits of the last pixels
        assert np.array_equal(photo.pixels[:-17], whole.pixels[:-17])


@pytest.mark.parametrize("behind", [bytes(5000), b"\xff" * 5000, b"<html>" * 99, b"\xff\xd9"])
@pytest.mark.parametrize("progressive", [False, True])
def test_what_follows_a_whole_file_is_not_looked_at(tmp_path: Path, behind: bytes, progressive: bool) -> None:
    photo = decoded(written(tmp_path / "photo.jpg", jpeg(progressive=progressive) + behind))

    assert photo.missing is None


@pytest.mark.parametrize("end", [b"\xff\xd9", bytes(9000), b"\xff" * 9000])
@pytest.mark.parametrize("long_edge", [None, 200])
def test_rows_that_are_not_there_are_known_whatever_stands_in_their_place(
    tmp_path: Path, end: bytes, long_edge: int | None
) -> None:
    content = jpeg()
    whole = decoded(written(tmp_path / "whole.jpg", content), long_edge)

    photo = decoded(written(tmp_path / "cut.jpg", cut(content, 0.7) + end), long_edge)

    assert photo.missing is not None
    rows = round(len(photo.pixels) * (1 - photo.missing.share))
    assert 0.6 < rows / len(photo.pixels) < 0.8
    assert np.array_equal(photo.pixels[:rows], whole.pixels[:rows])
    assert (photo.pixels[rows:] == GREY).all()


def test_a_progressive_file_lacks_rows_of_a_scan(tmp_path: Path) -> None:
    content = jpeg(progressive=True)
    whole = decoded(written(tmp_path / "whole.jpg", content))

    photo = decoded(written(tmp_path / "cut.jpg", cut(content, 0.6)))

    assert photo.missing is not None
    assert 0 < photo.missing.share <= MOST_MISSING
    rows = round(len(photo.pixels) * (1 - photo.missing.share))
    assert np.abs(photo.pixels[:rows].astype(int) - whole.pixels[:rows]).mean() < 6
    assert (photo.pixels[rows:] == GREY).all()


def test_a_file_that_lacks_a_colour_fails(tmp_path: Path) -> None:
    """The scans that are there are whole, and the next one is not there at all."""
    content = jpeg(progressive=True)
    scans = [at for at in range(len(content)) if content[at : at + 2] == b"\xff\xda"]
    with pytest.raises(PhotoError) as failed:
        decoded(written(tmp_path / "cut.jpg", content[: scans[2]]))
    assert failed.value.reason is Reason.TRUNCATED


@pytest.mark.parametrize("share", [0.02, 0.1, 0.3])
def test_a_progressive_file_that_lacks_a_scan_fails(tmp_path: Path, share: float) -> None:
    with pytest.raises(PhotoError) as failed:
        decoded(written(tmp_path / "cut.jpg", cut(jpeg(progressive=True), share)))
    assert failed.value.reason is Reason.TRUNCATED


@pytest.mark.parametrize(
    ("part", "near", "far"),
    [
        (MissingPart(Side.BOTTOM, 0.1), Box(10, 60, 20, 25), Box(10, 50, 20, 25)),
        (MissingPart(Side.TOP, 0.1), Box(10, 15, 20, 25), Box(10, 20, 20, 25)),
        (MissingPart(Side.LEFT, 0.1), Box(25, 10, 20, 25), Box(30, 10, 20, 25)),
        (MissingPart(Side.RIGHT, 0.1), Box(155, 10, 20, 25), Box(150, 10, 20, 25)),
    ],
)
def test_a_face_near_what_is_missing(part: MissingPart, near: Box, far: Box) -> None:
    size = Size(200, 100)
    assert part.is_near(near, size)
    assert not part.is_near(far, size)
    assert not MissingPart(part.side, 0.0).is_near(near, size)


def test_faces_at_the_grey_end_are_left_out_and_the_photo_says_why(tmp_path: Path) -> None:
    content = jpeg()
    detector = FakeDetector(faces=(face_at(100, 100, 60), face_at(100, 430, 60)))
    names = {"cut.jpg": cut(content, 0.97), "whole.jpg": content}
    for name, each in names.items():
        written(tmp_path / name, each)

    cut_short, whole = run(runner(detector), [photo_file(tmp_path / name) for name in names])

    assert isinstance(cut_short, PhotoIndexed)
    assert isinstance(whole, PhotoIndexed)
    assert [face.face.box.y for face in cut_short.faces] == [100]
    assert (len(whole.faces), whole.note) == (2, None)
    assert cut_short.note is not None
    assert cut_short.note.startswith("its last ")
    assert cut_short.note.endswith(" % are missing: the file ends early")

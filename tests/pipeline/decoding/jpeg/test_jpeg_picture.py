"""Plain JPEGs are decoded without Pillow, to the pixels that Pillow gives; everything else is Pillow's."""

import io
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image
from PIL.ImageFile import ImageFile

from pipeline.errors import PhotoError
from pipeline.values import U8, Reason
from tests.pipeline.live_photos import live_film
from tests.pipeline.pictures import (
    decoded,
    encoded,
    linear_grey_profile,
    noise,
    swapped_profile,
    written,
)

TURNS = {2: 0, 3: 3, 4: 1, 5: 5, 6: 4, 7: 6, 8: 2}
"""Pillow's number of what turns each EXIF orientation upright."""

KINDS: dict[str, dict[str, Any]] = {
    "4:2:0": {"subsampling": 2},
    "4:2:2": {"subsampling": 1},
    "4:4:4": {"subsampling": 0},
    "progressive": {"progressive": True},
    "restarts": {"restart_marker_blocks": 3},
    "coded as RGB": {"keep_rgb": True},
}
SCALES = [1, 2, 4, 8]


def jpeg(
    width: int = 96, height: int = 72, mode: str = "RGB", orientation: int = 1, **options: object
) -> bytes:
    exif = Image.Exif()
    exif[0x0112] = orientation
    image = Image.fromarray(noise(width, height)).convert(mode)
    return encoded(image, "JPEG", quality=90, exif=exif, **options)


def by_pillow(content: bytes, scale: int) -> U8:
    """What Pillow alone decodes, upright."""
    with Image.open(io.BytesIO(content)) as image:
        orientation = image.getexif().get(0x0112, 1)
        if scale > 1:
            image.draft(None, (image.width // scale, image.height // scale))
        upright: Image.Image = image.convert("RGB")
        if orientation in TURNS:
            upright = upright.transpose(Image.Transpose(TURNS[orientation]))
        return np.asarray(upright)


@pytest.fixture
def without_pillow(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pillow reads headers only."""

    def load(self: ImageFile) -> None:
        raise AssertionError("Pillow decodes it")

    monkeypatch.setattr(ImageFile, "load", load)


@pytest.mark.parametrize("scale", SCALES)
@pytest.mark.parametrize("kind", [*KINDS, "grey", "progressive grey"])
def test_a_plain_jpeg_is_what_pillow_makes_of_it(tmp_path: Path, kind: str, scale: int) -> None:
    if kind.endswith("grey"):
        content = jpeg(mode="L", progressive="progressive" in kind)
    else:
        content = jpeg(**KINDS[kind])
    assert np.array_equal(
        decoded(written(tmp_path / "a.jpg", content), 96 // scale).pixels, by_pillow(content, scale)
    )


@pytest.mark.usefixtures("without_pillow")
@pytest.mark.parametrize("kind", [*KINDS, "grey"])
def test_pillow_decodes_no_plain_jpeg(tmp_path: Path, kind: str) -> None:
    content = jpeg(mode="L") if kind == "grey" else jpeg(**KINDS[kind])
    for scale in SCALES:
        photo = decoded(written(tmp_path / "a.jpg", content), 96 // scale)
        assert (photo.scale, photo.missing) == (1 / scale, None)


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.integers(1, 140),
    st.integers(1, 140),
    st.integers(1, 8),
    st.sampled_from(SCALES),
    st.sampled_from(list(KINDS)),
)
def test_of_any_size_any_way_up(
    tmp_path: Path, width: int, height: int, orientation: int, scale: int, kind: str
) -> None:
    content = jpeg(width, height, "RGB", orientation, **KINDS[kind])
    photo = decoded(written(tmp_path / "a.jpg", content), -(-max(width, height) // scale))
    assert np.array_equal(photo.pixels, by_pillow(content, round(1 / photo.scale)))
    assert photo.pixels.flags.c_contiguous


def test_rows_and_columns_beyond_one_band(tmp_path: Path) -> None:
    for orientation in range(1, 9):
        content = jpeg(700, 300, "RGB", orientation)
        pixels = decoded(written(tmp_path / "a.jpg", content)).pixels
        assert np.array_equal(pixels, by_pillow(content, 1))


@pytest.mark.usefixtures("without_pillow")
@pytest.mark.parametrize("orientation", [1, 6])
def test_a_colour_profile_is_followed(tmp_path: Path, orientation: int) -> None:
    plain = jpeg(300, 200, "RGB", orientation)
    profiled = jpeg(300, 200, "RGB", orientation, icc_profile=swapped_profile())

    expected = decoded(written(tmp_path / "plain.jpg", plain)).pixels[..., [1, 0, 2]]
    swapped = decoded(written(tmp_path / "swapped.jpg", profiled)).pixels

    assert np.abs(swapped.astype(int) - expected).max() <= 3


def test_the_profile_of_a_grey_picture(tmp_path: Path) -> None:
    content = encoded(Image.new("L", (64, 64), 128), "JPEG", quality=100, icc_profile=linear_grey_profile())

    pixels = decoded(written(tmp_path / "a.jpg", content)).pixels

    assert abs(int(pixels[30, 30, 0]) - 188) <= 1  # half the light, in sRGB's curve


def test_bytes_between_segments_do_no_harm(tmp_path: Path) -> None:
    """libjpeg warns of them: a strict decoder refuses the file."""
    content = jpeg()
    end = content.rindex(b"\xff\xd9")
    odd = content[:end] + b"\0" * 5 + content[end:]

    photo = decoded(written(tmp_path / "a.jpg", odd))

    assert np.array_equal(photo.pixels, by_pillow(content, 1))
    assert photo.missing is None


@pytest.mark.parametrize("progressive", [False, True])
def test_damaged_data_have_one_outcome(tmp_path: Path, progressive: bool) -> None:
    """What Pillow says of them, whatever libjpeg-turbo says first."""
    content = jpeg(400, 300, progressive=progressive)
    for at in range(len(content) // 2, len(content) - 200, len(content) // 40):
        damaged = content[:at] + bytes(64) + content[at + 64 :]
        file = written(tmp_path / "a.jpg", damaged)
        try:
            expected = by_pillow(damaged, 1)
        except OSError:
            with pytest.raises(PhotoError) as caught:
                decoded(file)
            assert caught.value.reason in (Reason.TRUNCATED, Reason.CORRUPT)
        else:
            assert np.array_equal(decoded(file).pixels, expected)


@pytest.mark.parametrize("trailer", [b"", b"MotionPhoto_Data"], ids=["Google", "Samsung"])
def test_a_film_behind_the_picture_does_no_harm(tmp_path: Path, trailer: bytes) -> None:
    """A motion photo: it is the photo without the film, whole, and shows the same picture."""
    picture = encoded(Image.fromarray(noise(320, 240)), "JPEG")
    plain = decoded(written(tmp_path / "a.jpg", picture))
    photo = decoded(written(tmp_path / "b.jpg", picture + trailer + live_film()))
    np.testing.assert_array_equal(photo.pixels, plain.pixels)
    assert (photo.missing, photo.note, photo.picture) == (None, None, plain.picture)

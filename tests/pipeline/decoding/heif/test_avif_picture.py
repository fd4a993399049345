"""AVIF files are shown as their container says, and refused where they are cut."""

import io
import struct
from pathlib import Path

import pytest
from PIL import Image

from pipeline.decoding.formats import Format
from pipeline.decoding.heif.heif_container import HeifContainer
from pipeline.decoding.heif.heif_items import ItemProperty
from pipeline.decoding.readers import READERS
from pipeline.errors import PhotoError
from pipeline.values import Reason, Size
from tests.pipeline.heic_files import (
    MadeItem,
    clean_aperture,
    heif_file,
    mirror,
    primary_of,
    rotation,
    with_properties,
)
from tests.pipeline.pictures import corner_names, decoded, encoded, four_corners, noise, written

UPRIGHT = ["red", "green", "blue", "yellow"]
LEFT = clean_aperture(48, 64, right=-24)
XMP = b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:Description tiff:Orientation="6"/></x:xmpmeta>'


@pytest.fixture(scope="module")
def corners() -> MadeItem:
    return primary_of(encoded(Image.fromarray(four_corners(96, 64)), "AVIF", speed=10))


def avif(*items: MadeItem) -> bytes:
    return heif_file(items, brand=b"avif")


def test_only_the_part_in_the_clean_aperture(tmp_path: Path, corners: MadeItem) -> None:
    photo = decoded(written(tmp_path / "a.avif", avif(with_properties(corners, LEFT))))
    assert (photo.size, photo.pixels.shape) == (Size(48, 64), (64, 48, 3))
    assert corner_names(photo.pixels) == ["red", "red", "blue", "blue"]


def test_the_pixels_that_are_cut_off_count_against_the_cap(tmp_path: Path, corners: MadeItem) -> None:
    file = written(tmp_path / "a.avif", avif(with_properties(corners, LEFT)))
    with pytest.raises(PhotoError) as error:
        decoded(file, pixel_cap=96 * 64 - 1)
    assert error.value.reason is Reason.TOO_LARGE


def test_it_is_cut_out_before_it_is_turned(tmp_path: Path, corners: MadeItem) -> None:
    turned = with_properties(corners, LEFT, rotation(1))
    photo = decoded(written(tmp_path / "a.avif", avif(turned)), long_edge=32)
    assert (photo.size, photo.scale, photo.pixels.shape) == (Size(64, 48), 0.5, (24, 32, 3))
    assert corner_names(photo.pixels) == ["red", "blue", "red", "blue"]


@pytest.mark.parametrize("aperture", [clean_aperture(97, 64), clean_aperture(48, 64, right=30)])
def test_an_aperture_beyond_the_picture_counts_for_nothing(
    tmp_path: Path, corners: MadeItem, aperture: ItemProperty
) -> None:
    photo = decoded(written(tmp_path / "a.avif", avif(with_properties(corners, aperture))))
    assert corner_names(photo.pixels) == UPRIGHT


def test_xmp_turns_nothing(tmp_path: Path, corners: MadeItem) -> None:
    item = MadeItem(b"mime", XMP, refers=((b"cdsc", (1,)),))
    for properties, expected in (
        ((), UPRIGHT),
        ((mirror(1),), ["green", "red", "yellow", "blue"]),
        ((rotation(1),), ["green", "yellow", "red", "blue"]),
    ):
        photo = decoded(written(tmp_path / "a.avif", avif(with_properties(corners, *properties), item)))
        assert corner_names(photo.pixels) == expected


@pytest.mark.parametrize("share", [0.02, 0.3, 0.7, 0.99, 0.999])
def test_a_file_that_ends_early_is_truncated(tmp_path: Path, share: float) -> None:
    content = encoded(Image.fromarray(noise(128, 96)), "AVIF", speed=10)
    with pytest.raises(PhotoError) as error:
        decoded(written(tmp_path / "a.avif", content[: int(len(content) * share)]))
    assert error.value.reason is Reason.TRUNCATED


def test_another_codec_is_unsupported(tmp_path: Path, corners: MadeItem) -> None:
    with pytest.raises(PhotoError, match="HEVC") as error:
        decoded(written(tmp_path / "a.avif", avif(MadeItem(b"hvc1", corners.data, corners.properties))))
    assert error.value.reason is Reason.UNSUPPORTED


def test_other_metadata_are_the_same_picture(tmp_path: Path, corners: MadeItem) -> None:
    more = MadeItem(b"Exif", struct.pack(">I", 0) + b"MM\0*\0\0\0\x08\0\0\0\0\0\0", refers=((b"cdsc", (1,)),))
    contents = (avif(corners), avif(corners, more), avif(with_properties(corners, rotation(1))))
    plain, tagged, turned = (decoded(written(tmp_path / "a.avif", content)).picture for content in contents)
    assert plain == tagged != turned


def test_an_animation_shows_a_frame(tmp_path: Path) -> None:
    frames = [Image.fromarray(four_corners(96, 64)), Image.new("RGB", (96, 64), "red")]
    content = encoded(frames[0], "AVIF", save_all=True, append_images=frames[1:], speed=10)
    assert corner_names(decoded(written(tmp_path / "a.avif", content)).pixels) == UPRIGHT


@pytest.mark.parametrize(("aperture", "most"), [((), 12), ((LEFT,), 16)])
def test_the_memory_stated_is_that_measured(
    corners: MadeItem, aperture: tuple[ItemProperty, ...], most: int
) -> None:
    content = avif(with_properties(corners, *aperture))
    picture = READERS[Format.AVIF].open(io.BytesIO(content), Format.AVIF, len(content))
    assert picture.memory_needed(None).decoding == most * 96 * 64


def test_more_than_8_bits_are_told_by_the_container(corners: MadeItem) -> None:
    for bits, deep in (((8, 8, 8), False), ((10, 10, 10), True), ((), True)):
        pixi = ItemProperty(b"pixi", bytes([0, 0, 0, 0, len(bits), *bits]))
        item = with_properties(corners, pixi, without=(b"pixi",))
        assert HeifContainer(avif(item), Format.AVIF).is_deep is deep

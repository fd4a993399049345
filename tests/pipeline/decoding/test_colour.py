from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageCms

from pipeline.decoding.colour import upright_srgb as convert
from pipeline.values import U8
from tests.pipeline.pictures import (
    OwnMemory,
    decoded,
    encoded,
    linear_grey_profile,
    linear_profile,
    noise,
    red_cyan_profile,
    solid,
    swapped_profile,
    written,
    ycck_jpeg,
)

RED, WHITE, BLACK = (255, 0, 0), (255, 255, 255), (0, 0, 0)


def upright_srgb(image: Image.Image, orientation: int, reduction: int) -> U8:
    return convert(image, orientation, reduction, OwnMemory().canvas)


def colour_of(image: Image.Image) -> tuple[int, ...]:
    """The one colour of a picture that has only one."""
    pixels = upright_srgb(image, 1, 1)
    assert (pixels == pixels[0, 0]).all()
    return tuple(int(value) for value in pixels[0, 0])


@given(st.integers(1, 60), st.integers(1, 300), st.integers(1, 8), st.sampled_from([1, 2, 4, 8]))
def test_taking_a_picture_in_bands_changes_nothing(
    width: int, height: int, orientation: int, by: int
) -> None:
    image = Image.fromarray(noise(width, height))
    turns = {2: 0, 3: 3, 4: 1, 5: 5, 6: 4, 7: 6, 8: 2}  # Pillow's numbers
    whole = image.reduce(by)
    if orientation in turns:
        whole = whole.transpose(Image.Transpose(turns[orientation]))

    pixels = upright_srgb(image, orientation, by)

    assert np.array_equal(pixels, np.asarray(whole))
    assert pixels.flags.c_contiguous


class TestModes:
    @pytest.mark.parametrize(
        ("mode", "stored", "expected"),
        [
            ("1", 1, WHITE),
            ("L", 77, (77, 77, 77)),
            ("LA", (0, 255), BLACK),
            ("LA", (0, 0), WHITE),
            ("La", (0, 0), WHITE),
            ("RGBA", (255, 0, 0, 255), RED),
            ("RGBA", (255, 0, 0, 0), WHITE),
            ("RGBA", (255, 0, 0, 51), (255, 204, 204)),
            ("RGBX", (255, 0, 0, 0), RED),
            ("CMYK", (0, 255, 255, 0), RED),
            ("CMYK", (0, 0, 0, 255), BLACK),
            ("YCbCr", (76, 85, 255), (254, 0, 0)),
        ],
    )
    def test_plain_modes(self, mode: str, stored: int | tuple[int, ...], expected: tuple[int, ...]) -> None:
        assert colour_of(solid(mode, stored)) == expected

    def test_palettes(self) -> None:
        image = solid("P", 7)
        image.putpalette([0] * 21 + [255, 0, 0])
        assert colour_of(image) == RED

        image.info["transparency"] = 7
        assert colour_of(image) == WHITE

        image.info["transparency"] = b"\xff" * 7 + b"\x33"
        assert colour_of(image) == (255, 204, 204)

    def test_one_colour_of_a_plain_picture_may_stand_for_transparent(self) -> None:
        image = solid("RGB", RED)
        image.info["transparency"] = RED

        assert colour_of(image) == WHITE

    def test_lab(self) -> None:
        red = solid("RGB", RED)
        profiles = ImageCms.createProfile("sRGB"), ImageCms.createProfile("LAB")
        lab = ImageCms.profileToProfile(red, *profiles, outputMode="LAB")
        assert lab is not None

        assert np.abs(np.subtract(colour_of(lab), RED)).max() <= 6  # LAB has 8 bits too


class TestDeepGrey:
    @pytest.mark.parametrize("kind", ["<u2", ">u2"])
    def test_sixteen_bits_are_scaled_and_not_clipped(self, kind: str) -> None:
        ramp = np.linspace(0, 65535, 256).astype(kind).reshape(1, -1)

        pixels = upright_srgb(Image.fromarray(ramp), 1, 1)

        assert pixels[0, :, 0].tolist() == list(range(256))

    def test_a_dark_picture_of_sixteen_bits_stays_dark(self) -> None:
        assert colour_of(Image.fromarray(np.full((9, 9), 2570, np.uint16))) == (10, 10, 10)

    @pytest.mark.parametrize("kind", [np.int32, np.float32])
    @pytest.mark.parametrize("white", [255, 65535])
    def test_white_is_the_usual_one_that_holds_all_values(self, kind: type[np.generic], white: int) -> None:
        values = np.array([[0, white // 5, white]]).astype(kind)

        assert upright_srgb(Image.fromarray(values), 1, 1)[0, :, 0].tolist() == [0, 51, 255]

    def test_floats_from_0_to_1(self) -> None:
        values = np.array([[0.0, 0.2, 0.8]], np.float32)

        assert upright_srgb(Image.fromarray(values), 1, 1)[0, :, 0].tolist() == [0, 51, 204]

    def test_any_other_range_is_stretched(self) -> None:
        values = np.array([[-1e6, 0, 1e6]], np.float32)

        assert upright_srgb(Image.fromarray(values), 1, 1)[0, :, 0].tolist() == [0, 128, 255]

    @pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf, 1e38, -5])
    def test_values_that_are_no_numbers_or_all_the_same(self, value: float) -> None:
        assert len(set(colour_of(Image.fromarray(np.full((3, 3), value, np.float32))))) == 1


class TestProfiles:
    @pytest.mark.parametrize("name", ["JPEG", "PNG", "WEBP", "TIFF", "AVIF"])
    def test_a_profile_is_followed_in_every_format_that_has_them(self, tmp_path: Path, name: str) -> None:
        content = encoded(solid("RGB", (250, 30, 30)), name, icc_profile=swapped_profile())

        red, green, blue = decoded(written(tmp_path / "a", content)).pixels[8, 8]

        assert green > 240
        assert red < 60 > blue

    def test_a_profile_holds_for_palettes_and_transparency_too(self) -> None:
        palette = solid("P", 0)
        palette.putpalette([255, 0, 0])
        for image in (palette, solid("RGBA", (255, 0, 0, 255))):
            image.info["icc_profile"] = swapped_profile()
            assert np.argmax(colour_of(image)) == 1

    @pytest.mark.parametrize("profile", [linear_grey_profile(), linear_profile()])
    def test_grey(self, profile: bytes) -> None:
        image = solid("L", 128)
        image.info["icc_profile"] = profile

        assert np.abs(np.subtract(colour_of(image), 188)).max() <= 1  # sRGB's value of half the light

    def test_cmyk(self) -> None:
        image = solid("CMYK", (255, 0, 0, 0))
        image.info["icc_profile"] = red_cyan_profile()

        red, green, blue = colour_of(image)

        assert red > 220
        assert max(green, blue) < 60

    def test_srgb_changes_nothing_whatever_it_is_called(self) -> None:
        profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
        image = Image.fromarray(noise(40, 40))
        plain = upright_srgb(image, 1, 1)

        image.info["icc_profile"] = profile.replace("sRGB".encode("utf-16-be"), "abcd".encode("utf-16-be"))

        assert np.array_equal(upright_srgb(image, 1, 1), plain)

    @pytest.mark.parametrize(
        "profile",
        [b"", b"nonsense", swapped_profile()[:200], red_cyan_profile(), linear_grey_profile(), None],
    )
    def test_a_profile_that_is_broken_or_of_another_kind_is_left_alone(self, profile: bytes | None) -> None:
        image = solid("RGB", RED)
        image.info["icc_profile"] = profile

        assert colour_of(image) == RED

    @given(st.data())
    def test_damaged_profiles_never_raise(self, data: st.DataObject) -> None:
        profile = bytearray(swapped_profile())
        for _ in range(data.draw(st.integers(1, 8))):
            profile[data.draw(st.integers(0, len(profile) - 1))] = data.draw(st.integers(0, 255))
        image = solid("RGB", RED)
        image.info["icc_profile"] = bytes(profile)

        upright_srgb(image, 1, 1)

    def test_threads_may_share_a_profile(self) -> None:
        images = [Image.fromarray(noise(200, 200, seed)) for seed in range(8)]
        for image in images:
            image.info["icc_profile"] = swapped_profile()
        alone = [upright_srgb(image, 1, 1) for image in images]

        with ThreadPoolExecutor(4) as pool:
            together = list(pool.map(lambda image: upright_srgb(image, 1, 1), images * 4))

        assert all(np.array_equal(alone[at % 8], pixels) for at, pixels in enumerate(together))


class TestInks:
    INKS = np.array(
        [[(0, 255, 255, 0), (255, 0, 255, 0), (255, 255, 0, 0), (0, 0, 0, 0), (0, 0, 0, 255)]], np.uint8
    )
    SHOWN = np.array([RED, (0, 255, 0), (0, 0, 255), WHITE, BLACK])

    def test_cmyk_jpeg(self, tmp_path: Path) -> None:
        image = Image.fromarray(self.INKS.repeat(16, 0).repeat(16, 1), "CMYK")
        file = written(tmp_path / "a.jpg", encoded(image, "JPEG", quality=100, subsampling=0))

        assert np.abs(decoded(file).pixels[8, 8::16].astype(int) - self.SHOWN).max() <= 4

    def test_ycck_jpeg(self, tmp_path: Path) -> None:
        file = written(tmp_path / "a.jpg", ycck_jpeg(self.INKS.repeat(16, 0).repeat(16, 1)))

        assert np.abs(decoded(file).pixels[8, 8::16].astype(int) - self.SHOWN).max() <= 4

    def test_cmyk_tiff(self, tmp_path: Path) -> None:
        image = Image.fromarray(self.INKS.repeat(16, 0).repeat(16, 1), "CMYK")

        pixels = decoded(written(tmp_path / "a.tif", encoded(image, "TIFF"))).pixels

        assert np.array_equal(pixels[8, 8::16], self.SHOWN)

    def test_cmyk_jpeg_with_a_profile(self, tmp_path: Path) -> None:
        content = encoded(solid("CMYK", (255, 0, 0, 0)), "JPEG", icc_profile=red_cyan_profile())

        assert decoded(written(tmp_path / "a.jpg", content)).pixels[8, 8].argmax() == 0

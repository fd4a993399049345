"""HEIC files are read as they say: upright, in their colours, the one picture that they show, or refused."""

import io
import struct
from pathlib import Path

import numpy as np
import pillow_heif
import pytest
from PIL import Image, ImageCms

from pipeline.decoding.formats import Format
from pipeline.decoding.heif.heif_container import HeifContainer
from pipeline.decoding.heif.heif_items import ItemProperty
from pipeline.decoding.readers import READERS
from pipeline.errors import PhotoError
from pipeline.values import U8, DecodedPhoto, Reason, Size
from tests.pipeline.corrupt import exif_block
from tests.pipeline.heic_files import (
    MadeItem,
    clean_aperture,
    coded,
    extent,
    grid,
    heic,
    heif_file,
    mirror,
    nclx,
    rotation,
    with_properties,
)
from tests.pipeline.iso_boxes import box, meta
from tests.pipeline.pictures import (
    corner_names,
    decoded,
    four_corners,
    noise,
    photo_file,
    swapped_profile,
    written,
)

MEDIA = Path("../shared/media")
needs_samples = pytest.mark.skipif(not MEDIA.is_dir(), reason="the samples in ../shared/media are not here")

UPRIGHT = ["red", "green", "blue", "yellow"]
EXIF = (b"cdsc", (1,))
COVERS = [Image.new("RGB", (96, 64), colour) for colour in ("red", "blue")]


@pytest.fixture(scope="module")
def corners() -> MadeItem:
    return coded(Image.fromarray(four_corners(96, 64)))


def read(folder: Path, content: bytes, **options: int) -> DecodedPhoto:
    return decoded(written(folder / "photo.heic", content), **options)


def refused(folder: Path, content: bytes) -> tuple[Reason, str]:
    with pytest.raises(PhotoError) as error:
        read(folder, content)
    return error.value.reason, error.value.message


def exif_item(orientation: int) -> MadeItem:
    return MadeItem(b"Exif", struct.pack(">I", 0) + exif_block(orientation), refers=(EXIF,))


def colour(photo: DecodedPhoto) -> list[int]:
    found: list[int] = photo.pixels[8, 8].tolist()
    return found


class TestOrientation:
    @pytest.mark.parametrize(
        ("properties", "expected"),
        [
            ((rotation(0),), UPRIGHT),
            ((rotation(1),), ["green", "yellow", "red", "blue"]),
            ((rotation(2),), ["yellow", "blue", "green", "red"]),
            ((rotation(3),), ["blue", "red", "yellow", "green"]),
            ((mirror(1),), ["green", "red", "yellow", "blue"]),
            ((mirror(0),), ["blue", "yellow", "red", "green"]),
            ((rotation(1), mirror(1)), ["yellow", "green", "blue", "red"]),
        ],
    )
    def test_the_container_turns_it_once_whatever_exif_says(
        self, tmp_path: Path, corners: MadeItem, properties: tuple[ItemProperty, ...], expected: list[str]
    ) -> None:
        turned = with_properties(corners, *properties)
        for more in ((), (exif_item(6),), (exif_item(1),)):
            photo = read(tmp_path, heif_file([turned, *more]))
            assert corner_names(photo.pixels) == expected
            sideways = properties[0] in (rotation(1), rotation(3))
            assert photo.size == (Size(64, 96) if sideways else Size(96, 64))
            assert photo.pixels.shape == (photo.size.height, photo.size.width, 3)

    @pytest.mark.parametrize(
        ("orientation", "expected"),
        [(1, UPRIGHT), (6, ["blue", "red", "yellow", "green"]), (8, ["green", "yellow", "red", "blue"])],
    )
    def test_exif_does_where_the_container_says_nothing(
        self, tmp_path: Path, corners: MadeItem, orientation: int, expected: list[str]
    ) -> None:
        plain = with_properties(corners, without=(b"irot", b"imir"))
        photo = read(tmp_path, heif_file([plain, exif_item(orientation)]))
        assert corner_names(photo.pixels) == expected
        assert photo.taken_at is not None
        assert photo.taken_at.isoformat() == "2021-06-05T12:00:30+02:00"

    def test_xmp_does_not_turn_what_the_container_has_turned(self, tmp_path: Path, corners: MadeItem) -> None:
        xmp = b'<x:xmpmeta><rdf:Description tiff:Orientation="6"/></x:xmpmeta>'
        item = MadeItem(b"mime", xmp, refers=(EXIF,))
        turned = with_properties(corners, rotation(1))
        photo = read(tmp_path, heif_file([turned, item]))
        assert corner_names(photo.pixels) == ["green", "yellow", "red", "blue"]


class TestWhatIsShown:
    def test_only_the_part_in_the_clean_aperture(self, tmp_path: Path, corners: MadeItem) -> None:
        left = with_properties(corners, clean_aperture(48, 64, right=-24))
        photo = read(tmp_path, heif_file([left]))
        assert photo.size == Size(48, 64)
        assert corner_names(photo.pixels) == ["red", "red", "blue", "blue"]

    def test_a_grid_of_tiles(self, tmp_path: Path) -> None:
        tile = coded(Image.fromarray(four_corners(64, 64)))
        photo = read(tmp_path, heif_file(grid(160, 128, tile, 64)))
        assert photo.size == Size(160, 128)
        assert corner_names(photo.pixels[64:, 64:128]) == UPRIGHT

    def test_the_primary_picture_of_several(self, tmp_path: Path) -> None:
        burst = [coded(each) for each in COVERS]
        for primary, blue in ((1, 0), (2, 255)):
            photo = read(tmp_path, heif_file(burst, primary=primary))
            assert abs(colour(photo)[2] - blue) < 8

    def test_no_thumbnail_gain_map_or_depth(self, tmp_path: Path) -> None:
        picture, other = (coded(each) for each in COVERS)
        for name in (b"urn:com:apple:photo:2020:aux:hdrgainmap", b"urn:mpeg:hevc:2015:auxid:2"):
            auxiliary = MadeItem(
                other.kind,
                other.data,
                (*other.properties, ItemProperty(b"auxC", bytes(4) + name + b"\0")),
                ((b"auxl", (1,)),),
            )
            thumbnail = MadeItem(other.kind, other.data, other.properties, ((b"thmb", (1,)),))
            assert colour(read(tmp_path, heif_file([picture, auxiliary, thumbnail])))[0] > 245

    def test_transparency_is_white(self, tmp_path: Path) -> None:
        image = Image.new("RGBA", (64, 64), (255, 0, 0, 255))
        image.paste((0, 0, 255, 0), (0, 0, 32, 64))
        photo = read(tmp_path, heic(image))
        assert corner_names(photo.pixels)[1] == "red"
        assert photo.pixels[32, 8].min() > 245

    def test_grey(self, tmp_path: Path) -> None:
        assert colour(read(tmp_path, heic(Image.new("L", (64, 64), 100)))) == pytest.approx([100] * 3, abs=2)

    @pytest.mark.parametrize("mode", ["RGB;16", "L;16", "RGBA;16"])
    def test_ten_bits_become_eight(self, tmp_path: Path, mode: str) -> None:
        channels = {"L": 1, "RGB": 3, "RGBA": 4}[mode.split(";")[0]]
        values = np.full((64, 64, channels), 100 * 257, np.uint16)
        values[:, :, 3:] = 65535
        stream = io.BytesIO()
        pillow_heif.from_bytes(mode, (64, 64), values.tobytes()).save(stream, quality=90)
        assert colour(read(tmp_path, stream.getvalue())) == pytest.approx([100] * 3, abs=3)

    @pytest.mark.parametrize("mode", ["RGB", "RGBA", "L"])
    def test_a_reduction_is_the_mean_of_its_pixels(self, tmp_path: Path, mode: str) -> None:
        content = heic(Image.fromarray(noise(203, 101)).convert(mode))
        full = read(tmp_path, content)
        half = read(tmp_path, content, long_edge=100)
        assert (half.size, half.scale, half.pixels.shape) == (Size(203, 101), 0.5, (51, 102, 3))
        mean = full.pixels[:100, :202].astype(float).reshape(50, 2, 101, 2, 3).mean((1, 3))
        assert np.abs(mean - half.pixels[:50, :101]).max() <= 1
        assert half.picture == full.picture

    def test_a_film_behind_it_is_no_part_of_it(self, tmp_path: Path, corners: MadeItem) -> None:
        alone = read(tmp_path, heif_file([corners]))
        film = box(b"mpvd", box(b"ftyp", b"mp42"), box(b"mdat", bytes(500)))
        for behind in (film, film[:-100]):
            photo = read(tmp_path, heif_file([corners], behind=behind))
            assert corner_names(photo.pixels) == UPRIGHT
            assert photo.picture == alone.picture


class TestColour:
    def test_an_icc_profile_is_followed(self, tmp_path: Path) -> None:
        photo = read(tmp_path, heic(COVERS[0], icc_profile=swapped_profile()))
        assert colour(photo)[1] > 245  # red is shown as green

    def test_display_p3_by_numbers_is_converted(self, tmp_path: Path) -> None:
        """The colour is 200, 100, 50 in Display P3; expected by the matrix of SMPTE EG 432-1 to sRGB."""
        plain = coded(Image.new("RGB", (64, 64), (200, 100, 50)), chroma=444, quality=100)
        expected = {1: [200, 100, 50], 12: [216, 92, 31]}
        for primaries, values in expected.items():
            item = with_properties(plain, nclx(primaries, 13), without=(b"colr",))
            assert colour(read(tmp_path, heif_file([item]))) == pytest.approx(values, abs=3)

    @pytest.mark.parametrize(("transfer", "paper"), [(16, 148), (18, 191)])
    def test_high_dynamic_range_is_as_bright_as_a_plain_picture(
        self, tmp_path: Path, transfer: int, paper: int
    ) -> None:
        """White paper is at 58 % of PQ and 75 % of HLG (ITU-R BT.2408, table 1)."""
        item = with_properties(
            coded(Image.new("RGB", (64, 64), (paper,) * 3)), nclx(9, transfer), without=(b"colr",)
        )
        assert 215 < min(colour(read(tmp_path, heif_file([item])))) < 245

    def test_srgb_by_numbers_costs_no_conversion(self, tmp_path: Path) -> None:
        item = with_properties(coded(COVERS[0]), nclx(1, 13), without=(b"colr",))
        with pytest.MonkeyPatch.context() as patched:
            patched.setattr(ImageCms, "applyTransform", None)
            assert colour(read(tmp_path, heif_file([item])))[0] > 245


class TestRefused:
    @pytest.mark.parametrize("share", [0.02, 0.3, 0.5, 0.7, 0.9, 0.97, 0.99, 0.999])
    @pytest.mark.parametrize(
        "options", [{}, {"exif": exif_block(1)}, {"tile_size": 64}, {"thumbnails": [64]}]
    )
    def test_a_file_that_ends_early(self, tmp_path: Path, share: float, options: dict[str, object]) -> None:
        content = heic(Image.fromarray(noise(256, 160)), **options)
        assert refused(tmp_path, content[: int(len(content) * share)]) == (
            Reason.TRUNCATED,
            "the file ends before the picture does: copy it again from its source",
        )

    def test_a_hole_as_broken_copies_and_disks_leave(self, tmp_path: Path) -> None:
        content = bytearray(heic(Image.fromarray(noise(256, 160))))
        content[-512:] = bytes(512)
        reason, message = refused(tmp_path, bytes(content))
        assert reason is Reason.CORRUPT
        assert message == (
            "the HEIC is damaged (a part of its picture is missing): copy it again from its source"
        )

    @pytest.mark.parametrize(
        ("kind", "what"),
        [
            (b"av01", "AV1"),
            (b"jxs1", "JPEG XS"),
            (b"unci", "uncompressed pixels"),
            (b"j2k1", "JPEG 2000"),
            (b"mime", "an item of type mime"),
        ],
    )
    def test_another_codec_is_unsupported(
        self, tmp_path: Path, corners: MadeItem, kind: bytes, what: str
    ) -> None:
        reason, message = refused(tmp_path, heif_file([MadeItem(kind, corners.data, corners.properties)]))
        assert reason is Reason.UNSUPPORTED
        assert what in message

    def test_an_encrypted_picture(self, tmp_path: Path, corners: MadeItem) -> None:
        locked = MadeItem(corners.kind, corners.data, corners.properties, protected=True)
        assert refused(tmp_path, heif_file([locked])) == (
            Reason.UNSUPPORTED,
            "the HEIC is encrypted: convert it to JPEG or PNG",
        )

    def test_no_picture(self, tmp_path: Path) -> None:
        head = box(b"ftyp", b"heic", bytes(4), b"mif1")
        for rest in (b"", meta(), box(b"moov", box(b"mvhd"))):
            reason, message = refused(tmp_path, head + rest)
            assert reason is Reason.UNSUPPORTED
            assert "picture" in message

    def test_contradictions_are_damage(self, tmp_path: Path, corners: MadeItem) -> None:
        other_size = with_properties(corners, extent(4000, 3000), without=(b"ispe",))
        for content in (
            heif_file([corners], primary=2),
            heif_file([with_properties(corners, without=(b"hvcC",))]),
            heif_file(grid(128, 128, corners, 64)[:4]),
            heif_file([other_size]),
        ):
            assert refused(tmp_path, content)[0] is Reason.CORRUPT

    def test_too_many_pixels_are_refused_before_they_are_decoded(
        self, tmp_path: Path, corners: MadeItem
    ) -> None:
        huge = with_properties(corners, extent(20_000, 20_001), without=(b"ispe",))
        assert refused(tmp_path, heif_file([huge]))[0] is Reason.TOO_LARGE

    def test_another_picture_that_lies_nowhere_does_not_cost_this_one(
        self, tmp_path: Path, corners: MadeItem
    ) -> None:
        thumbnail = MadeItem(corners.kind, corners.data, corners.properties, ((b"thmb", (1,)),))
        content = heif_file([corners, thumbnail])
        at = content.index(b"iloc") + 12 + 14  # the offset of the second item
        assert struct.unpack_from(">HHH", content, at) == (2, 0, 1)
        lost = content[: at + 6] + struct.pack(">I", len(content) + 5) + content[at + 10 :]
        assert corner_names(read(tmp_path, lost).pixels) == UPRIGHT
        assert refused(tmp_path, lost[:-1])[0] is Reason.TRUNCATED


class TestDigest:
    def test_other_metadata_are_the_same_picture(self, tmp_path: Path) -> None:
        image = Image.fromarray(noise(128, 64))
        plain = read(tmp_path, heic(image, tile_size=64))
        tagged = heic(image, tile_size=64, exif=exif_block(1), xmp=b"<x:xmpmeta/>")
        assert read(tmp_path, tagged).picture == plain.picture

    def test_so_are_other_places_in_the_file(self, tmp_path: Path, corners: MadeItem) -> None:
        """As a program leaves them that writes a caption before the picture."""
        turned = with_properties(corners, rotation(1))
        before = MadeItem(
            b"Exif", struct.pack(">I", 0) + exif_block(1) + bytes(500), refers=((b"cdsc", (2,)),)
        )
        one, other = heif_file([turned]), heif_file([before, turned], primary=2)
        assert read(tmp_path, one).picture == read(tmp_path, other).picture

    def test_whatever_changes_the_looks_makes_another(self, tmp_path: Path, corners: MadeItem) -> None:
        plain = with_properties(corners, without=(b"irot", b"imir"))
        other = coded(Image.fromarray(four_corners(96, 64)[::-1].copy()))
        tile = coded(Image.fromarray(four_corners(64, 64)))
        contents = [
            heif_file([plain]),
            heif_file([other]),
            heif_file([plain, exif_item(6)]),
            heif_file([with_properties(plain, rotation(1))]),
            heif_file([with_properties(plain, mirror(1))]),
            heif_file([with_properties(plain, clean_aperture(48, 64))]),
            heif_file([with_properties(plain, nclx(12, 13), without=(b"colr",))]),
            heif_file(grid(128, 64, tile, 64)),
            heif_file(grid(64, 128, tile, 64)),
        ]
        assert len({read(tmp_path, each).picture for each in contents}) == len(contents)

    def test_so_does_the_order_of_tiles(self) -> None:
        tiles = [coded(each.resize((64, 64))) for each in COVERS]
        whole, *_ = grid(192, 64, tiles[0], 64)
        orders = ((2, 3, 2), (3, 2, 2), (2, 3, 3))
        contents = [
            heif_file([MadeItem(whole.kind, whole.data, whole.properties, ((b"dimg", order),)), *tiles])
            for order in orders
        ]
        digests = {HeifContainer(each, Format.HEIC).digest(1) for each in contents}
        assert len(digests) == len(orders)

    def test_the_orientation_in_exif_is_no_part_of_it_where_it_does_not_count(
        self, tmp_path: Path, corners: MadeItem
    ) -> None:
        turned = with_properties(corners, rotation(1))
        one, other = (read(tmp_path, heif_file([turned, exif_item(each)])) for each in (6, 1))
        assert one.picture == other.picture


@pytest.mark.parametrize(
    ("mode", "options", "most"),
    [("RGB", {}, 6), ("RGB", {"chroma": 444}, 10), ("RGBA", {}, 10), ("RGB;16", {}, 8), ("L", {}, 6)],
)
def test_the_memory_stated_is_that_measured(mode: str, options: dict[str, object], most: int) -> None:
    """Bytes a pixel beside the result, as measured with made files of up to 190 megapixels."""
    channels = {"L": 1, "RGB": 3, "RGBA": 4}[mode.split(";")[0]]
    values: U8 = np.zeros((64, 64, channels), np.uint8).repeat(2 if ";" in mode else 1, axis=2)
    stream = io.BytesIO()
    pillow_heif.from_bytes(mode, (64, 64), values.tobytes()).save(stream, **options)
    picture = READERS[Format.HEIC].open(io.BytesIO(stream.getvalue()), Format.HEIC, len(stream.getvalue()))
    for long_edge, edge in ((None, 64), (32, 32)):
        needed = picture.memory_needed(long_edge)
        assert (needed.pixels, needed.result, needed.decoding) == (64 * 64, 3 * edge**2, most * 64 * 64)


@needs_samples
class TestSamples:
    def test_an_iphone_that_wrote_its_orientation_into_exif_alone(self) -> None:
        """The sky of a castle is above: blue."""
        photo = decoded_sample("iphone_7.heic")
        assert photo.size == Size(3024, 4032)
        red, _, blue = photo.pixels[:200].reshape(-1, 3).mean(0)
        assert blue > red + 50

    @pytest.mark.parametrize(
        ("name", "size"), [("1_top_left", Size(7008, 4672)), ("6_right_top", Size(4672, 7008))]
    )
    def test_sony_of_ten_bits_upright(self, name: str, size: Size) -> None:
        """A white table is below a dark background."""
        photo = decoded_sample(f"issue_9292_sony_{name}.HIF")
        assert photo.size == size
        width = photo.pixels.shape[1]
        above, below = (
            part[:, width // 3 : width // 2].mean() for part in (photo.pixels[:9], photo.pixels[-9:])
        )
        assert below > above

    def test_a_live_photo(self) -> None:
        photo = decoded_sample("IMG_7943.HEIC")
        assert photo.size == Size(100, 133)
        assert photo.taken_at is not None
        assert photo.taken_at.isoformat(timespec="seconds") == "2026-03-23T15:57:20+01:00"


def decoded_sample(name: str) -> DecodedPhoto:
    return decoded(photo_file(MEDIA / name), long_edge=200)

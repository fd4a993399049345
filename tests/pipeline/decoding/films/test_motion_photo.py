"""The film behind the picture of a motion photo is found where the file says; nonsense is not believed."""

from pathlib import Path

import pytest
from PIL import Image

from pipeline.decoding.films.motion_photo import FilmBehind, film_behind, has_film_behind
from pipeline.sources.photo_file_access import OpenPhoto
from tests.pipeline.iso_boxes import box
from tests.pipeline.motion_photos import with_xmp
from tests.pipeline.pictures import encoded, noise, photo_file, written

MEDIA = Path("../shared/media")

pytestmark = pytest.mark.usefixtures("way")

FILM = box(b"ftyp", b"isom\0\0\0\0isom") + box(b"mdat", bytes(range(200)))
DEPTH = b"another picture" * 3


def items(*written: str) -> str:
    listed = "".join(
        f'<rdf:li rdf:parseType="Resource"><Container:Item {each}/></rdf:li>' for each in written
    )
    return f"><Container:Directory><rdf:Seq>{listed}</rdf:Seq></Container:Directory>"


def item(semantic: str, length: object, padding: int = 0) -> str:
    return f'Item:Semantic="{semantic}" Item:Mime="a/b" Item:Length="{length}" Item:Padding="{padding}"'


def jpeg(xmp: str | None = None) -> bytes:
    plain = encoded(Image.fromarray(noise(40, 30)), "JPEG")
    if xmp is None:
        return plain
    return with_xmp(plain, xmp)


def found(tmp_path: Path, content: bytes) -> FilmBehind | None:
    """What is found in a file; the same whether it is in memory or not."""
    file = written(tmp_path / "PXL.jpg", content)
    with OpenPhoto(file) as photo:
        there = film_behind(photo)
        photo.read()
        assert film_behind(photo) == there
    assert has_film_behind(file) == (there is not None)
    return there


def samsung(film: bytes) -> bytes:
    """The trailer of a Samsung: a note, the film, and the directory of both."""
    blocks = [
        b"\0\0\x01\x0a\x0e\0\0\0Image_UTC_Data1234567890123",
        b"\0\0\x30\x0a\x10\0\0\0MotionPhoto_Data" + film,
    ]
    entries, back = b"", 0
    for each in reversed(blocks):
        back += len(each)
        entries = each[:4] + back.to_bytes(4, "little") + len(each).to_bytes(4, "little") + entries
    directory = b"SEFH" + (106).to_bytes(4, "little") + len(blocks).to_bytes(4, "little") + entries
    return b"".join(blocks) + directory + len(directory).to_bytes(4, "little") + b"SEFT"


@pytest.mark.parametrize(
    "xmp",
    [
        f'GCamera:MicroVideo="1" GCamera:MicroVideoOffset="{len(FILM)}">',
        f"><GCamera:MicroVideoOffset>{len(FILM)}</GCamera:MicroVideoOffset>",
        items(item("Primary", 0), item("MotionPhoto", len(FILM))),
    ],
    ids=["attribute", "element", "directory"],
)
def test_google_says_where_it_is(tmp_path: Path, xmp: str) -> None:
    still = jpeg(xmp)
    assert found(tmp_path, still + FILM) == FilmBehind(len(still), len(FILM))


def test_other_pictures_may_stand_before_and_behind_it(tmp_path: Path) -> None:
    still = jpeg(
        items(
            item("Primary", 0),
            item("GainMap", len(DEPTH)),
            item("MotionPhoto", len(FILM)),
            item("Depth", len(DEPTH), 2),
        )
    )
    content = still + DEPTH + FILM + DEPTH + b"\0\0"
    assert found(tmp_path, content) == FilmBehind(len(still) + len(DEPTH), len(FILM))


def test_samsung_has_a_directory_at_the_end(tmp_path: Path) -> None:
    begin = jpeg() + samsung(FILM)
    place = found(tmp_path, begin)
    assert place is not None
    assert begin[place.begin : place.begin + place.length] == FILM


def test_samsung_names_it_where_the_directory_is_gone(tmp_path: Path) -> None:
    still = jpeg() + b"MotionPhoto_Data"
    far = FILM + bytes(3 << 20)  # the name stands before the last blocks
    assert found(tmp_path, still + far) == FilmBehind(len(still), len(far))


def test_a_heic_has_it_in_a_box(tmp_path: Path) -> None:
    start = box(b"ftyp", b"heic\0\0\0\0heic") + box(b"meta", bytes(20))
    content = start + box(b"mpvd", FILM) + box(b"free", bytes(9))
    assert found(tmp_path, content) == FilmBehind(len(start) + 8, len(FILM))
    assert found(tmp_path, start) is None
    assert found(tmp_path, start + box(b"mpvd", bytes(50))) is None


@pytest.mark.parametrize("offset", ["0", "7", str(len(FILM) - 1), "-20", "99999", "9" * 40, "none", "\u0663"])
def test_nonsense_is_not_believed(tmp_path: Path, offset: str) -> None:
    assert found(tmp_path, jpeg(f'GCamera:MicroVideoOffset="{offset}">') + FILM) is None
    directory = items(item("Primary", 0), item("MotionPhoto", offset))
    assert found(tmp_path, jpeg(directory) + FILM) is None


def test_damaged_trailers_are_not_believed(tmp_path: Path) -> None:
    still = jpeg()
    whole = samsung(FILM)
    assert found(tmp_path, still) is None
    assert found(tmp_path, still + whole[-8:]) is None
    for cut in range(len(whole) - 60, len(whole)):
        found(tmp_path, still + whole[:cut])
        found(tmp_path, still + whole[cut:])
    assert found(tmp_path, still + b"MotionPhoto_Data" + bytes(100)) is None
    assert found(tmp_path, jpeg('><!DOCTYPE x "y">') + FILM) is None


def test_films_and_other_pictures_have_none(tmp_path: Path) -> None:
    assert found(tmp_path, FILM) is None
    assert (
        found(tmp_path, encoded(Image.fromarray(noise(40, 30)), "PNG") + b"MotionPhoto_Data" + FILM) is None
    )


@pytest.mark.skipif(not MEDIA.is_dir(), reason="the samples in ../shared/media are not here")
def test_a_real_one() -> None:
    with OpenPhoto(photo_file(MEDIA / "PXL_TEST_IMAGE.jpg")) as photo:
        assert film_behind(photo) == FilmBehind(photo.length - 1_580_438, 1_580_438)

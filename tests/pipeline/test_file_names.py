"""What is told from the names of files alone."""

import pytest

from pipeline.file_names import developed_photos, named_like_photo


@pytest.mark.parametrize("name", [b"a.jpg", b"/x/B.JPEG", b"c.HeIc", b"caf\xe9.tif", b".b.png", b"a.nef"])
def test_photo_names(name: bytes) -> None:
    assert named_like_photo(name)


@pytest.mark.parametrize("name", [b"jpg", b".jpg", b"a.txt", b"a.jpg.xmp", b"a.raw", b"/x.jpg/a"])
def test_other_names(name: bytes) -> None:
    assert not named_like_photo(name)


@pytest.mark.parametrize(
    ("raw", "developed"),
    [
        (b"/a/IMG_1.CR2", b"/a/IMG_1.JPG"),
        (b"/a/IMG_1.cr3", b"/a/IMG_1.HEIC"),
        (b"/a/IMG_1.NEF", b"/a/IMG_1.NEF.jpg"),
        (b"/a/IMG_1.dng", b"/a/IMG_1.tiff"),
        (b"/a/IMG.1.dng", b"/a/IMG.1.jpg"),
        (b"/a/\xe9.ARW", b"/a/\xe9.png"),
        (b"/a/PXL_1.RAW-02.ORIGINAL.dng", b"/a/PXL_1.RAW-01.COVER.jpg"),
        (b"/a/PXL_1.RAW-02.ORIGINAL.dng", b"/a/PXL_1.RAW-01.MP.COVER.jpg"),
    ],
)
def test_a_picture_of_the_same_name_was_developed_from_camera_raw(raw: bytes, developed: bytes) -> None:
    assert developed_photos([raw, developed]) == {raw: developed}


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (b"/a/IMG_1.CR2", b"/b/IMG_1.JPG"),
        (b"/a/IMG_1.CR2", b"/a/IMG_10.JPG"),
        (b"/a/IMG_1.CR2", b"/a/IMG_1-edited.JPG"),
        (b"/a/IMG_1.CR2", b"/a/img_1.JPG"),
        (b"/a/IMG_1.CR2", b"/a/IMG_1.xmp"),
        (b"/a/IMG_1.CR2", b"/a/IMG_1.MOV"),
        (b"/a/IMG_1.CR2", b"/a/IMG_1.DNG"),
        (b"/a/IMG_1.PNG", b"/a/IMG_1.JPG"),
        (b"/a/backup.raw", b"/a/backup.jpg"),  # the name of many other things
    ],
)
def test_others_are_photos_of_their_own(one: bytes, other: bytes) -> None:
    assert developed_photos([one, other]) == {}


def test_what_a_camera_made_goes_before_what_was_made_later() -> None:
    raw = [b"/a/I.CR2", b"/a/I.DNG"]
    assert developed_photos([*raw, b"/a/I.CR2.png", b"/a/I.JPG"]) == dict.fromkeys(raw, b"/a/I.JPG")

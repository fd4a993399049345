"""What ``library.pictures`` gives to look at, and what it says where there is nothing."""

import io
import os
import shutil
import threading
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from faceindex.errors import BadRequest, PictureUnavailable
from faceindex.library import Library
from faceindex.viewing.picture import Picture
from tests.faceindex.viewing.conftest import Viewed


def opened(picture: Picture) -> Image.Image:
    assert picture.media_type == "image/jpeg"
    return Image.open(io.BytesIO(picture.content)).convert("RGB")


def test_a_scan_keeps_the_pictures_of_all_faces(viewed: Viewed, decodes: list[str]) -> None:
    for each in viewed.library.faces():
        large = viewed.library.pictures.face(each.record.face_id)
        small = viewed.library.pictures.face(each.record.face_id, 112)
        assert max(opened(large).size) > max(opened(small).size) == 112
    assert decodes == []


def test_what_is_cut_later_shows_what_was_cut_by_the_scan(viewed: Viewed, decodes: list[str]) -> None:
    numbers = [viewed.face_id(name) for name in ("one.jpg", "film.mp4")]
    kept = [opened(viewed.library.pictures.face(number, 112)) for number in numbers]
    viewed.thumbnails.unlink()
    cut = [opened(viewed.library.pictures.face(number, 112)) for number in numbers]
    for first, later in zip(kept, cut, strict=True):
        assert first.size == later.size
        assert np.abs(np.asarray(first, int) - np.asarray(later, int)).mean() < 6
    assert decodes == ["one.jpg", "film.mp4"]


def test_all_faces_of_a_photo_are_cut_when_one_is_wanted(
    without_thumbnails: Viewed, decodes: list[str]
) -> None:
    library = without_thumbnails.library
    path = bytes(without_thumbnails.folder / "two.jpg")
    numbers = [each.record.face_id for each in library.faces() if each.record.photo == path]
    assert len(numbers) == 2
    assert library.pictures.kept_face(numbers[0]) is None
    library.pictures.face(numbers[0])
    assert library.pictures.kept_face(numbers[1]) is not None
    assert decodes == ["two.jpg"]
    assert without_thumbnails.thumbnails.stat().st_mode & 0o777 == 0o600


def test_threads_that_want_one_photo_wait_for_one(without_thumbnails: Viewed, decodes: list[str]) -> None:
    number = without_thumbnails.face_id("large.jpg")
    found: list[Picture] = []
    together = threading.Barrier(8)

    def want() -> None:
        together.wait()
        found.append(without_thumbnails.library.pictures.face(number))

    threads = [threading.Thread(target=want) for _ in range(8)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert len(found) == 8
    assert len({each.content for each in found}) == 1
    assert decodes == ["large.jpg"]


def test_a_damaged_file_of_pictures_is_made_anew_with_one_note(viewed: Viewed) -> None:
    viewed.thumbnails.write_bytes(b"rubbish" * 1000)
    numbers = [each.record.face_id for each in viewed.library.faces()]
    for number in numbers:
        assert viewed.library.pictures.face(number).content
    (note,) = viewed.notes
    assert "are made anew" in note
    assert viewed.library.pictures.kept_face(numbers[0]) is not None


def test_a_library_put_in_place_of_another_shows_no_picture_of_the_other(
    viewed: Viewed, tmp_path: Path, decodes: list[str]
) -> None:
    """Its faces have ids that faces of the other had."""
    number = viewed.face_id("one.jpg")
    viewed.execute("UPDATE face SET x = x + 40, w = w / 2 WHERE id = ?", number)
    assert viewed.library.pictures.kept_face(number) is None
    viewed.library.pictures.face(number)
    assert decodes == ["one.jpg"]


def test_a_restored_library_makes_its_pictures_again(viewed: Viewed, tmp_path: Path) -> None:
    viewed.library.backup(tmp_path / "backup.db")
    assert b"FIF" not in (tmp_path / "backup.db").read_bytes()
    viewed.library.restore(tmp_path / "backup.db")
    assert not viewed.thumbnails.exists()
    assert viewed.library.pictures.face(viewed.face_id("one.jpg")).content


def test_check_finds_a_damaged_file_and_repairs_it(viewed: Viewed) -> None:
    viewed.thumbnails.write_bytes(b"rubbish" * 1000)
    (finding, _) = viewed.library.check()
    assert "pictures of faces" in str(finding)
    list(viewed.library.check(repair=True))
    assert not viewed.thumbnails.exists()


@pytest.mark.parametrize("long_edge", [640, 1280])
def test_a_photo_is_made_smaller_and_never_larger(viewed: Viewed, long_edge: int) -> None:
    picture = opened(viewed.library.pictures.photo(viewed.photo_id("large.jpg"), long_edge))
    assert picture.size == (min(1024, long_edge),) * 2


def test_a_photo_is_decoded_once_for_all_who_ask(viewed: Viewed, decodes: list[str]) -> None:
    number = viewed.photo_id("one.jpg")
    assert viewed.library.pictures.photo(number, 640) == viewed.library.pictures.photo(number, 640)
    assert decodes == ["one.jpg"]


def test_a_turned_photo_is_shown_upright(viewed: Viewed, tmp_path: Path) -> None:
    path = tmp_path / "new" / "turned.jpg"
    path.parent.mkdir()
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.new("RGB", (300, 100), (1, 2, 3)).save(path, exif=exif)
    viewed.library.scan([path])
    ((number,),) = viewed.execute("SELECT id FROM photo WHERE path = ?", bytes(path))
    assert opened(viewed.library.pictures.photo(number)).size == (100, 300)
    Image.new("RGB", (200, 200)).save(path)
    assert opened(viewed.library.pictures.photo(number)).size == (200, 200)  # as it is now
    path.unlink()
    with pytest.raises(PictureUnavailable, match=r"turned\.jpg: No such file"):
        viewed.library.pictures.photo(number)


def test_a_face_of_a_photo_that_has_changed_is_not_cut_from_what_it_shows_now(
    without_thumbnails: Viewed, tmp_path: Path
) -> None:
    folder = tmp_path / "photos"
    shutil.copytree(without_thumbnails.folder, folder)
    with Library(
        without_thumbnails.library.settings.model_copy(update={"library": tmp_path / "l.db"})
    ) as own:
        own.scan([folder])
        (tmp_path / "l.db.thumbnails").unlink()
        path = bytes(folder / "one.jpg")
        (number,) = [each.record.face_id for each in own.faces() if each.record.photo == path]
        os.utime(path, ns=(1, 1))
        with pytest.raises(PictureUnavailable, match="has changed since the last scan"):
            own.pictures.face(number)


def test_frames_of_a_film(viewed: Viewed, decodes: list[str]) -> None:
    pictures, number = viewed.library.pictures, viewed.photo_id("film.mp4")
    empty, shown = (np.asarray(opened(pictures.frame(number, at, 640)), int) for at in (0.5, 3.0))
    assert empty.shape == shown.shape == (320, 480, 3)
    assert np.abs(empty - shown).mean() > 5
    assert np.abs(empty[5, 5] - (60, 80, 90)).max() < 12
    assert pictures.photo(number, 640).content
    assert pictures.frame(number, 3.0, 640).content
    assert decodes == ["film.mp4"] * 3  # at 0.5, 3 and 0


def test_a_film_that_browsers_do_not_play_says_so(viewed: Viewed) -> None:
    info = viewed.library.pictures.film(viewed.photo_id("film.mp4"))
    assert (info.media_type, info.codec, info.playable) == ("video/mp4", "mpeg4", False)


def test_the_file_of_a_film_is_the_one_that_the_library_knows(viewed: Viewed, tmp_path: Path) -> None:
    number = viewed.photo_id("film.mp4")
    content = (viewed.folder / "film.mp4").read_bytes()
    with viewed.library.pictures.open_film(number) as film:
        assert film.size == len(content)
        assert film.read(10, 20) == content[10:30]
    viewed.execute("UPDATE photo SET mtime_ns = 5 WHERE id = ?", number)
    with pytest.raises(PictureUnavailable, match="has changed since the last scan"):
        viewed.library.pictures.open_film(number)
    os.mkfifo(tmp_path / "pipe.mp4")
    viewed.execute("UPDATE photo SET path = ? WHERE id = ?", bytes(tmp_path / "pipe.mp4"), number)
    with pytest.raises(PictureUnavailable, match="has changed"):
        viewed.library.pictures.open_film(number)


def test_what_is_not_there(viewed: Viewed) -> None:
    pictures = viewed.library.pictures
    with pytest.raises(PictureUnavailable, match="there is no face 999"):
        pictures.face(999)
    with pytest.raises(PictureUnavailable, match="there is no photo 999"):
        pictures.photo(999)
    with pytest.raises(PictureUnavailable, match="it is no film"):
        pictures.open_film(viewed.photo_id("one.jpg"))
    with pytest.raises(PictureUnavailable, match=r"hills\.jpg: "):
        pictures.frame(viewed.photo_id("hills.jpg"), 1.0)
    for sizes in (113, 0, -1):
        with pytest.raises(BadRequest, match="There are no pictures of"):
            pictures.face(1, sizes)
    for moment in (-1.0, float("nan"), float("inf")):
        with pytest.raises(BadRequest, match="A film has no moment"):
            pictures.frame(viewed.photo_id("film.mp4"), moment)

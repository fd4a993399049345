"""A folder of links: renewed by making it again, and never a file of the user's in danger."""

import os
from pathlib import Path

import pytest

from faceindex.errors import BadRequest, FaceindexError
from faceindex.output.photo_links import LIST, Linked, link
from pipeline.sources.crawl import crawl


@pytest.fixture
def photos(tmp_path: Path) -> list[bytes]:
    """Four files, two of one name."""
    names = ["a/one.jpg", "b/one.jpg", "a/two.jpg", "a/three"]
    for name in names:
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(name)
    return [os.fsencode(tmp_path / name) for name in names]


def links_in(folder: Path) -> dict[str, bytes]:
    return {path.name: os.fsencode(path.readlink()) for path in folder.iterdir() if path.is_symlink()}


def test_each_photo_gets_a_link_with_a_name_of_its_own(photos: list[bytes], tmp_path: Path) -> None:
    folder = tmp_path / "new" / "links"
    assert link(photos, folder) == Linked(made=4, kept=0, removed=0)
    names = ("one.jpg", "one (2).jpg", "two.jpg", "three")
    assert links_in(folder) == dict(zip(names, photos, strict=True))
    assert (folder / "one (2).jpg").read_text() == "b/one.jpg"


def test_made_again_only_what_changed_is_touched(photos: list[bytes], tmp_path: Path) -> None:
    folder = tmp_path / "links"
    link(photos[:3], folder)
    before = os.lstat(folder / "one (2).jpg").st_ino
    assert link(photos[1:], folder) == Linked(made=1, kept=2, removed=1)
    assert links_in(folder) == {"one (2).jpg": photos[1], "two.jpg": photos[2], "three": photos[3]}
    assert os.lstat(folder / "one (2).jpg").st_ino == before
    assert link([], folder) == Linked(made=0, kept=0, removed=3)
    assert links_in(folder) == {}
    assert Path(os.fsdecode(photos[0])).read_text() == "a/one.jpg"


def test_what_is_not_ours_is_left_as_it_is(photos: list[bytes], tmp_path: Path) -> None:
    folder = tmp_path / "links"
    link(photos[:2], folder)
    (folder / "one.jpg").unlink()
    (folder / "one.jpg").write_text("the user's own")
    (folder / "two.jpg").symlink_to("elsewhere")
    assert link(photos[:3], folder) == Linked(made=2, kept=1, removed=0)
    assert (folder / "one.jpg").read_text() == "the user's own"
    assert (folder / "two.jpg").readlink() == Path("elsewhere")
    assert sorted(links_in(folder)) == ["one (2).jpg", "one (3).jpg", "two (2).jpg", "two.jpg"]
    link([], folder)
    assert (folder / "one.jpg").read_text() == "the user's own"
    assert (folder / "two.jpg").is_symlink()


def test_a_folder_with_something_in_it_is_not_taken(photos: list[bytes], tmp_path: Path) -> None:
    with pytest.raises(BadRequest, match="not empty"):
        link(photos, tmp_path)
    with pytest.raises(BadRequest, match="not a folder"):
        link(photos, tmp_path / "a" / "one.jpg")
    assert not (tmp_path / LIST).exists()


def test_a_scan_passes_the_links_over(photos: list[bytes], tmp_path: Path) -> None:
    link(photos, tmp_path / "links")
    found = [file.path for file in crawl([os.fsencode(tmp_path)], lambda _: None)]
    assert sorted(found) == sorted(photos)


def test_photos_in_the_folder_itself_are_passed_over(photos: list[bytes], tmp_path: Path) -> None:
    folder = tmp_path / "links"
    assert link([*photos, os.fsencode(folder / "photo.jpg")], folder).made == 4


def test_names_that_are_no_text_get_links_too(tmp_path: Path) -> None:
    photo = os.fsencode(tmp_path) + b"/caf\xe9\x1b.jpg"
    try:
        with open(photo, "wb"):
            pass
    except OSError:
        pytest.skip("this file system has no such names")
    folder = tmp_path / "links"
    assert link([photo], folder).made == 1
    assert os.readlink(os.fsencode(folder) + b"/caf\xe9\x1b.jpg") == photo
    assert link([photo], folder).kept == 1


def test_a_damaged_list_takes_nothing_away(photos: list[bytes], tmp_path: Path) -> None:
    folder = tmp_path / "links"
    link(photos, folder)
    (folder / LIST).write_text("[1]")
    with pytest.raises(FaceindexError, match="damaged"):
        link([], folder)
    assert len(links_in(folder)) == 4

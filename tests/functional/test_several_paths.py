"""Folders that several paths lead to, as people scan and list them, and single photos that come and go."""

from dataclasses import replace
from pathlib import Path

from tests.functional.command import CommandLine
from tests.functional.people import astronaut, landscape, save
from tests.functional.rights import mounted_twice


def test_a_folder_that_is_mounted_twice_and_linked_to(
    command: CommandLine, photos: Path, tmp_path: Path
) -> None:
    for number in range(4):
        save(landscape(number), photos / "trip" / f"{number}.jpg")
    save(astronaut(), photos / "trip" / "collins.jpg")
    place, link = tmp_path / "mounted", tmp_path / "link"
    place.mkdir()
    link.symlink_to(photos)
    there = replace(command, wrapper=mounted_twice(photos / "trip", place))
    assert there.run("scan", "--model", "sface", photos).code == 0
    for folder, same in ((place, photos / "trip"), (link, photos)):
        ran = there.run("scan", "--json", f"/{folder}/")
        assert (ran.code, ran.summary["photos"]["unchanged"]) == (0, 5)
        assert ran.complaint == f"{folder} is the same folder as {same}: its photos are known by that path."
    assert there.run("people", "enroll", "Collins", link / "trip" / "collins.jpg").code == 0
    night = there.run("-q", "reindex")
    assert (night.code, night.out, night.err) == (0, "", "")
    assert there.run("find", "Collins").out == f"{photos / 'trip' / 'collins.jpg'}\n"
    assert there.run("roots", "list").out.splitlines() == [
        f"{photos}  5 photos",
        f"{place}  5 photos, as {photos / 'trip'}",
        f"{link}  5 photos, as {photos}",
    ]
    assert command.run("-q", "reindex").code == 0  # where it is not mounted


def test_a_photo_that_was_enrolled_from_elsewhere_and_is_deleted(
    command: CommandLine, photos: Path, tmp_path: Path
) -> None:
    save(landscape(), photos / "hills.jpg")
    portrait = save(astronaut(), tmp_path / "elsewhere" / "collins.jpg")
    command.run("scan", "--model", "sface", photos)
    command.run("people", "enroll", "Collins", portrait)
    found = command.run("find", "Collins", "--link", tmp_path / "links")
    assert (found.code, len(list((tmp_path / "links").glob("*.jpg")))) == (0, 1)
    portrait.unlink()
    ran = command.run("-q", "reindex")
    assert (ran.code, ran.out, ran.err) == (0, "1 missing\n", "")
    assert command.run("find", "Collins").out == ""
    command.run("find", "Collins", "--link", tmp_path / "links")
    assert list((tmp_path / "links").glob("*.jpg")) == []
    assert command.run("-q", "reindex").out == ""


def test_a_rule_over_most_photos(command: CommandLine, photos: Path) -> None:
    for number in range(5):
        save(landscape(number), photos / "private" / f"{number}.jpg")
    command.run("scan", "--model", "sface", photos)
    (photos / ".faceindexignore").write_text("private/\n")
    ran = command.run("-q", "reindex")
    assert (ran.code, ran.out, ran.err) == (0, "5 excluded\n", "")
    (photos / ".faceindexignore").unlink()
    assert command.run("-q", "reindex").out == "5 back\n"

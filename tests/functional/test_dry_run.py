"""A dry run says what a scan would read and why, and writes nothing."""

import os
from pathlib import Path

import pytest

from tests.functional.command import CommandLine
from tests.functional.people import astronaut, landscape, save


@pytest.fixture
def mixed(photos: Path) -> Path:
    save(astronaut(), photos / "new.jpg")
    save(landscape(1), photos / "ignored" / "a.jpg")
    (photos / ".faceindexignore").write_text("ignored/\n")
    save(landscape(2), photos / ".hidden" / "a.jpg")
    save(landscape(3), photos / "phone" / "a.jpg")
    (photos / "phone" / ".nomedia").touch()
    (photos / "notes.txt").write_text("no photo")
    (photos / "empty.jpg").touch()
    os.mkfifo(photos / "pipe.jpg")
    (photos / "loop").symlink_to(photos)
    return photos


EXPECTED = {
    "new.jpg": ("would-read", "new"),
    "empty.jpg": ("would-read", "new"),
    "ignored": ("would-skip", "ignored"),
    ".hidden": ("would-skip", "hidden"),
    "phone": ("would-skip", "nomedia"),
    "notes.txt": ("would-skip", "document"),
    "pipe.jpg": ("would-skip", "not-a-regular-file"),
    "loop": ("would-skip", "already-visited"),
}


def test_everything_is_listed_with_a_reason(command: CommandLine, mixed: Path) -> None:
    ran = command.run("scan", "--dry-run", "--json", mixed)
    assert (ran.code, ran.err) == (0, "")
    found = {os.path.relpath(each["photo"], mixed): (each["event"], each["reason"]) for each in ran.objects}
    assert found == EXPECTED
    said = command.run("scan", "--dry-run", mixed)
    assert f"read  {mixed / 'new.jpg'}  (new)\n" in said.out
    assert f"skip  {mixed / 'phone'}  (nomedia)\n" in said.out


def test_nothing_is_written_not_even_a_library(command: CommandLine, mixed: Path) -> None:
    command.run("scan", "--dry-run", mixed)
    assert not command.library.parent.exists()


def test_it_knows_what_the_library_knows(command: CommandLine, photos: Path) -> None:
    for variety, name in enumerate(("same.jpg", "changed.jpg")):
        save(landscape(variety), photos / name)
    command.run("scan", "--model", "sface", photos)
    save(astronaut(), photos / "changed.jpg")
    save(astronaut(1), photos / "new.jpg")
    before = command.library.read_bytes()
    ran = command.run("scan", "--dry-run", "--json", photos)
    assert {Path(each["photo"]).name: each["reason"] for each in ran.objects} == {
        "same.jpg": "unchanged", "changed.jpg": "changed", "new.jpg": "new",
    }  # fmt: skip
    assert command.library.read_bytes() == before


def test_what_is_said_is_what_is_done(command: CommandLine, mixed: Path) -> None:
    ran = command.run("scan", "--model", "sface", "--json", mixed)
    would = [name for name, (event, _) in EXPECTED.items() if event == "would-read"]
    assert ran.summary["photos"]["seen"] == len(would)

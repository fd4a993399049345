"""File names may hold any byte: they survive, and reach no terminal as a control sequence."""

import os
from pathlib import Path

import numpy as np
import pytest

from tests.functional.command import CommandLine
from tests.functional.people import astronaut, jpeg

NAMES = [
    b"caf\xe9.jpg",  # Latin-1
    b"two\nlines.jpg",
    b"\x1b[31mred\x1b[0m.jpg",
    b"\x9b31m.jpg",  # the one-byte form of the same
    b"-rf.jpg",
    b" spaces  inside .jpg",
    b"quote'\".jpg",
    "日本🙂.jpg".encode(),
    "gnp\u202ejpg.jpg".encode(),  # shown from right to left
    b"[bold red].jpg",
]


@pytest.fixture(scope="module")
def odd(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    folder = os.fsencode(tmp_path_factory.mktemp("odd"))
    for number, name in enumerate(NAMES):
        with open(os.path.join(folder, name), "wb") as file:
            file.write(jpeg(astronaut(number)))
    return folder


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory, cache: Path, odd: bytes) -> CommandLine:
    home = tmp_path_factory.mktemp("odd home")
    command = CommandLine(home, cache, home / os.fsdecode(b"faces \xff\n.db"), home)
    ran = command.run("scan", "--model", "sface", odd)
    assert (ran.code, ran.err) == (0, "")
    assert f"{len(NAMES)} seen, {len(NAMES)} indexed" in ran.out
    assert r"faces \xff\n.db" in ran.out
    return command


def paths(folder: bytes) -> set[bytes]:
    return {os.path.join(folder, name) for name in NAMES}


def test_export_gives_back_the_bytes_of_each_name(library: CommandLine, odd: bytes, tmp_path: Path) -> None:
    assert {os.fsencode(face["photo"]) for face in library.run("export").objects} == paths(odd)
    library.run("export", "--format", "npz", tmp_path / "faces.npz")
    with np.load(tmp_path / "faces.npz") as arrays:
        assert {os.fsencode(str(name)) for name in arrays["photo"]} == paths(odd)


def test_a_second_scan_knows_them_all(library: CommandLine, odd: bytes) -> None:
    assert library.run("scan", "--json", odd).summary["photos"]["unchanged"] == len(NAMES)


def test_who_takes_and_shows_them(library: CommandLine, odd: bytes) -> None:
    answers = library.run("who", "--json", "-k", 20, "--", *sorted(paths(odd))).objects
    assert {os.fsencode(answer["photo"]) for answer in answers} == paths(odd)
    for answer in answers:
        others = {os.fsencode(match["photo"]) for match in answer["faces"][0]["matches"]}
        assert others == paths(odd) - {os.fsencode(answer["photo"])}
    said = library.run("who", "-k", 20, os.path.join(odd, NAMES[0])).out
    assert r"caf\xe9.jpg: 1 face" in said
    for shown in (
        r"two\nlines.jpg",
        r"\x1b[31mred\x1b[0m.jpg",
        "日本🙂.jpg",
        r"gnp\u202ejpg.jpg",
        "[bold red].jpg",
    ):
        assert shown in said


def test_a_relative_name_with_a_leading_dash(library: CommandLine, odd: bytes) -> None:
    there = CommandLine(library.home, library.cache, library.library, Path(os.fsdecode(odd)))
    assert there.run("who", "--json", "--", "-rf.jpg").objects[0]["faces"]


def test_names_in_messages_are_safe_too(library: CommandLine, odd: bytes, tmp_path: Path) -> None:
    gone = b"gone \x1b[2J\n\xff.jpg"
    for arguments in (("who", gone), ("scan", "--dry-run", odd)):
        library.run(*arguments)  # which looks for control characters itself
    name = os.path.join(os.fsencode(tmp_path), gone)
    with open(name, "wb") as file:
        file.write(b"text")
    other = CommandLine(library.home, library.cache, Path(os.fsdecode(name)), tmp_path)
    ran = other.run("-v", "stats")  # with a traceback that holds the name
    assert r"gone \x1b[2J\n\xff.jpg cannot be used as a library" in ran.err


def test_a_terminal_without_the_letters_gets_escapes(library: CommandLine, odd: bytes) -> None:
    ran = library.run("who", "-k", 20, os.path.join(odd, NAMES[0]), PYTHONIOENCODING="ascii")
    assert ran.code == 0
    assert r"\u65e5\u672c" in ran.out


def test_paths_as_long_as_there_are(command: CommandLine, photos: Path) -> None:
    """Linux takes 4,095 bytes: a photo just within is one as all others, and what lies beyond is told."""
    within = photos
    while (room := 3_900 - len(bytes(within)) - 1) > 0:
        within = within / ("d" * min(200, room))
    within.mkdir(parents=True)
    photo = within / f"{'p' * (4_095 - len(bytes(within)) - len('/.jpg'))}.jpg"
    photo.write_bytes(jpeg(astronaut()))
    assert len(bytes(photo)) == 4_095
    beyond = os.open(within, os.O_RDONLY)
    os.mkdir("b" * 200, dir_fd=beyond)
    os.close(beyond)
    ran = command.run("scan", "--model", "sface", "--json", photos)
    assert (ran.code, ran.summary["photos"]["indexed"], ran.summary["faces"]) == (0, 1, 1)
    assert ran.complaint.endswith("b cannot be read: its photos were left unchanged in the library.")
    assert command.run("who", "--json", photo).objects[0]["faces"]
    assert command.run("scan", "--json", photos).summary["photos"]["unchanged"] == 1
    assert command.run("check").code == 0


def test_a_folder_of_a_hundred_thousand_files(command: CommandLine, photos: Path) -> None:
    for number in range(100_000):
        first = photos / f"{number % 4}.txt"  # a file can have only so many names
        if number < 4:
            first.write_text("no photo")
        else:
            os.link(first, photos / f"{number}.txt")
    for variety, number in enumerate((7, 50_000, 99_999)):
        (photos / f"{number}.txt").unlink()
        (photos / f"{number}.txt").write_bytes(jpeg(astronaut(variety)))
    ran = command.run("scan", "--model", "sface", "--json", photos)
    assert (ran.code, ran.summary["photos"]["seen"], ran.summary["faces"]) == (0, 3, 3)
    again = command.run("-q", "reindex")
    assert (again.code, again.out, again.err) == (0, "", "")

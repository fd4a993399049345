"""The same few people in different photos: each photo finds the others of its person, and then the name."""

from pathlib import Path
from typing import Any

import pytest

from faceindex.session import Session
from faceindex.settings import Settings
from index.decisions.journal import Journal
from index.decisions.model import Assign, new_key
from tests.faceindex.made_library import known_faces
from tests.functional.command import CommandLine

PEOPLE = {
    "obama": ("obama", "32bit", "two_people"),
    "biden": ("biden", "two_people"),
    "lacamoire": ("lacamoire",),
    "harington": ("kit_harington", "johnsnow", "kit_with_rose"),
    "leslie": ("rose_leslie", "kit_with_rose"),
}
"""Who is in the photos whose path has one of these words."""


def people_in(photo: str) -> set[str]:
    name = photo.partition("presidents/")[2]
    return {person for person, words in PEOPLE.items() if any(word in name for word in words)}


def photos_of_one(shared_photos: Path) -> list[Path]:
    """Every photo with one person in it who is in others too."""
    files = sorted((shared_photos / "presidents").rglob("*.*"))
    return [file for file in files if len(people_in(str(file))) == 1]


@pytest.fixture(scope="module")
def scanned_presidents(
    shared_photos: Path, tmp_path_factory: pytest.TempPathFactory, cache: Path
) -> CommandLine:
    """A library of all the photos."""
    home = tmp_path_factory.mktemp("presidents")
    command = CommandLine(home, cache, home / "library.db", home)
    ran = command.run("scan", "--model", "sface", "--json", shared_photos / "presidents")
    assert ran.summary["photos"]["seen"] == 27
    return command


@pytest.fixture(scope="module")
def answers(shared_photos: Path, scanned_presidents: CommandLine) -> list[dict[str, Any]]:
    """What is said of every photo with one person, before anybody is named."""
    return scanned_presidents.run("who", "--json", "-k", 3, *photos_of_one(shared_photos)).objects


def test_every_photo_is_answered(answers: list[dict[str, Any]]) -> None:
    assert len(answers) == 23
    assert all(answer["faces"] for answer in answers)


def test_other_photos_of_the_person_come_first(answers: list[dict[str, Any]]) -> None:
    for answer in answers:
        (person,) = people_in(answer["photo"])
        largest = max(answer["faces"], key=lambda face: face["box"][2] * face["box"][3])
        nearest = [match["photo"] for match in largest["matches"][:2]]
        assert all(person in people_in(photo) for photo in nearest), (answer["photo"], nearest)
        assert largest["similarity"] > 0.5


@pytest.fixture(scope="module")
def named(shared_photos: Path, scanned_presidents: CommandLine) -> list[dict[str, Any]]:
    """What is said of all photos with one person, when two persons have a face each that is confirmed."""
    with Session.open_to_write(Settings.load(library=scanned_presidents.library), make=False) as library:
        journal = Journal(library.database)
        for person in ("obama", "biden"):
            ending = f"/{person}.jpg".encode()
            face = next(each.face_id for each in known_faces(library) if ending in each.photo)
            journal.append(Assign(journal.face_keys([face]), new_key(), person))
    return scanned_presidents.run("who", "--json", *photos_of_one(shared_photos)).objects


def test_two_persons_are_named_from_one_photo_each_and_nobody_else_is(named: list[dict[str, Any]]) -> None:
    for answer in named:
        (person,) = people_in(answer["photo"])
        largest = max(answer["faces"], key=lambda face: face["box"][2] * face["box"][3])
        expected = person if person in ("obama", "biden") else None
        assert (largest["person"], largest["probable"]) == (expected, None), answer["photo"]
        others = [face for face in answer["faces"] if face is not largest]
        assert [face["person"] for face in others if face["person"] not in (None, expected)] == []

"""The same few people in different photos: each photo finds the others of its person first."""

from pathlib import Path
from typing import Any

import pytest

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


@pytest.fixture(scope="module")
def answers(
    shared_photos: Path, tmp_path_factory: pytest.TempPathFactory, cache: Path
) -> list[dict[str, Any]]:
    """What is said of every photo with one person in it who is in others too."""
    home = tmp_path_factory.mktemp("presidents")
    command = CommandLine(home, cache, home / "library.db", home)
    folder = shared_photos / "presidents"
    ran = command.run("scan", "--model", "sface", "--json", folder)
    assert ran.summary["photos"]["seen"] == 27
    photos = [file for file in sorted(folder.rglob("*.*")) if len(people_in(str(file))) == 1]
    return command.run("who", "--json", "-k", 3, *photos).objects


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

"""A person that a program has read stays the same person, however others rename and merge meanwhile."""

from collections.abc import Callable
from pathlib import Path

import pytest

from faceindex import Library, Person
from faceindex.errors import BadRequest, NotFound
from tests.faceindex.conftest import Album
from tests.faceindex.made_library import direction, face, fill

Use = Callable[[Library, Person], object]

USES: dict[str, Use] = {
    "get": lambda library, who: library.people.get(who).confirmed == 1,
    "faces": lambda library, who: library.people.faces(who)[0].record.face_id == 2,
    "name": lambda library, who: library.people.move(who, [4]),
    "confirm": lambda library, who: library.people.confirm(who, [2]),
    "reject": lambda library, who: library.people.reject(who, [3]),
    "split": lambda library, who: library.people.split(who, [2], "New"),
    "apart": lambda library, who: library.people.apart(library.people.by_key(who.key), "Carl"),
    "merge": lambda library, who: library.people.merge("Carl", who),
    "rename": lambda library, who: library.people.rename(who, "Berta"),
    "hide": lambda library, who: library.people.hide(who),
    "find": lambda library, who: library.find(who)[0].photo_id == 2,
    "find without": lambda library, who: not library.find("Carl", without=[who]),
    "plan forget": lambda library, who: library.people.plan_forget(who).erased[0].record.face_id == 2,
    "forget": lambda library, who: library.people.forget(who),
}
"""Each returns something else than ``False`` where it met the second face."""


@pytest.fixture
def library(album: Album, tmp_path: Path) -> Library:
    """Two of one name, the second of whom was ``Anna (2)`` when she was read; and Carl beside her."""
    photos = [[face(direction(1))], [face(direction(2)), face(direction(3), 1)], [face(direction(4))]]
    fill(album.settings, photos, tmp_path)
    return Library(album.settings)


@pytest.mark.parametrize("use", USES)
def test_every_method_takes_a_person_that_was_read_before(library: Library, use: str) -> None:
    with library:
        library.people.move("Anna", [1])
        library.people.move("Berit", [2])
        library.people.move("Carl", [3])
        read = library.people.get("Berit").person
        library.people.rename("Berit", "Somebody")
        library.people.rename("Anna", "Berit")  # the name means somebody else now
        first = library.people.get("Berit")
        assert USES[use](library, read) is not False
        assert library.people.get("Berit") == first  # nobody else was touched


def test_a_merged_person_is_the_one_of_both(library: Library) -> None:
    with library:
        library.people.move("Anna", [1])
        library.people.move("Ben", [2])
        ben = library.people.get("Ben").person
        library.people.merge("Anna", "Ben")
        assert library.people.get(ben).person.name == "Anna"
        with pytest.raises(BadRequest, match="Anna and Ben are the same person already"):
            library.people.merge("Anna", ben)


def test_a_person_that_is_gone_is_refused_by_name(library: Library) -> None:
    with library:
        library.people.move("Anna", [1])
        anna = library.people.get("Anna").person
        library.people.undo()
        with pytest.raises(NotFound, match="nobody is called Anna"):
            library.people.confirm(anna, [1])

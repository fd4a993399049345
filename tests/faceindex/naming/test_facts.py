"""What people say of persons beyond single faces, several things at once, and by whom it was said."""

from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

import pytest

from faceindex.errors import BadRequest
from faceindex.library import Library
from faceindex.settings import Settings
from tests.faceindex.made_library import direction, face, fill, like

PEOPLE, PHOTOS = 4, 3


@pytest.fixture
def library(tmp_path: Path) -> Iterator[Library]:
    """Four people without a name, three photos of each: those of the first one are the faces 1 to 3."""
    (tmp_path / "photos").mkdir()
    settings = Settings.load(library=tmp_path / "data" / "library.db", model="sface")
    vectors = [like(direction(n // PHOTOS), 0.9, 100 + n) for n in range(PEOPLE * PHOTOS)]
    fill(settings, [[face(each)] for each in vectors], tmp_path / "photos")
    with Library(settings, source="page") as made:
        made.cluster()
        yield made


@pytest.fixture
def photos(library: Library, tmp_path: Path) -> list[Path]:
    return sorted((tmp_path / "photos").iterdir())


def counts(library: Library) -> dict[str, tuple[int, int]]:
    return {each.person.name: (each.confirmed, each.added) for each in library.people.list(hidden=True)}


def found(library: Library, name: str) -> list[str]:
    return [Path(each.path.decode()).name for each in library.find(name)]


def test_several_clusters_are_named_and_several_persons_merged_and_hidden_in_one_action(
    library: Library,
) -> None:
    clusters = [each.faces.cluster_id for each in library.clusters(10).shown]
    named = library.people.move("Anna", clusters=clusters[:2])
    assert (named.faces, len(named.numbers)) == (6, 1)
    for name, cluster in zip(("Ben", "Carl"), clusters[2:], strict=True):
        library.people.move(name, clusters=[cluster])
    merged = library.people.merge("Anna", "Ben", "Carl")
    assert len(merged.numbers) == 2
    assert counts(library) == {"Anna": (12, 0)}
    undone = library.people.undo(*merged.numbers)
    assert counts(library) == {"Anna": (6, 0), "Ben": (3, 0), "Carl": (3, 0)}
    library.people.undo(*undone.numbers)
    assert counts(library) == {"Anna": (12, 0)}
    library.people.undo(*merged.numbers)
    hidden = library.people.hide("Ben", "Carl")
    assert [each.person.name for each in library.people.list()] == ["Anna"]
    library.people.undo(*hidden.numbers)
    assert len(library.people.list()) == 3


def test_of_several_undos_all_or_none_are_done(library: Library) -> None:
    library.people.move("Anna", [1])
    library.people.move("Ben", [2])
    library.people.undo(1)
    with pytest.raises(BadRequest, match="decision 1 is undone already"):
        library.people.undo(2, 1)
    assert counts(library) == {"Ben": (1, 0)}


def test_merging_refuses_whom_a_decision_keeps_apart_and_merges_nobody(library: Library) -> None:
    for number, name in enumerate(("Anna", "Ben", "Carl")):
        library.people.move(name, [number * PHOTOS + 1])
    library.people.apart("Ben", "Carl")
    with pytest.raises(BadRequest, match="Ben and Carl are two people, by decision 4"):
        library.people.merge("Anna", "Ben", "Carl")
    with pytest.raises(BadRequest, match="Anna and Ben and anna are the same person"):
        library.people.merge("Anna", "Ben", "anna")
    assert len(counts(library)) == 3


def test_a_person_is_added_to_photos_and_taken_out_of_one(library: Library, photos: list[Path]) -> None:
    added = library.people.add_to_photo("Wil", [photos[0], photos[5]])
    assert (added.faces, added.photos, added.regrouped) == (0, 2, None)
    assert counts(library) == {"Wil": (0, 2)}
    assert found(library, "wil") == [photos[0].name, photos[5].name]
    photo_id = library.find("Wil")[0].photo_id
    library.people.remove_from_photo("Wil", [photo_id])
    assert found(library, "Wil") == [photos[5].name]
    library.people.move("Anna", [1])
    library.people.merge("Anna", "Wil")
    assert found(library, "Anna") == [photos[number].name for number in (0, 1, 2, 5)]
    with pytest.raises(BadRequest, match="was added to none of these photos"):
        library.people.remove_from_photo("Anna", [photos[1]])
    with pytest.raises(BadRequest, match="is no photo of the library"):
        library.people.add_to_photo("Anna", [photos[0].with_name("other.jpg")])
    with pytest.raises(BadRequest, match=r"There is no photo 99\."):
        library.people.add_to_photo("Anna", [99])


def test_a_portrait_is_one_of_the_faces_of_the_person(library: Library) -> None:
    library.people.move("Anna", [1, 2])
    library.people.move("Ben", [4])
    assert library.people.set_portrait("Anna", 2).faces == 1
    with pytest.raises(BadRequest, match="Face 4 is not one of Anna's"):
        library.people.set_portrait("Anna", 4)


def test_a_date_of_birth_is_a_day_a_month_or_a_year_of_the_past(library: Library) -> None:
    library.people.move("Anna", [1])
    for given, stored in (
        ("2010", "2010"),
        ("2010-05", "2010-05"),
        (date(2010, 5, 17), "2010-05-17"),
        (None, None),
    ):
        library.people.set_born("Anna", given)
        assert library.people.get("Anna").person.born == stored
    tomorrow = (date.today() + timedelta(1)).isoformat()
    for wrong in ("May", "2010-13", "2010-02-30", "10-05-17", "", tomorrow):
        with pytest.raises(BadRequest, match=r"no day, month or year|in the future"):
            library.people.set_born("Anna", wrong)


def test_the_log_says_what_made_each_decision(library: Library, tmp_path: Path) -> None:
    library.people.move("Anna", [1])
    library.people.by("api").move("Anna", [2])
    library.people.by("api").undo(2)
    with Library(library.settings) as other:
        other.people.rename("Anna", "Ann")
        assert [each.decision.source for each in other.people.log()] == ["page", "api", "api", "python"]
    library.people.export_journal(tmp_path / "journal.jsonl")
    settings = library.settings.model_copy(update={"library": tmp_path / "other" / "library.db"})
    (tmp_path / "elsewhere").mkdir()
    fill(settings, [[face(direction(9))]], tmp_path / "elsewhere")
    with Library(settings, source="page") as elsewhere:
        elsewhere.people.import_journal(tmp_path / "journal.jsonl")
        assert [each.decision.source for each in elsewhere.people.log()] == ["page", "api", "api", "python"]
